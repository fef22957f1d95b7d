//! HTML page of the sandbox: totals, money, the newest orders, the newest open carts and the newest
//! events that were not processed.
//!
//! The page has no scripts and loads only its style, from the sandbox itself. The template is
//! `page.html` in this folder. Called by `server`.

// `askama.toml` in this folder names the template's folder; askama would otherwise require a folder
// `templates` at the top of the crate.

use askama::Template;

use super::html;
use super::order_log::MAX_LOG_BYTES;
use super::order_url;
use super::request_kind::TenantRequestKind;
use super::state::{CartEntry, NotProcessed, OrderEntry, SandboxState};

// Maximum number of entries of each list, so that the page loads quickly. All entries are in
// `/sandbox/state`.
const MAX_LISTED_ORDERS: usize = 100;

#[derive(Template)]
#[template(path = "page.html", config = "src/sandbox/askama.toml")]
struct SandboxPage<'a> {
    state: &'a SandboxState,
    orders: Vec<&'a OrderEntry>,
    not_processed: Vec<&'a NotProcessed>,
    carts: Vec<&'a CartEntry>,
    max_log_mib: usize,
}

/// Renders the page as HTML.
pub(super) fn render(state: &SandboxState) -> Result<String, askama::Error> {
    let page = SandboxPage {
        state,
        orders: state.order_list.iter().rev().take(MAX_LISTED_ORDERS).collect(),
        not_processed: state.not_processed.iter().rev().take(MAX_LISTED_ORDERS).collect(),
        carts: state.carts.list.iter().rev().take(MAX_LISTED_ORDERS).collect(),
        max_log_mib: MAX_LOG_BYTES >> 20,
    };
    html::render(&page)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::request_kind::TenantRequestCounts;
    use super::super::state::{CartSummary, OrderCounts, Requests, TenantMode};
    use super::*;

    fn requests_of(kind: TenantRequestKind, n_requests: u64) -> Requests {
        let mut by_kind = TenantRequestCounts::default();
        by_kind[kind] = n_requests;
        Requests { by_kind, ..Requests::default() }
    }

    fn state(n_orders: usize, n_not_processed: usize) -> SandboxState {
        let order = |n: usize| OrderEntry {
            reference_id: format!("R{n}"),
            guest: "email:<b>&co".to_owned(),
            ordered_at: "2025-08-23T16:17:16.000Z".to_owned(),
            status: "PURCHASED".to_owned(),
            currency: "EUR".to_owned(),
            price: "1.50".to_owned(),
            items: 1,
            mode: TenantMode::Single,
        };
        let event = |n: usize| NotProcessed {
            event_type: "ORDER_CHECKOUT".to_owned(),
            reference_id: Some(format!("N{n}")),
            reasons: vec!["pos: <unknown>".to_owned()],
        };
        SandboxState {
            base_url: "http://127.0.0.1:1".to_owned(),
            requests: Requests::default(),
            faults: BTreeMap::new(),
            browsers: 0,
            guests: 0,
            orders: OrderCounts::default(),
            money: Vec::new(),
            carts: CartSummary::default(),
            not_processed: (0..n_not_processed).map(event).collect(),
            order_list: (0..n_orders).map(order).collect(),
            guest_list: Vec::new(),
        }
    }

    #[test]
    fn empty_tenant_has_a_page() {
        let html = render(&state(0, 0)).unwrap();
        assert!(html.contains("No order has been processed yet."));
        assert!(!html.contains("<script"));
    }

    #[test]
    fn newest_entries_first_rest_counted() {
        let html = render(&state(150, 101)).unwrap();
        assert!(html.contains(r#"<a href="/orders/R149"><code>R149</code></a>"#), "{html}");
        assert!(html.contains(r#"<a href="/orders/N100"><code>N100</code></a>"#), "{html}");
        assert!(html.contains("The newest 100 of 150.") && html.contains("The newest 100 of 101."));
        assert!(html.contains(">R149<") && html.contains(">R50<") && !html.contains(">R49<"));
        assert!(html.find(">N100<") < html.find(">N1<") && !html.contains(">N0<"));
    }

    #[test]
    fn faults_section_only_with_faults() {
        assert!(!render(&state(0, 0)).unwrap().contains("Faults"));
        let faults = BTreeMap::from([("status.503".to_owned(), 21)]);
        let html = render(&SandboxState { faults, ..state(0, 0) }).unwrap();
        assert!(html.contains("<td>status.503</td><td class=\"n\">21</td>"));
    }

    #[test]
    fn carts_section_only_with_cart_events() {
        assert!(!render(&state(1, 1)).unwrap().contains("Open carts"));
        let cart = |n: usize| CartEntry {
            browser_id: format!("a38b230c-11eb-4cf9-8d5d-{n:012}"),
            guest: (n > 1).then(|| "email:<b>&co".to_owned()),
            items: n,
            contacts: 1,
            consumers: 0,
            reference: Some(format!("R-{n}")),
        };
        let carts = CartSummary { open: 2, abandoned: 3, cleared: 1, list: vec![cart(1), cart(2)] };
        let requests = requests_of(TenantRequestKind::Add, 3);
        let html = render(&SandboxState { requests, carts, ..state(0, 0) }).unwrap();
        let section = html.split("<h2>").find(|section| section.starts_with("Open carts")).unwrap();
        insta::assert_snapshot!(section, @r#"
        Open carts</h2>
          <p class="say">Filled and not checked out; a real tenant may send mail about them. Cleared: 1, abandoned when their session timed out: 3.</p>
          <div class="panel" tabindex="0" role="region" aria-label="Open carts">
            <table>
            <thead><tr><th>reference</th><th>guest</th><th>browser</th><th class="n">items</th><th class="n">contacts</th><th class="n">consumers</th></tr></thead>
            <tbody>
              <tr><td><code>R-2</code></td><td>email:&#60;b&#62;&#38;co</td><td><code>a38b230c-11eb-4cf9-8d5d-000000000002</code></td><td class="n">2</td><td class="n">1</td><td class="n">0</td></tr>
              <tr><td><code>R-1</code></td><td></td><td><code>a38b230c-11eb-4cf9-8d5d-000000000001</code></td><td class="n">1</td><td class="n">1</td><td class="n">0</td></tr>
            </tbody>
            </table>
          </div>
        "#);
        let requests = requests_of(TenantRequestKind::ClearCart, 1);
        let html = render(&SandboxState { requests, ..state(0, 0) }).unwrap();
        assert!(
            html.contains("<h2>Open carts</h2>"),
            "the section is shown although no cart is open"
        );
    }

    #[test]
    fn sent_text_is_escaped() {
        let html =
            render(&SandboxState { base_url: "a\u{202e}b\u{2069}".to_owned(), ..state(1, 1) })
                .unwrap();
        assert!(html.contains(r"a\u{202e}b\u{2069}"), "{html}");
        assert!(!html.contains("<b>&co") && !html.contains("<unknown>"));
    }
}
