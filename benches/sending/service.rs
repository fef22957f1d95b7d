//! Mock service: responds with as little work as possible and records when requests arrive.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

const CREATED: &str =
    r#"{"status":"OK","version":"1.2","ref":"00000000-0000-4000-8000-000000000001"}"#;

/// How the service responds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ResponseBehaviour {
    /// At once.
    Prompt,
    /// After this time.
    Slow(Duration),
    /// At once; one request in ten fails in some way.
    Faulty,
}

/// A running service.
pub(crate) struct Service {
    pub(crate) base_url: String,
    starts: Arc<Mutex<Vec<Instant>>>,
    /// Ends the service when it is dropped.
    _end: oneshot::Sender<()>,
}

impl Service {
    /// Starts a service on a separate thread.
    pub(crate) fn start(behaviour: ResponseBehaviour) -> Self {
        let starts = Arc::new(Mutex::new(Vec::new()));
        let (arrivals, (end, ended)) = (Arc::clone(&starts), oneshot::channel());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    () = accept(listener, arrivals, behaviour) => {}
                }
            });
        });
        Self { base_url, starts, _end: end }
    }

    pub(crate) fn n_received(&self) -> usize {
        self.starts.lock().unwrap().len()
    }

    /// When the first request arrived.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.starts.lock().unwrap().first().copied()
    }

    /// Requests per second between the first and the last one.
    #[expect(clippy::cast_precision_loss, reason = "a count of some thousands is exact")]
    pub(crate) fn per_second(&self) -> f64 {
        let starts = self.starts.lock().unwrap();
        let time = *starts.last().unwrap() - starts[0];
        (starts.len() - 1) as f64 / time.as_secs_f64()
    }

    /// The maximum number of requests that arrived within any second.
    pub(crate) fn max_in_any_second(&self) -> usize {
        let mut starts = self.starts.lock().unwrap().clone();
        starts.sort_unstable();
        let within = |from: usize| {
            starts[from..].partition_point(|start| *start < starts[from] + Duration::from_secs(1))
        };
        (0..starts.len()).map(within).max().unwrap_or_default()
    }
}

async fn accept(
    listener: std::net::TcpListener,
    arrivals: Arc<Mutex<Vec<Instant>>>,
    behaviour: ResponseBehaviour,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    let n_responses = Arc::new(AtomicUsize::new(0));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(serve(stream, Arc::clone(&arrivals), behaviour, Arc::clone(&n_responses)));
    }
}

async fn serve(
    mut stream: TcpStream,
    arrivals: Arc<Mutex<Vec<Instant>>>,
    behaviour: ResponseBehaviour,
    n_responses: Arc<AtomicUsize>,
) {
    let mut request = Vec::with_capacity(16 * 1024);
    while let Ok(n_read) = stream.read_buf(&mut request).await
        && n_read > 0
    {
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        request.clear();
        arrivals.lock().unwrap().push(Instant::now());
        if let ResponseBehaviour::Slow(time) = behaviour {
            tokio::time::sleep(time).await;
        }
        let Some(response) = response(behaviour, n_responses.fetch_add(1, Ordering::Relaxed))
        else {
            return;
        };
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The response to a request by its number; `None` closes the connection. The faults are such that
/// the program does not throttle because of them.
fn response(behaviour: ResponseBehaviour, number: usize) -> Option<String> {
    let (head, body) = match (behaviour, number % 40) {
        (ResponseBehaviour::Faulty, 3 | 17) => return None,
        (ResponseBehaviour::Faulty, 29) => ("503 Service Unavailable\r\nretry-after: 0", ""),
        (ResponseBehaviour::Faulty, 37) => ("500 Internal Server Error", ""),
        _ => ("201 Created", CREATED),
    };
    Some(format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}
