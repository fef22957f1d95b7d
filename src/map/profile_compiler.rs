//! Profile compiler: the text of a profile becomes its rules and settings.
//!
//! Joins the texts that extend each other, settles open questions, and gives every error the
//! position of its key in the TOML text; `profile_keys` compiles the keys. Loaded by `cli`.

use super::{
    answers::{Answer, answer, refuse_settled, without_files},
    custom_names::CustomName,
    error::MapError,
    extends::{self, EXTENDS, Merged, ReplacedValues},
    key_errors::KeyPath,
    missing_name::NamePlaces,
    open_questions::{self, ExpectedValues, open_questions, refuse},
    profile::{FieldRule, FieldTarget, Profile},
    profile_keys::compile,
    profile_schema::KeyType,
    profile_texts::{NamedText, ProfileTexts, no_profile},
    toml_document::TomlDocument,
    words::words,
};
use crate::model::{
    diagnostic::{Diagnostic, Diagnostics},
    field::Field,
    source_map::SourceMap,
};

/// A profile, and the errors of its text.
#[derive(Debug)]
pub struct ParsedProfile {
    /// The profile without what is wrong; none if the text is not one.
    pub profile: Option<Profile>,
    /// All errors, in the order of the text.
    pub errors: Vec<Diagnostic>,
    /// The rules of extended profiles of which only open questions are answered.
    pub answered: Vec<String>,
}

impl Profile {
    /// Compiles the built-in profile of a name.
    ///
    /// # Errors
    ///
    /// [`MapError::NoProfile`] if there is none.
    pub fn built_in(name: &str) -> Result<Self, MapError> {
        let text = NamedText::built_in(name).ok_or_else(|| no_profile(name))?;
        Self::compile(ProfileTexts::new(text, no_file), &[])
    }

    /// Compiles the profile of a TOML text, which extends none or a built-in one; messages contain
    /// `name` as the name of the file.
    ///
    /// # Errors
    ///
    /// [`MapError::Profile`] with all errors of the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, MapError> {
        let (name, text) = (name.to_owned(), text.to_owned());
        let text = NamedText { id: name.clone(), name, text, is_built_in: false };
        Self::compile(ProfileTexts::new(text, no_file), &[])
    }

    /// Compiles the profile of these texts, with answers `KEY=VALUE` to its open questions.
    ///
    /// # Errors
    ///
    /// [`MapError::Profile`] with all errors of the texts and the answers.
    pub fn compile(texts: ProfileTexts, answers: &[String]) -> Result<Self, MapError> {
        let name = texts.sources.name().to_owned();
        let ParsedProfile { profile, errors, .. } = Self::compile_with_errors(texts, answers);
        match profile {
            Some(profile) if errors.is_empty() => Ok(profile),
            _ => Err(MapError::Profile(Diagnostics::before_reading(errors, &name))),
        }
    }

    /// Compiles the same as far as it is right.
    #[must_use]
    pub fn compile_with_errors(texts: ProfileTexts, answers: &[String]) -> ParsedProfile {
        let ProfileTexts { mut sources, is_built_in, extended, missing, .. } = texts;
        let (expected_values, named_joins) = (texts.expected_values, texts.named_joins);
        let answers = Answer::all(answers, &mut sources);
        let choices = |path: &[String]| KeyType::of(path).map_or_else(Vec::new, |key| key.choices);
        let mut document = TomlDocument::parse(&sources).with_choices(choices);
        let Merged { replaced, answered, taking_all } = extends::merge(&mut document);
        let has_all_texts = missing.is_none();
        let settled = (&*answers, &*named_joins, has_all_texts);
        settle_questions(&mut document, &sources, settled, expected_values);
        if let Some((at, message)) = &missing {
            document.add_error(Some(at.clone()), EXTENDS, message);
        }
        let compiled = document.read().map(compile);
        let mut wrong = document.wrong_paths();
        let lacks_text = missing.is_some() || wrong.iter().any(|path| *path == [EXTENDS]);
        if lacks_text {
            // Any part of the profile may be in the text that is missing.
            wrong.push(KeyPath::new());
        }
        let profile = compiled.map(|(profile, errors)| {
            let mut errors = document.with_original_paths(errors);
            errors.remove_at(&taking_all);
            wrong.extend(errors.paths().cloned());
            if !lacks_text {
                document.add_errors(errors);
            }
            profile
        });
        for values in replaced {
            add_errors_of(values, &mut document);
        }
        let names = profile.as_ref().map(|profile| custom_names(&profile.rules, &document));
        let (texts, errors) = (document.texts(), document.into_errors());
        let errors = errors.into_iter().map(|error| error.diagnostic).collect();
        let profile = profile.map(|profile| {
            let profile = Profile { extends: extended, ..profile };
            if is_built_in {
                return Profile { wrong, ..profile };
            }
            let (words, name_places) = (words(&texts, &wrong), NamePlaces::new(sources, texts));
            let custom_names = names.unwrap_or_default();
            Profile { name_places, words, custom_names, wrong, ..profile }
        });
        ParsedProfile { profile, errors, answered }
    }
}

