//! Counts answers in a row that are the same web page: what answers then is not the Stream API.
//!
//! Knows nothing of why; `run` stops then. One page alone says little: a firewall refuses an order with one.

use super::ServiceResponse;

/// The same page this many times in a row is no answer to any of the requests.
pub(super) const MAX_SAME_PAGES: u32 = 10;

/// The page that came last, and how often in a row.
#[derive(Debug, Default)]
pub(super) struct PageCounter {
    last: Option<(u16, String)>,
    n_consecutive: u32,
}

impl PageCounter {
    /// Counts an answer; gives the page's status once there were [`N_PAGES`] of it in a row. A request without an answer
    /// counts neither way.
    pub(super) fn count(&mut self, response: &ServiceResponse) -> Option<u16> {
        response.status()?;
        let Some((status, page)) = response.web_page() else {
            *self = Self::default();
            return None;
        };
        if self.last.as_ref().is_some_and(|(last_status, last)| *last_status == status && last == page) {
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

    fn answer(status: u16, body: &str) -> ServiceResponse {
        ServiceResponse::Http { status, body: Some(body.to_owned()), retry_after: None }
    }

    /// What the last answer gives after nine times `PAGE` with 200 and then these.
    fn after_nine(answers: &[ServiceResponse]) -> Option<u16> {
        let mut pages = PageCounter::default();
        for _ in 0..9 {
            assert_eq!(pages.count(&answer(200, PAGE)), None);
        }
        answers.iter().map(|response| pages.count(response)).last().flatten()
    }

    #[test]
    fn tenth_identical_page_is_reported() {
        let page = || answer(200, PAGE);
        assert_eq!(after_nine(&[page()]), Some(200));
        assert_eq!(after_nine(&[ServiceResponse::NoResponse("timed out".into()), page()]), Some(200));
        assert_eq!(after_nine(&[answer(201, "{\"status\":\"OK\"}"), page()]), None);
        assert_eq!(after_nine(&[answer(200, "<html>Goodbye</html>")]), None);
        assert_eq!(after_nine(&[answer(403, PAGE)]), None);
    }

    #[test]
    fn overload_pages_are_not_counted() {
        for status in [408, 429, 499, 500, 502, 503, 504] {
            let mut pages = PageCounter::default();
            assert!((0..20).all(|_| pages.count(&answer(status, PAGE)).is_none()), "{status}");
        }
    }
}
