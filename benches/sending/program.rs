//! The program with a synthetic export, and the bare reqwest loop that it is compared with.

use std::{
    fmt::Write,
    fs,
    io::{self, Write as _},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use crate::{BARE_LOOP, service::Service};

const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,\
    item.type,item.name,item.price,item.quantity,guest.email,guest.lastname";

/// A folder with an export in which every order has a different guest.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn with_orders(n_orders: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut export = format!("{HEADER}\n");
        for n in 0..n_orders {
            writeln!(
                export,
                "A-{n},2026-11-01T10:00:00Z,PURCHASED,EUR,30.60,other,GEAR,Rope {n},30.60,1,guest{n}@example.com,Name{n}"
            )
            .unwrap();
        }
        fs::write(folder.path().join("orders.csv"), export).unwrap();
        Self { folder }
    }

    /// Runs `send` until it ends.
    pub(crate) fn send(&self, service: &Service, options: &str) {
        self.start(service, options).wait();
    }

    /// Starts `send`.
    pub(crate) fn start(&self, service: &Service, options: &str) -> Running {
        self.spawn("orders.csv --new-ledger", service, options)
    }

    /// Starts `send` with the plan of the first run.
    pub(crate) fn resume(&self, service: &Service, options: &str) -> Running {
        self.spawn("--resume planned", service, options)
    }

    fn spawn(&self, what: &str, service: &Service, options: &str) -> Running {
        let command = format!(
            "send {what} --base-url {} --client-key k --pos shop --backfill --quiet {options}",
            service.base_url
        );
        let child = Command::new(env!("CARGO_BIN_EXE_orderferry"))
            .args(command.split_whitespace())
            .current_dir(self.folder.path())
            // Ledger and companions stay in the folder, not in the state folder of the user.
            .env("ORDERFERRY_LEDGER", "ledger.db")
            .env("XDG_STATE_HOME", self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        Running(child.unwrap())
    }

    /// Writes the plan of the export without sending anything.
    pub(crate) fn plan(&self, service: &Service) {
        self.start(service, "--limit 0 --out planned").wait();
    }
}

/// A run that is in progress.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    fn wait(mut self) {
        self.0.wait().unwrap();
    }

    /// The CPU time that the thread of this name has used.
    pub(crate) fn cpu_of(&self, name: &str) -> Option<Duration> {
        /// `CLK_TCK`, the same on all Linux machines.
        const TICKS_PER_SECOND: u64 = 100;
        let threads = fs::read_dir(format!("/proc/{}/task", self.0.id())).ok()?;
        let stat = threads.flatten().find_map(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).ok()?;
            stat.contains(&format!("({name})")).then_some(stat)
        })?;
        // proc(5): utime and stime are the 14th and 15th field, the name is the second.
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// The peak memory so far, in MB.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(peak.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
    }
}

/// Runs the bare loop in a separate process, as the program is one.
pub(crate) fn run_bare_loop(base_url: &str, n_requests: usize) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args([BARE_LOOP, base_url, &n_requests.to_string(), "64"])
        .status();
    assert!(status.unwrap().success());
}

/// Sends `n_requests` with reqwest and nothing else, `in_flight` of them at a time.
pub(crate) fn bare_loop(base_url: &str, n_requests: usize, in_flight: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // As long as the events of the export.
    let message = "x".repeat(700);
    let url = format!("{base_url}/v1.2/event/create.json?client_key=k&message={message}");
    let remaining = Arc::new(AtomicUsize::new(n_requests));
    drop(rustls::crypto::ring::default_provider().install_default());
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap();
        let workers: Vec<_> = (0..in_flight)
            .map(|_| {
                let (client, url, remaining) =
                    (client.clone(), url.clone(), Arc::clone(&remaining));
                tokio::spawn(async move {
                    let decrement = |n: usize| n.checked_sub(1);
                    while remaining
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, decrement)
                        .is_ok()
                    {
                        let response = client.get(&url).send().await.unwrap();
                        io::sink().write_all(&response.bytes().await.unwrap()).unwrap();
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
    });
}
