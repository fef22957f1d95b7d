//! Tests of fault injection: reported outcomes match the tenant, and invalid fault settings are
//! refused.

use std::{collections::BTreeSet, fmt::Write};

use serde_json::Value;

use crate::support::{
    FinishedRun, assert_same_requests,
    workspace::{Workspace, export},
};

/// About one request in four fails; up to 64 are in flight.
const FAULTS: &str = "--fault seed=1 --fault closed_taken=5% --fault closed_not_taken=4% --fault half=4% \
    --fault garbage=4% --fault status.500=4% --fault status.503=1% --fault throttled=1% --fault retry_after=0s \
    --fault latency=0s..5ms";

fn references(orders: &[Value], is_wanted: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let selected = orders.iter().filter(|order| is_wanted(order));
    selected.map(|order| order["referenceId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn results_match_the_tenant_under_faults() {
    let run = FinishedRun::in_root(&format!(
        "send samples/orders.csv --sandbox --rate unlimited --identity-pause 0s --set tries=20 --set down_after=1000 {FAULTS}"
    ));
    assert_eq!(run.code(), 3, "{}", String::from_utf8_lossy(&run.output.stderr));
    let (summary, sandbox, results) =
        (run.json("summary.json").unwrap(), run.json("sandbox.json").unwrap(), run.results());
    let of_outcome = |outcome: &str| references(&results, |result| result["outcome"] == outcome);
    let (accepted, unknown) = (of_outcome("accepted"), of_outcome("unknown"));
    let processed = references(sandbox["order_list"].as_array().unwrap(), |_| true);
    assert!(accepted.is_subset(&processed), "{:?}", accepted.difference(&processed));
    assert!(processed.iter().all(|order| accepted.contains(order) || unknown.contains(order)));
    // Both kinds of unknown orders must occur: processed and not processed.
    assert!(
        unknown.intersection(&processed).next().is_some()
            && unknown.difference(&processed).next().is_some()
    );
    assert_eq!(
        (results.len(), summary["orders"]["accepted"].as_u64()),
        (300, u64::try_from(accepted.len()).ok())
    );
    assert_eq!(sandbox["orders"]["repeated_references"], 0, "an order was sent twice");
    assert_eq!(sandbox["orders"]["not_processed"], 0);
    assert_same_requests(&summary, &sandbox);
    let injected: Vec<_> = sandbox["faults"].as_object().unwrap().keys().collect();
    let all = [
        "closed_not_taken",
        "closed_taken",
        "garbage",
        "half",
        "status.500",
        "status.503",
        "throttled",
    ];
    assert_eq!(injected, all);
}

/// The outcome of each order with these faults and `in_flight` requests at a time.
fn outcomes_with(in_flight: u32) -> BTreeSet<(String, String)> {
    let run = FinishedRun::in_root(&format!(
        "send samples/orders.csv --sandbox --rate unlimited --in-flight {in_flight} --identity-pause 0s \
         --set tries=20 --set down_after=1000 {FAULTS}"
    ));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    run.results()
        .iter()
        .map(|result| (text(&result["referenceId"]), text(&result["outcome"])))
        .collect()
}

#[test]
fn same_seed_injects_the_same_faults() {
    assert_eq!(outcomes_with(64), outcomes_with(12));
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn invalid_fault_settings_send_nothing() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let mut found = String::new();
    for content in [
        "seed = 7\nclosed_takn = '1%'\n",
        "late = '2'\n",
        "late = 2\n",
        "latency = 'slow'\n",
        "late_after = '35'\n",
        "retry_after_as = 'words'\n",
        "seed = -1\n",
        "[status]\n200 = '1%'\n",
        "[outage]\nlast = '1s'\n",
        "[[outage]]\nlasts = '2s'\n",
        "[outage]\nlasts = '2s'\nevery = '1s'\n",
        "late = '60%'\nhalf = '50%'\n",
        "late =\n",
    ] {
        workspace.file("night.toml", content);
        let ran = workspace.run("send orders.csv --sandbox --faults night.toml");
        write!(found, "{}: {}", content.trim_end().replace('\n', "; "), ran.report()).unwrap();
    }
    for options in [
        "--fault late",
        "--fault lat=2%",
        "--fault late=101%",
        "--fault seed=many",
        "--fault status.50x=1%",
        "--fault outage=1s",
        "--fault late=60% --fault half=50%",
        "--faults none.toml",
    ] {
        let sent = workspace.run(&format!("send orders.csv --sandbox {options}"));
        write!(found, "{options}: {}", sent.report()).unwrap();
        let typed = workspace.run(&format!("sandbox --port 0 {options}"));
        assert_eq!(typed.report(), sent.report());
    }
    insta::with_settings!({filters => vec![("expected one of .*", "expected one of …")]}, {
        insta::assert_snapshot!(found, @r#"
        seed = 7; closed_takn = '1%': exit 2
            error[faults]: unknown key "closed_takn"
             --> night.toml:2:1
              |
            2 | closed_takn = '1%'
              | ^^^^^^^^^^^ meant "closed_taken"?

            1 error in night.toml. Nothing was read or sent.
        late = '2': exit 2
            error[faults]: invalid share "2"
             --> night.toml:1:8  late
              |
            1 | late = '2'
              |        ^^^ expected for example 2% or 0.5%, at most 100%

            1 error in night.toml. Nothing was read or sent.
        late = 2: exit 2
            error[faults]: expected text in quotation marks, for example "2%" or "30s"
             --> night.toml:1:8  late
              |
            1 | late = 2
              |        ^

            1 error in night.toml. Nothing was read or sent.
        latency = 'slow': exit 2
            error[faults]: invalid latency "slow"
             --> night.toml:1:11  latency
              |
            1 | latency = 'slow'
              |           ^^^^^^ expected for example 50ms, 20ms..200ms or 50ms p99 2s

            1 error in night.toml. Nothing was read or sent.
        late_after = '35': exit 2
            error[faults]: invalid duration "35"
             --> night.toml:1:14  late_after
              |
            1 | late_after = '35'
              |              ^^^^ expected for example 500ms, 30s or 10min

            1 error in night.toml. Nothing was read or sent.
        retry_after_as = 'words': exit 2
            error[faults]: unknown value "words"
             --> night.toml:1:18  retry_after_as
              |
            1 | retry_after_as = 'words'
              |                  ^^^^^^^ expected "seconds", "date"

            1 error in night.toml. Nothing was read or sent.
        seed = -1: exit 2
            error[faults]: found the number -1
             --> night.toml:1:8  seed
              |
            1 | seed = -1
              |        ^^ expected a whole number that is not negative

            1 error in night.toml. Nothing was read or sent.
        [status]; 200 = '1%': exit 2
            error[faults]: invalid error status "200"
             --> night.toml:2:1  status.200
              |
            2 | 200 = '1%'
              | ^^^ expected 300 to 599

            1 error in night.toml. Nothing was read or sent.
        [outage]; last = '1s': exit 2
            error[faults]: unknown key "last"
             --> night.toml:2:1  outage
              |
            2 | last = '1s'
              | ^^^^ meant "lasts"? or "after", "every"

            1 error in night.toml. Nothing was read or sent.
        [[outage]]; lasts = '2s': exit 2
            error[faults]: found a list
             --> night.toml:1:3  outage
              |
            1 | [[outage]]
              |   ^^^^^^ expected outage.after, outage.lasts and outage.every

            1 error in night.toml. Nothing was read or sent.
        [outage]; lasts = '2s'; every = '1s': exit 2
            error[faults]: outage.every is 1s
             --> --faults night.toml
             |
             = expected more than outage.lasts, which is 2s
             = hint: outage.every is the time from the start of one outage to the start
                     of the next

            1 error in the faults. Nothing was read or sent.
        late = '60%'; half = '50%': exit 2
            error[faults]: the shares of the faults add up to 110%
             --> --faults night.toml
             |
             = expected at most 100%
             = hint: a request has at most one fault; lower some of the shares

            1 error in the faults. Nothing was read or sent.
        late =: exit 2
            error[faults]: no value
             --> night.toml:1:7
              |
            1 | late =
              |       ^ expected for example "text"

            1 error in night.toml. Nothing was read or sent.
        --fault late: exit 2
            error[faults]: --fault expects KEY=VALUE
             --> --fault late

            1 error in the faults. Nothing was read or sent.
        --fault lat=2%: exit 2
            error[faults]: unknown key "lat"
             --> --fault lat
             |
             = meant "late"?

            1 error in the faults. Nothing was read or sent.
        --fault late=101%: exit 2
            error[faults]: invalid share "101%"
             --> --fault late
             |
             = expected for example 2% or 0.5%, at most 100%

            1 error in the faults. Nothing was read or sent.
        --fault seed=many: exit 2
            error[faults]: found the text "many"
             --> --fault seed
             |
             = expected a whole number

            1 error in the faults. Nothing was read or sent.
        --fault status.50x=1%: exit 2
            error[faults]: invalid error status "50x"
             --> --fault status.50x
             |
             = expected 300 to 599

            1 error in the faults. Nothing was read or sent.
        --fault outage=1s: exit 2
            error[faults]: found the text "1s"
             --> --fault outage
             |
             = expected outage.after, outage.lasts and outage.every

            1 error in the faults. Nothing was read or sent.
        --fault late=60% --fault half=50%: exit 2
            error[faults]: the shares of the faults add up to 110%
             --> --fault
             |
             = expected at most 100%
             = hint: a request has at most one fault; lower some of the shares

            1 error in the faults. Nothing was read or sent.
        --faults none.toml: exit 2
            error[faults]: cannot read the file: No such file or directory (os error 2)
             --> --faults none.toml

            1 error in the faults. Nothing was read or sent.
        "#);
    });
}

#[test]
fn fault_option_overrides_the_file() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file("night.toml", "garbage = '100%'\n[status]\n401 = '0%'\n");
    let faults = |options: &str| {
        let command =
            "send orders.csv --sandbox --rate unlimited --identity-pause 0s --set tries=1";
        let ran = workspace.run(&format!("{command} --faults night.toml{options}"));
        let sandbox: Value = serde_json::from_str(&ran.text("sandbox.json")).unwrap();
        format!("exit {}, {}", ran.code, sandbox["faults"])
    };
    assert_eq!(faults(""), "exit 1, {\"garbage\":1}");
    assert_eq!(faults(" --fault garbage=0%"), "exit 0, null");
    assert_eq!(faults(" --fault garbage=0% --fault status.401=100%"), "exit 4, {\"status.401\":1}");
}

#[test]
fn faults_require_the_sandbox() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    for options in ["--client-key k", "--base-url http://127.0.0.1:1 --client-key k", "--to eu"] {
        for faults in ["--fault late=1%", "--faults night.toml"] {
            let ran = workspace.run(&format!("send orders.csv {options} {faults}"));
            let expected =
                ["required arguments were not provided:\n  --sandbox", "cannot be used with"];
            let is_reported = expected.iter().any(|message| ran.err.contains(message));
            assert!(ran.code == 2 && is_reported, "{options} {faults}: {}", ran.err);
        }
    }
}
