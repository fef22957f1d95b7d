//! Test shop: an export, a ledger, and runs that send to a mock tenant. Every run is audited at
//! its end.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use serde_json::Value;

use super::{
    audit,
    ledger::{self, Attempt, Cart, LedgerRows},
    tenant::Tenant,
};
use crate::support::{
    has_ledger, process,
    rng::TestRng,
    service::Exchange,
    wait,
    workspace::{ExportRow, HEADER},
};

/// The name of the ledger in the shop's folder.
pub(super) const LEDGER: &str = "orderferry-ledger.db";

/// The reference of an invalid order.
pub(super) const INVALID: &str = "A-invalid";

/// The routes of a shop's orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteMix {
    /// Each order is one event.
    Single,
    /// Each order is assembled from several events.
    Multi,
    /// Every other order has items that ORDER_CHECKOUT does not support.
    Mixed,
}

impl RouteMix {
    fn mode(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multi => "multi",
            Self::Mixed => "auto",
        }
    }

    /// Whether the order with this number is assembled from several events.
    fn is_multi(self, number: usize) -> bool {
        self == Self::Multi || (self == Self::Mixed && number.is_multiple_of(2))
    }
}

pub(super) struct TestShop {
    pub(super) routes: RouteMix,
    pub(super) folder: PathBuf,
    pub(super) tenant: Tenant,
    /// The e-mail address of the guest of each order.
    pub(super) guests: BTreeMap<String, String>,
    /// The products of each order that is assembled from several events, in the order of the
    /// export.
    pub(super) multi_products: BTreeMap<String, Vec<String>>,
    /// Approximate number of requests without retries.
    pub(super) n_requests: usize,
    /// Whether every other run resumes the plan of an earlier one, if there is one.
    pub(super) resumes_plans: Cell<bool>,
    n_runs: Cell<usize>,
}

impl TestShop {
    /// A shop whose orders are sent as one event each.
    pub(super) fn new(
        folder: &Path,
        n_orders: usize,
        n_guests: usize,
        rng: &mut TestRng,
        tenant: Tenant,
    ) -> Self {
        Self::with_routes(RouteMix::Single, folder, n_orders, n_guests, rng, tenant)
    }

    /// A shop with `n_orders` orders of `n_guests` guests, whose rows are shuffled.
    pub(super) fn with_routes(
        routes: RouteMix,
        folder: &Path,
        n_orders: usize,
        n_guests: usize,
        rng: &mut TestRng,
        tenant: Tenant,
    ) -> Self {
        let mut guests = BTreeMap::new();
        let mut rows = Vec::new();
        for number in 0..n_orders {
            let (reference, email) =
                (format!("A-{number:03}"), format!("guest{}@example.com", number % n_guests));
            let ordered_at = format!("2025-03-01T10:{:02}:{:02}Z", number / 60, number % 60);
            let line = ExportRow {
                reference: &reference,
                ordered_at: &ordered_at,
                email: &email,
                ..ExportRow::default()
            };
            let line = if routes == RouteMix::Mixed && routes.is_multi(number) {
                hotel_row(line)
            } else {
                line.csv()
            };
            for item in 0..=rng.below(3) {
                let product = format!("P-{number}-{item}");
                rows.push((
                    routes.is_multi(number).then(|| reference.clone()),
                    row(&line, &product),
                    product,
                ));
            }
            guests.insert(reference, email);
        }
        rng.shuffle(&mut rows);
        let export: String = rows.iter().map(|(_, row, _)| row.as_str()).collect();
        fs::write(folder.join("orders.csv"), row(HEADER, "item.productId") + &export).unwrap();
        let mut multi_products: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (reference, _, product) in rows {
            if let Some(reference) = reference {
                multi_products.entry(reference).or_default().push(product);
            }
        }
        let n_items: usize = multi_products.values().map(Vec::len).sum();
        // Multi: a browser, IDENTITY, ADD_CONTACTS, CONFIRM and CHECKOUT per order, and the ADDs.
        // Single: one event per order, a browser and IDENTITY per guest.
        let n_single = if routes == RouteMix::Multi {
            0
        } else {
            n_orders - multi_products.len() + 2 * n_guests
        };
        let n_requests = n_items + 5 * multi_products.len() + n_single;
        let (folder, resumes_plans, n_runs) = (folder.to_owned(), Cell::new(false), Cell::new(0));
        Self { routes, folder, tenant, guests, multi_products, n_requests, resumes_plans, n_runs }
    }

