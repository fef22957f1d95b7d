//! Mock of the Stream API that records every request. Its replies depend on the content of a
//! request, never on its number.

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

/// A request to the service itself: its response shows that all earlier connections were accepted.
const PING: &str = "PING\r\n";

/// The events that create orders.
pub(crate) const CHECKOUTS: &[&str] = &["ORDER_CHECKOUT", "CHECKOUT"];

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    /// The request line, byte for byte.
    pub(crate) line: String,
    /// The decoded `message` parameter.
    pub(crate) message: Value,
}

impl ReceivedRequest {
    /// `BROWSER` or the type of the event.
    pub(crate) fn kind(&self) -> &str {
        if self.line.contains("/browser/create.json") {
            "BROWSER"
        } else {
            self.message["type"].as_str().unwrap()
        }
    }

    /// The order reference of an event; empty if it has none.
    pub(crate) fn reference(&self) -> &str {
        let message = &self.message;
        let names = [
            &message["order"]["referenceId"],
            &message["product"]["referenceId"],
            &message["reference_id"],
        ];
        names.into_iter().find_map(Value::as_str).unwrap_or_default()
    }

    /// Whether it creates an order.
    pub(crate) fn is_checkout(&self) -> bool {
        CHECKOUTS.contains(&self.kind())
    }

    /// The browser id of an event; empty for a request that creates a browser.
    pub(crate) fn browser(&self) -> &str {
        self.message["browser_id"].as_str().unwrap_or_default()
    }
}

/// The reply to a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, headers and a body.
    Response(u16, Vec<(&'static str, String)>, String),
    /// The connection is closed without a response.
    Disconnect,
    /// No response is sent for as long as the client waits.
    NoResponse,
    /// The first half of a `201`; the connection is closed when the gate opens.
    HalfResponse(Gate),
}

impl Reply {
    /// A status without headers and body.
    pub(crate) fn status(status: u16) -> Self {
        Self::Response(status, Vec::new(), String::new())
    }
}

/// The part of a response that was written to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentPart {
    Nothing,
    Half,
    Whole,
}

/// A request and its response.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: ReceivedRequest,
    /// Number of requests received before it.
    pub(crate) requests_before: usize,
    /// Set before the first byte of the response is sent; `None` while it is held, or without a
    /// response.
    pub(crate) status: Option<u16>,
    /// Number of requests received when the status was set.
    pub(crate) answered_at: usize,
    pub(crate) sent: SentPart,
}

#[derive(Default)]
struct Log {
    exchanges: Vec<Exchange>,
    n_connections: usize,
}

/// A running mock service; it accepts no connection after it is dropped.
pub(crate) struct MockService {
    /// For example `http://127.0.0.1:4711`.
    pub(crate) base_url: String,
    log: Arc<Mutex<Log>>,
    is_stopped: Arc<AtomicBool>,
}

type Responder = dyn Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync;

