//! Page counter: counts consecutive responses that are the same web page, which means that the
//! target is not the Stream API.
//!
//! It only counts; `service` reports it. A single page proves little: a firewall refuses an order
//! with one.

use super::classify::ServiceResponse;

/// This many identical pages in a row are not responses to the requests.
pub(super) const MAX_SAME_PAGES: u32 = 10;

/// The last page received, and how often in a row.
#[derive(Debug, Default)]
pub(super) struct PageCounter {
    last: Option<(u16, String)>,
    n_consecutive: u32,
}

impl PageCounter {
    /// Counts a response and returns the page's status once the page came [`MAX_SAME_PAGES`] times
    /// in a row.
    pub(super) fn count(&mut self, response: &ServiceResponse) -> Option<u16> {
        // A request without a response is no evidence either way: it neither adds to the run nor
        // ends it.
        response.status()?;
        let Some((status, page)) = response.web_page() else {
            *self = Self::default();
            return None;
        };
        if self
            .last
            .as_ref()
            .is_some_and(|(last_status, last)| *last_status == status && last == page)
        {
            self.n_consecutive += 1;
        } else {
            *self = Self { last: Some((status, page.to_owned())), n_consecutive: 1 };
        }
        (self.n_consecutive >= MAX_SAME_PAGES).then_some(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\u{feff}\n<!DOCTYPE html><html>Welcome</html>";

    fn http(status: u16, body: &str) -> ServiceResponse {
        ServiceResponse::Http { status, body: Some(body.to_owned()), retry_after: None }
    }

    /// The result for the last of these responses, after nine times `PAGE` with 200.
    fn after_nine(responses: &[ServiceResponse]) -> Option<u16> {
        let mut pages = PageCounter::default();
        for _ in 0..9 {
            assert_eq!(pages.count(&http(200, PAGE)), None);
        }
        responses.iter().map(|response| pages.count(response)).last().flatten()
    }

    #[test]
    fn tenth_identical_page_is_reported() {
        let page = || http(200, PAGE);
        assert_eq!(after_nine(&[page()]), Some(200));
        assert_eq!(after_nine(&[ServiceResponse::TimedOut("timed out".into()), page()]), Some(200));
        assert_eq!(after_nine(&[http(201, "{\"status\":\"OK\"}"), page()]), None);
        assert_eq!(after_nine(&[http(200, "<html>Goodbye</html>")]), None);
        assert_eq!(after_nine(&[http(403, PAGE)]), None);
    }

    #[test]
    fn overload_pages_are_not_counted() {
        for status in [408, 429, 499, 500, 502, 503, 504] {
            let mut pages = PageCounter::default();
            assert!((0..20).all(|_| pages.count(&http(status, PAGE)).is_none()), "{status}");
        }
    }
}
