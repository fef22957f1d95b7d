//! A service that records every request and answers as a test wants: by what a request is, never by its number.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The method and the target, byte for byte.
    pub(crate) line: String,
    /// `message`, decoded.
    pub(crate) message: Value,
}

impl Received {
    /// `BROWSER`, or the event's type.
    pub(crate) fn kind(&self) -> &str {
        if self.line.contains("/browser/create.json") { "BROWSER" } else { self.message["type"].as_str().unwrap() }
    }

    /// The reference of an order's event.
    pub(crate) fn reference(&self) -> &str {
        self.message["order"]["referenceId"].as_str().unwrap_or_default()
    }
}

/// What a request gets.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends without an answer.
    Silence,
}

impl Reply {
    /// A bare status.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }
}

/// A running service; its thread ends with the test.
pub(crate) struct Service {
    /// Such as `http://127.0.0.1:4711`.
    pub(crate) base_url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

type Answer = dyn Fn(&Received) -> Option<Reply> + Send + Sync;

impl Service {
    /// A service that answers as `answer` says, or where it says nothing, as documented.
    pub(crate) fn start(answer: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer): (_, Arc<Answer>) = (Arc::clone(&received), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Self { base_url, received }
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// How many requests of a kind came.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.received().iter().filter(|request| request.kind() == kind).count()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Received>>, answer: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = next_request(&mut reader) {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len()
        };
        match answer(&request).unwrap_or_else(|| documented(number)) {
            Reply::Silence => return,
            Reply::Answer(status, headers, body) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let headers = headers.concat();
                let length = body.len();
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
                if writer.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        }
    }
}

/// `201` with a browser id of its own.
fn documented(number: usize) -> Reply {
    let body = format!("{{\"status\":\"OK\",\"version\":\"1.2\",\"ref\":\"00000000-0000-4000-8000-{number:012}\"}}");
    Reply::Answer(201, Vec::new(), body)
}

fn next_request(reader: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut header = String::new();
    while reader.read_line(&mut header).ok()? > 2 {
        header.clear();
    }
    let query = line.split_once("&message=").unwrap().1.split(' ').next().unwrap();
    let message = serde_json::from_str(&decoded(query)).unwrap();
    Some(Received { line: line.trim_end().to_owned(), message })
}

fn decoded(query: &str) -> String {
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
