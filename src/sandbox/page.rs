//! The sandbox's page for people: totals, money, the newest orders, the newest carts left open and the newest events
//! that were not processed.
//!
//! It does not carry script and loads nothing from anywhere. The template is `page.html` beside this file, which
//! `askama.toml` here makes findable without a folder of templates at the top of the crate. Called by `server`.

use askama::Template;

use super::state::{CartEntry, NotProcessed, OrderEntry, State};

/// How many lines of each list: enough to look at, little enough to load at once. The rest is in the state's JSON.
const NEWEST: usize = 100;

#[derive(Template)]
#[template(path = "page.html", config = "src/sandbox/askama.toml")]
struct Page<'a> {
    state: &'a State,
    orders: Vec<&'a OrderEntry>,
    not_processed: Vec<&'a NotProcessed>,
    carts: Vec<&'a CartEntry>,
}

/// The page as HTML.
pub(super) fn render(state: &State) -> Result<String, askama::Error> {
    let page = Page {
        state,
        orders: state.order_list.iter().rev().take(NEWEST).collect(),
        not_processed: state.not_processed.iter().rev().take(NEWEST).collect(),
        carts: state.carts.list.iter().rev().take(NEWEST).collect(),
    };
    page.render().map(|html| with_shown_turns(&html))
}

/// Characters that turn the direction of what follows them, so that it reads otherwise than it is, as what they are.
/// The template has none.
fn with_shown_turns(html: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(html.len());
    for c in html.chars() {
        if turns(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::state::{Carts, Mode, Orders, Requests};
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
            mode: Mode::Single,
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
            carts: Carts::default(),
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
    fn carts_are_shown_where_events_were_about_them() {
        assert!(!render(&state(1, 1)).unwrap().contains("Carts"));
        let cart = |n: usize| CartEntry {
            browser_id: format!("a38b230c-11eb-4cf9-8d5d-{n:012}"),
            guest: (n > 1).then(|| "email:<b>&co".to_owned()),
            items: n,
            contacts: 1,
            consumers: 0,
            reference: Some(format!("R-{n}")),
        };
        let carts = Carts { open: 2, abandoned: 3, cleared: 1, list: vec![cart(1), cart(2)] };
        let requests = Requests { add: 3, ..Requests::default() };
        let html = render(&State { requests, carts, ..state(0, 0) }).unwrap();
        let section = html.split("<h2>").find(|section| section.starts_with("Carts")).unwrap();
        insta::assert_snapshot!(section, @r#"
        Carts left open</h2>
          <p>Filled and not checked out, which may trigger mail. Cleared: 1, abandoned when their session timed out: 3.</p>
          <div class="sheet">
            <table>
            <thead><tr><th>reference</th><th>guest</th><th>browser</th><th class="n">items</th><th class="n">contacts</th><th class="n">consumers</th></tr></thead>
            <tbody>
              <tr><td><code>R-2</code></td><td>email:&#60;b&#62;&#38;co</td><td><code>a38b230c-11eb-4cf9-8d5d-000000000002</code></td><td class="n">2</td><td class="n">1</td><td class="n">0</td></tr>
              <tr><td><code>R-1</code></td><td></td><td><code>a38b230c-11eb-4cf9-8d5d-000000000001</code></td><td class="n">1</td><td class="n">1</td><td class="n">0</td></tr>
            </tbody>
            </table>
          </div>
        "#);
        let requests = Requests { clear_cart: 1, ..Requests::default() };
        let html = render(&State { requests, ..state(0, 0) }).unwrap();
        assert!(html.contains("<h2>Carts left open</h2>"), "that there is none is worth saying");
    }

    #[test]
    fn what_was_sent_is_escaped() {
        let html = render(&State { base_url: "a\u{202e}b\u{2069}".to_owned(), ..state(1, 1) }).unwrap();
        assert!(html.contains(r"a\u{202e}b\u{2069}"), "{html}");
        assert!(!html.contains("<b>&co") && !html.contains("<unknown>"));
    }
}
