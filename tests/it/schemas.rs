//! JSON Schemas of the files that scripts read: those in `samples/schemas/` are up to date, and
//! what real runs write fits them, member by member.
//!
//! `UPDATE_SAMPLES=1 cargo test --test it schemas` writes the files anew.

use std::fs;

use jsonschema::Validator;
use orderferry::report::schemas::schemas;
use serde_json::Value;

use crate::support::{
    root,
    service::{MockService, Reply},
    workspace::{ExportRow, HEADER, RunResult, Workspace, export, row},
};

#[test]
fn sample_schemas_are_up_to_date() {
    let folder = root().join("samples/schemas");
    let mut expected = Vec::new();
    for (name, schema) in schemas() {
        let file = folder.join(format!("{name}.schema.json"));
        let found = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE_SAMPLES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &found).unwrap();
        }
        let is_current = fs::read_to_string(&file).is_ok_and(|text| text == found);
        assert!(is_current, "{}: run with UPDATE_SAMPLES=1", file.display());
        expected.push(file);
    }
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    expected.sort();
    assert_eq!(files, expected);
}

/// A schema that allows no other members than those it names.
fn strict(name: &str) -> Validator {
    let (_, schema) = schemas().into_iter().find(|(found, _)| *found == name).unwrap();
    let mut schema = schema.to_value();
    forbid_other_members(&mut schema);
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn forbid_other_members(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(forbid_other_members),
        Value::Object(members) => {
            members.values_mut().for_each(forbid_other_members);
            let is_object = members.get("type") == Some(&"object".into());
            if is_object && !members.contains_key("additionalProperties") {
                members.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        _ => {}
    }
}

fn assert_fits(validator: &Validator, value: &Value) {
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{value:#}\n{}", errors.join("\n"));
}

/// Checks all files that a run wrote. Returns the outcomes of its orders.
fn assert_files_fit(ran: &RunResult) -> Vec<String> {
    assert!(ran.path("summary.json").exists(), "{}", ran.err);
    assert_fits(&strict("summary"), &ran.summary());
    let results = ran.results();
    let result = strict("result");
    for line in &results {
        assert_fits(&result, line);
    }
    let reason = strict("reject-reason");
    let rejects = fs::read_dir(ran.path("rejects")).into_iter().flatten();
    let reasons = rejects
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".reasons.ndjson"));
    for path in reasons {
        for line in fs::read_to_string(path).unwrap().lines() {
            assert_fits(&reason, &serde_json::from_str(line).unwrap());
        }
    }
    results.iter().map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn files_of_checks_fit_their_schemas() {
    let rows = format!("{}{}", export(&["A-1", "A-2", "A-2"]), row("A-1"));
    let invalid = ExportRow { reference: "A-3", price: "x", ..ExportRow::default() }.csv();
    let workspace = Workspace::with("orders.csv", format!("{rows}{invalid}"));
    workspace
        .file("empty.csv", HEADER)
        .file("other.csv", "no,columns\n1,2\n")
        .file("many.csv", format!("{HEADER}{}", invalid.repeat(3)));
    for command in [
        "check orders.csv --pos x --max-invalid 100%",
        "check orders.csv --pos x --max-invalid 0",
        "check orders.csv --pos x --mode multi --max-invalid 100%",
        "check orders.csv --pos x --base-url http://127.0.0.1:9 --client-key key",
        "check empty.csv --pos x",
        "check other.csv --pos x",
        "check missing.csv --pos x",
        "check many.csv orders.csv --pos x",
    ] {
        assert_files_fit(&workspace.run(command));
    }
}

/// With every outcome of a send. Some runs are stopped or refused.
#[test]
fn files_of_sends_fit_their_schemas() {
    let of_guest = |reference: &str| {
        let email = format!("{}@example.com", reference.to_lowercase());
        row(reference).replace("ann@example.com", &email)
    };
    let profile = Workspace::new().run("profiles show canonical").out;
    let skips =
        "[[skip]]\nreason = 'tests'\nwhen = { column = 'item.name', is = 'Test' }\n\n[order]\n";
    let references = ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6"];
    let orders = references.map(of_guest).concat();
    let special = format!(
        "{}{}",
        ExportRow { reference: "B-1", name: "Test", ..ExportRow::default() }.csv(),
        ExportRow { reference: "B-2", price: "x", ..ExportRow::default() }.csv(),
    );
    let workspace = Workspace::with("own.toml", profile.replace("[order]\n", skips));
    workspace.file("orderferry.toml", "tries = 2\ndown_after = 100\n");
    let service = MockService::start(|request| match request.reference() {
        "A-2" => Some(Reply::status(400)),
        "A-3" => Some(Reply::status(500)),
        "A-4" => Some(Reply::status(503)),
        _ => None,
    });
    let send = |options: &str| {
        workspace.run(&format!(
            "send orders.csv --profile own.toml --pos x --rate unlimited \
             --identity-pause 0s --base-url {} --client-key key {options}",
            service.base_url
        ))
    };
    workspace.file("orders.csv", format!("{HEADER}{orders}{special}"));
    let mut outcomes = Vec::new();
    let mut fits = |options: &str, code: i32| {
        let ran = send(options);
        assert_eq!(ran.code, code, "{}", ran.err);
        outcomes.extend(assert_files_fit(&ran));
    };
    fits("--backfill --max-invalid 100% --limit 1", 4);
    fits("--backfill --max-invalid 100% --limit 5", 3);
    workspace.file(
        "orders.csv",
        format!("{HEADER}{}{special}", orders.replace(",30.60,other", ",30.61,other")),
    );
    fits("--backfill --max-invalid 100%", 3);
    fits("--max-invalid 0", 2);
    fits("--backfill --max-invalid 100%", 3);
    outcomes.sort();
    outcomes.dedup();
    assert_eq!(
        outcomes,
        [
            "accepted",
            "already_sent",
            "changed",
            "failed",
            "invalid",
            "not_attempted",
            "refused",
            "skipped",
            "unknown"
        ]
    );
}

/// Errors without a summary: a line on standard output, and the same for people on standard error.
#[test]
fn errors_are_one_line_that_fits_its_schema() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace
        .file("bad.toml", "rate = 'fast'\nin_flihgt = 3\n")
        .file("no-key.toml", "name = 'p'\n")
        .file("p.toml", "[order]\nreferenceId = { colunm = 'x' }\n")
        .file("full/note.txt", "mine");
    let schema = strict("error");
    for (command, kind, n_diagnostics, file) in [
        ("check orders.csv --pos x --no-such-option --format json", "usage", 0, None),
        ("check orders.csv --config bad.toml --format=json", "config", 2, Some("bad.toml")),
        ("check orders.csv --pos x --profile p.toml --format json", "profile", 1, Some("p.toml")),
        // No line has what is missing.
        (
            "check orders.csv --pos x --profile no-key.toml --format json",
            "profile",
            1,
            Some("no-key.toml"),
        ),
        ("check orders.csv --pos x --profile none --format json", "config", 1, None),
        ("check orders.csv --config none.toml --format json", "config", 1, None),
        ("check orders.csv --pos x --out full --format json", "run", 0, None),
        ("send orders.csv --pos x --format json", "config", 1, None),
        ("ledger list --format json", "run", 0, None),
        ("ledger export --ledger none.db", "run", 0, None),
    ] {
        let ran = workspace.run(command);
        let lines: Vec<_> = ran.out.lines().collect();
        let [line] = lines.as_slice() else { panic!("{command}: {}", ran.out) };
        let line: Value = serde_json::from_str(line).unwrap();
        assert_fits(&schema, &line);
        let error = &line["error"];
        assert_eq!((ran.code, &error["exit_code"]), (2, &2.into()), "{command}");
        assert_eq!(error["kind"], kind, "{line:#}");
        let diagnostics = error["diagnostics"].as_array().unwrap();
        assert!(diagnostics.len() >= n_diagnostics, "{line:#}");
        let first = &error["diagnostics"][0];
        assert_eq!(first["file"].as_str(), file, "{line:#}");
        let is_in_line = file.is_some_and(|file| file != "no-key.toml");
        let has_line = (first["line"].is_u64(), first["column"].is_u64());
        assert_eq!(has_line, (is_in_line, is_in_line), "{line:#}");
        assert!(ran.err.starts_with("error"), "{}", ran.err);
    }
    // A run that is refused has a summary.
    let refused = workspace.run("check missing.csv --pos x --format json");
    assert_eq!(refused.out.lines().count(), 1);
    assert_fits(&strict("summary"), &serde_json::from_str(&refused.out).unwrap());
}
