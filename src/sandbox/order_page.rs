//! HTML page of the orders with one reference, or the page that says that there is none.
//!
//! The page has no scripts. The template is `order_page.html` in this folder. Called by `server`.

use askama::Template;

use super::html;
use super::order_log::{MAX_LOG_BYTES, ReceivedOrders};
use super::order_view::OrderView;

/// Maximum number of orders on one page, so that it loads quickly.
pub(super) const MAX_SHOWN_ORDERS: usize = 20;

#[derive(Template)]
#[template(path = "order_page.html", config = "src/sandbox/askama.toml")]
struct OrderPage<'a> {
    base_url: &'a str,
    reference_id: &'a str,
    orders: Vec<OrderView>,
    n_orders: usize,
}

#[derive(Template)]
#[template(path = "no_order.html", config = "src/sandbox/askama.toml")]
struct NoOrderPage<'a> {
    base_url: &'a str,
    reference_id: &'a str,
    is_known: bool,
    n_logged: usize,
    max_mib: usize,
}

/// Renders the page of a reference as HTML.
pub(super) fn render(
    base_url: &str,
    reference_id: &str,
    received: ReceivedOrders,
) -> Result<String, askama::Error> {
    let ReceivedOrders { newest, n_orders, is_known, n_logged } = received;
    if newest.is_empty() {
        let max_mib = MAX_LOG_BYTES >> 20;
        return html::render(&NoOrderPage { base_url, reference_id, is_known, n_logged, max_mib });
    }
    let orders = newest.into_iter().map(OrderView::new).collect();
    html::render(&OrderPage { base_url, reference_id, orders, n_orders })
}

#[cfg(test)]
mod tests {
    use super::super::order_log::{OrderOutcome, ReceivedOrder};
    use super::*;

    #[test]
    fn removed_events_of_a_large_cart_are_counted() {
        let order = ReceivedOrder {
            browser_id: "b".to_owned(),
            identifiers: Vec::new(),
            outcome: OrderOutcome::Dropped(Vec::new()),
            stored: None,
            messages: vec![
                r#"{"type":"ADD","product":{"item_id":"3","name":"Tea"}}"#.to_owned(),
                r#"{"type":"CHECKOUT","status":"PURCHASED"}"#.to_owned(),
            ],
            n_removed_messages: 2,
        };
        let received =
            ReceivedOrders { newest: vec![order], n_orders: 1, is_known: true, n_logged: 1 };
        let page = render("", "R1", received).unwrap();
        for shown in ["<dd>4 events</dd>", "Of the older events, 2 are no longer kept", "Tea"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
    }
}
