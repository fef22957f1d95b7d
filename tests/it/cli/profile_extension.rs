//! Tests of profiles that extend others, of open questions, and of `orderferry profiles check`, as
//! a user sees them.

use super::broken_profiles::PROFILE;
use crate::support::workspace::{Workspace, export};

/// A complete profile for [`export`], but for what only a person can know.
fn base() -> String {
    let date = "orderedAt = { column = 'orderedAt' }";
    let question = "# Which time do the orders tell?
orderedAt = { column = 'orderedAt', date = '%Y-%m-%dT%H:%M:%S', zone = '?' }";
    PROFILE.replace("'shop'", "'base'").replace(date, question)
}

/// An export whose times have no offset, and profiles.
fn workspace(own: &str) -> Workspace {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]).replace("00Z,", "00,"));
    workspace.file("profiles/base.toml", base()).file("profiles/shop.toml", own);
    workspace
}

#[test]
fn open_questions_end_a_run() {
    let workspace = workspace("extends = 'base.toml'\nname = 'shop'\nitem_price = '?'  # of one?");
    let ran = workspace.run("check orders.csv --pos x --profile profiles/shop.toml");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    insta::assert_snapshot!(ran.err, @r#"
    error[question]: an open question, which only a person can answer
     --> profiles/shop.toml:3:14  item_price
      |
    3 | item_price = '?'  # of one?
      |              ^^^
      |
      = of one?
      = expected unit or line
      = hint: --answer item_price=VALUE

    error[question]: an open question, which only a person can answer
     --> profiles/base.toml:5:72  order.orderedAt.zone
      |
    5 | …edAt = { column = 'orderedAt', date = '%Y-%m-%dT%H:%M:%S', zone = '?' }
      |                                                                    ^^^
      |
      = Which time do the orders tell?
      = expected for example Europe/Berlin or UTC
      = hint: --answer order.orderedAt.zone=VALUE

    2 open questions in profiles/shop.toml and profiles/base.toml. Nothing was read or sent.
    "#);
    let checked = workspace.run("profiles check profiles/shop.toml");
    assert_eq!((checked.code, &checked.out, &checked.err), (2, &ran.out, &ran.err));
}

/// What the target takes, which the schema of profiles does not know.
#[test]
fn open_words_list_what_their_fields_take() {
    let words = "extends = 'base.toml'\nname = 'shop'\n\
                 order.orderedAt = { column = 'orderedAt', date = '%Y-%m-%dT%H:%M:%S', zone = 'UTC' }\n\
                 order.status = { column = 'status', values = { PURCHASED = 'PURCHASED', open = '?' } }\n\
                 event.channel = { value = '?' }\nitem.type = [{ value = '?' }]";
    let workspace = workspace(words);
    let run = |answers: &str| {
        workspace
            .run(&format!("check orders.csv --pos x --profile profiles/shop.toml {answers}"))
            .err
    };
    let asked = run("");
    let lines: Vec<_> = asked.lines().filter(|line| line.trim().starts_with("= ")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    = expected PURCHASED or PAYMENT_PENDING, in mode multi also CONFIRMED,
    = hint: --answer order.status.values.open=VALUE
    = expected for example WEB, MOBILE_WEB or MOBILE_APP
    = hint: --answer event.channel.value=VALUE
    = expected for example PRODUCT
    = hint: --answer 'item.type[1].value=VALUE'
    "#);
    let answers = "--answer order.status.values.open=PAID --answer event.channel=x \
                   --answer event.channel.value=WEB --answer item.type.0.value=GEAR";
    insta::assert_snapshot!(run(answers), @r#"
    error[profile]: "event.channel" is no open question
     --> --answer event.channel=x
     |
     = expected "order.status.values.open", "event.channel.value",
       "item.type[1].value"

    error[profile]: unknown status "PAID"
     --> --answer order.status.values.open=PAID
     |
     = expected PURCHASED or PAYMENT_PENDING

    2 errors in --answer. Nothing was read or sent.
    "#);
}

/// The number of its table says less.
#[test]
fn answers_name_joins() {
    let joins = "extends = 'base.toml'\nname = 'shop'\n\
                 order.orderedAt = { column = 'orderedAt', date = '%Y-%m-%dT%H:%M:%S', zone = 'UTC' }\n\
                 order.ext = { a.column = 'fees.Kind', b.column = 'tags.Tag' }\n\
                 [[join]]\nas = 'fees'\nfile = '?'\non = [{ column = 'referenceId', to = 'Order' }]\n\
                 [[join]]\nas = 'tags'\nfile = '?'\non = [{ column = 'referenceId', to = 'Order' }]";
    let workspace = workspace(joins);
    workspace.file("fees.csv", "Order,Kind\nA-1,Wrap\n");
    workspace.file("tags.csv", "Order,Tag\nA-1,new\n");
    let run = |answers: &str| {
        workspace.run(&format!("check orders.csv --pos x --profile profiles/shop.toml{answers}"))
    };
    let asked = run("").err;
    let hints = asked.lines().filter_map(|line| Some(line.split_once("hint: ")?.1));
    let hints: Vec<_> = hints.collect();
    assert_eq!(hints, ["--answer join.fees.file=VALUE", "--answer join.tags.file=VALUE"]);
    // The file is known, wherever it is named.
    assert_eq!(run(" --answer join.fees.file=fees.csv --join tags=tags.csv").code, 0);
    assert_eq!(run(" --join fees=fees.csv --join tags=tags.csv").code, 0);
    let one = run(" --join fees=fees.csv").err;
    assert!(one.contains("join.tags.file") && !one.contains("join.fees.file"), "{one}");
    let answers = " --answer join.fees.file=fees.csv --answer join[2].file=tags.csv";
    let wrong = run(&format!("{answers} --answer join.tags.file=x --answer join.fee.file=x"));
    insta::assert_snapshot!(wrong.err, @r#"
    error[profile]: "join.tags.file" is answered twice
     --> --answer join.tags.file=x
     |
     = expected once

    error[profile]: "join.fee.file" is no open question
     --> --answer join.fee.file=x
     |
     = meant "join.fees.file"? The open ones are "join.fees.file",
       "join.tags.file"

    2 errors in --answer. Nothing was read or sent.
    "#);
    let ran = run(answers);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn answers_are_checked_and_repeated() {
    let workspace = workspace("extends = 'base.toml'\nname = 'shop'");
    let run = |answers: &str| {
        let profile = "check orders.csv --pos x --profile profiles/shop.toml";
        workspace.run(&format!("{profile} {answers}"))
    };
    let wrong = run("--answer order.orderedAt.zone=Europe/Berln --answer order.orderedat.zone=UTC");
    assert_eq!(wrong.code, 2);
    insta::assert_snapshot!(wrong.err, @r#"
    error[profile]: unknown time zone "Europe/Berln"
     --> --answer order.orderedAt.zone=Europe/Berln
     |
     = hint: did you mean "Europe/Berlin"?

    error[profile]: "order.orderedat.zone" is no open question
     --> --answer order.orderedat.zone=UTC
     |
     = meant "order.orderedAt.zone"?

    2 errors in --answer. Nothing was read or sent.
    "#);
    let ran = run("--answer order.orderedAt.zone=Europe/Berlin");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let summary = ran.summary();
    assert_eq!(summary["profile_extends"], serde_json::json!(["profiles/base.toml"]));
    assert_eq!(summary["settings"]["answer.order.orderedAt.zone"], "Europe/Berlin");
    assert_eq!(ran.results()[0]["orderedAt"], "2025-03-01T09:00:00.000Z");
    let next = summary["next"][0]["command"].as_str().unwrap();
    assert!(next.contains("--answer order.orderedAt.zone=Europe/Berlin"), "{next}");
    let resumed = workspace.run("send --resume x --answer order.orderedAt.zone=UTC");
    assert!(
        resumed.code == 2 && resumed.err.contains("answer cannot be changed with"),
        "{}",
        resumed.err
    );
}

#[test]
fn error_of_an_extended_profile_names_the_run_s_own() {
    let workspace = workspace("extends = 'base.toml'\nname = 'shop'");
    workspace.file("profiles/base.toml", base().replace("[item]", "[item]\nnam = 1"));
    let options = "--answer order.orderedAt.zone=UTC";
    let ran =
        workspace.run(&format!("check orders.csv --pos x --profile profiles/shop.toml {options}"));
    assert_eq!(ran.code, 2);
    let place = "--> profiles/base.toml:";
    let next = format!("next: orderferry profiles check profiles/shop.toml {options}\n");
    assert!(ran.err.contains(place) && ran.err.contains(&next), "{}", ran.err);
    let checked = workspace.run(&format!("profiles check profiles/shop.toml {options}"));
    assert!(checked.code == 2 && checked.err.contains(place), "{}", checked.err);
}

#[test]
fn check_of_a_profile_needs_no_export() {
    let workspace = workspace(
        "extends = 'base.toml'\norder.status = { column = 'status', values = { paid = 'PURCHASD' } }",
    );
    let run = |options: &str| workspace.run(&format!("profiles check {options}"));
    let right = run("profiles/base.toml --answer order.orderedAt.zone=UTC");
    assert_eq!((right.code, right.err.as_str()), (0, ""));
    insta::assert_snapshot!(right.out, @"profiles/base.toml: no errors");
    let wrong = run("profiles/shop.toml --answer order.orderedAt.zone=UTC");
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    insta::assert_snapshot!(wrong.err, @r#"
    error[profile]: unknown status "PURCHASD"
     --> profiles/shop.toml:2:55  order.status, value of "paid"
      |
    2 | order.status = { column = 'status', values = { paid = 'PURCHASD' } }
      |                                                       ^^^^^^^^^^
      |
      = meant "PURCHASED"? or "PAYMENT_PENDING"

    1 error in profiles/shop.toml. Nothing was read or sent.
    "#);
    workspace.file("own.toml", "extends = 'canonical'\nname = 'own'\nskip_lines = 2");
    insta::assert_snapshot!(run("own.toml --format json").out, @r#"{"profile":"own.toml","name":"own","extends":["canonical (built-in)"],"answered":[]}"#);
    // The rule is not replaced, which would take the other keys away.
    let answers = "extends = 'base.toml'\nname = 'answers'\norder.orderedAt.zone = 'UTC'";
    workspace.file("profiles/answers.toml", answers);
    insta::assert_snapshot!(run("profiles/answers.toml").out, @"
    profiles/answers.toml: no errors, extends profiles/base.toml
      order.orderedAt: its open questions are answered; its other keys stay
    ");
    let unknown = run("cannonical");
    assert_eq!(unknown.code, 2);
    insta::assert_snapshot!(unknown.err, @r#"
    error: unknown profile "cannonical"; expected a file or a built-in profile: canonical, shopify, shopify-bulk, shopify-rest, matrixify, woocommerce-packed, woocommerce-wide, woocommerce-rest, magento-grid, magento-rest, bigcommerce, amazon, ebay, etsy, square, commercetools, ordercloud, salesforce-b2c
      hint: did you mean "canonical"?
    "#);
}
