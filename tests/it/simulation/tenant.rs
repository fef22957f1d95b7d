//! Model tenant of the simulation: its browsers, its carts and its responses. It shares no code
//! with the program: the messages of the program are parsed from the URL.

use std::collections::{BTreeMap, BTreeSet};

use orderferry::stream::ServiceResponse;
use serde_json::Value;

use super::{
    fault_model::FaultKind,
    history::{ItemNo, Operation, OrderNo, OrderStep, Request},
};

/// The data of the model tenant.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    browsers: BTreeSet<String>,
    /// The cart of each browser that sent an event of a cart.
    carts: BTreeMap<String, Cart>,
    n_browsers: usize,
}

#[derive(Debug, Default)]
struct Cart {
    items: BTreeSet<ItemNo>,
    has_contacts: bool,
    confirmed: BTreeSet<ItemNo>,
}

/// The effect of a request and its response.
pub(super) struct Reply {
    /// The request was processed.
    pub(super) is_processed: bool,
    /// The order that was created from a cart, with its items.
    pub(super) assembled: Option<(OrderNo, Vec<ItemNo>)>,
    /// The response that the client receives.
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
    /// The browsers whose carts contain items.
    pub(super) fn filled(&self) -> Vec<String> {
        let filled = self.carts.iter().filter(|(_, cart)| !cart.items.is_empty());
        filled.map(|(browser, _)| browser.clone()).collect()
    }

    /// Handles a request with a fault.
    pub(super) fn handle(&mut self, request: &Request, fault: FaultKind) -> Reply {
        let error = |status| Reply::rejected(http_response(status, "{\"status\":\"ERROR\"}"));
        match fault {
            FaultKind::NoFault => self.process(request),
            FaultKind::NotSent => {
                Reply::rejected(ServiceResponse::NotSent("no connection".to_owned()))
            }
            FaultKind::LostRequest => Reply::rejected(no_response()),
            FaultKind::LostAnswer => self.process_but_respond(request, no_response()),
            FaultKind::HalfAnswer => self.process_but_respond(
                request,
                ServiceResponse::Http { status: 201, body: None, retry_after: None },
            ),
            FaultKind::InvalidBody => self.process_but_respond(
                request,
                http_response(200, "<html>Welcome to the hotel</html>"),
            ),
            FaultKind::RejectedWith200 => error(200),
            FaultKind::AmbiguousStatus { is_processed: true } => {
                self.process_but_respond(request, http_response(202, QUEUED))
            }
            FaultKind::AmbiguousStatus { is_processed: false } => {
                Reply::rejected(http_response(202, QUEUED))
            }
            FaultKind::Throttled { status, retry_after } => {
                Reply::rejected(ServiceResponse::Http { status, body: None, retry_after })
            }
            // A request without content cannot get a status that reports invalid content.
            FaultKind::Refused { status: 400 | 409 | 413 }
                if matches!(request.operation, Operation::Browser) =>
            {
                self.process(request)
            }
            FaultKind::Refused { status } => error(status),
            FaultKind::KeyRefused => error(401),
            FaultKind::Redirected => error(302),
            FaultKind::ServerError { status, is_processed: true } => {
                self.process_but_respond(request, http_response(status, "oops"))
            }
            FaultKind::ServerError { status, is_processed: false } => {
                Reply::rejected(http_response(status, "oops"))
            }
            FaultKind::Restart => {
                self.browsers.clear();
                self.carts.clear();
                self.process(request)
            }
        }
    }

    /// Processes a request, but returns another response.
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
            Operation::Step { order, step, browser } if self.browsers.contains(browser) => {
                self.process_step(*order, step, browser)
            }
            Operation::Identity { .. } | Operation::Checkout { .. } | Operation::Step { .. } => {
                Reply::rejected(http_response(404, "{\"status\":\"ERROR\"}"))
            }
        }
    }

    /// Applies an event to the browser's cart. CHECKOUT creates an order of the confirmed items;
    /// it fails if they are not exactly the items of the cart.
    fn process_step(&mut self, order: OrderNo, step: &OrderStep, browser: &str) -> Reply {
        let cart = self.carts.entry(browser.to_owned()).or_default();
        match step {
            OrderStep::Add(item) => _ = cart.items.insert(*item),
            OrderStep::Contacts => cart.has_contacts = true,
            OrderStep::Consumers => {}
            OrderStep::Confirm(items) => cart.confirmed.extend(items),
            OrderStep::ClearCart => _ = self.carts.remove(browser),
            OrderStep::Checkout if cart.is_complete() => {
                let items = std::mem::take(cart).items.into_iter().collect();
                return Reply { assembled: Some((order, items)), ..Reply::accepted(ACCEPTED) };
            }
            OrderStep::Checkout => {
                return Reply::rejected(http_response(400, "{\"status\":\"ERROR\"}"));
            }
        }
        Reply::accepted(ACCEPTED)
    }
}

impl Cart {
    fn is_complete(&self) -> bool {
        !self.items.is_empty() && self.has_contacts && self.confirmed == self.items
    }
}

/// Neither a success nor an error.
const QUEUED: &str = "{\"status\":\"QUEUED\",\"ref\":\"e\"}";

const ACCEPTED: &str = "{\"status\":\"OK\",\"ref\":\"e\"}";

fn http_response(status: u16, body: &str) -> ServiceResponse {
    ServiceResponse::Http { status, body: Some(body.to_owned()), retry_after: None }
}

fn no_response() -> ServiceResponse {
    ServiceResponse::ConnectionClosed("the connection was reset".to_owned())
}

/// The operation of a URL.
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
            let step = match other {
                "ADD" => OrderStep::Add(number(&message["item"])),
                "ADD_CONTACTS" => OrderStep::Contacts,
                "ADD_CONSUMERS" => OrderStep::Consumers,
                "CONFIRM" => OrderStep::Confirm(
                    message["items"].as_array().unwrap().iter().map(number).collect(),
                ),
                "CHECKOUT" => OrderStep::Checkout,
                "CLEAR_CART" => OrderStep::ClearCart,
                other => panic!("unexpected event of type {other}"),
            };
            Operation::Step { order: number(&message["order"]), step, browser }
        }
    }
}