/// The message about a name of no built-in profile, where files are not read.
fn no_file(name: &str, _by: &str) -> Result<NamedText, String> {
    Err(no_profile(name).to_string())
}

/// Answers the open questions of a profile, of which the others become errors. Without all of its
/// texts it is not known which ones are open, and there are no answers.
fn settle_questions<'t>(
    document: &mut TomlDocument<'t>,
    sources: &'t SourceMap,
    (answers, named_joins, has_all_texts): (&[Answer], &[String], bool),
    expected_values: ExpectedValues,
) {
    if document.has_syntax_error() {
        return;
    }
    let open = open_questions(document);
    let answers = refuse_settled(document, answers);
    if has_all_texts {
        let open = answer(document, sources, &answers, open);
        let open = without_files(document, named_joins, open);
        refuse(document, sources, open, expected_values);
    } else {
        for question in open {
            document.remove_at(&question.path);
        }
    }
}

/// The names that rules give to attributes, in the order of the rules.
fn custom_names(rules: &[FieldRule], document: &TomlDocument<'_>) -> Vec<CustomName> {
    let named = |rule: &FieldRule| match &rule.target {
        FieldTarget::Field(
            field @ (Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key)),
        ) if !rule.is_alternative => {
            // A rule of a list has its number behind the name.
            let length = rule.path.iter().rposition(|part| *part == key.name)? + 1;
            let (subject, span) = document.place_of_rule(&rule.path[..length]);
            Some(CustomName { field: field.clone(), subject, span })
        }
        _ => None,
    };
    rules.iter().filter_map(named).collect()
}

