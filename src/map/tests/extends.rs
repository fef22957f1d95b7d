//! Tests of profiles that extend others, and of open questions and their answers.

use crate::{
    map::{
        MapError, NamedText, ProfileTexts,
        profile::{Profile, SkipRule},
    },
    model::field::Field,
};

const BASE: &str = "name = 'base'
delimiter = ';'
nulls = ['N/A']
currency_symbols = { '€' = 'EUR' }
[[skip]]
reason = 'test order'
when = { column = 'Tags', contains = 'test' }
[[skip]]
reason = 'unpaid'
when = { column = 'Paid', starts_with = ['?'] }
[order]
referenceId = { column = 'Name', strip_prefix = '#' }
orderedAt = { column = 'Created', date = '%d.%m.%Y', zone = 'Europe/Berlin' }
price = { column = 'Total' }
cardType = { column = 'Card' }
ext.gift = { column = 'Gift' }
[severity]
content_repeated = 'off'
";

/// Compiles the first of some files; each may extend one of the others.
fn compile(files: &[(&str, &str)], answers: &[&str]) -> Result<Profile, MapError> {
    let text = |name: &str| {
        let (name, text) = files.iter().find(|(known, _)| *known == name)?;
        let (name, text) = ((*name).to_owned(), (*text).to_owned());
        Some(NamedText { id: name.clone(), name, text, is_built_in: false })
    };
    let read = |name: &str, by: &str| text(name).ok_or_else(|| format!("{by} names no file"));
    let answers: Vec<_> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    Profile::compile(ProfileTexts::new(text(files[0].0).unwrap(), read), &answers)
}

