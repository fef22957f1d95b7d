//! Base URL of a tenant's Stream API: what it must be, and how it is normalised.
//!
//! Sends nothing. Used by `cli` for options and settings, and by the HTTP client, which reaches
//! this machine without a proxy.

use url::{Host, Url};

use crate::model::target::Target;

/// Why a base URL cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not an HTTP or HTTPS URL, or one with a user name or password.
    #[error(
        "invalid base URL {0:?}; expected an HTTPS URL without user name and password\n  \
         hint: for example base_url = \"https://api-engage-eu.sitecorecloud.io\""
    )]
    InvalidUrl(String),
    /// A URL with more than a base URL has, such as the URL that an event is sent to.
    #[error(
        "base URL {shown:?} contains {what}, which is not part of a base URL\n  hint: base_url = \
         {corrected:?}"
    )]
    NotBaseUrl {
        /// The given URL, as [`shown_url`] shows it.
        shown: String,
        /// The first part that does not belong to a base URL.
        what: &'static str,
        /// The base URL within it.
        corrected: String,
    },
    /// A target on another machine that would receive orders unencrypted.
    #[error("a base URL must be HTTPS, except to this machine; expected https")]
    NotHttps,
    /// The client key is empty or blank.
    #[error("the client key is empty")]
    MissingKey,
}

/// Creates a target with a normalised base URL (lower-case scheme and host, no trailing slash), so
/// that the ledger recognises it in any spelling.
pub fn target(base_url: &str, client_key: &str) -> Result<Target, TargetError> {
    let invalid_url = || TargetError::InvalidUrl(shown_url(base_url));
    let url = Url::parse(base_url.trim()).map_err(|_| invalid_url())?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if !matches!(url.scheme(), "http" | "https") || has_user {
        return Err(invalid_url());
    }
    if let Some(what) = excess(&url) {
        return Err(TargetError::NotBaseUrl {
            shown: shown_url(base_url),
            what,
            corrected: corrected(&url),
        });
    }
    if client_key.trim().is_empty() {
        return Err(TargetError::MissingKey);
    }
    let base_url = url.as_str().trim_end_matches('/').to_owned();
    if url.scheme() == "http" && !is_loopback_url(&url) {
        return Err(TargetError::NotHttps);
    }
    Ok(Target { base_url, client_key: client_key.trim().to_owned() })
}

/// A URL as messages show it: without query and fragment, which may contain the client key, and
/// without user name and password. The text may be no URL.
fn shown_url(text: &str) -> String {
    let start = text.split(['?', '#']).next().unwrap_or_default().trim();
    let (scheme, address) = match start.split_once("://") {
        Some((scheme, address)) => (format!("{scheme}://"), address),
        None => (String::new(), start),
    };
    match address.rsplit_once('@') {
        // A `?` or `#` may be a part of the password: then it begins before it.
        _ if text[start.len()..].contains('@') => format!("{scheme}…"),
        Some((_, host)) => format!("{scheme}…@{host}"),
        None => format!("{scheme}{address}"),
    }
}

/// Whether the base URL of a target is a loopback address.
#[must_use]
pub fn is_loopback(target: &Target) -> bool {
    Url::parse(&target.base_url).is_ok_and(|url| is_loopback_url(&url))
}

fn is_loopback_url(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

// The Stream API's paths below the base URL: `/v1.2/browser/create.json`,
// `/v1.2/event/create.json`.
const VERSION: &str = "v1.2";
const RESOURCES: [&str; 2] = ["browser", "event"];
const ACTION: &str = "create.json";

/// The first part of a URL that does not belong to a base URL.
fn excess(url: &Url) -> Option<&'static str> {
    // Only the Stream API's own paths are rejected: any other path may be a prefix of the base
    // URL.
    let segments = segments(url);
    if segments.iter().any(|segment| segment.eq_ignore_ascii_case(VERSION)) {
        Some("the path /v1.2")
    } else if segments.last().is_some_and(|last| last.eq_ignore_ascii_case(ACTION)) {
        Some("the path create.json")
    } else if url.query().is_some() {
        Some("a query")
    } else if url.fragment().is_some() {
        Some("a fragment")
    } else {
        None
    }
}

