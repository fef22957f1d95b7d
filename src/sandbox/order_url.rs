//! URL of the page of an order: `/orders/REFERENCE`, or `/orders?reference=REFERENCE`.
//!
//! It does not know whether there is such an order. Called by `server` and the templates of the
//! pages.

use hyper::Uri;

use super::query;

const PATH: &str = "/orders";
const PARAMETER: &str = "reference";

/// Whether a path is one of a page of an order.
pub(super) fn is_order_path(path: &str) -> bool {
    path == PATH || path.starts_with("/orders/")
}

/// The path, and the query if it needs one, of the page of a reference.
pub(super) fn of_reference(reference_id: &str) -> String {
    let encoded = query::encode(reference_id);
    match reference_id {
        // URL standard, "single-dot path segment": a browser removes them from a path, encoded or
        // not.
        "." | ".." => format!("{PATH}?{PARAMETER}={encoded}"),
        _ => format!("{PATH}/{encoded}"),
    }
}

/// The reference whose page is asked for. Empty if there is none: the page of the orders without a
/// reference.
pub(super) fn reference_of(uri: &Uri) -> String {
    match uri.path().strip_prefix("/orders/") {
        // Typed by hand, `100%` or a slash means itself.
        Some(typed) => query::decode(typed).unwrap_or_else(|| typed.to_owned()),
        None => {
            query::form_parameter(uri.query().unwrap_or_default(), PARAMETER).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_of_any_reference_leads_back_to_it() {
        let references = [
            "R1",
            "a/b",
            "/",
            "a/../b",
            ".",
            "..",
            "",
            " a  b ",
            "100%",
            "%2F",
            "a+b",
            "\"'<script>alert(1)</script>",
            "x?y=z&reference=w#v",
            "\\",
            "ünï©ode 日本 😀",
            "a\u{0}b\nc\u{202e}d",
        ];
        for reference in references {
            let url = of_reference(reference);
            let uri: Uri = url.parse().unwrap();
            assert!(is_order_path(uri.path()), "{url}");
            assert_eq!(reference_of(&uri), reference, "{url}");
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "/?=%-._~".contains(c);
            assert!(url.chars().all(is_plain), "{url}");
        }
    }

    #[test]
    fn typed_urls_are_understood() {
        for (url, reference) in [
            ("/orders/a/b", "a/b"),
            ("/orders/100%", "100%"),
            ("/orders/a+b", "a+b"),
            ("/orders?reference=a+b%2Fc", "a b/c"),
            ("/orders?reference=", ""),
            ("/orders", ""),
            ("/orders/", ""),
        ] {
            assert_eq!(reference_of(&url.parse().unwrap()), reference, "{url}");
        }
        assert!(!is_order_path("/ordersx") && !is_order_path("/order"));
    }
}