    /// A shop with six orders of two guests, for tests of single runs.
    pub(super) fn small(folder: &Path, tenant: Tenant) -> Self {
        Self::new(folder, 6, 2, &mut TestRng::new(1), tenant)
    }

    /// Appends an order with an invalid price to the export. It is not in `guests`.
    pub(super) fn add_invalid(&self) {
        let line = ExportRow { reference: INVALID, price: "much", ..ExportRow::default() };
        let mut export =
            OpenOptions::new().append(true).open(self.folder.join("orders.csv")).unwrap();
        export.write_all(row(&line.csv(), "P").as_bytes()).unwrap();
    }

    /// All rows of the ledger; no run may be writing it.
    fn ledger_rows(&self) -> LedgerRows {
        ledger::read_ledger(&self.folder.join(LEDGER))
    }

    /// The arguments of a command that sends the export with these options, and the name of its
    /// run.
    pub(super) fn command(&self, options: &str) -> (Vec<String>, String) {
        self.n_runs.set(self.n_runs.get() + 1);
        let name = format!("run-{}", self.n_runs.get());
        let what = match self.plan() {
            _ if options.contains("--resume") => String::new(),
            Some(run) => format!("--resume {run}"),
            None => format!("orders.csv --pos p --mode {}", self.routes.mode()),
        };
        let is_first = !what.starts_with("--resume") && !has_ledger(&self.folder.join(LEDGER));
        let what = if is_first { format!("{what} --new-ledger") } else { what };
        let defaults =
            format!("send {what} --client-key k --backfill --results-csv --set tries=3 --base-url");
        let command_args = defaults
            .split_whitespace()
            .chain([self.tenant.service.base_url.as_str()])
            .chain(options.split_whitespace());
        (command_args.map(str::to_owned).chain(["--out".into(), name.clone()]).collect(), name)
    }

    /// The run whose plan the next run resumes.
    fn plan(&self) -> Option<String> {
        let n_runs = self.n_runs.get();
        let earlier = (1..n_runs).rev().map(|number| format!("run-{number}"));
        let has_plan = |run: &String| self.folder.join(run).join("plan.ndjson").exists();
        (self.resumes_plans.get() && n_runs.is_multiple_of(2))
            .then(|| earlier.into_iter().find(has_plan))?
    }

    /// Starts a run.
    pub(super) fn start(&self, options: &str) -> Running<'_> {
        let (command_args, name) = self.command(options);
        let output_text = self.folder.join(format!("{name}.out"));
        self.start_with(
            command_args,
            name,
            options,
            Stdio::from(File::create(output_text).unwrap()),
        )
    }

    /// Starts a run with the given standard output.
    pub(super) fn start_with(
        &self,
        command_args: Vec<String>,
        name: String,
        options: &str,
        out: Stdio,
    ) -> Running<'_> {
        let (before, n_before) = (self.ledger_rows(), self.tenant.service.n_received());
        let errors = File::create(self.folder.join(format!("{name}.err"))).unwrap();
        let child = process(&self.folder)
            .args(command_args)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .unwrap();
        let LedgerRows { attempts: before, carts: carts_before } = before;
        Running {
            shop: self,
            child,
            name,
            options: options.to_owned(),
            before,
            carts_before,
            n_before,
        }
    }

    /// A complete run by the closure `run`, which gets the arguments and the name of the run and
    /// returns the exit code. It is not audited.
    pub(super) fn run_by(
        &self,
        options: &str,
        run: impl FnOnce(&[String], &str) -> Option<i32>,
    ) -> Run {
        let (command_args, name) = self.command(options);
        let (before, n_before) = (self.ledger_rows(), self.tenant.service.n_received());
        let code = run(&command_args, &name);
        self.finish(&name, options, code, before, n_before)
    }

    /// Collects the results of a run that has ended or was killed.
    fn finish(
        &self,
        name: &str,
        options: &str,
        code: Option<i32>,
        before: LedgerRows,
        n_before: usize,
    ) -> Run {
        self.tenant.release();
        self.tenant.service.drain();
        let after = self.ledger_rows();
        Run {
            code,
            errors: fs::read_to_string(self.folder.join(format!("{name}.err"))).unwrap_or_default(),
            output: fs::read_to_string(self.folder.join(format!("{name}.out"))).unwrap_or_default(),
            resends: options.contains("resend"),
            is_impatient: is_impatient(options),
            exchanges: self.tenant.service.exchanges().split_off(n_before),
            before: before.attempts,
            after: after.attempts,
            carts_before: before.carts,
            carts: after.carts,
            results: results(&self.folder.join(name).join("results.ndjson")),
            results_csv: csv_outcomes(&self.folder.join(name).join("results.csv")),
            summary: fs::read_to_string(self.folder.join(name).join("summary.json")).ok(),
        }
    }

    /// A complete run.
    pub(super) fn run(&self, options: &str) -> Run {
        self.start(options).wait()
    }
}

