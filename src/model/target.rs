//! Where the orders go.

use std::fmt;

use url::{Host, Url};

/// A tenant: its base URL in normal form (lower-case scheme and host, no slash at the end) and its client key.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Such as `https://api-engage-eu.sitecorecloud.io`.
    pub base_url: String,
    /// Public, but it names a production tenant: never shown.
    pub client_key: String,
}

/// Why a base URL cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not a URL, or one with more than scheme, host and path.
    #[error("the base URL {0:?} is none\n  hint: such as https://api-engage-eu.sitecorecloud.io")]
    NoUrl(String),
    /// Orders would travel unencrypted.
    #[error("the base URL {0:?} is not HTTPS, which is taken for addresses of this machine only")]
    NotHttps(String),
    /// No key.
    #[error("the client key is empty")]
    NoKey,
}

impl Target {
    /// A target in normal form, so that the ledger knows it again however it is written.
    pub fn new(base_url: &str, client_key: &str) -> Result<Self, TargetError> {
        // A query may hold the key.
        let shown = base_url.split('?').next().unwrap_or_default();
        let no_url = || TargetError::NoUrl(shown.to_owned());
        let url = Url::parse(base_url.trim()).map_err(|_| no_url())?;
        let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "http" | "https") || !is_bare || url.password().is_some() {
            return Err(no_url());
        }
        if client_key.trim().is_empty() {
            return Err(TargetError::NoKey);
        }
        let base_url = url.as_str().trim_end_matches('/').to_owned();
        let target = Self { base_url, client_key: client_key.trim().to_owned() };
        if url.scheme() == "http" && !target.is_on_this_machine() {
            return Err(TargetError::NotHttps(target.base_url));
        }
        Ok(target)
    }

    /// Whether the base URL is a loopback address.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        match Url::parse(&self.base_url).as_ref().map(Url::host) {
            Ok(Some(Host::Ipv4(address))) => address.is_loopback(),
            Ok(Some(Host::Ipv6(address))) => address.is_loopback(),
            Ok(Some(Host::Domain(name))) => name == "localhost",
            _ => false,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_url(text: &str) -> Result<String, TargetError> {
        Target::new(text, "key").map(|target| target.base_url)
    }

    #[test]
    fn a_base_url_has_one_form() {
        assert_eq!(base_url("HTTPS://API.Example:443/").as_deref(), Ok("https://api.example"));
        assert_eq!(base_url("http://127.0.0.1:8080/x/").as_deref(), Ok("http://127.0.0.1:8080/x"));
        assert_eq!(base_url("http://[::1]:80").as_deref(), Ok("http://[::1]"));
    }

    #[test]
    fn orders_travel_encrypted_or_stay_on_the_machine() {
        for text in ["http://api.example", "http://127.0.0.1.example", "http://localhost.example"] {
            assert!(matches!(base_url(text), Err(TargetError::NotHttps(_))), "{text}");
        }
        for text in ["api.example", "ftp://api.example", "https://a:b@api.example", "https://api.example?x=1", ""] {
            assert!(matches!(base_url(text), Err(TargetError::NoUrl(_))), "{text}");
        }
        assert_eq!(Target::new("https://api.example", " "), Err(TargetError::NoKey));
    }
}
