//! A service that records every request and answers as a test wants: by what a request is, never by its number.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::Value;

use super::wait::{self, Gate};

/// What a test says to the service itself, to hear that all earlier connections were taken.
const PING: &str = "PING\r\n";

/// The events that make orders.
pub(crate) const CHECKOUTS: &[&str] = &["ORDER_CHECKOUT", "CHECKOUT"];

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    /// The method and the target, byte for byte.
    pub(crate) line: String,
    /// `message`, decoded.
    pub(crate) message: Value,
}

impl ReceivedRequest {
    /// `BROWSER`, or the event's type.
    pub(crate) fn kind(&self) -> &str {
        if self.line.contains("/browser/create.json") { "BROWSER" } else { self.message["type"].as_str().unwrap() }
    }

    /// The reference of an order's event, empty for one that names none.
    pub(crate) fn reference(&self) -> &str {
        let message = &self.message;
        let names = [&message["order"]["referenceId"], &message["product"]["referenceId"], &message["reference_id"]];
        names.into_iter().find_map(Value::as_str).unwrap_or_default()
    }

    /// Whether it makes an order.
    pub(crate) fn is_checkout(&self) -> bool {
        CHECKOUTS.contains(&self.kind())
    }

    /// The browser that an event is of, empty for one that asks for a browser.
    pub(crate) fn browser(&self) -> &str {
        self.message["browser_id"].as_str().unwrap_or_default()
    }
}

/// What a request gets.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, headers and a body.
    Response(u16, Vec<(&'static str, String)>, String),
    /// The connection ends without an answer.
    Disconnect,
    /// No answer comes for as long as the client waits.
    NoResponse,
    /// The first half of `201`; the connection ends once the gate opens.
    HalfResponse(Gate),
}

impl Reply {
    /// A bare status.
    pub(crate) fn status(status: u16) -> Self {
        Self::Response(status, Vec::new(), String::new())
    }
}

/// How much of an answer the system has taken from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentPart {
    Nothing,
    Half,
    Whole,
}

/// A request and what it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: ReceivedRequest,
    /// How many requests came before it.
    pub(crate) requests_before: usize,
    /// Known before the first byte of the answer leaves; none while it is held back, and where none comes.
    pub(crate) status: Option<u16>,
    /// How many requests had come when the status was known.
    pub(crate) answered_at: usize,
    pub(crate) sent: SentPart,
}

/// What the service has seen.
#[derive(Default)]
struct Log {
    exchanges: Vec<Exchange>,
    n_connections: usize,
}

/// A running service; it takes no connection once it is dropped.
pub(crate) struct MockService {
    /// Such as `http://127.0.0.1:4711`.
    pub(crate) base_url: String,
    log: Arc<Mutex<Log>>,
    is_stopped: Arc<AtomicBool>,
}

type Responder = dyn Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync;

impl MockService {
    /// A service that answers as `answer` says, or where it says nothing, as documented. An answer may take its time:
    /// each connection has its own thread.
    pub(crate) fn start(answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Log::default()));
        let (seen, answer): (_, Arc<Responder>) = (Arc::clone(&log), Arc::new(answer));
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        thread::spawn(move || {
            for stream in listener.incoming().flatten().take_while(|_| !ends.load(Ordering::SeqCst)) {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                seen.lock().unwrap().n_connections += 1;
                thread::spawn(move || {
                    serve(stream, &seen, &*answer);
                    seen.lock().unwrap().n_connections -= 1;
                });
            }
        });
        Self { base_url, log, is_stopped: is_over }
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<ReceivedRequest> {
        self.log.lock().unwrap().exchanges.iter().map(|exchange| exchange.request.clone()).collect()
    }

    /// All requests so far, with what came of them.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.log.lock().unwrap().exchanges.clone()
    }

    /// How many requests came.
    pub(crate) fn n_received(&self) -> usize {
        self.log.lock().unwrap().exchanges.len()
    }

    /// How many requests of a kind came.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.log.lock().unwrap().exchanges.iter().filter(|exchange| exchange.request.kind() == kind).count()
    }

    /// How often the checkout of an order came.
    pub(crate) fn checkout_count(&self, reference: &str) -> usize {
        let log = self.log.lock().unwrap();
        let requests = log.exchanges.iter().map(|exchange| &exchange.request);
        requests.filter(|request| request.is_checkout() && request.reference() == reference).count()
    }

    fn address(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// Waits until all that programs which have ended sent is read, even what lay in the system's buffers.
    pub(crate) fn drain(&self) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(wait::MAX_WAIT)).unwrap();
        stream.write_all(PING.as_bytes()).unwrap();
        // Connections are taken in the order in which they were made, so whoever is heard knows of all before.
        stream.read_exact(&mut [0; PING.len()]).unwrap();
        drop(stream);
        wait::until("the end of all connections", || self.log.lock().unwrap().n_connections == 0);
    }
}

