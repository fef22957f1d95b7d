//! Tests of the next steps: each situation is made, and the command that the report prints for it
//! is run by a shell and does what it says.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use crate::support::{
    PROGRAM, isolate_in, process,
    service::{MockService, Reply},
    wait::{self, Gate},
    workspace::{ExportRow, HEADER, RunResult, Workspace, export, row},
};

/// In place of the references that the operator names.
const REFERENCES: &str = "REFERENCE…";

/// A workspace and a service that gives `fault` for the last events of `B-` orders until it is
/// repaired.
struct TestShop {
    workspace: Workspace,
    service: MockService,
    is_repaired: Arc<AtomicBool>,
}

/// What a command printed, and its exit code.
struct Printed {
    code: i32,
    text: String,
}

impl TestShop {
    fn new(fault: Reply) -> Self {
        let is_repaired = Arc::new(AtomicBool::new(false));
        let repaired = Arc::clone(&is_repaired);
        let service = MockService::start(move |request| {
            let is_faulty = request.is_checkout() && request.reference().starts_with("B-");
            (is_faulty && !repaired.load(Ordering::SeqCst)).then(|| fault.clone())
        });
        Self { workspace: Workspace::new(), service, is_repaired }
    }

    /// A shop whose service answers the last event of A-1 once the gate is open.
    fn waiting_for(gate: &Gate) -> Self {
        let gate = gate.clone();
        let service = MockService::start(move |request| {
            if request.is_checkout() && request.reference() == "A-1" {
                gate.wait_until_open();
            }
            None
        });
        Self { workspace: Workspace::new(), service, is_repaired: Arc::default() }
    }

