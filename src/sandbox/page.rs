//! The sandbox's page for people: totals, money, the newest orders and the newest events that were not processed.
//!
//! It does not carry script and loads nothing from anywhere. The template is `page.html` beside this file, which
//! `askama.toml` here makes findable without a folder of templates at the top of the crate. Called by `server`.

use askama::Template;

use super::state::{NotProcessed, OrderEntry, State};

/// How many lines of each list: enough to look at, little enough to load at once. The rest is in the state's JSON.
const NEWEST: usize = 100;

#[derive(Template)]
#[template(path = "page.html", config = "src/sandbox/askama.toml")]
struct Page<'a> {
    state: &'a State,
    orders: Vec<&'a OrderEntry>,
    not_processed: Vec<&'a NotProcessed>,
}

/// The page as HTML.
pub(super) fn render(state: &State) -> Result<String, askama::Error> {
    let page = Page {
        state,
        orders: state.order_list.iter().rev().take(NEWEST).collect(),
        not_processed: state.not_processed.iter().rev().take(NEWEST).collect(),
    };
    page.render()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::state::{Orders, Requests};
    use super::*;

    fn state(n_orders: usize, n_not_processed: usize) -> State {
        let order = |n: usize| OrderEntry {
            reference_id: format!("R{n}"),
            guest: "email:<b>&co".to_owned(),
            ordered_at: "2025-08-23T16:17:16.000Z".to_owned(),
            status: "PURCHASED".to_owned(),
            currency: "EUR".to_owned(),
            price: "1.50".to_owned(),
            items: 1,
        };
        let event = |n: usize| NotProcessed {
            kind: "ORDER_CHECKOUT".to_owned(),
            reference_id: Some(format!("N{n}")),
            reasons: vec!["pos: <unknown>".to_owned()],
        };
        State {
            base_url: "http://127.0.0.1:1".to_owned(),
            requests: Requests::default(),
            faults: BTreeMap::new(),
            browsers: 0,
            guests: 0,
            orders: Orders::default(),
            money: Vec::new(),
            not_processed: (0..n_not_processed).map(event).collect(),
            order_list: (0..n_orders).map(order).collect(),
            guest_list: Vec::new(),
        }
    }

    #[test]
    fn an_empty_tenant_has_a_page() {
        let html = render(&state(0, 0)).unwrap();
        assert!(html.contains("No order has been processed yet."));
        assert!(!html.contains("<script"));
    }

    #[test]
    fn the_newest_come_first_and_the_rest_is_counted() {
        let html = render(&state(150, 101)).unwrap();
        assert!(html.contains("The newest 100 of 150.") && html.contains("The newest 100 of 101."));
        assert!(html.contains(">R149<") && html.contains(">R50<") && !html.contains(">R49<"));
        assert!(html.find(">N100<") < html.find(">N1<") && !html.contains(">N0<"));
    }

    #[test]
    fn faults_are_shown_where_there_are_some() {
        assert!(!render(&state(0, 0)).unwrap().contains("Faults"));
        let faults = BTreeMap::from([("status.503".to_owned(), 21)]);
        let html = render(&State { faults, ..state(0, 0) }).unwrap();
        assert!(html.contains("<td>status.503</td><td class=\"n\">21</td>"));
    }

    #[test]
    fn what_was_sent_is_escaped() {
        let html = render(&state(1, 1)).unwrap();
        assert!(!html.contains("<b>&co") && !html.contains("<unknown>"));
    }
}