impl Drop for MockService {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // Whoever waits for a connection looks up when one comes.
        drop(TcpStream::connect(self.address()));
    }
}

fn serve(stream: TcpStream, log: &Mutex<Log>, answer: &Responder) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(head) = next_head(&mut reader) {
        if head == PING {
            // Who asked may be gone.
            drop(writer.write_all(PING.as_bytes()));
            return;
        }
        let request = parse_request(&head);
        let number = {
            let mut log = log.lock().unwrap();
            let (request, came_after, sent) = (request.clone(), log.exchanges.len(), SentPart::Nothing);
            log.exchanges.push(Exchange { request, requests_before: came_after, status: None, answered_at: 0, sent });
            log.exchanges.len()
        };
        let reply = answer(&request).unwrap_or_else(|| default_reply(number));
        if !write_reply(&reply, number, &mut reader, &mut writer, log) {
            return;
        }
    }
}

/// Says it to the client; whether the connection goes on.
fn write_reply(
    reply: &Reply,
    number: usize,
    reader: &mut impl BufRead,
    writer: &mut impl Write,
    log: &Mutex<Log>,
) -> bool {
    let note = |sent: SentPart, status: Option<u16>| {
        let mut log = log.lock().unwrap();
        let answered_at = log.exchanges.len();
        let exchange = &mut log.exchanges[number - 1];
        if sent == SentPart::Nothing {
            (exchange.status, exchange.answered_at) = (status, answered_at);
        }
        exchange.sent = sent;
    };
    match reply {
        Reply::Disconnect => false,
        Reply::NoResponse => {
            // The client says nothing more; it goes.
            drop(reader.read(&mut [0]));
            false
        }
        Reply::HalfResponse(gate) => {
            let answer = bytes(&default_reply(number));
            note(SentPart::Nothing, Some(201));
            if writer.write_all(&answer[..answer.len() / 2]).is_ok() {
                note(SentPart::Half, None);
                gate.wait_until_open();
            }
            false
        }
        Reply::Response(status, ..) => {
            note(SentPart::Nothing, Some(*status));
            let is_sent = writer.write_all(&bytes(reply)).is_ok();
            if is_sent {
                note(SentPart::Whole, None);
            }
            is_sent
        }
    }
}

fn bytes(reply: &Reply) -> Vec<u8> {
    let Reply::Response(status, headers, body) = reply else { return Vec::new() };
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (headers, length) = (headers.concat(), body.len());
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// `201` with a browser id of its own.
fn default_reply(number: usize) -> Reply {
    let body = format!("{{\"status\":\"OK\",\"version\":\"1.2\",\"ref\":\"00000000-0000-4000-8000-{number:012}\"}}");
    Reply::Response(201, Vec::new(), body)
}

/// The first line of the next request that comes whole.
fn next_head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    reader.read_line(&mut head).ok()?;
    if head == PING {
        return Some(head);
    }
    let mut header = String::new();
    while header != "\r\n" {
        header.clear();
        // What a client that died began to say was not said.
        if reader.read_line(&mut header).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn parse_request(head: &str) -> ReceivedRequest {
    let query = head.split_once("&message=").unwrap().1.split(' ').next().unwrap();
    let message = serde_json::from_str(&percent_decode(query)).unwrap();
    ReceivedRequest { line: head.trim_end().to_owned(), message }
}

fn percent_decode(query: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = query.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let hex = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}
