//! Tests of the severities that a profile sets.

use crate::support::workspace::{RunResult, Workspace};

/// One order with an address that is no address, one with equal content, and one that is valid.
const EXPORT: &str = "id,date,total,email\n\
    A,2026-11-02T09:00:00Z,5.00,ann@shop\n\
    B,2026-11-03T09:00:00Z,6.00,bob@example.com\n\
    C,2026-11-03T09:00:00Z,6.00,bob@example.com\n";

/// Checks the export with lines of `[severity]`.
fn check(severities: &str) -> RunResult {
    let workspace = Workspace::with("orders.csv", EXPORT);
    workspace.file(
        "shop.toml",
        format!(
            "name = 'shop'\n[severity]\n{severities}\n\
             [order]\nreferenceId = {{ column = 'id' }}\norderedAt = {{ column = 'date' }}\n\
             status = {{ value = 'PURCHASED' }}\ncurrencyCode = {{ value = 'EUR' }}\n\
             price = {{ column = 'total' }}\npaymentType = {{ value = 'other' }}\n\
             [guest]\nemail = {{ column = 'email' }}\n"
        ),
    );
    workspace.run("check orders.csv --profile shop.toml --pos shop")
}

/// `code severity` of each code in the summary.
fn severities(ran: &RunResult) -> Vec<String> {
    let summary = ran.summary();
    let problems = summary["problems"].as_array().unwrap().clone();
    let text = |problem: &serde_json::Value, key: &str| problem[key].as_str().unwrap().to_owned();
    problems.iter().map(|p| format!("{} {}", text(p, "code"), text(p, "severity"))).collect()
}

#[test]
fn profile_sets_severities() {
    let ran = check("");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(severities(&ran), ["email_implausible error", "content_repeated warning"]);
    let lowered = check("email_implausible = 'warning'");
    assert_eq!(lowered.code, 0, "{}", lowered.err);
    assert_eq!(severities(&lowered), ["email_implausible warning", "content_repeated warning"]);
    let off = check("email_implausible = 'off'\ncontent_repeated = 'off'");
    assert_eq!((off.code, severities(&off)), (0, Vec::new()), "{}", off.err);
}

#[test]
fn severities_that_would_lose_orders_are_refused() {
    for (line, message) in [
        (
            "missing_pos = 'warning'",
            ["severity.missing_pos", "missing_pos = \"warning\"", "expected \"error\""],
        ),
        (
            "content_repeated = 'error'",
            ["severity.content_repeated", "content_repeated = \"error\"", "expected"],
        ),
        (
            "email_implausable = 'off'",
            ["severity.email_implausable", "unknown value", "meant \"email_implausible\"?"],
        ),
    ] {
        let ran = check(line);
        assert_eq!(ran.code, 2, "{line}: {}", ran.err);
        assert!(message.iter().all(|part| ran.err.contains(part)), "{}", ran.err);
    }
}