impl MockService {
    /// Starts a service that replies with the result of `answer`, or as documented if that is
    /// `None`. `answer` may block: each connection has its own thread.
    pub(crate) fn start(
        answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Log::default()));
        let (shared_log, answer): (_, Arc<Responder>) = (Arc::clone(&log), Arc::new(answer));
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop_flag = Arc::clone(&is_stopped);
        thread::spawn(move || {
            for stream in
                listener.incoming().flatten().take_while(|_| !stop_flag.load(Ordering::SeqCst))
            {
                let (log, answer) = (Arc::clone(&shared_log), Arc::clone(&answer));
                log.lock().unwrap().n_connections += 1;
                thread::spawn(move || {
                    serve(stream, &log, &*answer);
                    log.lock().unwrap().n_connections -= 1;
                });
            }
        });
        Self { base_url, log, is_stopped }
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<ReceivedRequest> {
        self.log.lock().unwrap().exchanges.iter().map(|exchange| exchange.request.clone()).collect()
    }

    /// All requests so far, with their responses.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.log.lock().unwrap().exchanges.clone()
    }

    /// Number of received requests.
    pub(crate) fn n_received(&self) -> usize {
        self.log.lock().unwrap().exchanges.len()
    }

    /// Number of received requests of a kind.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.log
            .lock()
            .unwrap()
            .exchanges
            .iter()
            .filter(|exchange| exchange.request.kind() == kind)
            .count()
    }

    /// Number of received checkouts of an order.
    pub(crate) fn checkout_count(&self, reference: &str) -> usize {
        let log = self.log.lock().unwrap();
        let requests = log.exchanges.iter().map(|exchange| &exchange.request);
        requests.filter(|request| request.is_checkout() && request.reference() == reference).count()
    }

    fn address(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// Waits until everything that ended processes sent is read, including the buffers of the
    /// system.
    pub(crate) fn drain(&self) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(wait::MAX_WAIT)).unwrap();
        stream.write_all(PING.as_bytes()).unwrap();
        // Connections are accepted in order, so this response shows that all earlier ones were
        // accepted.
        stream.read_exact(&mut [0; PING.len()]).unwrap();
        drop(stream);
        wait::until("the end of all connections", || self.log.lock().unwrap().n_connections == 0);
    }
}

impl Drop for MockService {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // A connection wakes the accept loop, which then checks `is_stopped`.
        drop(TcpStream::connect(self.address()));
    }
}

fn serve(stream: TcpStream, log: &Mutex<Log>, answer: &Responder) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(head) = next_head(&mut reader) {
        if head == PING {
            // The test may have closed its end.
            drop(writer.write_all(PING.as_bytes()));
            return;
        }
        let request = parse_request(&head);
        let number = {
            let mut log = log.lock().unwrap();
            let (request, requests_before, sent) =
                (request.clone(), log.exchanges.len(), SentPart::Nothing);
            log.exchanges.push(Exchange {
                request,
                requests_before,
                status: None,
                answered_at: 0,
                sent,
            });
            log.exchanges.len()
        };
        let reply = answer(&request).unwrap_or_else(|| default_reply(number));
        if !write_reply(&reply, number, &mut reader, &mut writer, log) {
            return;
        }
    }
}

/// Writes a reply; returns whether the connection stays open.
fn write_reply(
    reply: &Reply,
    number: usize,
    reader: &mut impl BufRead,
    writer: &mut impl Write,
    log: &Mutex<Log>,
) -> bool {
    let record = |sent: SentPart, status: Option<u16>| {
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
            // The client sends nothing more: the read returns when it closes the connection.
            drop(reader.read(&mut [0]));
            false
        }
        Reply::HalfResponse(gate) => {
            let response = bytes(&default_reply(number));
            record(SentPart::Nothing, Some(201));
            if writer.write_all(&response[..response.len() / 2]).is_ok() {
                record(SentPart::Half, None);
                gate.wait_until_open();
            }
            false
        }
        Reply::Response(status, ..) => {
            record(SentPart::Nothing, Some(*status));
            let is_sent = writer.write_all(&bytes(reply)).is_ok();
            if is_sent {
                record(SentPart::Whole, None);
            }
            is_sent
        }
    }
}

fn bytes(reply: &Reply) -> Vec<u8> {
    let Reply::Response(status, headers, body) = reply else { return Vec::new() };
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (headers, length) = (headers.concat(), body.len());
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// `201` with a browser id that is unique to the request.
fn default_reply(number: usize) -> Reply {
    let body = format!(
        "{{\"status\":\"OK\",\"version\":\"1.2\",\"ref\":\"00000000-0000-4000-8000-{number:012}\"}}"
    );
    Reply::Response(201, Vec::new(), body)
}

/// The request line of the next complete request.
fn next_head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    reader.read_line(&mut head).ok()?;
    if head == PING {
        return Some(head);
    }
    let mut header = String::new();
    while header != "\r\n" {
        header.clear();
        // A truncated request of a client that died is not a request.
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
