//! The model tenant: which browsers it knows, what it takes and what it answers. It shares no code with the program; the
//! program's words are read from the URL.

use std::collections::{BTreeMap, BTreeSet};

use orderferry::dispatch::ServiceResponse;
use serde_json::Value;

use super::{
    fault_model::FaultKind,
    history::{ItemNo, Operation, OrderNo, OrderStep, Request},
};

/// What it knows and what it took.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    browsers: BTreeSet<String>,
    /// Of each browser that sent something of an order.
    carts: BTreeMap<String, Cart>,
    n_browsers: usize,
}

#[derive(Debug, Default)]
struct Cart {
    items: BTreeSet<ItemNo>,
    has_contacts: bool,
    confirmed: BTreeSet<ItemNo>,
}

/// What came of a request.
pub(super) struct Reply {
    /// It did what was asked.
    pub(super) is_processed: bool,
    /// The items of the order that it made of a cart.
    pub(super) assembled: Option<(OrderNo, Vec<ItemNo>)>,
    /// What the one who asked hears.
    pub(super) response: ServiceResponse,
}

impl Reply {
    fn accepted(body: &str) -> Self {
        Self { is_processed: true, assembled: None, response: http_response(201, body) }
    }

    fn rejected(response: ServiceResponse) -> Self {
        Self { is_processed: false, assembled: None, response }
    }
}

impl Tenant {
    /// The browsers whose carts hold something.
    pub(super) fn filled(&self) -> Vec<String> {
        let filled = self.carts.iter().filter(|(_, cart)| !cart.items.is_empty());
        filled.map(|(browser, _)| browser.clone()).collect()
    }

    /// Deals with a request.
    pub(super) fn handle(&mut self, request: &Request, turn: FaultKind) -> Reply {
        let no = |status| Reply::rejected(http_response(status, "{\"status\":\"ERROR\"}"));
        match turn {
            FaultKind::NoFault => self.process(request),
            FaultKind::NotSent => Reply::rejected(ServiceResponse::NotSent("no connection".to_owned())),
            FaultKind::LostRequest => Reply::rejected(no_response()),
            FaultKind::LostAnswer => self.process_but_respond(request, no_response()),
            FaultKind::HalfAnswer => {
                self.process_but_respond(request, ServiceResponse::Http { status: 201, body: None, retry_after: None })
            }
            FaultKind::InvalidBody => {
                self.process_but_respond(request, http_response(200, "<html>Welcome to the hotel</html>"))
            }
            FaultKind::RejectedWith200 => no(200),
            FaultKind::AmbiguousStatus { is_processed: true } => {
                self.process_but_respond(request, http_response(202, QUEUED))
            }
            FaultKind::AmbiguousStatus { is_processed: false } => Reply::rejected(http_response(202, QUEUED)),
            FaultKind::Throttled { status, retry_after } => {
                Reply::rejected(ServiceResponse::Http { status, body: None, retry_after })
            }
            // Statuses that blame the content do not fit a request without any.
            FaultKind::Refused { status: 400 | 409 | 413 } if matches!(request.operation, Operation::Browser) => {
                self.process(request)
            }
            FaultKind::Refused { status } => no(status),
            FaultKind::KeyRefused => no(401),
            FaultKind::Redirected => no(302),
            FaultKind::ServerError { status, is_processed: true } => {
                self.process_but_respond(request, http_response(status, "oops"))
            }
            FaultKind::ServerError { status, is_processed: false } => Reply::rejected(http_response(status, "oops")),
            FaultKind::Restart => {
                self.browsers.clear();
                self.carts.clear();
                self.process(request)
            }
        }
    }

    /// Does it where it can, but another answer is heard.
    fn process_but_respond(&mut self, request: &Request, response: ServiceResponse) -> Reply {
        Reply { response, ..self.process(request) }
    }

