//! The model tenant: which browsers it knows, what it takes and what it answers. It shares no code with the program; the
//! program's words are read from the URL.

use std::collections::{BTreeMap, BTreeSet};

use orderferry::dispatch::Heard;
use serde_json::Value;

use super::{
    history::{Ask, ItemNo, OrderNo, Part, Request},
    weather::Turn,
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
    pub(super) is_done: bool,
    /// The items of the order that it made of a cart.
    pub(super) assembled: Option<(OrderNo, Vec<ItemNo>)>,
    /// What the one who asked hears.
    pub(super) heard: Heard,
}

impl Reply {
    fn yes(body: &str) -> Self {
        Self { is_done: true, assembled: None, heard: http_response(201, body) }
    }

    fn no(response: Heard) -> Self {
        Self { is_done: false, assembled: None, heard: response }
    }
}

impl Tenant {
    /// The browsers whose carts hold something.
    pub(super) fn filled(&self) -> Vec<String> {
        let filled = self.carts.iter().filter(|(_, cart)| !cart.items.is_empty());
        filled.map(|(browser, _)| browser.clone()).collect()
    }

    /// Deals with a request.
    pub(super) fn deal_with(&mut self, request: &Request, turn: Turn) -> Reply {
        let no = |status| Reply::no(http_response(status, "{\"status\":\"ERROR\"}"));
        match turn {
            Turn::Well => self.do_it(request),
            Turn::NotSent => Reply::no(Heard::NotSent("no connection".to_owned())),
            Turn::LostOnTheWay => Reply::no(lost()),
            Turn::LostAnswer => self.but(request, lost()),
            Turn::HalfAnswer => self.but(request, Heard::Answer { status: 201, body: None, retry_after: None }),
            Turn::Garbage => self.but(request, http_response(200, "<html>Welcome to the hotel</html>")),
            Turn::SaysNo => no(200),
            Turn::SaysOtherwise { is_done: true } => self.but(request, http_response(202, QUEUED)),
            Turn::SaysOtherwise { is_done: false } => Reply::no(http_response(202, QUEUED)),
            Turn::Busy { status, retry_after } => Reply::no(Heard::Answer { status, body: None, retry_after }),
            // Statuses that blame the content do not fit a request without any.
            Turn::Refused { status: 400 | 409 | 413 } if matches!(request.ask, Ask::Browser) => self.do_it(request),
            Turn::Refused { status } => no(status),
            Turn::KeyRefused => no(401),
            Turn::Redirected => no(302),
            Turn::Broken { status, is_done: true } => self.but(request, http_response(status, "oops")),
            Turn::Broken { status, is_done: false } => Reply::no(http_response(status, "oops")),
            Turn::Restart => {
                self.browsers.clear();
                self.carts.clear();
                self.do_it(request)
            }
        }
    }

    /// Does it where it can, but another answer is heard.
    fn but(&mut self, request: &Request, response: Heard) -> Reply {
        Reply { heard: response, ..self.do_it(request) }
    }

    fn do_it(&mut self, request: &Request) -> Reply {
        match &request.ask {
            Ask::Browser => {
                self.n_browsers += 1;
                let id = format!("b-{}", self.n_browsers);
                self.browsers.insert(id.clone());
                Reply::yes(&format!("{{\"status\":\"OK\",\"ref\":\"{id}\"}}"))
            }
            Ask::Identity { browser, .. } | Ask::Checkout { browser, .. } if self.browsers.contains(browser) => {
                Reply::yes(YES)
            }
            Ask::Part { order, part, browser } if self.browsers.contains(browser) => {
                self.take_part(*order, part, browser)
            }
            Ask::Identity { .. } | Ask::Checkout { .. } | Ask::Part { .. } => {
                Reply::no(http_response(404, "{\"status\":\"ERROR\"}"))
            }
        }
    }

    /// Puts a part of an order in the browser's cart. CHECKOUT makes an order of what was confirmed, and fails where that
    /// is not what lies there.
    fn take_part(&mut self, order: OrderNo, part: &Part, browser: &str) -> Reply {
        let cart = self.carts.entry(browser.to_owned()).or_default();
        match part {
            Part::Add(item) => _ = cart.items.insert(*item),
            Part::Contacts => cart.has_contacts = true,
            Part::Consumers => {}
            Part::Confirm(items) => cart.confirmed.extend(items),
            Part::ClearCart => _ = self.carts.remove(browser),
            Part::Checkout if cart.is_whole() => {
                let items = std::mem::take(cart).items.into_iter().collect();
                return Reply { assembled: Some((order, items)), ..Reply::yes(YES) };
            }
            Part::Checkout => return Reply::no(http_response(400, "{\"status\":\"ERROR\"}")),
        }
        Reply::yes(YES)
    }
}

impl Cart {
    fn is_whole(&self) -> bool {
        !self.items.is_empty() && self.has_contacts && self.confirmed == self.items
    }
}

/// Neither yes nor no.
const QUEUED: &str = "{\"status\":\"QUEUED\",\"ref\":\"e\"}";

const YES: &str = "{\"status\":\"OK\",\"ref\":\"e\"}";

fn http_response(status: u16, body: &str) -> Heard {
    Heard::Answer { status, body: Some(body.to_owned()), retry_after: None }
}

fn lost() -> Heard {
    Heard::NoAnswer("the connection was reset".to_owned())
}

/// What a URL asks for.
pub(super) fn ask(url: &str) -> Ask {
    let url = url::Url::parse(url).unwrap();
    if url.path() == "/v1.2/browser/create.json" {
        return Ask::Browser;
    }
    assert_eq!(url.path(), "/v1.2/event/create.json");
    let message = url.query_pairs().find(|(name, _)| name == "message").unwrap().1;
    let message: Value = serde_json::from_str(&message).unwrap();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let browser = message["browser_id"].as_str().unwrap().to_owned();
    match message["type"].as_str().unwrap() {
        "IDENTITY" => Ask::Identity { guest: number(&message["guest"]), browser },
        "ORDER_CHECKOUT" => Ask::Checkout { order: number(&message["order"]), browser },
        other => {
            let part = match other {
                "ADD" => Part::Add(number(&message["item"])),
                "ADD_CONTACTS" => Part::Contacts,
                "ADD_CONSUMERS" => Part::Consumers,
                "CONFIRM" => Part::Confirm(message["items"].as_array().unwrap().iter().map(number).collect()),
                "CHECKOUT" => Part::Checkout,
                "CLEAR_CART" => Part::ClearCart,
                other => panic!("an event of type {other}"),
            };
            Ask::Part { order: number(&message["order"]), part, browser }
        }
    }
}