/// The base URL within a longer URL: without the Stream API's path, query and fragment.
fn corrected(url: &Url) -> String {
    let mut segments = segments(url);
    if let Some(version) = segments.iter().position(|segment| segment.eq_ignore_ascii_case(VERSION))
    {
        segments.truncate(version);
    } else if segments.last().is_some_and(|last| last.eq_ignore_ascii_case(ACTION)) {
        segments.pop();
        segments
            .pop_if(|last| RESOURCES.iter().any(|resource| resource.eq_ignore_ascii_case(last)));
    }
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.set_path(&segments.join("/"));
    if !is_loopback_url(url) {
        // One of `http` would be refused too. It fails for no URL of this scheme.
        let _ = base.set_scheme("https");
    }
    base.as_str().trim_end_matches('/').to_owned()
}

/// The segments of a URL's path, without leading and trailing empty ones.
fn segments(url: &Url) -> Vec<&str> {
    url.path().trim_matches('/').split('/').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_url(text: &str) -> Result<String, TargetError> {
        target(text, "key").map(|target| target.base_url)
    }

    #[test]
    fn base_url_is_normalized() {
        assert_eq!(base_url("HTTPS://API.Example:443/").as_deref(), Ok("https://api.example"));
        assert_eq!(base_url("http://127.0.0.1:8080/x/").as_deref(), Ok("http://127.0.0.1:8080/x"));
        assert_eq!(base_url("http://[::1]:80").as_deref(), Ok("http://[::1]"));
    }

    #[test]
    fn plain_http_is_allowed_for_loopback_only() {
        for text in ["http://api.example", "http://127.0.0.1.example", "http://localhost.example"] {
            assert!(matches!(base_url(text), Err(TargetError::NotHttps)), "{text}");
        }
        for text in ["api.example", "ftp://api.example", "https://a:b@api.example", ""] {
            assert!(matches!(base_url(text), Err(TargetError::InvalidUrl(_))), "{text}");
        }
        assert_eq!(target("https://api.example", " "), Err(TargetError::MissingKey));
    }

    #[test]
    fn longer_url_error_suggests_base_url() {
        for (text, expected) in [
            ("https://api.example/v1.2", "https://api.example"),
            ("https://api.example:8443/V1.2/", "https://api.example:8443"),
            ("https://api.example/v1.2/event/create.json", "https://api.example"),
            (
                "https://api.example/v1.2/browser/create.json?client_key=SECRET&message={}",
                "https://api.example",
            ),
            ("https://api.example/tenant/v1.2/event", "https://api.example/tenant"),
            ("https://api.example/event/create.json", "https://api.example"),
            ("https://api.example/tenant/create.json", "https://api.example/tenant"),
            ("https://api.example?client_key=SECRET", "https://api.example"),
            ("https://api.example/?", "https://api.example"),
            ("http://127.0.0.1:80/x/#SECRET", "http://127.0.0.1/x"),
            ("http://api.example/v1.2", "https://api.example"),
        ] {
            let error = base_url(text).unwrap_err();
            let TargetError::NotBaseUrl { corrected, .. } = &error else {
                panic!("{text}: {error}")
            };
            assert_eq!(corrected, expected, "{text}");
            assert_eq!(base_url(corrected).as_deref(), Ok(expected));
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
        for text in [
            "https://api.example/v1.20",
            "https://api.example/v1",
            "https://api.example/create.json.d",
        ] {
            assert_eq!(base_url(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn secret_is_not_shown() {
        for (text, shown) in [
            ("https://user:SECRET@api.example/x", "https://…@api.example/x"),
            ("https://SECRET@api.example?client_key=SECRET", "https://…@api.example"),
            ("https://user:SECRET/@SECRET@api.example", "https://…@api.example"),
            ("https://user:SECRET?SECRET@api.example", "https://…"),
            // Texts that are not URLs.
            ("user:SECRET@api.example", "…@api.example"),
            ("api.example#SECRET", "api.example"),
        ] {
            let error = base_url(text).unwrap_err();
            assert_eq!(error, TargetError::InvalidUrl(shown.into()), "{text}");
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
    }
}
