//! JSON Schema of profiles: it takes every profile of the samples, of the program and of the help,
//! and no key that the program refuses.

use std::{fs, path::Path};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{root, workspace::Workspace};

fn validator() -> Validator {
    let printed = Workspace::new().run("profiles schema");
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    jsonschema::validator_for(&serde_json::from_str(&printed.out).unwrap()).unwrap()
}

fn parsed(toml: &str) -> Value {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

fn errors(validator: &Validator, profile: &Value) -> Vec<String> {
    let error =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter_errors(profile).map(error).collect()
}

/// The texts of a folder's files.
fn files(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The blocks of TOML in the topic of the manual about profiles.
fn examples() -> Vec<String> {
    let topic = fs::read_to_string(root().join("src/cli/help/profile.md")).unwrap();
    let blocks = topic.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// All copies of a value with one more key in one of its tables.
fn with_an_unknown_key(value: &Value) -> Vec<Value> {
    let mut copies = Vec::new();
    match value {
        Value::Object(members) => {
            let mut with_key = members.clone();
            with_key.insert("no_such_key".to_owned(), json!(true));
            copies.push(Value::Object(with_key));
            for (name, member) in members {
                for changed in with_an_unknown_key(member) {
                    let mut copy = members.clone();
                    copy.insert(name.clone(), changed);
                    copies.push(Value::Object(copy));
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                for changed in with_an_unknown_key(element) {
                    let mut copy = elements.clone();
                    copy[index] = changed;
                    copies.push(Value::Array(copy));
                }
            }
        }
        _ => {}
    }
    copies
}

#[test]
fn every_known_profile_fits_the_schema() {
    let validator = validator();
    let samples = files(&root().join("samples/profiles"));
    let built_in = files(&root().join("src/map/profiles"));
    assert!(samples.len() >= 3 && !built_in.is_empty() && examples().len() >= 5);
    for text in samples.into_iter().chain(built_in).chain(examples()) {
        let profile = parsed(&text);
        assert_eq!(errors(&validator, &profile), [""; 0], "{text}");
        for changed in with_an_unknown_key(&profile) {
            assert!(!validator.is_valid(&changed), "{changed:#}");
        }
    }
}

/// Names and values of a list, and types.
#[test]
fn wrong_values_do_not_fit_the_schema() {
    let validator = validator();
    for (toml, is_valid) in [
        ("severity.content_repeated = 'off'", true),
        ("severity.no_such_code = 'off'", false),
        ("severity.content_repeated = 'of'", false),
        ("item_price = 'line'", true),
        ("item_price = 'lines'", false),
        ("order.price = { column = ['a', 'b'], scale = 2 }", true),
        ("order.price = { column = ['a', 3] }", false),
        ("order.price = { column = 'a', scale = 'currencies' }", false),
        ("order.price = 'a'", false),
        ("skip_lines = 'three'", false),
        ("skip = [{ reason = 'x' }]", false),
        // Open questions.
        ("item_price = '?'\nskip_lines = '?'\nrows_adjacent = '?'", true),
        ("order.price = { column = '?', scale = '?', disagree = '?' }", true),
        ("nulls = '?'\ncurrency_symbols = '?'\nheader = '?'", true),
        ("nulls = 'NA'", false),
        ("currency_symbols = '€'", false),
        ("format = 'json'", true),
        ("severity.'?' = 'off'", false),
        ("order = '?'\nitem_rows = '?'\nrefunds.amount = '?'", true),
        ("extends = '?'", false),
        ("unset = '?'", false),
    ] {
        assert_eq!(validator.is_valid(&parsed(toml)), is_valid, "{toml}");
    }
}
