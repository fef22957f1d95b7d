//! Tests of carts that an earlier run left open: the next run to the same target clears them,
//! whatever else it sends.

use orderferry::{
    ledger::{self, Consent, Ledger, LedgerWrite},
    stream,
};

use crate::support::{
    service::{MockService, Reply},
    wait,
    workspace::{RunResult, Workspace, export, pos_option},
};

const LEDGER: &str = "orderferry-ledger.db";

struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    /// A shop whose service refuses CLEAR_CART for browsers called `stubborn`.
    fn new() -> Self {
        let refuses = |line: &str| line.contains("stubborn").then(|| Reply::status(400));
        Self {
            workspace: Workspace::with("orders.csv", export(&["A-1"])),
            service: MockService::start(move |r| refuses(&r.line)),
        }
    }

    fn send(&self, what: &str) -> RunResult {
        let pos = pos_option(what);
        let target = format!("--base-url {} --client-key a-key{pos}", self.service.base_url);
        self.workspace
            .run(&format!("send {what} {target} --rate unlimited --identity-pause 0s --backfill"))
    }

    fn ledger(&self) -> Box<dyn Ledger> {
        let target = stream::target(&self.service.base_url, "a-key").unwrap();
        let location = ledger::at_path(self.workspace.path(LEDGER));
        // A process that another test starts has the lock of the last call too, until it runs its
        // program.
        wait::until_some("the lock of the ledger", || {
            location.open_to_write(&target, "run-that-crashed", Consent::NotNeeded).ok()
        })
    }

    /// Writes the ledger entry of a run that crashed before CHECKOUT.
    fn leave_open(&self, browser: &str) {
        let clear_cart = "\",\"type\":\"CLEAR_CART\",\"pos\":\"x\"}".to_owned();
        let cart = LedgerWrite::OpenCart {
            reference: "A-2".to_owned(),
            session: browser.to_owned(),
            clear_cart,
        };
        self.ledger().write(&[cart]).unwrap();
    }

    fn n_open(&self) -> usize {
        self.ledger().open_carts().unwrap().len()
    }
}

#[test]
fn leftover_carts_are_cleared() {
    let shop = TestShop::new();
    assert_eq!(shop.send("orders.csv").code, 0);
    for (n_runs, command) in [(1, "orders.csv"), (2, "--resume run-1")] {
        for browser in ["b-1", "b-2"] {
            shop.leave_open(browser);
        }
        let ran = shop.send(command);
        assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 already_sent"), "{}", ran.err);
        let requests = &ran.summary()["requests"];
        assert_eq!(
            (&requests["clear_cart"], &requests["total"], &requests["retries"]),
            (&2.into(), &2.into(), &0.into())
        );
        assert!(ran.text("report.html").contains("CLEAR_CART"));
        assert_eq!((shop.service.count("CLEAR_CART"), shop.n_open()), (2 * n_runs, 0));
    }
    let clears = serde_json::json!({"browser_id": "b-1", "type": "CLEAR_CART", "pos": "x"});
    assert!(shop.service.received().iter().any(|request| request.message == clears));
}

#[test]
fn uncleared_carts_are_reported_and_retried() {
    let shop = TestShop::new();
    shop.leave_open("b-1");
    shop.leave_open("stubborn");
    let ran = shop.send("orders.csv");
    assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 accepted"), "{}", ran.err);
    let expected_message =
        "1 cart that an earlier run left open was not cleared: the next run tries again";
    assert!(ran.err.contains(expected_message), "{}", ran.err);
    assert_eq!(shop.n_open(), 1);
    assert!(shop.send("orders.csv").err.contains(expected_message));
    assert_eq!(shop.service.count("CLEAR_CART"), 3);
}

#[test]
fn only_sends_to_the_same_target_clear_carts() {
    let shop = TestShop::new();
    shop.leave_open("b-1");
    let target = format!("--base-url {} --client-key a-key --pos x", shop.service.base_url);
    shop.workspace.run(&format!("check orders.csv {target}"));
    let other = format!("--base-url {} --client-key another-key --pos x", shop.service.base_url);
    let ran = shop
        .workspace
        .run(&format!("send orders.csv {other} --rate unlimited --identity-pause 0s --backfill"));
    assert_eq!(
        (ran.code, shop.service.count("CLEAR_CART"), shop.n_open()),
        (0, 0, 1),
        "{}",
        ran.err
    );
}
