//! Check of the `Host` header: protection against DNS rebinding. Without it, a web page whose name
//! resolves to 127.0.0.1 could read the data of a sandbox and send events to it.
//!
//! It does not build the response. Called by `server`.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

/// Whether every host that a request names, in `Host` headers and in its URI, is this machine.
pub(super) fn is_this_machine(Parts { uri, headers, .. }: &Parts) -> bool {
    let is_host_header_local = headers.get_all(HOST).into_iter().all(|host| {
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| is_loopback(host.host()))
    });
    // A request without a `Host` header (HTTP/1.0) passes: no browser sends one.
    is_host_header_local && uri.host().is_none_or(is_loopback)
}

/// `localhost`, 127.0.0.0/8 or `[::1]`.
fn is_loopback(host: &str) -> bool {
    // RFC 4291, section 2.5.3: `::1` is the only loopback address of IPv6.
    let without_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match without_brackets {
        Some(address) => address.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn is_allowed(uri: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        is_this_machine(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_loopback_hosts_are_allowed() {
        let own = [
            "localhost",
            "LOCALHOST:8642",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.8.9.10:8642",
            "[::1]",
            "[::1]:8642",
        ];
        for host in own {
            assert!(is_allowed("/", &[host]), "{host}");
        }
        let foreign = [
            "example.com",
            "example.com:8642",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "1.127.0.0.1",
            "127.1",
            "0.0.0.0",
            "10.0.0.1:8642",
            "[::]",
            "[::2]",
            "::1",
            "",
            ":8642",
            "localhost@example.com",
            "a b",
        ];
        for host in foreign {
            assert!(!is_allowed("/", &[host]), "{host}");
        }
        assert!(is_allowed("/", &[]), "HTTP/1.0 has no Host");
        assert!(!is_allowed("/", &["localhost", "example.com"]));
        assert!(!is_allowed("http://example.com/", &["localhost"]));
        assert!(is_allowed("http://127.0.0.1:8642/", &["localhost"]));
    }
}
