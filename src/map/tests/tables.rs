//! Unit tests of tables: lists in place of one, and lists of tables of which some are wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    ptr,
};

use serde_json::{Map, Value, json};

use super::rows::errors;
use crate::map::{
    profile::Profile,
    profile_schema::{KeyType, profile_schema, typed_schema},
    schema_types::alternatives,
};

/// What messages say of a list where none is allowed.
const REFUSALS: [&str; 3] =
    ["found a list", "expected a number of decimals", "\"to\" is no column"];

/// What messages of serde say of the elements of a list that it takes for the values of keys.
const TYPES: [&str; 4] = ["struct ", "element", "length", "tuple"];

#[test]
fn list_in_place_of_a_table_is_one_error() {
    let paths = paths_of_tables();
    assert!(paths.len() > 30, "{paths:?}");
    let mut wrong = Vec::new();
    for (path, takes_texts) in paths {
        let part = format!(" {}.", path.replace(".0", ""));
        for list in ["[{}]", "['a', 'b']"].into_iter().take(if takes_texts { 1 } else { 2 }) {
            let text = profile_with(&path, list);
            let errors =
                Profile::parse("test", &text).map_or_else(|e| e.to_string(), |_| String::new());
            let is_refusal = |line: &&str| REFUSALS.iter().any(|refusal| line.contains(refusal));
            let is_one = errors.lines().filter(is_refusal).count() == 1;
            let has_others =
                errors.contains(&part) || TYPES.iter().any(|word| errors.contains(word));
            if !is_one || has_others {
                wrong.push(format!("{text}\n{errors}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the compiler takes an open question, an editor does too, and its message shows what it
/// takes.
#[test]
fn open_questions_are_those_of_the_schema() {
    let (root, mut wrong) = (profile_schema(), Vec::new());
    let keys = keys(&root);
    assert!(keys.len() > 200, "{keys:?}");
    for (path, schema) in keys {
        let schema = json!({ "definitions": root["definitions"], "allOf": [schema] });
        let is_valid = jsonschema::is_valid(&schema, &json!("?"));
        let names: Vec<_> = path.split('.').map(str::to_owned).collect();
        let text = profile_with(&path, "'?'");
        let errors = Profile::parse("test", &text).unwrap_err().to_string();
        let is_question = errors.contains("an open question");
        // In a list of texts of the export it is one of them.
        let is_text = !is_question && names.last().is_some_and(|name| name == "0");
        if is_valid != (is_question || is_text) {
            wrong.push(format!("{path}: {is_valid} {errors}"));
        }
        let KeyType { choices, examples, .. } = KeyType::of(&names).unwrap();
        if choices.is_empty() && examples.is_empty() {
            wrong.push(format!("{path} has no example"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn examples_are_values_of_their_keys() {
    let root = typed_schema();
    let of_keys = keys(&root).into_iter();
    let definitions = root["definitions"].as_object().unwrap().iter();
    let of_types = definitions.map(|(name, schema)| (name.clone(), schema));
    for (path, schema) in of_keys.chain(of_types) {
        let of = json!({ "definitions": root["definitions"], "allOf": [schema] });
        for example in schema.get("examples").and_then(Value::as_array).into_iter().flatten() {
            assert!(jsonschema::is_valid(&of, example), "{path}: {example}");
        }
    }
}

/// The paths of all keys whose values are tables and no lists of tables, and whether they may be
/// lists of texts.
fn paths_of_tables() -> BTreeMap<String, bool> {
    let schema = typed_schema();
    let is_table = |node: &Map<_, _>| node.get("type").is_some_and(|of| of == "object");
    let table = |(path, below): (String, &Value)| {
        let types = alternatives(&schema, below);
        let lists = types.iter().filter_map(|node| node.get("items"));
        let elements: Vec<_> = lists.flat_map(|of| alternatives(&schema, of)).collect();
        let takes_tables = elements.iter().any(|node| is_table(node));
        let is_one = types.iter().any(|node| is_table(node)) && !takes_tables;
        is_one.then_some((path, !elements.is_empty()))
    };
    keys(&schema).into_iter().filter_map(table).collect()
}

/// The paths of all keys of a schema, with their schemas. What is below a type is there once.
fn keys(schema: &Value) -> Vec<(String, &Value)> {
    let mut keys = Keys { schema, known: BTreeSet::new(), found: Vec::new() };
    for node in alternatives(schema, schema) {
        keys.collect(node, &[]);
    }
    keys.found
}

struct Keys<'s> {
    schema: &'s Value,
    known: BTreeSet<*const Map<String, Value>>,
    found: Vec<(String, &'s Value)>,
}

impl<'s> Keys<'s> {
    fn collect(&mut self, node: &'s Map<String, Value>, path: &[&'s str]) {
        // Rules and conditions have rules and conditions as parts of them.
        if !self.known.insert(ptr::from_ref(node)) {
            return;
        }
        let named = node.get("properties").and_then(Value::as_object).into_iter().flatten();
        let named = named.map(|(name, schema)| (name.as_str(), schema));
        let any = node.get("additionalProperties").filter(|any| any.is_object());
        let elements = node.get("items");
        let below = named.chain(any.map(|any| ("x", any))).chain(elements.map(|of| ("0", of)));
        for (name, below) in below {
            let path: Vec<_> = path.iter().copied().chain([name]).collect();
            self.found.push((path.join("."), below));
            for node in alternatives(self.schema, below) {
                self.collect(node, &path);
            }
        }
    }
}

/// A profile with a value at a path.
fn profile_with(path: &str, value: &str) -> String {
    let mut text = value.to_owned();
    let names: Vec<_> = path.split('.').collect();
    for name in names[1..].iter().rev() {
        text = if *name == "0" { format!("[{text}]") } else { format!("{{ {name} = {text} }}") };
    }
    // The parts of a join's key are not read without the column of the file.
    let lacks_to = path.starts_with("join.0.on.0.") && names.last() != Some(&"to");
    let text = if lacks_to { text.replace("[{ on = [{ ", "[{ on = [{ to = 'b', ") } else { text };
    format!("{} = {text}", names[0])
}

/// An entry that cannot be read hides none behind it, and they keep their numbers.
#[test]
fn wrong_entry_leaves_the_others_in_their_places() {
    let errors = errors(
        "unset = [1, 'a', 2]
[[skip]]
reason = 1
when = { column = 'a', is = 'b' }
[[skip]]
reason = ''
when = { column = 'a', is = 'b' }
[[skip]]
reason = 'third'
[[skip]]
reason = 'fourth'
when = { column = 'a', less = 'x' }
[[join]]
as = 'c'
on = { column = 'id', to = 'id' }
[[join]]
as = 'a.b'
on = [{ column = 'id', to = 'id' }]
[[join]]
file = 'd.csv'
profile = 'p'",
    );
    insta::assert_snapshot!(errors, @r#"
    test:3:9: unset: removes what an extended profile has, but there is no extends
      test:3:10: unset: found the number 1; expected a string
        hint: a number is no text: put it in quotes
      test:3:18: unset: found the number 2; expected a string
        hint: a number is no text: put it in quotes
      test:5:10: skip[1].reason: found the number 1; expected a string
        hint: a number is no text: put it in quotes
      test:8:10: skip[2].reason: "reason" is empty; expected why the orders are left out
      test:10:1: skip[3]: the key "when" is missing
      test:14:31: skip[4].when.less: invalid number "x": not a decimal number such as 1234.50
      test:17:1: join[1].on: found a table; expected a list
        hint: a list of tables is [[name]], one of values [a, b]
      test:19:6: join[2].as: invalid name "a.b"; expected letters, digits, _ and -, such as customer
      test:21:1: join[3]: the key "as" is missing
      test:23:11: join[3].profile: found the text "p"; expected a table
    "#);
}

#[test]
fn table_beside_a_list_of_its_name_is_one_error() {
    let errors = errors(
        "[item]
name = { column = 'name' }
[[item]]
from = 'order'
name = { value = 'Shipping' }
quantity = { valu = '1' }
[guest]
emial = { column = 'email' }",
    );
    insta::assert_snapshot!(errors, @r#"
    test:5:1: [[item]] beside the [item] of line 3; expected one form
      hint: write both as [[item]]
      test:8:14: item[2].quantity: unknown key "valu"; meant "value"?
      test:10:1: guest: unknown key "emial"; meant "email"?
    "#);
}
