//! The model tenant: which browsers it knows, what it takes and what it answers. It shares no code with the program; the
//! program's words are read from the URL.

use std::collections::BTreeSet;

use orderferry::dispatch::Heard;
use serde_json::Value;

use super::{
    history::{Ask, Request},
    weather::Turn,
};

/// What it knows and what it took.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    browsers: BTreeSet<String>,
    n_browsers: usize,
}

impl Tenant {
    /// Deals with a request. True where it did what was asked; and what the one who asked hears.
    pub(super) fn deal_with(&mut self, request: &Request, turn: Turn) -> (bool, Heard) {
        let no = |status| (false, answer(status, "{\"status\":\"NO\"}"));
        match turn {
            Turn::Well => self.do_it(request),
            Turn::NotSent => (false, Heard::NotSent("no connection".to_owned())),
            Turn::LostOnTheWay => (false, lost()),
            Turn::LostAnswer => (self.do_it(request).0, lost()),
            Turn::HalfAnswer => self.but(request, Heard::Answer { status: 201, body: None, retry_after: None }),
            Turn::Garbage => self.but(request, answer(200, "<html>Welcome to the hotel</html>")),
            Turn::SaysNo => no(200),
            Turn::Busy { status, retry_after } => (false, Heard::Answer { status, body: None, retry_after }),
            Turn::Refused { status } => no(status),
            Turn::KeyRefused => no(401),
            Turn::Redirected => no(302),
            Turn::Broken { status, is_done: true } => self.but(request, answer(status, "oops")),
            Turn::Broken { status, is_done: false } => (false, answer(status, "oops")),
            Turn::Restart => {
                self.browsers.clear();
                self.do_it(request)
            }
        }
    }

    /// Does it where it can, but another answer is heard.
    fn but(&mut self, request: &Request, heard: Heard) -> (bool, Heard) {
        (self.do_it(request).0, heard)
    }

    fn do_it(&mut self, request: &Request) -> (bool, Heard) {
        match &request.ask {
            Ask::Browser => {
                self.n_browsers += 1;
                let id = format!("b-{}", self.n_browsers);
                self.browsers.insert(id.clone());
                (true, answer(201, &format!("{{\"status\":\"OK\",\"ref\":\"{id}\"}}")))
            }
            Ask::Identity { browser, .. } | Ask::Checkout { browser, .. } if self.browsers.contains(browser) => {
                (true, answer(201, "{\"status\":\"OK\",\"ref\":\"e\"}"))
            }
            Ask::Identity { .. } | Ask::Checkout { .. } => (false, answer(404, "{\"status\":\"NO\"}")),
        }
    }
}

fn answer(status: u16, body: &str) -> Heard {
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
        other => panic!("an event of type {other}"),
    }
}
