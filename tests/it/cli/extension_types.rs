//! Tests of the types of extension attributes across runs: the tenant never changes them.

use crate::support::{
    service::{MockService, ReceivedRequest, Reply},
    workspace::{RunResult, Workspace},
};

struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    fn with(answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self { workspace: Workspace::new(), service: MockService::start(answer) }
    }

    fn send(&self, orders: &str) -> RunResult {
        self.send_to(&self.service, orders, "")
    }

    fn send_to(&self, service: &MockService, orders: &str, options: &str) -> RunResult {
        self.workspace.file("orders.csv", orders);
        let target =
            format!("--base-url {} --client-key k --pos x --max-invalid 100%", service.base_url);
        let pace = "--rate unlimited --identity-pause 0s --backfill --set tries=2";
        self.workspace.run(&format!("send orders.csv {target} {pace}{options}"))
    }

    fn check(&self, orders: &str) -> RunResult {
        self.workspace.file("orders.csv", orders);
        let target = format!(
            "--base-url {} --client-key k --pos x --max-invalid 100%",
            self.service.base_url
        );
        self.workspace.run(&format!("check orders.csv {target}"))
    }
}

/// An order with one value in a column such as `ext.weight:integer`.
fn order(reference: &str, column: &str, value: &str) -> String {
    format!(
        "referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,item.name,item.price,item.quantity,\
         guest.email,{column}\n{reference},2025-03-01T10:00:00Z,PURCHASED,EUR,5,other,GEAR,Rope,5,1,ann@example.com,{value}\n"
    )
}

fn problem(ran: &RunResult) -> String {
    let result = &ran.results()[0];
    let problem = &result["problems"][0];
    format!(
        "{} {} {}: {}",
        result["outcome"].as_str().unwrap(),
        problem["code"].as_str().unwrap_or("-"),
        problem["column"],
        problem["message"].as_str().unwrap_or("-")
    )
}

#[test]
fn extension_types_persist_across_runs() {
    let shop = TestShop::with(|_| None);
    assert_eq!(shop.send(&order("A-1", "ext.weight:integer", "10")).code, 0);
    let as_text = order("A-2", "ext.weight:string", "10");
    let expected = "invalid extension_type_conflict 78: string here, but integer at the tenant, as an earlier run sent it: \
                    an attribute keeps its type";
    assert_eq!(problem(&shop.check(&as_text)), expected);
    let conflict = shop.send(&as_text);
    assert_eq!((conflict.code, problem(&conflict).as_str()), (1, expected));
    assert!(
        problem(&shop.send(&order("A-2", "ext.weight:float", "1.5")))
            .contains("float here, but integer")
    );
    // Attributes of items and of other tenants are separate.
    assert_eq!(shop.send(&order("A-3", "item.ext.weight:string", "10")).code, 0);
    assert!(
        problem(&shop.send(&order("A-4", "item.ext.weight:boolean", "true")))
            .contains("boolean here, but string")
    );
    let other = MockService::start(|_| None);
    assert_eq!(shop.send_to(&other, &as_text, " --new-target").code, 0);
    assert_eq!(shop.send(&order("A-5", "ext.weight:integer", "11")).code, 0);
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 3);
}

/// A whole number is written as a float with a decimal point.
#[test]
fn integer_is_sent_as_float_if_tenant_has_float() {
    let shop = TestShop::with(|_| None);
    assert_eq!(shop.send(&order("A-1", "ext.weight:float", "1.5")).code, 0);
    assert_eq!(shop.send(&order("A-2", "ext.weight:integer", "10")).code, 0);
    let sent =
        shop.service.received().into_iter().find(|request| request.reference() == "A-2").unwrap();
    assert!(sent.line.contains("%22weight%22:10.0"), "{}", sent.line);
}

#[test]
fn only_accepted_orders_fix_types() {
    let shop = TestShop::with(|request| match request.reference() {
        "A-1" => Some(Reply::status(400)),
        "A-2" => Some(Reply::Disconnect),
        _ => None,
    });
    assert_eq!(shop.send(&order("A-1", "ext.weight:integer", "10")).outcomes(), "A-1 refused");
    assert_eq!(shop.send(&order("A-2", "ext.weight:boolean", "true")).outcomes(), "A-2 unknown");
    assert_eq!(shop.send(&order("A-3", "ext.weight:string", "10")).outcomes(), "A-3 accepted");
    assert_eq!(shop.send(&order("A-4", "ext.weight:integer", "10")).outcomes(), "A-4 invalid");
}

/// Another run fixed the type at the tenant after the plan was written.
#[test]
fn resumed_plan_checks_types_of_other_runs() {
    let shop = TestShop::with(|_| None);
    assert_eq!(
        shop.send_to(&shop.service, &order("A-1", "ext.weight:integer", "10"), " --limit 0").code,
        4
    );
    assert_eq!(shop.send(&order("A-2", "ext.weight:string", "10")).code, 0);
    let target = format!("--base-url {} --client-key k --backfill", shop.service.base_url);
    let ran = shop
        .workspace
        .run(&format!("send --resume run-1 {target} --rate unlimited --identity-pause 0s"));
    let message = &ran.results()[0]["problems"][0]["message"];
    assert_eq!((ran.code, ran.outcomes().as_str()), (1, "A-1 invalid"), "{}", ran.err);
    assert!(
        message.as_str().unwrap().contains("weight: integer here, but string at the tenant"),
        "{message}"
    );
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 1);
}