    fn process(&mut self, request: &Request) -> Reply {
        match &request.operation {
            Operation::Browser => {
                self.n_browsers += 1;
                let id = format!("b-{}", self.n_browsers);
                self.browsers.insert(id.clone());
                Reply::accepted(&format!("{{\"status\":\"OK\",\"ref\":\"{id}\"}}"))
            }
            Operation::Identity { browser, .. } | Operation::Checkout { browser, .. }
                if self.browsers.contains(browser) =>
            {
                Reply::accepted(ACCEPTED)
            }
            Operation::Step { order, step: part, browser } if self.browsers.contains(browser) => {
                self.process_step(*order, part, browser)
            }
            Operation::Identity { .. } | Operation::Checkout { .. } | Operation::Step { .. } => {
                Reply::rejected(http_response(404, "{\"status\":\"ERROR\"}"))
            }
        }
    }

    /// Puts a part of an order in the browser's cart. CHECKOUT makes an order of what was confirmed, and fails where that
    /// is not what lies there.
    fn process_step(&mut self, order: OrderNo, part: &OrderStep, browser: &str) -> Reply {
        let cart = self.carts.entry(browser.to_owned()).or_default();
        match part {
            OrderStep::Add(item) => _ = cart.items.insert(*item),
            OrderStep::Contacts => cart.has_contacts = true,
            OrderStep::Consumers => {}
            OrderStep::Confirm(items) => cart.confirmed.extend(items),
            OrderStep::ClearCart => _ = self.carts.remove(browser),
            OrderStep::Checkout if cart.is_complete() => {
                let items = std::mem::take(cart).items.into_iter().collect();
                return Reply { assembled: Some((order, items)), ..Reply::accepted(ACCEPTED) };
            }
            OrderStep::Checkout => return Reply::rejected(http_response(400, "{\"status\":\"ERROR\"}")),
        }
        Reply::accepted(ACCEPTED)
    }
}

impl Cart {
    fn is_complete(&self) -> bool {
        !self.items.is_empty() && self.has_contacts && self.confirmed == self.items
    }
}

/// Neither yes nor no.
const QUEUED: &str = "{\"status\":\"QUEUED\",\"ref\":\"e\"}";

const ACCEPTED: &str = "{\"status\":\"OK\",\"ref\":\"e\"}";

fn http_response(status: u16, body: &str) -> ServiceResponse {
    ServiceResponse::Http { status, body: Some(body.to_owned()), retry_after: None }
}

fn no_response() -> ServiceResponse {
    ServiceResponse::NoResponse("the connection was reset".to_owned())
}

/// What a URL asks for.
pub(super) fn parse_operation(url: &str) -> Operation {
    let url = url::Url::parse(url).unwrap();
    if url.path() == "/v1.2/browser/create.json" {
        return Operation::Browser;
    }
    assert_eq!(url.path(), "/v1.2/event/create.json");
    let message = url.query_pairs().find(|(name, _)| name == "message").unwrap().1;
    let message: Value = serde_json::from_str(&message).unwrap();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let browser = message["browser_id"].as_str().unwrap().to_owned();
    match message["type"].as_str().unwrap() {
        "IDENTITY" => Operation::Identity { guest: number(&message["guest"]), browser },
        "ORDER_CHECKOUT" => Operation::Checkout { order: number(&message["order"]), browser },
        other => {
            let part = match other {
                "ADD" => OrderStep::Add(number(&message["item"])),
                "ADD_CONTACTS" => OrderStep::Contacts,
                "ADD_CONSUMERS" => OrderStep::Consumers,
                "CONFIRM" => OrderStep::Confirm(message["items"].as_array().unwrap().iter().map(number).collect()),
                "CHECKOUT" => OrderStep::Checkout,
                "CLEAR_CART" => OrderStep::ClearCart,
                other => panic!("an event of type {other}"),
            };
            Operation::Step { order: number(&message["order"]), step: part, browser }
        }
    }
}