/// A run whose process has been started.
pub(super) struct Running<'s> {
    pub(super) shop: &'s TestShop,
    pub(super) before: Vec<Attempt>,
    carts_before: Vec<Cart>,
    child: Child,
    name: String,
    /// Number of requests received before it.
    n_before: usize,
    options: String,
}

impl Running<'_> {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A file of the run folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.shop.folder.join(&self.name).join(name)
    }

    /// Its standard error so far.
    pub(super) fn errors(&self) -> String {
        fs::read_to_string(self.shop.folder.join(format!("{}.err", self.name))).unwrap()
    }

    /// Number of requests received before it.
    pub(super) fn n_before(&self) -> usize {
        self.n_before
    }

    /// Its requests and their responses so far.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.shop.tenant.service.exchanges().split_off(self.n_before)
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it, if it has not ended.
    pub(super) fn kill(mut self) -> Run {
        // The process may have ended already.
        drop(self.child.kill());
        self.finish()
    }

    /// Waits for its end.
    pub(super) fn wait(mut self) -> Run {
        wait::until("the end of a run", || self.has_ended());
        self.finish()
    }

    fn finish(mut self) -> Run {
        let code = self.child.wait().unwrap().code();
        let (attempts, carts) =
            (std::mem::take(&mut self.before), std::mem::take(&mut self.carts_before));
        let before = LedgerRows { attempts, carts };
        let run = self.shop.finish(&self.name, &self.options, code, before, self.n_before);
        audit::check(&run, self.shop);
        run
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A failing test must not leave a process.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A run that has ended, with its output and the rows of the ledger before and after it.
pub(super) struct Run {
    /// `None` if it was killed.
    pub(super) code: Option<i32>,
    pub(super) errors: String,
    /// Standard output, if it was written to the file of the run.
    pub(super) output: String,
    pub(super) resends: bool,
    /// Requests may time out before they are sent.
    pub(super) is_impatient: bool,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) before: Vec<Attempt>,
    pub(super) after: Vec<Attempt>,
    pub(super) carts_before: Vec<Cart>,
    pub(super) carts: Vec<Cart>,
    pub(super) results: Vec<Value>,
    /// References and outcomes in `results.csv`, if it exists.
    pub(super) results_csv: Option<Vec<(String, String)>>,
    pub(super) summary: Option<String>,
}

impl Run {
    /// `summary.json` of a run that was not killed.
    pub(super) fn summary(&self) -> Value {
        serde_json::from_str(self.summary.as_ref().unwrap()).unwrap()
    }

    /// Number of orders with this outcome.
    pub(super) fn n(&self, outcome: &str) -> u64 {
        self.summary()["orders"][outcome].as_u64().unwrap()
    }

    /// The outcome of an order.
    pub(super) fn outcome(&self, reference: &str) -> &str {
        let result = self.results.iter().find(|result| result["referenceId"] == reference);
        result.unwrap()["outcome"].as_str().unwrap()
    }

    /// Number of checkouts of an order that it sent.
    pub(super) fn checkout_count(&self, reference: &str) -> usize {
        let requests = self.exchanges.iter().map(|exchange| &exchange.request);
        requests.filter(|request| request.is_checkout() && request.reference() == reference).count()
    }
}

/// A row of the export with one more cell.
fn row(line: &str, cell: &str) -> String {
    format!("{},{cell}\n", line.trim_end())
}

/// A row of the export with an item type that ORDER_CHECKOUT does not support.
fn hotel_row(line: ExportRow<'_>) -> String {
    line.csv().replace(",GEAR,", ",HOTEL,")
}

/// The lines of `results.ndjson`, without an incomplete last line of a killed run.
pub(super) fn results(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The references and outcomes of a `results.csv`; none if it does not exist.
fn csv_outcomes(file: &Path) -> Option<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(file).ok()?;
    let outcome = |record: csv::StringRecord| (record[0].to_owned(), record[2].to_owned());
    Some(reader.records().map(|record| outcome(record.unwrap())).collect())
}

/// Whether the timeout is so short that a busy machine may exceed it.
fn is_impatient(options: &str) -> bool {
    options
        .split(' ')
        .skip_while(|arg| *arg != "--timeout")
        .nth(1)
        .is_some_and(|time| time.ends_with("ms"))
}