fn extended(own: &str) -> Profile {
    let own = format!("extends = 'base.toml'\n{own}");
    compile(&[("own.toml", &own), ("base.toml", BASE)], &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn errors(files: &[(&str, &str)], answers: &[&str]) -> String {
    compile(files, answers).unwrap_err().to_string()
}

fn reasons(profile: &Profile) -> String {
    let reasons: Vec<_> = profile.skips.iter().map(|SkipRule { reason, .. }| &**reason).collect();
    reasons.join(", ")
}

#[test]
fn sections_merge_and_rules_are_replaced() {
    let base = compile(&[("base.toml", BASE)], &[]).unwrap();
    let own = extended(
        "name = 'own'\nnulls = ['?']\ncurrency_symbols = { '£' = 'GBP' }
[order]\nreferenceId = { column = 'Id' }\next.note = { column = 'Note' }
[severity]\nrows_disagree = 'error'",
    );
    assert_eq!(
        (&*own.name, own.files.csv_syntax.delimiter, own.nulls.as_slice()),
        ("own", b';', &["?".to_owned()][..])
    );
    let columns = |profile: &Profile| {
        let columns = profile.rules.iter().flat_map(|rule| rule.rule.columns.clone());
        columns.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(columns(&base), "Name Created Total Card Gift");
    assert_eq!(columns(&own), "Id Created Total Card Gift Note");
    // The stripped prefix was a key of the replaced rule.
    assert_eq!(own.key_of("#7").unwrap(), "#7");
    let date = |profile: &Profile| profile.only_rule_of(&Field::OrderedAt).unwrap().date().cloned();
    assert_eq!(date(&own), date(&base));
    assert_eq!(own.extends, ["base.toml"]);
}

#[test]
fn lists_of_tables_are_appended() {
    let skip = |reason: &str| {
        format!("[[skip]]\nreason = '{reason}'\nwhen = {{ column = 'X', is = 'y' }}\n")
    };
    assert_eq!(reasons(&extended(&skip("own"))), "test order, unpaid, own");
    let replaced = extended(&skip("test order"));
    assert_eq!(reasons(&replaced), "test order, unpaid");
    let column = |skip: &SkipRule| skip.when.sources()[0].column.clone().unwrap();
    assert_eq!(column(&replaced.skips[0]), "X");
}

/// All that have the reason, and never each other.
#[test]
fn own_entries_replace_those_of_the_base() {
    let skips = |columns: &[&str]| {
        let skip = |column| {
            format!("[[skip]]\nreason = 'r'\nwhen = {{ column = '{column}', is = 'y' }}\n")
        };
        columns.iter().map(skip).collect::<String>()
    };
    let tested = |own: &[&str]| {
        let own = format!("extends = 'base.toml'\n{}", skips(own));
        let base = format!("{BASE}{}", skips(&["A", "B"]));
        let profile = compile(&[("own.toml", &own), ("base.toml", &base)], &[]).unwrap();
        let column = |skip: &SkipRule| skip.when.sources()[0].column.clone().unwrap();
        profile.skips.iter().map(column).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(tested(&[]), "Tags Paid A B");
    assert_eq!(tested(&["X"]), "Tags Paid X");
    assert_eq!(tested(&["X", "Y", "Z"]), "Tags Paid X Y Z");
}

#[test]
fn unset_removes() {
    let own = extended("unset = ['order.cardType', 'order.ext.gift', 'skip.\"unpaid\"', 'nulls']");
    assert_eq!((own.rules.len(), &*reasons(&own), own.nulls.len()), (3, "test order", 0));
    assert!(!own.has_rule(&Field::CardType));
}

#[test]
fn profiles_extend_each_other_in_chains() {
    let middle =
        "extends = 'base.toml'\nunset = ['order.cardType']\n[order]\nprice = { column = 'M' }";
    let own = "extends = 'middle.toml'\ndelimiter = '|'";
    let files = [("own.toml", own), ("middle.toml", middle), ("base.toml", BASE)];
    let profile = compile(&files, &[]).unwrap();
    assert_eq!(
        (profile.files.csv_syntax.delimiter, profile.has_rule(&Field::CardType)),
        (b'|', false)
    );
    assert_eq!(profile.only_rule_of(&Field::Price).unwrap().columns, ["M"]);
    assert_eq!(profile.extends, ["middle.toml", "base.toml"]);
    let canonical = compile(&[("own.toml", "extends = 'canonical'\nname = 'own'")], &[]).unwrap();
    assert_eq!(canonical.extends, ["canonical (built-in)"]);
    assert_eq!(canonical.rules.len(), Profile::built_in("canonical").unwrap().rules.len());
}

/// Each with the file of the key.
#[test]
fn errors_name_the_file_of_their_key() {
    let base = "name = 'base'\ndelimitr = ';'\nunset = ['order']\n[order]
referenceId = { column = 'a' }\norderedAt = { column = 'b', date = '%q' }\nprice = { colum = 'c' }
cardType = { column = 'd' }";
    let own = "extends = 'base.toml'\nunset = ['order.cardTyp', 5]\n[order]\nprice = { column = 'p', scale = 'x' }
orderedAt = 5";
    insta::assert_snapshot!(errors(&[("own.toml", own), ("base.toml", base)], &[]), @r#"
    own.toml:2:10: unset: the extended profile has no "order.cardTyp"; meant "order.cardType"?
      own.toml:2:27: unset: found the number 5; expected a string
        hint: a number is no text: put it in quotes
      own.toml:4:33: order.price.scale: expected a number of decimals, "currency" or { beside = "…", default = … }
      own.toml:5:13: order.orderedAt: found the number 5; expected a rule: { column = "Total" }, { column = ["Total", "Sum"] } or { value = "EUR" }
      base.toml:2:1: unknown key "delimitr"; meant "delimiter"?
      base.toml:3:9: unset: removes what an extended profile has, but there is no extends
      base.toml:6:36: order.orderedAt.date: date format "%q" has no whole date; expected a year, a month and a day
      base.toml:7:11: order.price: unknown key "colum"; meant "column"?
    "#);
}

#[test]
fn path_is_removed_once() {
    let own = "extends = 'base.toml'\n\
               unset = ['order.cardType', 'order.\"cardType\"', 'order.ext', 'order.ext.gift']";
    insta::assert_snapshot!(errors(&[("own.toml", own), ("base.toml", BASE)], &[]), @r#"
    own.toml:2:28: unset: "order.\"cardType\"" is there twice; expected it once
      own.toml:2:61: unset: "order.ext.gift" is a part of "order.ext" before it
    "#);
}

#[test]
fn item_beside_that_of_an_extended_profile_is_an_error() {
    let base = format!("{BASE}[item]\nname = {{ column = 'Title', nth = 0 }}");
    let of = |own: &str| {
        let own = format!("extends = 'base.toml'\n{own}");
        compile(&[("own.toml", &own), ("base.toml", &base.replace(", nth = 0", ""))], &[])
            .map_or_else(|error| error.to_string(), |profile| profile.item_kinds.len().to_string())
    };
    let fee = "[[item]]\nwhen = { column = 'Kind', is = 'fee' }\nname = { column = 'Fee' }";
    insta::assert_snapshot!(of(fee), @r#"
    own.toml:2:1: item: is beside an [item] of the extended profile that has no when and takes all items
      hint: unset = ["item"] removes that one
    "#);
    assert_eq!(of(&format!("unset = ['item']\n{fee}")), "1");
    assert_eq!(of("[[item]]\nfrom = 'order'\nname = { column = 'Fee' }"), "2");
    let own = format!("extends = 'base.toml'\n{fee}\n[[item]]\nname = {{ column = 'a', nth = 0 }}");
    insta::assert_snapshot!(errors(&[("own.toml", &own), ("base.toml", &base)], &[]), @r#"
    own.toml:2:1: item: is beside an [item] of the extended profile that has no when and takes all items
      hint: unset = ["item"] removes that one
      own.toml:5:1: item[3]: element 3 of "item" has no when, but other [[item]] tables are for rows or elements too; expected a when in each, of which one holds for an item
      own.toml:6:30: item[3].name.nth: "nth" is 0; expected 1 for the first column of the name
      base.toml:20:34: item[1].name.nth: "nth" is 0; expected 1 for the first column of the name
    "#);
}

#[test]
fn invalid_extension_is_refused() {
    let of = |own: &str, base: &str| errors(&[("own.toml", own), ("base.toml", base)], &[]);
    insta::assert_snapshot!(of("extends = 'base.toml'\ndelimitr = ';'", "extends = 'own.toml'"), @r#"
    own.toml:2:1: unknown key "delimitr"; meant "delimiter"?
      base.toml:1:11: extends: profiles extend each other: own.toml → base.toml → own.toml
    "#);
    insta::assert_snapshot!(of("extends = 'bsae.toml'\ndelimitr = ';'\nitem_price = '?'", BASE), @r#"
    own.toml:1:11: extends: own.toml names no file
      own.toml:2:1: unknown key "delimitr"; meant "delimiter"?
    "#);
    insta::assert_snapshot!(of("extends = 'base.toml'\nnulls = 5", "name = 'x'\ndelimiter = = ';'"), @"base.toml:2:13: extra =; expected nothing");
    insta::assert_snapshot!(of("extends = 5\nunset = 'order'", BASE), @r#"
    own.toml:1:11: extends: found the number 5; expected a string
      hint: a number is no text: put it in quotes
      own.toml:2:9: unset: found the text "order"; expected a list: ["order"]
    "#);
    insta::assert_snapshot!(of("extends = 'base.toml'", &format!("extends = 5\n{BASE}")), @"base.toml:1:11: extends: invalid type; expected a string");
    insta::assert_snapshot!(errors(&[("own.toml", "name = 'x'\nextends = 'cannonical'")], &[]), @"own.toml:2:11: extends: own.toml names no file");
}

/// Whoever uses the extended profile alone, or another one that extends it, would meet them.
#[test]
fn replaced_values_are_checked_too() {
    let base = "name = 'base'
item_price = 'lines'
delimiter = ';'
[[skip]]
reason = 'test'
when = { column = 'a', iss = 'b' }
[order]
referenceId = { column = 'Name', strip_prefx = '#' }
orderedAt = { column = 'Created', date = '%d.%m.%Y', zone = '?' }
price = { column = 'Total', scale = 'x' }
[order.status]
column = 'State'
valuess = { paid = 'PURCHASED' }
";
    let own = "extends = 'base.toml'
name = 'own'
item_price = 'line'
[[skip]]
reason = 'test'
when = { column = 'a', is = 'b' }
[order]
referenceId = { column = 'Name' }
orderedAt = { column = 'Created' }
price = { column = 'Total' }
status = { column = 'State' }
";
    insta::assert_snapshot!(errors(&[("own.toml", own), ("base.toml", base)], &[]), @r#"
    base.toml:2:14: item_price: unknown value "lines"; meant "line"? or "unit"
      base.toml:6:24: skip.when: unknown key "iss"; meant "is"?
      base.toml:8:34: order.referenceId: unknown key "strip_prefx"; meant "strip_prefix"?
      base.toml:10:37: order.price.scale: expected a number of decimals, "currency" or { beside = "…", default = … }
      base.toml:13:1: order.status: unknown key "valuess"; meant "values"?
    "#);
    // One that is not replaced is reported once.
    let own = "extends = 'base.toml'\norder.price.column = 'Total'";
    let base =
        "name = 'base'\norder.referenceId = { colum = 'Name' }\norder.price = { colum = 'a' }";
    insta::assert_snapshot!(errors(&[("own.toml", own), ("base.toml", base)], &[]), @r#"
    base.toml:2:23: order.referenceId: unknown key "colum"; meant "column"?
      base.toml:3:17: order.price: unknown key "colum"; meant "column"?
    "#);
}

const OPEN: &str = "name = 'open'
nulls = ['-']
# Is it for one piece?
item_price = '?'
skip_lines = '?'      # lines above the header
rows_adjacent = '?'
[[skip]]
reason = 'asked'
when = { column = 'Paid', starts_with = ['?', 'no'] }
[order]
referenceId = { column = 'Name', empty = ['?'], split = ['?'], part = 1 }
# The shop's owner knows,
# and nobody else.
orderedAt = { column = 'Created', date = '%d.%m.%Y', zone = '?' }
price = { column = 'Total', strip_prefix = '#', scale = '?' } # a comment \"with quotes\" # and this
status = { column = 'Status', values = { paid = 'PURCHASED', '?' = 'PURCHASED', is = '?' } }
ext.'gift wrap' = { columns = ['A', 'B'], table = [['?', '*', 'x'], ['a', '?', '?']] }
";

/// A part of a profile to be extended: what it lacks is no error of what is replaced.
#[test]
fn replaced_values_need_no_other_part_of_their_profile() {
    let part = "[order.orderedAt]\ncolumn = 'Created'\ndate = '%F'\nzone = 'UTC'\n";
    let own = "extends = 'part.toml'\nname = 'own'\n[order]\nreferenceId = { column = 'Name' }\n\
               orderedAt = { column = 'Created', date = '%d.%m.%Y', zone = 'UTC' }\n";
    let profile = compile(&[("own.toml", own), ("part.toml", part)], &[]);
    assert!(profile.is_ok(), "{}", profile.unwrap_err());
}

#[test]
fn repeated_key_hides_no_extended_profile() {
    let own = "extends = 'base.toml'\nunset = ['order.cardType']\nname = 'a'\nname = 'b'\n";
    insta::assert_snapshot!(errors(&[("own.toml", own), ("base.toml", BASE)], &[]), @"own.toml:4:1: duplicate key");
}

#[test]
fn open_questions_are_listed_with_comments_and_choices() {
    let base =
        "name = 'base'\nitem_price = '?' # of the base\norder.referenceId = { column = 'a' }";
    let own = "extends = 'base.toml'\norder.currencyCode = { value = '?' }\ndelimitr = ';'";
    insta::assert_snapshot!(errors(&[("open.toml", OPEN)], &[]), @r#"
    open.toml:4:14: item_price: an open question, which only a person can answer; Is it for one piece?; expected unit or line
      hint: --answer item_price=VALUE
      open.toml:5:14: skip_lines: an open question, which only a person can answer; lines above the header; expected for example 3
        hint: --answer skip_lines=VALUE
      open.toml:6:17: rows_adjacent: an open question, which only a person can answer; expected true or false
        hint: --answer rows_adjacent=VALUE
      open.toml:14:61: order.orderedAt.zone: an open question, which only a person can answer; The shop's owner knows, and nobody else.; expected for example Europe/Berlin or UTC
        hint: --answer order.orderedAt.zone=VALUE
      open.toml:15:57: order.price.scale: an open question, which only a person can answer; a comment "with quotes" # and this; expected for example 2 or currency
        hint: --answer order.price.scale=VALUE
      open.toml:16:86: order.status.values.is: an open question, which only a person can answer; expected a text, or { skip = "reason" }
        hint: --answer order.status.values.is=VALUE
      open.toml:17:80: order.ext."gift wrap".table[2][3]: an open question, which only a person can answer; expected for example yes or { skip = "not paid" }
        hint: --answer 'order.ext."gift wrap".table[2][3]=VALUE'
    "#);
    insta::assert_snapshot!(errors(&[("own.toml", own), ("base.toml", base)], &[]), @r#"
    own.toml:2:32: order.currencyCode.value: an open question, which only a person can answer; expected a text
      hint: --answer order.currencyCode.value=VALUE
      own.toml:3:1: unknown key "delimitr"; meant "delimiter"?
      base.toml:2:14: item_price: an open question, which only a person can answer; of the base; expected unit or line
        hint: --answer item_price=VALUE
    "#);
}

const ANSWERS: [&str; 7] = [
    "item_price=line",
    "skip_lines=2",
    "rows_adjacent=true",
    "order.orderedAt.zone=Europe/Berlin",
    "order.price.scale=currency",
    "order.status.values.is={ skip = \"asked\" }",
    "order.ext.\"gift wrap\".table.1.2=x=y",
];

#[test]
fn answers_have_the_type_of_their_key() {
    let profile = compile(&[("open.toml", OPEN)], &ANSWERS);
    let profile = profile.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((profile.files.skip_lines, profile.has_adjacent_rows), (2, true));
    assert_eq!(profile.nulls, ["-"]);
    let scaled = [&ANSWERS[..4], &["order.price.scale=2"], &ANSWERS[5..]].concat();
    assert!(compile(&[("open.toml", OPEN)], &scaled).is_ok());
}

#[test]
fn invalid_answer_is_refused() {
    let with = |answers: &[&str]| errors(&[("open.toml", OPEN)], &[&ANSWERS, answers].concat());
    insta::assert_snapshot!(with(&["order.orderedAt.zone=UTC", "order.orderedAt.locale=de", "x"]), @r#"
    --answer order.orderedAt.zone=UTC: "order.orderedAt.zone" is answered twice; expected once
      --answer order.orderedAt.locale=de: "order.orderedAt.locale" is no open question; expected "item_price", "skip_lines", "rows_adjacent", "order.orderedAt.zone", "order.price.scale", "order.status.values.is", "order.ext.\"gift wrap\".table[2][3]"
      --answer x: not an answer; expected KEY=VALUE
    "#);
    let changed = [
        "item_price=lines",
        "skip_lines=two",
        "rows_adjacent=yes",
        "order.orderedAt.zone=Europe/Berln",
        "order.price.scale=euro",
        "order.status.values.is={ skp = 'x' }",
        "order.ext.\"gift wrap\".table.1.3=x",
    ];
    insta::assert_snapshot!(errors(&[("open.toml", OPEN)], &changed), @r#"
    open.toml:17:80: order.ext."gift wrap".table[2][3]: an open question, which only a person can answer; expected for example yes or { skip = "not paid" }
      hint: --answer 'order.ext."gift wrap".table[2][3]=VALUE'
      --answer item_price=lines: unknown value "lines"; meant "line"? or "unit"
      --answer skip_lines=two: found the text "two"; expected a whole number
      --answer rows_adjacent=yes: found the text "yes"; expected true or false
      --answer order.orderedAt.zone=Europe/Berln: unknown time zone "Europe/Berln"
        hint: did you mean "Europe/Berlin"?
      --answer order.price.scale=euro: expected a number of decimals, "currency" or { beside = "…", default = … }
      --answer order.status.values.is={ skp = 'x' }: unknown key "skp"; meant "skip"?
      --answer order.ext."gift wrap".table.1.3=x: "order.ext.\"gift wrap\".table[2][4]" is no open question; meant "order.ext.\"gift wrap\".table[2][3]"? The open ones are "item_price", "skip_lines", "rows_adjacent", "order.orderedAt.zone", "order.price.scale", "order.status.values.is", "order.ext.\"gift wrap\".table[2][3]"
    "#);
    insta::assert_snapshot!(errors(&[("base.toml", BASE)], &["delimiter=;"]), @r#"--answer delimiter=;: "delimiter" is no open question; the profile has none"#);
}

/// A rule that only answers is no other rule.
#[test]
fn extension_answers_questions_of_its_base() {
    let own = "extends = 'open.toml'\nitem_price = 'line'\nskip_lines = 2\nrows_adjacent = false
[order]\norderedAt.zone = 'Europe/Berlin'\nprice = { column = 'Sum' }\nstatus.values.is = 'PURCHASED'
ext.'gift wrap' = { column = 'Gift' }";
    let profile = compile(&[("own.toml", own), ("open.toml", OPEN)], &[]);
    let profile = profile.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(profile.only_rule_of(&Field::OrderedAt).unwrap().columns, ["Created"]);
    assert_eq!(profile.only_rule_of(&Field::Price).unwrap().columns, ["Sum"]);
}

const ASKED: &str = "name = 'asked'
delimiter = '?'
nulls = '?'
currency_symbols.'€' = '?'
[order]
referenceId = { column = 'Name', empty = '?', strip_prefix = '?' }
status = { column = 'Status', values = { paid = '?' } }
ext.gift = { column = 'Gift', default = '?' }
";

/// Which texts there are must be known before an answer is.
#[test]
fn extended_profile_is_no_question() {
    let own = "extends = '?'\nname = 'own'\norder.referenceId = { column = 'Id' }";
    insta::assert_snapshot!(errors(&[("own.toml", own)], &[]), @r#"own.toml:1:11: extends: "?" cannot be answered here; expected the name of a file or of a built-in profile"#);
    // An answer to it is told whether or not the texts are there.
    let answered = [own, &own.replace('?', "nosuch"), &own.replace('?', "canonical")]
        .map(|own| errors(&[("own.toml", own)], &["extends=canonical", "unset=key"]));
    insta::assert_snapshot!(answered.join("\n"), @r#"
    own.toml:1:11: extends: "?" cannot be answered here; expected the name of a file or of a built-in profile
      --answer extends=canonical: "extends" is no open question; expected it in the profile
      --answer unset=key: "unset" is no open question; expected it in the profile
    own.toml:1:11: extends: own.toml names no file
      --answer extends=canonical: "extends" is no open question; expected it in the profile
      --answer unset=key: "unset" is no open question; expected it in the profile
    --answer extends=canonical: "extends" is no open question; expected it in the profile
      --answer unset=key: "unset" is no open question; expected it in the profile
    "#);
}

/// The number of an element is the same in errors, in questions and in answers.
#[test]
fn elements_of_lists_are_counted_from_one() {
    let own = "name = 'own'\n[order]\nreferenceId = { column = 'Id' }\n\
               price = [{ column = 'A', scale = '?' }, { column = 'B', scale = 'x' }]\n\
               ext.tags = { column = 'C', type = '?', date = '%F' }\n[guest]\n\
               phone = { column = 'P', kind = 'phone', country = '?' }";
    insta::assert_snapshot!(errors(&[("own.toml", own)], &["order.price[2].scale=2"]), @r#"
    own.toml:4:34: order.price[1].scale: an open question, which only a person can answer; expected for example 2 or currency
      hint: --answer 'order.price[1].scale=VALUE'
      own.toml:4:65: order.price[2].scale: expected a number of decimals, "currency" or { beside = "…", default = … }
      own.toml:5:35: order.ext.tags.type: an open question, which only a person can answer; expected string or boolean or integer or float
        hint: --answer order.ext.tags.type=VALUE
      own.toml:7:51: guest.phone.country: an open question, which only a person can answer; expected for example GB or { column = "Billing Country" }
        hint: --answer guest.phone.country=VALUE
      --answer order.price[2].scale=2: "order.price[2].scale" is no open question; meant "order.price[1].scale"? The open ones are "order.price[1].scale", "order.ext.tags.type", "guest.phone.country"
    "#);
    let answered = own.replace("'x'", "2").replace(", date = '%F'", "");
    let rest = ["order.ext.tags.type=string", "guest.phone.country=GB"];
    for price in ["order.price[1].scale=2", "order.price.0.scale=2"] {
        let answers = [&rest[..], &[price]].concat();
        let compiled = compile(&[("own.toml", &answered)], &answers);
        assert!(compiled.is_ok(), "{}", compiled.unwrap_err());
    }
}

/// A list element `?` is data; in place of a list it can only be a question.
#[test]
fn question_in_place_of_a_list_is_open() {
    insta::assert_snapshot!(errors(&[("asked.toml", ASKED)], &["order.status.values.paid=PURCHASED"]), @r#"
asked.toml:2:13: delimiter: an open question, which only a person can answer; expected for example ; or "\t"
  hint: --answer delimiter=VALUE
  asked.toml:3:9: nulls: an open question, which only a person can answer; expected for example ["NULL", "N/A"]; nulls = ["?"] is for the text itself
    hint: --answer nulls=VALUE
  asked.toml:4:24: currency_symbols."€": an open question, which only a person can answer; expected for example EUR
    hint: --answer 'currency_symbols."€"=VALUE'
  asked.toml:6:42: order.referenceId.empty: an open question, which only a person can answer; expected for example ["0", "N/A"]; empty = ["?"] is for the text itself
    hint: --answer order.referenceId.empty=VALUE
  asked.toml:6:62: order.referenceId.strip_prefix: an open question, which only a person can answer; expected for example #; strip_prefix = ["?"] is for the text itself
    hint: --answer order.referenceId.strip_prefix=VALUE
  asked.toml:8:41: order.ext.gift.default: an open question, which only a person can answer; expected for example other
    hint: --answer order.ext.gift.default=VALUE
"#);
}

const GIVEN: [&str; 7] = [
    "delimiter=\\t",
    "nulls=['?', 'NA']",
    "currency_symbols.€=EUR",
    "order.referenceId.empty=[]",
    "order.referenceId.strip_prefix=[\"?\"]",
    "order.status.values.paid='PURCHASED'",
    "order.ext.gift.default=no",
];

/// A shell takes quotes away, and TOML has escape sequences only within them.
#[test]
fn answers_may_be_bare_or_quoted() {
    for (delimiter, read) in
        [("\\t", b'\t'), ("\"\\t\"", b'\t'), ("';'", b';'), (";", b';'), ("\t", b'\t')]
    {
        let delimiter = format!("delimiter={delimiter}");
        let answers = [&[delimiter.as_str()][..], &GIVEN[1..]].concat();
        let profile = compile(&[("asked.toml", ASKED)], &answers);
        let profile = profile.unwrap_or_else(|error| panic!("{answers:?}: {error}"));
        assert_eq!(profile.files.csv_syntax.delimiter, read, "{answers:?}");
        assert_eq!(profile.nulls, ["?", "NA"]);
    }
}

#[test]
fn question_is_no_answer() {
    let answers =
        [&GIVEN[..5], &["order.status.values.paid={ skip = \"?\" }", "order.ext.gift.default=?"]];
    insta::assert_snapshot!(errors(&[("asked.toml", ASKED)], &answers.concat()), @r#"
    --answer order.status.values.paid={ skip = "?" }: "?" is the question, not an answer; expected a value
      --answer order.ext.gift.default=?: "?" is the question, not an answer; expected a value
    "#);
}

#[test]
fn parent_is_replaced_whole() {
    let base = "name = 'base'\nparent = { path = 'of', to = 'id', empty = ['0'] }\n\
                order.referenceId = { path = 'id' }";
    let own = "extends = 'base.toml'\nname = 'own'\nparent = { path = 'order', to = 'nr' }";
    let profile = compile(&[("own.toml", own), ("base.toml", base)], &[]).unwrap();
    let parent = profile.parent.unwrap();
    assert_eq!((parent.paths, parent.empty), (vec!["order".to_owned()], Vec::new()));
    assert_eq!(profile.key.paths, ["nr"]);
}