/// Adds the errors of replaced values. The rest of their profile has its errors in the merged one.
fn add_errors_of<'t>(replaced: ReplacedValues<'t>, document: &mut TomlDocument<'t>) {
    let mut alone = document.with_table(replaced.table);
    if alone.has_syntax_error() {
        return;
    }
    for question in open_questions(&alone) {
        open_questions::remove(&mut alone, &question.path);
    }
    if let Some((_, errors)) = alone.read().map(compile) {
        let mut errors = alone.with_original_paths(errors);
        // What the profile alone lacks, such as the order key, may be in the merged one.
        errors.retain_below(&replaced.paths);
        alone.add_errors(errors);
    }
    document.add_errors_at(&replaced.places, alone);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        map::{
            profile::{FieldRule, FieldTarget},
            profile_texts::BUILT_IN,
        },
        model::{
            diagnostic::OPEN_QUESTION,
            field::{Field, FieldGroup},
            guest_attributes::GuestAttributes,
            input::InputFormat,
        },
    };

    fn parse_error(text: &str) -> String {
        Profile::parse("p.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn wrong_type_lists_what_the_key_takes() {
        let text = "name = 'x'\ncells = true\nragged_rows = true\nitem_price = 3\n\
                    [[skip]]\nreason = 'r'\nscope = 'rows'\nwhen = { column = 'a', is = 'b' }\n\
                    [severity]\ncontent_repeated = true\n[order]\n\
                    referenceId = { column = 'a', disagree = true, values = 'x' }";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:9: cells: invalid type; expected "spreadsheet"
          p.toml:3:15: ragged_rows: invalid type; expected "refuse", "pad"
          p.toml:4:14: item_price: invalid type; expected "unit", "line"
          p.toml:7:9: skip.scope: unknown value "rows"; meant "row"? or "order"
          p.toml:10:20: severity.content_repeated: invalid type; expected "off", "warning", "error"
          p.toml:12:42: order.referenceId.disagree: invalid type; expected "invalid", "first", "last"
          p.toml:12:57: order.referenceId.values: found the text "x"; expected a table
        "#);
    }

    #[test]
    fn sections_are_no_lists() {
        let text = "name = 'x'\nevent = []\n[[order]]\nstatus = { value = 'PURCHASED' }\n\
                    [[guest]]\n[[guest]]\n[[severity]]\n[[cells]]\n[[nulls]]\n[[contact.id]]\n";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:9: event: found a list; expected a table
          hint: one table is [name] or name = { … }, without other brackets
          p.toml:3:3: order: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml:5:3: guest: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml:7:3: severity: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml:8:3: cells: invalid type; expected "spreadsheet"
          p.toml:9:1: nulls: found a table; expected a string
          p.toml:10:11: contact.id: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
        "#);
    }

    #[test]
    fn values_of_no_use_are_refused() {
        let text = "name = 'x'\nnulls = ['NA', ' ']\ncurrency_symbols = { '' = 'EUR', 1 = 'EUR' }\n\
                    [order]\nreferenceId = { column = [], path = 'a..b' }\n\
                    orderedAt = { column = 'a', date = [] }\n\
                    status = { column = 'a', values = {} }\n\
                    cardType = { path = 'a..b', type = 'string' }\n\
                    paymentType = { column = 'a', values = { 'a ' = 'other' }, strip_prefix = '' }\n\
                    [guest]\ntitle = { columns = ['a'], table = [[' a', 'Mr']] }\n\
                    firstname = { column = 'a', type = 'string' }\n\
                    lastname = { column = 'a', empty = ['-', ' -'], strip_suffix = 'x ' }\n\
                    id.crm = { column = 'a', type = 'integer' }\n\
                    city = { column = 'a', default = 'unknown', max_length = 5 }\n\
                    state = { column = 'a', default = 'other', max_length = 5 }";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:9: nulls: "nulls" has " ", but values have no blanks around them; expected ""
          p.toml:3:1: currency_symbols: "" is no symbol of a currency; expected one such as €
          p.toml:3:38: currency_symbols.1: "1" is no symbol of a currency; expected one such as €
          p.toml:5:26: order.referenceId.column: "column" is empty; expected a name or several
          p.toml:6:36: order.orderedAt.date: "date" is empty; expected a format
          p.toml:7:26: order.status.values: "values" is empty; expected texts of the export and what they stand for
          p.toml:8:1: order.cardType: "a..b" has an empty name; a member without a name is written ""
          p.toml:9:31: order.paymentType.values: "values" has "a ", but values have no blanks around them; expected "a"
          p.toml:9:75: order.paymentType.strip_prefix: "strip_prefix" is empty; expected the text that is stripped
          p.toml:11:36: guest.title.table: "table" has " a", but values have no blanks around them; expected "a"
          p.toml:12:1: guest.firstname: "firstname" has a type, which its field has already
          p.toml:13:36: guest.lastname.empty: "empty" has " -", but values have no blanks around them; expected "-"
          p.toml:13:64: guest.lastname.strip_suffix: "strip_suffix" has "x ", but values have no blanks around them; expected "x"
          p.toml:14:4: guest.id.crm: "crm" has a type, which its field has already
          p.toml:15:34: guest.city.default: "default" is "unknown", which is longer than max_length = 5; expected a shorter text
        "#);
    }

    #[test]
    fn wrong_name_of_the_extended_profile_is_one_error() {
        let error = parse_error("name = 'x'\nextends = ['canonical']");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with("p.toml:2:11: extends: "), "{error}");
    }

    #[test]
    fn formats_of_json_are_one() {
        for format in ["json", "ndjson"] {
            let text =
                format!("name = 'x'\nformat = '{format}'\norder.referenceId = {{ path = 'a' }}");
            let profile = Profile::parse("p.toml", &text).unwrap();
            assert_eq!(profile.files.format, Some(InputFormat::Ndjson));
        }
    }

    #[test]
    fn built_in_profiles_are_valid() {
        for (name, _) in BUILT_IN {
            let text = NamedText::built_in(name).unwrap();
            let parsed = Profile::compile_with_errors(ProfileTexts::new(text, no_file), &[]);
            let mut errors = parsed.errors.iter().filter(|error| error.kind != OPEN_QUESTION);
            assert_eq!(errors.next(), None, "{name}");
            assert_eq!(parsed.profile.unwrap().name, *name);
        }
    }

    #[test]
    fn canonical_profile_covers_every_field() {
        let profile = Profile::built_in("canonical").unwrap();
        // Amounts of which a price is made are no fields of a target.
        let is_made = |field: &&Field| matches!(field, Field::ItemLinePrice | Field::ItemDiscount);
        for field in Field::NAMED.iter().filter(|field| !is_made(field)) {
            let found = profile
                .rules
                .iter()
                .find(|rule| matches!(&rule.target, FieldTarget::Field(known) if known == field));
            assert_eq!(
                found.map(|rule| rule.rule.columns.clone()),
                Some(vec![field.to_string()]),
                "{field}"
            );
        }
        for people in &profile.people {
            for field in Field::NAMED.iter().filter(|field| field.group() == FieldGroup::Guest) {
                let is_of_field = |rule: &&FieldRule| matches!(&rule.target, FieldTarget::Field(known) if known == field);
                let found =
                    people.rules.iter().find(is_of_field).map(|rule| rule.rule.columns.clone());
                assert_eq!(found, Some(vec![people.role.field_name(&field.to_string())]));
            }
        }
        assert_eq!(profile.people.len(), 2);
    }

    #[test]
    fn wrong_values_have_a_hint() {
        let text = "name = 'x'\nescape = '\\\\'\n[order]\n\
                    referenceId = { column = 'a', split = '/', part = '2' }\n[[skip]]\nreason = 'r'\n\
                    when = { column = 'Note', nth = 2, is = 'x' }\n[items]\nname = { column = 'b' }";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:10: escape: invalid escape "\\\\"; expected one ASCII character; a backslash is "\\" or '\'
          p.toml:4:51: order.referenceId.part: found the text "2"; expected a whole number
            hint: a number is without quotes
          p.toml:7:27: skip.when: unknown key "nth"; expected "path", "not", "raw", "is", "all" or one of 15 others
            hint: a condition takes a column by its name alone: give equal columns names of their own, with skip_lines = 1 and header = ["Order", …]
          p.toml:9:1: items: unknown key "name"; expected "path", "packed", "repeated", "optional"
            hint: [items] says where items are; their fields are in [item]
        "#);
        insta::assert_snapshot!(parse_error("name = 'x'\nescape = \"\\\"\n"), @r#"
        p.toml:2:12: missing escaped value; expected b, e, f, n, r, \, ", x, u, U
          hint: a backslash is written "\\" or '\'
        "#);
    }

    #[test]
    fn brackets_select_elements() {
        let rule = |rule: &str| {
            let text = format!("name = 'x'\n[order]\nreferenceId = {{ path = 'id' }}\n{rule}");
            Profile::parse("p.toml", &text)
                .map_or_else(|error| error.to_string(), |_| String::new())
        };
        insta::assert_snapshot!(rule("ext.gift = { path = 'notes[name].value' }"), @r#"p.toml:4:5: order.ext.gift: "notes[name].value" has "name" in brackets; expected [], a filter such as [name=text], an index as in lines.0, or quotes around a name that has brackets"#);
        insta::assert_snapshot!(rule("ext.gift = { path = 'notes[0].value' }"), @r#"p.toml:4:5: order.ext.gift: "notes[0].value" has "0" in brackets; expected [], a filter such as [name=text], an index as in lines.0, or quotes around a name that has brackets"#);
        insta::assert_snapshot!(rule("price = { sum = ['total[EUR]', 'tax'] }"), @r#"p.toml:4:1: order.price: "total[EUR]" has "EUR" in brackets; expected [], a filter such as [name=text], an index as in lines.0, or quotes around a name that has brackets"#);
        assert_eq!(rule("ext.gift = { path = '\"notes[name]\".value' }"), "");
        // The names of a sum may be columns.
        let columns = "name = 'x'\n[order]\nreferenceId = { column = 'id' }\n\
                       price = { sum = ['Total [EUR]', 'Tax (..)'] }\n\
                       ext.size = { concat = ['5\"', 'Unit [cm]'], separator = ' ' }";
        assert!(Profile::parse("p.toml", columns).is_ok());
    }

    #[test]
    fn unknown_name_has_line_and_suggestion() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nreferenceId = { colum = 'a' }\n"), @r#"p.toml:3:17: order.referenceId: unknown key "colum"; meant "column"?"#);
        assert!(
            parse_error("name = 'x'\n[customer]\nemail = { column = 'a' }")
                .contains("meant \"guest\"?")
        );
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nrefrenceId = { column = 'a' }\n"), @r#"p.toml:3:1: order: unknown key "refrenceId"; meant "referenceId"?"#);
    }

    #[test]
    fn people_need_a_path_and_rules() {
        let with = |rest: &str| {
            parse_error(&format!("name = 'x'\n{rest}\n[order]\nreferenceId = {{ path = 'a' }}"))
        };
        insta::assert_snapshot!(with("contact.email = { path = 'email' }"), @r#"p.toml:2:1: contact: "contact" has a path, but contacts, the path of the array, is not set"#);
        insta::assert_snapshot!(with("consumers = 'pax'"), @r#"p.toml:2:13: consumers: "consumers" is set, but [consumer] has no path"#);
        insta::assert_snapshot!(with("consumer.email = { type = 'text' }"), @r#"
        p.toml:2:10: consumer.email: "email" has no column, no path and no value
          p.toml:2:27: consumer.email.type: unknown type "text"; expected string, boolean, integer or float
        "#);
    }

    #[test]
    fn attributes_are_set_in_guest() {
        let with = |rest: &str| {
            let text = format!("name = 'x'\norder.referenceId = {{ column = 'a' }}\n{rest}");
            Profile::parse("p.toml", &text)
        };
        assert_eq!(with("").unwrap().guest_attributes, GuestAttributes::Lenient);
        let strict = with("[guest]\nattributes = 'strict'").unwrap();
        assert_eq!(strict.guest_attributes, GuestAttributes::Strict);
        insta::assert_snapshot!(with("[contact]\nattributes = 'strict'").unwrap_err(), @r#"p.toml:4:14: contact.attributes: "attributes" is for [guest] only"#);
    }

    #[test]
    fn earliest_order_is_a_day() {
        let with = |line: &str| {
            let order = "[order]\nreferenceId = { column = 'a' }";
            Profile::parse("p.toml", &format!("name = 'x'\n{line}\n{order}"))
        };
        assert_eq!(with("").unwrap().earliest_order.to_string(), "2000-01-01");
        let early = with("earliest_order = '1995-06-01'").unwrap();
        assert_eq!(early.earliest_order.to_string(), "1995-06-01");
        let date = with("earliest_order = 1995-06-01").unwrap();
        assert_eq!(date.earliest_order, early.earliest_order);
        insta::assert_snapshot!(with("earliest_order = 1995-06-01T00:00:00Z").unwrap_err(), @r#"p.toml:2:18: earliest_order: invalid date "1995-06-01T00:00:00Z"; expected YYYY-MM-DD"#);
        insta::assert_snapshot!(with("earliest_order = 1995").unwrap_err(), @r#"p.toml:2:18: earliest_order: expected a day such as "2000-01-01""#);
        insta::assert_snapshot!(with("earliest_order = '1995'").unwrap_err(), @r#"p.toml:2:18: earliest_order: invalid date "1995"; expected YYYY-MM-DD"#);
    }

    /// A wrong value is one error, not also a missing one.
    #[test]
    fn every_error_is_reported_once_in_file_order() {
        insta::assert_snapshot!(parse_error("
name = 'x'
delimitr = ';'
decimal = 'xx'
item_rows = { any = [{ column = 'a', less = 'x' }, { path = 'b' }] }
severity = { missing_pos = 'off', missing_poss = 'off' }
[[skip]]
resaon = 'test'
when = { column = 'a', is = 3 }
[[skip]]
reason = 'test'
[order]
refrenceId = { colum = 'a' }
orderedAt = { column = ['a', 3], date = '%q', zone = 'Europe/Lodnon', kind = 'mail' }
status = { column = 3 }
price = { path = 'a', scale = 'euro', strip_prefix = '(' }
ext.a = { column = 'a', values = { b = { skp = 'c' } }, other = 'd' }
guest.max_addresses = 'many'
"), @r#"
        p.toml:3:1: unknown key "delimitr"; meant "delimiter"?
          p.toml:4:11: decimal: invalid decimal "xx"; expected one character such as ","
          p.toml:5:45: item_rows.any[1].less: invalid number "x": not a decimal number such as 1234.50
          p.toml:5:52: item_rows.any[2]: element 2 of "any" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater
          p.toml:6:28: severity.missing_pos: missing_pos = "off"; expected "error": the service would refuse such an order, or it would be sent in part or twice
          p.toml:6:35: severity.missing_poss: unknown value "missing_poss"; meant "missing_pos"?
          p.toml:8:1: skip[1]: unknown key "resaon"; meant "reason"? or "scope", "when"
          p.toml:9:29: skip[1].when.is: expected a string or a list of strings
          p.toml:10:1: skip[2]: the key "when" is missing
          p.toml:13:1: order: unknown key "refrenceId"; meant "referenceId"?
          p.toml:14:24: order.orderedAt.column: expected a string or a list of strings
          p.toml:14:41: order.orderedAt.date: date format "%q" has no whole date; expected a year, a month and a day
          p.toml:14:54: order.orderedAt.zone: unknown time zone "Europe/Lodnon"
            hint: did you mean "Europe/London"?
          p.toml:14:78: order.orderedAt.kind: unknown value "mail"; meant "email"? or "phone", "currency", "country"
          p.toml:15:21: order.status.column: expected a string or a list of strings
          p.toml:16:31: order.price.scale: expected a number of decimals, "currency" or { beside = "…", default = … }
          p.toml:17:42: order.ext.a, value of "b": unknown key "skp"; meant "skip"?
          p.toml:18:1: order: unknown key "guest"; expected "ext", "status", "price", "orderedAt", "cardType" or one of 3 others
        "#);
        insta::assert_snapshot!(parse_error("name = 'x\n[order\nstatus = = 3\n"), @"
        p.toml:1:10: invalid literal string; expected '
          p.toml:2:7: unclosed table; expected ]
          p.toml:3:10: extra =; expected nothing
        ");
    }

    #[test]
    fn order_is_left_out_for_a_reason() {
        insta::assert_snapshot!(parse_error("
name = 'x'
[[skip]]
reason = ''
when = { column = 'a', is = '3' }
[[skip]]
reason = ' '
scope = 'row'
when = { column = 'a', is = '4' }
[order]
referenceId = { column = 'id' }
status = { column = 's', values = { paid = 'PURCHASED', open = { skip = '' } } }
ext.a = { column = 'a', values = { b = 'c' }, other = { skip = '' } }
ext.b = { columns = ['a', 'b'], table = [['x', '*', { skip = ' ' }]] }
"), @r#"
        p.toml:4:10: skip[1].reason: "reason" is empty; expected why the orders are left out
          p.toml:7:10: skip[2].reason: "reason" is empty; expected why the orders are left out
          p.toml:12:26: order.status.values: skip is empty; expected why the orders are left out
          p.toml:13:47: order.ext.a.other: skip is empty; expected why the orders are left out
          p.toml:14:41: order.ext.b.table: skip is empty; expected why the orders are left out
        "#);
    }

    #[test]
    fn invalid_rule_names_its_field() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\norderedAt = { column = 'a', date = '%Y-%m-%d' }\n"), @r#"
        p.toml:2:2: order.referenceId: no rule for the order key; expected key or order.referenceId
          p.toml:3:36: order.orderedAt.date: a date format without an offset needs a zone, such as zone = "Europe/London"
        "#);
        insta::assert_snapshot!(parse_error("name = 'x'\norder.referenceId.value = 'X'\n"), @"p.toml:2:7: order.referenceId: a constant is the order key of all rows; expected a column or path");
        insta::assert_snapshot!(parse_error("name = 'x'\nkey.column = 'id'\norder.referenceId.value = 'X'\n"), @"p.toml:3:7: order.referenceId: a constant is the reference of all orders; expected a column or path");
        insta::assert_snapshot!(parse_error("name = 'x'\n"), @"p.toml: order.referenceId: no rule for the order key; expected key or order.referenceId");
        insta::assert_snapshot!(parse_error("name = 'x'\ndelimiter = '§'\n[order]\nreferenceId = { column = 'a' }"), @r"p.toml:2:13: delimiter: invalid character '§'; expected an ASCII character such as ; or \t");
        insta::assert_snapshot!(Profile::built_in("cannonical").unwrap_err(), @r#"
        unknown profile "cannonical"; expected a file or a built-in profile: canonical, shopify, shopify-bulk, shopify-rest, matrixify, woocommerce-packed, woocommerce-wide, woocommerce-rest, magento-grid, magento-rest, bigcommerce, amazon, ebay, etsy, square, commercetools, ordercloud, salesforce-b2c
          hint: did you mean "canonical"?
        "#);
        for file in ["nosuch.toml", "profiles/nosuch"] {
            let error = Profile::built_in(file).unwrap_err().to_string();
            assert_eq!(error, format!("the file {file:?} does not exist"));
        }
    }
}