    /// Starts a first send, which reads standard input.
    fn start_send(&self) -> Child {
        self.workspace.file("config.toml", self.config());
        let mut send = process(&self.workspace.path(""));
        send.args(["send", "-", "--config", "config.toml", "--new-ledger", "--out", "started"]);
        send.env("ORDERFERRY_CLIENT_KEY", "s3cret-k3y").stdin(Stdio::piped());
        send.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn send(&self, content: &str, options: &str) -> RunResult {
        self.workspace.file("my orders.csv", content);
        self.workspace.file("config.toml", self.config());
        // The client key is typed: no command may show it.
        let ran = self.workspace.run_with(
            &format!("send my?orders.csv --config config.toml --client-key s3cret-k3y{options}"),
            &[],
            content.as_bytes(),
        );
        assert!(!ran.text("summary.json").contains("s3cret-k3y"));
        ran
    }

    fn config(&self) -> String {
        format!(
            "rate = 'unlimited'\nidentity_pause = '0s'\ntries = 2\ndown_after = 100\n[target]\nbase_url = '{}'\npos = 'x'\n",
            self.service.base_url
        )
    }

    /// Runs a printed command in a shell.
    fn shell(&self, command: &str) -> Printed {
        self.shell_with(command, "/dev/null")
    }

    fn shell_with(&self, command: &str, stdin: &str) -> Printed {
        let mut shell = Command::new("sh");
        isolate_in(&self.workspace.path(""), &mut shell);
        let folder = Path::new(PROGRAM).parent().unwrap().to_str().unwrap();
        let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
        shell.args(["-c", command]).env("PATH", path).env("ORDERFERRY_CLIENT_KEY", "s3cret-k3y");
        let stdin = if stdin == "/dev/null" { stdin.into() } else { self.workspace.path(stdin) };
        let output = shell.stdin(fs::File::open(stdin).unwrap()).output().unwrap();
        Printed {
            code: output.status.code().unwrap(),
            text: String::from_utf8(output.stdout).unwrap()
                + &String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a printed check or send in a shell; returns its exit code and the orders by outcome.
    fn shell_run(&self, command: &str) -> String {
        let printed = self.shell(&format!("{command} --format json"));
        outcomes(&printed)
    }
}

/// The exit code of a run and the orders by outcome.
fn outcomes(printed: &Printed) -> String {
    let json = printed.text.lines().find(|line| line.starts_with('{'));
    let json = json.unwrap_or_else(|| panic!("{}", printed.text));
    let summary: Value = serde_json::from_str(json).unwrap();
    let orders = summary["orders"].as_object().unwrap();
    let orders: Vec<_> = orders
        .iter()
        .filter(|(name, n)| *name != "read" && n.as_u64() != Some(0))
        .map(|(name, n)| format!("{n} {name}"))
        .collect();
    format!("{}: {}", printed.code, orders.join(", "))
}

/// The reasons and commands of a run. Its page and its screen have the same ones.
fn next(ran: &RunResult) -> Vec<(String, String)> {
    let steps = steps(&ran.summary());
    let mut page = ran.text("report.html");
    for (named, character) in [("&#39;", "'"), ("&#34;", "\""), ("&#60;", "<"), ("&#38;", "&")] {
        page = page.replace(named, character);
    }
    let of_page = |(why, command): &(String, String)| {
        format!("<li>{why} <pre><code>{command}</code></pre></li>")
    };
    let shown: Vec<_> =
        page.lines().map(str::trim).filter(|line| line.starts_with("<li>")).collect();
    let n_others = shown.len() - steps.len();
    assert_eq!(shown[n_others..], steps.iter().map(of_page).collect::<Vec<_>>());
    let of_screen: Vec<_> =
        ran.out.lines().filter_map(|line| line.strip_prefix("      ")).collect();
    for (_, command) in &steps {
        assert!(of_screen.contains(&command.as_str()), "{command} in {}", ran.out);
    }
    steps
}

fn steps(summary: &Value) -> Vec<(String, String)> {
    let text = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    let steps = summary["next"].as_array().unwrap();
    steps.iter().map(|step| (text(step, "why"), text(step, "command"))).collect()
}

/// The command of the only step whose reason contains this text.
fn command(ran: &RunResult, why: &str) -> String {
    let steps = next(ran);
    let mut found = steps.iter().filter(|(reason, _)| reason.contains(why));
    let command = found.next().unwrap_or_else(|| panic!("{why:?} in {steps:#?}")).1.clone();
    assert!(found.next().is_none(), "{why:?} twice in {steps:#?}");
    command
}

fn recent(references: &[&str]) -> String {
    export(references)
        .replace("2025-03-01", &chrono::Utc::now().format("%Y-%m-%d").to_string())
        .replace("T10:00:00Z", "T00:00:01Z")
}

#[test]
fn unknown_orders_of_the_run_are_listed_and_settled() {
    let shop = TestShop::new(Reply::Disconnect);
    let first = shop.send(&recent(&["A-1", "B-1"]), "");
    assert_eq!((first.code, next(&first).len()), (3, 2), "{:#?}", next(&first));
    // A later run leaves another order unknown, and holds the first one.
    let second = shop.send(&recent(&["A-1", "B-1", "B-2"]), "");
    assert_eq!(second.code, 3);

    let listed = shop.shell(&command(&first, "1 unknown: look them up"));
    assert!(listed.text.contains("B-1") && !listed.text.contains("B-2"), "{}", listed.text);
    let of_earlier = shop.shell(&command(&second, "since an earlier run"));
    assert!(of_earlier.text.contains("B-1"), "{}", of_earlier.text);

    // The first run's command settles nothing that the second one sent.
    let settle = &next(&first)[1].1;
    let refused = shop.shell(&settle.replace(REFERENCES, "B-2"));
    assert_eq!(refused.code, 2, "{}", refused.text);
    let settled = shop.shell(&settle.replace(REFERENCES, "B-1"));
    assert_eq!(settled.code, 0, "{}", settled.text);
    let settled = shop.shell(&next(&second)[1].1.replace(REFERENCES, "B-2"));
    assert_eq!(settled.code, 0, "{}", settled.text);
    assert_eq!(shop.send(&recent(&["A-1", "B-1", "B-2"]), "").code, 0);
}

#[test]
fn sandbox_commands_use_the_ledger_of_the_run() {
    let shop = TestShop::new(Reply::Disconnect);
    let references: Vec<_> = (0..30).map(|n| format!("A-{n}")).collect();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let ran = shop.workspace.file("orders.csv", export(&references)).run(
        "send orders.csv --sandbox --rate unlimited --identity-pause 0s --set down_after=100 --fault closed_taken=40%",
    );
    assert_eq!(ran.code, 3, "{}", ran.err);
    let results = ran.results();
    let unknown = results.iter().filter(|result| result["outcome"] == "unknown");
    let unknown: Vec<_> = unknown.map(|result| result["referenceId"].as_str().unwrap()).collect();
    let listed = shop.shell(&command(&ran, "look them up"));
    let n_listed = listed.text.lines().filter(|line| line.starts_with("unknown ")).count();
    assert_eq!(n_listed, unknown.len(), "{}", listed.text);
    let settled = shop.shell(&next(&ran)[1].1.replace(REFERENCES, &unknown.join(" ")));
    assert_eq!(settled.code, 0, "{}", settled.text);
}

#[test]
fn changed_orders_are_listed_and_acknowledged() {
    let shop = TestShop::new(Reply::Disconnect);
    assert_eq!(shop.send(&recent(&["A-1", "A-2"]), "").code, 0);
    let changed = recent(&["A-1", "A-2"]).replacen("30.60", "31.60", 2);
    let ran = shop.send(&changed, "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let listed = shop.shell(&command(&ran, "1 changed: correct them"));
    assert!(listed.text.contains("A-1") && !listed.text.contains("A-2"), "{}", listed.text);
    let known = shop.shell(&command(&ran, "which of them you know").replace(REFERENCES, "A-1"));
    assert_eq!(known.code, 0, "{}", known.text);
    assert_eq!(shop.send(&changed, "").summary()["orders"]["already_sent"], 2);
}

#[test]
fn rejected_rows_are_fixed_and_sent() {
    let shop = TestShop::new(Reply::status(400));
    let invalid = ExportRow { reference: "A-2", price: "x", ..ExportRow::default() }.csv();
    let content = recent(&["A-1", "B-1"])
        + &recent(&[]).replace(HEADER, &invalid).replace("2025-03-01", &today());
    let ran = shop.send(&content, "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let explained = shop.shell(&command(&ran, "1 invalid: what is wrong"));
    assert!(explained.text.starts_with("number_unreadable"), "{}", explained.text);

    let rejects = ran.path("rejects/my orders.csv");
    let fixed = fs::read_to_string(&rejects).unwrap().replace(",x,", ",30.60,");
    fs::write(rejects, fixed).unwrap();
    shop.is_repaired.store(true, Ordering::SeqCst);
    let send = command(&ran, "1 invalid, 1 refused: fix their rows and send them");
    assert!(send.starts_with("orderferry send 'run-1/rejects/my orders.csv' "), "{send}");
    assert_eq!(shop.shell_run(&send), "0: 2 accepted");
    assert_eq!(
        shop.send(&content.replace(",x,", ",30.60,"), "").summary()["orders"]["already_sent"],
        3
    );
}

#[test]
fn accepted_unreadable_rows_have_a_step() {
    let shop = TestShop::new(Reply::status(400));
    let ran = shop.send(&(recent(&["A-1"]) + "end\nend\n"), " --set unreadable_rows=accept");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let steps = next(&ran);
    let [(why, explain)] = steps.as_slice() else { panic!("{steps:#?}") };
    assert!(why.starts_with("2 rows unreadable: ") && why.contains("ignore_rows"), "{why}");
    assert_eq!(explain, "orderferry explain row_unreadable");
}

fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

#[test]
fn failed_orders_are_sent_again() {
    let shop = TestShop::new(Reply::status(503));
    let ran = shop.send(&recent(&["A-1", "B-1"]), "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    shop.is_repaired.store(true, Ordering::SeqCst);
    let again = command(&ran, "1 failed: send them again");
    assert_eq!(shop.shell_run(&again), "0: 1 accepted, 1 already_sent");
}

#[test]
fn stopped_run_goes_on() {
    let shop = TestShop::new(Reply::Disconnect);
    let ran = shop.send(&recent(&["A-1", "A-2", "A-3"]), " --limit 2");
    assert_eq!(ran.code, 4, "{}", ran.err);
    let again = command(&ran, "1 not attempted: run it again to go on");
    assert_eq!(shop.shell_run(&again), "0: 1 accepted, 2 already_sent");
}

/// The intents of orders are recorded before they wait for the rate. The target refuses the key
/// before any of them is sent, so that they are withdrawn.
#[test]
fn orders_without_a_request_are_not_in_the_ledger() {
    // The intents of the first guests are recorded by the time that their key is refused.
    let n_requests = AtomicUsize::new(0);
    let is_repaired = Arc::new(AtomicBool::new(false));
    let repaired = Arc::clone(&is_repaired);
    let service = MockService::start(move |request| {
        let n = n_requests.fetch_add(1, Ordering::SeqCst);
        // Not of an order, which would be one that was refused.
        let is_refused = n >= 20 && !request.is_checkout() && !repaired.load(Ordering::SeqCst);
        is_refused.then(|| Reply::status(403))
    });
    let shop = TestShop { workspace: Workspace::new(), service, is_repaired };
    let of_guest = |n: u32| {
        let (reference, email) = (format!("A-{n}"), format!("guest{n}@example.com"));
        ExportRow { reference: &reference, email: &email, ..ExportRow::default() }.csv()
    };
    let content = recent(&[]) + &(0..30).map(of_guest).collect::<String>();
    let ran = shop.send(&content, " --backfill --new-ledger --rate 20/s");
    assert_eq!(ran.code, 4, "{}", ran.err);
    let listed = shop.shell("orderferry ledger list --config config.toml");
    let listed: Vec<_> = listed.text.split_whitespace().collect();
    let results = ran.results();
    let of_outcome = |outcome| results.iter().filter(move |one| one["outcome"] == outcome);
    assert!(of_outcome("not_attempted").count() > 0);
    for result in of_outcome("not_attempted") {
        assert!(!listed.contains(&result["referenceId"].as_str().unwrap()), "{listed:?}");
    }
    assert!(!listed.contains(&"failed"), "{listed:?}");
    shop.is_repaired.store(true, Ordering::SeqCst);
    let again = command(&ran, "run it again to go on");
    let outcome = shop.shell_run(&again);
    assert!(outcome.starts_with("0: ") && outcome.contains("accepted"), "{outcome}");
}

#[test]
fn refused_key_is_checked_before_rows_are_fixed() {
    let is_repaired = Arc::new(AtomicBool::new(false));
    let repaired = Arc::clone(&is_repaired);
    let service = MockService::start(move |request| {
        let is_refused = request.kind() == "IDENTITY" && !repaired.load(Ordering::SeqCst);
        is_refused.then(|| Reply::status(403))
    });
    let shop = TestShop { workspace: Workspace::new(), service, is_repaired };
    let ran = shop.send(&recent(&["A-1", "A-2"]), "");
    assert_eq!((ran.code, ran.outcomes()), (1, "A-1 refused, A-2 refused".to_owned()));
    let steps = next(&ran);
    assert!(
        steps[0].0.starts_with("the service refuses the client key, not the rows"),
        "{steps:?}"
    );
    assert!(steps.iter().all(|(why, _)| !why.contains("fix their rows")), "{steps:?}");
    assert!(shop.shell(&steps[0].1).text.contains("client key"));
    assert!(!ran.out.contains("correct their rows"), "{}", ran.out);
    shop.is_repaired.store(true, Ordering::SeqCst);
    assert_eq!(shop.shell_run(&command(&ran, "2 refused: send them again")), "0: 2 accepted");
}

#[test]
fn stopped_run_of_standard_input_is_resumed() {
    let shop = TestShop::new(Reply::Disconnect);
    shop.workspace.file("config.toml", shop.config());
    let ran = shop.workspace.run_with(
        "send - --config config.toml --client-key s3cret-k3y --limit 2 --max-invalid 3",
        &[],
        recent(&["A-1", "A-2", "A-3"]).as_bytes(),
    );
    assert_eq!(ran.code, 4, "{}", ran.err);
    let resume = command(&ran, "run it again to go on");
    assert_eq!(shop.shell_run(&resume), "0: 1 accepted, 2 already_sent");
}

#[test]
fn run_that_is_stopped_while_it_reads_is_run_again() {
    let shop = TestShop::new(Reply::Disconnect);
    let mut send = shop.start_send();
    wait::until("the run folder", || shop.workspace.path("started").exists());
    let is_sent = Command::new("kill").arg(send.id().to_string()).status().unwrap().success();
    assert!(is_sent);
    let mut errors = BufReader::new(send.stderr.take().unwrap()).lines().map(Result::unwrap);
    // No request is in flight yet.
    assert!(errors.any(|line| line == "stopping; signal again to exit at once"));
    shop.workspace.file("orders.csv", recent(&["A-1"]));
    send.stdin.take().unwrap().write_all(recent(&["A-1"]).as_bytes()).unwrap();
    let rest: Vec<_> = errors.collect();
    assert_eq!(send.wait().unwrap().code(), Some(4), "{rest:?}");
    let summary = fs::read_to_string(shop.workspace.path("started/summary.json")).unwrap();
    let steps = steps(&serde_json::from_str(&summary).unwrap());
    let [(why, again)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(why, "stopped early: run it again");
    let ran = shop.shell_with(&format!("{again} --format json"), "orders.csv");
    assert_eq!(outcomes(&ran), "0: 1 accepted");
}

#[test]
fn run_that_finds_the_ledger_locked_is_run_again() {
    let gate = Gate::default();
    let shop = TestShop::waiting_for(&gate);
    let mut first = shop.start_send();
    first.stdin.take().unwrap().write_all(recent(&["A-1"]).as_bytes()).unwrap();
    wait::until("the order in flight", || shop.service.checkout_count("A-1") == 1);
    let locked = shop.send(&recent(&["A-2"]), "");
    assert_eq!((locked.code, next(&locked).len()), (5, 1), "{}", locked.err);
    gate.open();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    let again = command(&locked, "once the other run has ended");
    assert_eq!(shop.shell_run(&again), "0: 1 accepted");
}

#[test]
fn rejects_of_a_resumed_plan_are_sent() {
    let shop = TestShop::new(Reply::status(400));
    let ran = shop.send(&recent(&["A-1", "B-1"]), " --limit 1");
    assert_eq!(ran.code, 4, "{}", ran.err);
    let key = [("ORDERFERRY_CLIENT_KEY", "s3cret-k3y")];
    let resumed = shop.workspace.run_with("send --resume run-1 --config config.toml", &key, b"");
    assert_eq!(resumed.code, 1, "{}", resumed.err);
    shop.is_repaired.store(true, Ordering::SeqCst);
    let send = command(&resumed, "1 refused: fix their rows and send them with their profile");
    assert!(send.ends_with(" --profile PROFILE"), "{send}");
    assert_eq!(shop.shell_run(&send.replace("PROFILE", "canonical")), "0: 1 accepted");
}

#[test]
fn old_orders_are_sent_on_request() {
    let shop = TestShop::new(Reply::Disconnect);
    let few = recent(&["A-1"]) + &row("A-2");
    let ran = shop.send(&few, "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let backfill = command(&ran, "1 order too old: send them too");
    assert_eq!(shop.shell_run(&backfill), "0: 1 accepted, 1 already_sent");

    let many: Vec<_> = (0..20).map(|n| format!("C-{n}")).collect();
    let many = export(&many.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = shop.send(&many, "");
    assert_eq!(ran.code, 2, "{}", ran.err);
    let backfill = command(&ran, "too old: send them too");
    assert_eq!(shop.shell_run(&backfill), "0: 20 accepted");
}

#[test]
fn backfill_is_no_step_after_another_refusal() {
    let shop = TestShop::new(Reply::Disconnect);
    let old: String = (0..20).map(|n| row(&format!("C-{n}"))).collect();
    let bad =
        |n| ExportRow { reference: &format!("X-{n}"), price: "x", ..ExportRow::default() }.csv();
    let ran = shop.send(&(HEADER.to_owned() + &old + &(0..20).map(bad).collect::<String>()), "");
    assert_eq!(ran.code, 2, "{}", ran.err);
    let steps = next(&ran);
    assert!(steps.iter().all(|(_, command)| !command.contains("--backfill")), "{steps:#?}");
    let explained = shop.shell(&command(&ran, "20 invalid: what is wrong"));
    assert!(explained.text.starts_with("number_unreadable"), "{}", explained.text);
}

#[test]
fn input_that_begins_with_a_dash_is_no_option() {
    let shop = TestShop::new(Reply::Disconnect);
    shop.workspace.file("-x.csv", export(&["A-1"]));
    let checked = shop.shell("orderferry check --pos x --out checked -- -x.csv");
    assert_eq!(checked.code, 0, "{}", checked.text);
    let summary = fs::read_to_string(shop.workspace.path("checked/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let send = summary["next"][0]["command"].as_str().unwrap();
    assert!(send.starts_with("orderferry send ./-x.csv --sandbox "), "{send}");
    assert_eq!(shop.shell_run(send), "0: 1 accepted");
}

#[test]
fn nothing_read_names_the_topic_and_the_command() {
    let shop = TestShop::new(Reply::Disconnect);
    shop.workspace.file("config.toml", shop.config());
    let missing = shop
        .workspace
        .run("send orders-*.csv --config config.toml --client-key s3cret-k3y --new-ledger");
    assert_eq!(missing.code, 2);
    let topic = shop.shell(&command(&missing, "no order was read"));
    assert!(topic.code == 0 && topic.text.contains("gzip"), "{}", topic.text);
    shop.workspace.file("orders-1.csv", recent(&["A-1"]));
    assert_eq!(shop.shell_run(&command(&missing, "run it again")), "0: 1 accepted");

    let empty = shop.workspace.file("empty.csv", HEADER).run("check empty.csv --pos x");
    assert_eq!(empty.code, 0, "{}", empty.err);
    assert!(shop.shell(&command(&empty, "no order was read")).text.contains("gzip"));
    let no_ledger = shop.workspace.run_with(
        "send orders-1.csv --config config.toml --client-key s3cret-k3y --ledger=none.db",
        &[],
        b"",
    );
    assert_eq!(no_ledger.code, 2);
    let topic = shop.shell(&command(&no_ledger, "nothing was sent"));
    assert!(topic.text.contains("--new-ledger"), "{}", topic.text);
}

/// Each refusal is followed by a command that is not refused.
#[test]
fn refused_run_is_followed_by_one_that_is_not() {
    let shop = TestShop::new(Reply::Disconnect);
    shop.workspace.file("config.toml", shop.config());
    shop.workspace.file("orders.csv", recent(&["A-1"]));
    let send = "send orders.csv --config config.toml --client-key s3cret-k3y";
    let refused = |command: &str| {
        let ran = shop.workspace.run_with(command, &[], b"");
        assert_eq!(ran.code, 2, "{}", ran.out);
        ran
    };
    let no_ledger = refused(&format!("{send} --ledger=first.db"));
    assert_eq!(shop.shell_run(&command(&no_ledger, "create the ledger")), "0: 1 accepted");
    let not_new = refused(&format!("{send} --ledger=first.db --new-ledger"));
    let again = command(&not_new, "go on with the ledger");
    assert_eq!(shop.shell_run(&again), "0: 1 already_sent");
    let other = format!("{send} --ledger=first.db --base-url {}/", shop.service.base_url);
    let other = other.replace("127.0.0.1", "localhost");
    let unknown = refused(&other);
    assert_eq!(shop.shell_run(&command(&unknown, "add the target")), "0: 1 accepted");

    // A key that cannot be read may be of any order, so the run ends.
    let page = format!("{HEADER}{}", row("\u{d6}-1"));
    let page: Vec<u8> = page.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    shop.workspace.file("page.csv", page);
    let unreadable = refused("check page.csv --pos x --max-invalid 100%");
    let as_page = command(&unreadable, "read the export as windows-1252");
    assert!(as_page.ends_with("--encoding windows-1252"), "{as_page}");
}

#[test]
fn check_leads_to_a_send() {
    let shop = TestShop::new(Reply::Disconnect);
    let bad = ExportRow { reference: "A-2", price: "x", ..ExportRow::default() }.csv();
    shop.workspace.file("orders.csv", export(&["A-1"]) + &bad).file("config.toml", shop.config());
    let key = [("ORDERFERRY_CLIENT_KEY", "s3cret-k3y")];
    let ran = shop.workspace.run_with("check orders.csv --config config.toml", &key, b"");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let explained = shop.shell(&command(&ran, "what is wrong"));
    assert!(explained.text.starts_with("number_unreadable"), "{}", explained.text);
    assert_eq!(shop.shell_run(&command(&ran, "then check again")), "1: 1 invalid, 1 valid");
    // The command has what the first send needs: a new ledger, and leave to send an old order.
    // Both are conditions that only a person can affirm.
    let send = command(
        &ran,
        "send them, if no order was ever sent to it and no ledger is lost, and no campaign may \
         react to old orders",
    );
    assert_eq!(shop.shell_run(&send), "1: 1 accepted, 1 invalid");
}

#[test]
fn check_without_a_target_leads_to_a_sandbox() {
    let shop = TestShop::new(Reply::Disconnect);
    let ran = shop.workspace.file("orders.csv", export(&["A-1"])).run("check orders.csv --pos x");
    assert_eq!((ran.code, next(&ran).len()), (0, 1), "{}", ran.err);
    assert_eq!(shop.shell_run(&command(&ran, "try a sandbox first")), "0: 1 accepted");
}

#[test]
fn clean_send_needs_nothing() {
    let shop = TestShop::new(Reply::Disconnect);
    assert_eq!(next(&shop.send(&recent(&["A-1"]), "")), []);
}
