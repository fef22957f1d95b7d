//! Tests of options, environment, config file and profiles: their precedence and their errors.

use crate::support::workspace::{HEADER, Workspace, export, row};

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn invalid_arguments_send_nothing() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let found: Vec<String> = [
        "",
        "frob",
        "check",
        "check orders.csv --bogus",
        "send orders.csv",
        "send orders.csv --base-url https://api.example",
        "send orders.csv --base-url http://api.example --client-key k",
        "send orders.csv --base-url ftp://127.0.0.1 --client-key k",
        "send orders.csv --base-url https://api.example --client-key k --pos x --rate unlimited",
        "send orders.csv --sandbox --base-url http://127.0.0.1:1",
        "send orders.csv --sandbox --rate 0/s",
        "send orders.csv --sandbox --rate fast",
        "send orders.csv --sandbox --in-flight 0",
        "send orders.csv --sandbox --timeout 5",
        "send orders.csv --sandbox --max-invalid 101%",
        "send orders.csv --sandbox --max-url-bytes 65535",
        "send orders.csv --sandbox --set rate",
        "send orders.csv --sandbox --set tries=0",
        "send orders.csv --sandbox --set rat=5/s",
        "sandbox --session-timeout 5",
        "send orders.csv --to eu",
        "check orders.csv --profile cannonical",
        "check orders.csv --config none.toml",
    ]
    .iter()
    .map(|command| {
        let ran = workspace.run(command);
        assert!(!ran.path("").exists(), "{command} made a run folder");
        assert_eq!(ran.out, "", "{command}");
        // The usage that clap prints is not tested.
        let message: Vec<_> = ran
            .err
            .lines()
            .take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"))
            .filter(|line| !line.is_empty())
            .collect();
        format!("{command}: exit {}\n    {}\n", ran.code, message.join("\n    "))
    })
    .collect();
    insta::with_settings!({filters => vec![("expected one of .*", "expected one of …")]}, {
        insta::assert_snapshot!(found.concat(), @r#"
        : exit 2
            error: unrecognized subcommand ''
        frob: exit 2
            error: unrecognized subcommand 'frob'
        check: exit 2
            error: the following required arguments were not provided:
              <INPUT>...
        check orders.csv --bogus: exit 2
            error: unexpected argument '--bogus' found
              tip: to pass '--bogus' as a value, use '-- --bogus'
        send orders.csv: exit 2
            error[config]: no target
             --> the settings  base_url
             |
             = hint: set --base-url and --client-key, or base_url in [target] of
                     orderferry.toml; --sandbox needs none
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --base-url https://api.example: exit 2
            error[config]: no client key
             --> the settings  client_key
             |
             = hint: set ORDERFERRY_CLIENT_KEY, or client_key in [target] of
                     orderferry.toml
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --base-url http://api.example --client-key k: exit 2
            error[config]: a base URL must be HTTPS, except to this machine
             --> --base-url http://api.example
             |
             = expected https
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --base-url ftp://127.0.0.1 --client-key k: exit 2
            error[config]: invalid base URL "ftp://127.0.0.1"
             --> --base-url ftp://127.0.0.1
             |
             = expected an HTTPS URL without user name and password
             = hint: for example base_url = "https://api-engage-eu.sitecorecloud.io"
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --base-url https://api.example --client-key k --pos x --rate unlimited: exit 2
            error[config]: an unlimited rate is for targets on this machine only
             --> --rate unlimited
             |
             = hint: ask Sitecore which rate your tenant allows
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --base-url http://127.0.0.1:1: exit 2
            error: the argument '--sandbox' cannot be used with '--base-url <URL>'
        send orders.csv --sandbox --rate 0/s: exit 2
            error[config]: rate is 0
             --> --rate 0/s
             |
             = expected 1/s or more
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --rate fast: exit 2
            error[config]: invalid rate "fast"
             --> --rate fast
             |
             = expected for example 20/s
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --in-flight 0: exit 2
            error[config]: in_flight is 0
             --> --in-flight 0
             |
             = expected 1 to 10000
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --timeout 5: exit 2
            error[config]: invalid duration "5"
             --> --timeout 5
             |
             = expected for example 500ms, 30s or 10min
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --max-invalid 101%: exit 2
            error[config]: invalid limit "101%"
             --> --max-invalid 101%
             |
             = expected for example 10% or 25
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --max-url-bytes 65535: exit 2
            error[config]: max_url_bytes is 65535
             --> --max-url-bytes 65535
             |
             = expected 1 to 65534
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --set rate: exit 2
            error[config]: --set expects KEY=VALUE
             --> --set rate
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --set tries=0: exit 2
            error[config]: tries is 0
             --> --set tries
             |
             = expected 1 or more
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        send orders.csv --sandbox --set rat=5/s: exit 2
            error[config]: unknown key "rat"
             --> --set rat
             |
             = meant "rate"?
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        sandbox --session-timeout 5: exit 2
            error[config]: invalid duration "5"
             --> --session-timeout 5
             |
             = expected for example 500ms, 30s or 10min
            1 error in the settings. Nothing was read or sent.
            next: orderferry sandbox --help
        send orders.csv --to eu: exit 2
            error[config]: the config file has no target "eu"
             --> --to eu
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        check orders.csv --profile cannonical: exit 2
            error[config]: unknown profile "cannonical"
             --> --profile cannonical
             |
             = expected a file or a built-in profile: canonical, shopify, shopify-bulk,
               shopify-rest, matrixify, woocommerce-packed, woocommerce-wide,
               woocommerce-rest, magento-grid, magento-rest, bigcommerce, amazon, ebay,
               etsy, square, commercetools, ordercloud, salesforce-b2c
             = hint: did you mean "canonical"?
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        check orders.csv --config none.toml: exit 2
            error[config]: cannot read the file: No such file or directory (os error 2)
             --> --config none.toml
            1 error in the settings. Nothing was read or sent.
            next: orderferry help settings
        "#);
    });
}

#[test]
fn base_url_with_path_or_query_is_an_error() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let settings = |base_url| format!("[target]\n{base_url}client_key = 'k'\npos = 'p'\n");
    workspace
        .file("orderferry.toml", settings("base_url = 'https://api.example/v1.2'\n"))
        .file("without.toml", settings(""));
    let commands = [
        "check orders.csv",
        "send orders.csv --config without.toml --base-url https://api.example/v1.2/event/create.json?client_key=SECRET",
        "send orders.csv --config without.toml --base-url https://api.example?client_key=SECRET",
    ];
    let found = commands.map(|command| {
        let ran = workspace.run(command);
        assert_eq!((ran.code, ran.path("").exists()), (2, false), "{command}");
        ran.err
    });
    insta::assert_snapshot!(found.concat(), @r#"
    error[config]: base URL "https://api.example/v1.2" contains the path /v1.2, which is not part of a base URL
     --> orderferry.toml:2:12  target.base_url
      |
    2 | base_url = 'https://api.example/v1.2'
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = it comes from the config file; neither --base-url nor ORDERFERRY_BASE_URL
        is set
      = hint: base_url = "https://api.example"

    1 error in orderferry.toml. Nothing was read or sent.
    next: orderferry help settings
    error[config]: base URL "https://api.example/v1.2/event/create.json" contains the path /v1.2, which is not part of a base URL
     --> --base-url
     |
     = hint: base_url = "https://api.example"

    1 error in the settings. Nothing was read or sent.
    next: orderferry help settings
    error[config]: base URL "https://api.example" contains a query, which is not part of a base URL
     --> --base-url
     |
     = hint: base_url = "https://api.example"

    1 error in the settings. Nothing was read or sent.
    next: orderferry help settings
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn config_errors_name_the_line() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let profile = "name = 'p'\n[order]\nreferenceId = { column = 'referenceId' }\n";
    let others = ["orderedAt", "status", "currencyCode", "paymentType"]
        .map(|field| format!("{field} = {{ column = '{field}' }}\n"));
    let guest = "guest.email = { column = 'guest.email' }\n[order]";
    let complete = profile.replace("[order]", guest) + &others.concat();
    let found: Vec<String> = [
        ("orderferry.toml", "in_fligth = 3\n".to_owned()),
        ("orderferry.toml", "rate = 'fast'\n".to_owned()),
        ("orderferry.toml", "[target]\npos = 3\n".to_owned()),
        ("orderferry.toml", "rate =\n".to_owned()),
        ("p.toml", "name = 'p'\n".to_owned()),
        ("p.toml", format!("{profile}status = {{ colum = 'status' }}\n")),
        ("p.toml", format!("{profile}orderedAt = {{ column = 'orderedAt', date = '%Y-%m-%d' }}\n")),
        ("p.toml", format!("{profile}orderedAt = {{ column = 'orderedAt', date = '%Y', zone = 'Europe/Lodnon' }}\n")),
        ("p.toml", format!("{complete}price = {{ column = 'prise' }}\n")),
        ("p.toml", format!("{profile}[[skip]]\nreason = 'x'\nwhen = {{ column = 'status' }}\n")),
    ]
    .iter()
    .map(|(name, content)| {
        workspace.file("p.toml", profile).file("orderferry.toml", "").file(name, content);
        let ran = workspace.run("check orders.csv --pos x --profile p.toml");
        format!("{}: {}", content.lines().last().unwrap(), ran.report())
    })
    .collect();
    insta::with_settings!({filters => vec![("expected one of .*", "expected one of …")]}, {
        insta::assert_snapshot!(found.concat(), @r#"
        in_fligth = 3: exit 2
            error[config]: unknown key "in_fligth"
             --> orderferry.toml:1:1
              |
            1 | in_fligth = 3
              | ^^^^^^^^^ meant "in_flight"?

            error[profile]: the profile has no rules for 6 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, status, currencyCode, price, paymentType,
               guest.email or guest.id

            2 errors in orderferry.toml and p.toml. Nothing was read or sent.
            next: orderferry help settings
        rate = 'fast': exit 2
            error[config]: invalid rate "fast"
             --> orderferry.toml:1:8  rate
              |
            1 | rate = 'fast'
              |        ^^^^^^ expected for example 20/s
              |
              = it comes from the config file; neither --rate nor ORDERFERRY_RATE is set

            error[profile]: the profile has no rules for 6 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, status, currencyCode, price, paymentType,
               guest.email or guest.id

            2 errors in orderferry.toml and p.toml. Nothing was read or sent.
            next: orderferry help settings
        pos = 3: exit 2
            error[config]: found the number 3
             --> orderferry.toml:2:7  target.pos
              |
            2 | pos = 3
              |       ^ expected a string
              |
              = it comes from the config file, which must be right although --pos is set
              = hint: a number is no text: put it in quotes

            error[profile]: the profile has no rules for 6 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, status, currencyCode, price, paymentType,
               guest.email or guest.id

            2 errors in orderferry.toml and p.toml. Nothing was read or sent.
            next: orderferry help settings
        rate =: exit 2
            error[config]: no value
             --> orderferry.toml:1:7
              |
            1 | rate =
              |       ^ expected for example "text"

            error[profile]: the profile has no rules for 5 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, status, currencyCode, price, guest.email or
               guest.id

            2 errors in orderferry.toml and p.toml. Nothing was read or sent.
            next: orderferry help settings
        name = 'p': exit 2
            error[profile]: no rule for the order key
             --> p.toml  order.referenceId
             |
             = expected key or order.referenceId

            error[profile]: the profile has no rules for 6 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, status, currencyCode, price, paymentType,
               guest.email or guest.id

            2 errors in p.toml. Nothing was read or sent.
            next: orderferry profiles check p.toml
        status = { colum = 'status' }: exit 2
            error[profile]: unknown key "colum"
             --> p.toml:4:12  order.status
              |
            4 | status = { colum = 'status' }
              |            ^^^^^ meant "column"?

            error[profile]: the profile has no rules for 5 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, currencyCode, price, paymentType,
               guest.email or guest.id

            2 errors in p.toml. Nothing was read or sent.
            next: orderferry profiles check p.toml
        orderedAt = { column = 'orderedAt', date = '%Y-%m-%d' }: exit 2
            error[profile]: a date format without an offset needs a zone, such as zone = "Europe/London"
             --> p.toml:4:44  order.orderedAt.date
              |
            4 | orderedAt = { column = 'orderedAt', date = '%Y-%m-%d' }
              |                                            ^^^^^^^^^^

            error[profile]: the profile has no rules for 5 fields that every order needs
             --> p.toml
             |
             = expected rules for status, currencyCode, price, paymentType, guest.email
               or guest.id

            2 errors in p.toml. Nothing was read or sent.
            next: orderferry profiles check p.toml
        orderedAt = { column = 'orderedAt', date = '%Y', zone = 'Europe/Lodnon' }: exit 2
            error[profile]: date format "%Y" has no whole date
             --> p.toml:4:44  order.orderedAt.date
              |
            4 | …deredAt = { column = 'orderedAt', date = '%Y', zone = 'Europe/Lodnon' }
              |                                           ^^^^
              |
              = expected a year, a month and a day

            error[profile]: unknown time zone "Europe/Lodnon"
             --> p.toml:4:57  order.orderedAt.zone
              |
            4 | …deredAt = { column = 'orderedAt', date = '%Y', zone = 'Europe/Lodnon' }
              |                                                        ^^^^^^^^^^^^^^^
              |
              = hint: did you mean "Europe/London"?

            error[profile]: the profile has no rules for 5 fields that every order needs
             --> p.toml
             |
             = expected rules for status, currencyCode, price, paymentType, guest.email
               or guest.id

            3 errors in p.toml. Nothing was read or sent.
            next: orderferry profiles check p.toml
        price = { column = 'prise' }: exit 2
            error[profile]: there is no column "prise" in the export
             --> p.toml:9:20  order.price
              |
            9 | price = { column = 'prise' }
              |                    ^^^^^^^
              |
              = orders.csv has "price", its 5th column of 12

            1 error in p.toml. Nothing was sent.
        when = { column = 'status' }: exit 2
            error[profile]: "when" has no test
             --> p.toml:6:1  skip.when
              |
            6 | when = { column = 'status' }
              | ^^^^
              |
              = expected one of …
                list_contains, empty, exists, equals, less, greater

            error[profile]: the profile has no rules for 6 fields that every order needs
             --> p.toml
             |
             = expected rules for orderedAt, status, currencyCode, price, paymentType,
               guest.email or guest.id

            2 errors in p.toml. Nothing was read or sent.
            next: orderferry profiles check p.toml
        "#);
    });
}

/// Nobody mends the settings to learn then of the options and the profile.
#[test]
fn faults_of_settings_options_and_profile_come_together() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let settings = "in_flight = 0\ntries = 0\nrate = 'unlimited'\n[targets.eu]\n\
                    base_url = 'https://api.example'\nclient_key = 'k'\nchannel = 'web'\n";
    workspace.file("orderferry.toml", settings).file("p.toml", "name = 'p'\ndelimitr = ';'\n");
    let command = "send orders.csv --to eu --profile p.toml --timeout 0s --memory 1kB";
    let ran = workspace.run_with(command, &[("ORDERFERRY_TRIES", "many")], b"");
    assert_eq!((ran.code, ran.path("").exists()), (2, false));
    insta::assert_snapshot!(ran.err, @r#"
    error[config]: in_flight is 0
     --> orderferry.toml:1:13  in_flight
      |
    1 | in_flight = 0
      |             ^ expected 1 to 10000
      |
      = it comes from the config file; neither --in-flight nor
        ORDERFERRY_IN_FLIGHT is set

    error[config]: tries is 0
     --> orderferry.toml:2:9  tries
      |
    2 | tries = 0
      |         ^ expected 1 or more
      |
      = it comes from the config file, which must be right although the variable
        ORDERFERRY_TRIES is set

    error[config]: an unlimited rate is for targets on this machine only
     --> orderferry.toml:3:8  rate
      |
    3 | rate = 'unlimited'
      |        ^^^^^^^^^^^
      |
      = it comes from the config file; neither --rate nor ORDERFERRY_RATE is set
      = hint: ask Sitecore which rate your tenant allows

    error[config]: no point of sale
     --> orderferry.toml:4:10  targets.eu.pos
      |
    4 | [targets.eu]
      |          ^^
      |
      = an order needs one, and neither the settings nor the profile have it
      = hint: set it with --pos

    error[config]: "web" must be written in upper case: "WEB"
     --> orderferry.toml:7:11  targets.eu.channel
      |
    7 | channel = 'web'
      |           ^^^^^
      |
      = it comes from the config file; neither --channel nor ORDERFERRY_CHANNEL is
        set

    error[config]: found the text "many"
     --> the variable ORDERFERRY_TRIES
     |
     = expected a whole number

    error[config]: timeout is 0
     --> --timeout 0s
     |
     = expected more: no response could arrive in time

    error[config]: memory is 1000 bytes
     --> --memory 1kB
     |
     = expected 1MB or more

    error[profile]: unknown key "delimitr"
     --> p.toml:2:1
      |
    2 | delimitr = ';'
      | ^^^^^^^^ meant "delimiter"?

    error[profile]: no rule for the order key
     --> p.toml  order.referenceId
     |
     = expected key or order.referenceId

    error[profile]: the profile has no rules for 6 fields that every order needs
     --> p.toml
     |
     = expected rules for orderedAt, status, currencyCode, price, paymentType,
       guest.email or guest.id

    11 errors in the settings and p.toml. Nothing was read or sent.
    next: orderferry help settings
    "#);
    let json = workspace.run(&format!("{command} --format json"));
    let line: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let diagnostics = line["error"]["diagnostics"].as_array().unwrap();
    let places: Vec<_> = diagnostics.iter().map(|one| one["place"].as_str().unwrap()).collect();
    insta::assert_snapshot!(places.join("\n"), @r#"
    orderferry.toml:1:13  in_flight
    orderferry.toml:2:9  tries
    orderferry.toml:3:8  rate
    orderferry.toml:4:10  targets.eu.pos
    orderferry.toml:7:11  targets.eu.channel
    --timeout 0s
    --memory 1kB
    p.toml:2:1
    p.toml  order.referenceId
    p.toml
    "#);
}

/// A wrong setting hides no error of another setting, of an option or of the profile, and is not
/// missing too.
#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn wrong_setting_hides_no_other_error() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let profile = "name = 'p'\n[order]\nreferenceId = { column = 'referenceId' }\n\
                   orderedAt = { column = 'orderedAt' }\n\
                   status = { colum = 'status', values = { paid = 'PURCHASD' } }\n\
                   paymentType = { value = 'Cash' }\n[guest]\nemail = { column = 'guest.email' }\n";
    workspace.file("p.toml", profile).file("x.ndjson", "");
    let checked = |settings: &str, options: &str| {
        workspace.file("orderferry.toml", settings);
        workspace.run(&format!("check orders.csv --profile p.toml{options}")).err
    };
    let found = checked(
        "in_fligth = 3\nrate = 'fast'\n",
        " --events x.ndjson --explain A-1 --format json --ledger postgres://db",
    );
    insta::assert_snapshot!(found, @r#"
    error[config]: unknown key "in_fligth"
     --> orderferry.toml:1:1
      |
    1 | in_fligth = 3
      | ^^^^^^^^^ meant "in_flight"?

    error[config]: invalid rate "fast"
     --> orderferry.toml:2:8  rate
      |
    2 | rate = 'fast'
      |        ^^^^^^ expected for example 20/s
      |
      = it comes from the config file; neither --rate nor ORDERFERRY_RATE is set

    error[config]: the file exists
     --> --events x.ndjson
     |
     = hint: name a new file with --events

    error[config]: --explain and --explain-first print texts, not JSON
     --> --format json
     |
     = hint: leave --format out

    error[config]: no point of sale
     --> the settings  pos
     |
     = an order needs one, and neither the settings nor the profile have it
     = hint: set it with --pos

    error[profile]: unknown key "colum"
     --> p.toml:5:12  order.status
      |
    5 | status = { colum = 'status', values = { paid = 'PURCHASD' } }
      |            ^^^^^ meant "column"?

    error[profile]: unknown status "PURCHASD"
     --> p.toml:5:48  order.status, value of "paid"
      |
    5 | status = { colum = 'status', values = { paid = 'PURCHASD' } }
      |                                                ^^^^^^^^^^
      |
      = meant "PURCHASED"? or "PAYMENT_PENDING"

    error[profile]: the profile has no rules for 2 fields that every order needs
     --> p.toml
     |
     = expected rules for currencyCode, price

    8 errors in the settings and p.toml. Nothing was read or sent.
    next: orderferry help settings
    "#);
    // Neither is known to be missing.
    let found = checked("[target]\npos = 3\nmode = 'mulit'\n", "");
    insta::assert_snapshot!(found, @r#"
    error[config]: found the number 3
     --> orderferry.toml:2:7  target.pos
      |
    2 | pos = 3
      |       ^ expected a string
      |
      = it comes from the config file; neither --pos nor ORDERFERRY_POS is set
      = hint: a number is no text: put it in quotes

    error[config]: unknown value "mulit"
     --> orderferry.toml:3:8  target.mode
      |
    3 | mode = 'mulit'
      |        ^^^^^^^ meant "multi"? or "single", "auto"
      |
      = it comes from the config file; neither --mode nor ORDERFERRY_MODE is set

    error[profile]: unknown key "colum"
     --> p.toml:5:12  order.status
      |
    5 | status = { colum = 'status', values = { paid = 'PURCHASD' } }
      |            ^^^^^ meant "column"?

    error[profile]: unknown status "PURCHASD"
     --> p.toml:5:48  order.status, value of "paid"
      |
    5 | status = { colum = 'status', values = { paid = 'PURCHASD' } }
      |                                                ^^^^^^^^^^
      |
      = meant "PURCHASED"? or "PAYMENT_PENDING"

    error[profile]: the profile has no rules for 2 fields that every order needs
     --> p.toml
     |
     = expected rules for currencyCode, price

    5 errors in orderferry.toml and p.toml. Nothing was read or sent.
    next: orderferry help settings
    "#);
    let found = checked("[target\n", "");
    insta::assert_snapshot!(found, @r#"
    error[config]: unclosed table
     --> orderferry.toml:1:8
      |
    1 | [target
      |        ^ expected ]

    error[profile]: unknown key "colum"
     --> p.toml:5:12  order.status
      |
    5 | status = { colum = 'status', values = { paid = 'PURCHASD' } }
      |            ^^^^^ meant "column"?

    error[profile]: unknown status "PURCHASD"
     --> p.toml:5:48  order.status, value of "paid"
      |
    5 | status = { colum = 'status', values = { paid = 'PURCHASD' } }
      |                                                ^^^^^^^^^^
      |
      = meant "PURCHASED"? or "PAYMENT_PENDING"

    error[profile]: the profile has no rules for 2 fields that every order needs
     --> p.toml
     |
     = expected rules for currencyCode, price

    4 errors in orderferry.toml and p.toml. Nothing was read or sent.
    next: orderferry help settings
    "#);
}

#[test]
fn errors_of_a_resumed_run_come_together() {
    let workspace = Workspace::new();
    let command = "send --resume run --sandbox --mode multi --pos shop --page p --max-url-bytes 9000 \
                   --profile p.toml --answer a=1 --answer b=2 --set confirm=parts \
                   --set targets.x.pos=y --set item_price=line \
                   --faults none.toml --fault late=2 --timeout 0s --config none.toml";
    insta::assert_snapshot!(workspace.run(command).err, @r#"
    error[config]: cannot read the file: No such file or directory (os error 2)
     --> --config none.toml

    error[config]: profile cannot be changed with --resume
     --> --profile p.toml
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: answer cannot be changed with --resume
     --> --answer a=1
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: max_url_bytes cannot be changed with --resume
     --> --max-url-bytes 9000
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: confirm cannot be changed with --resume
     --> --set confirm
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: pos cannot be changed with --resume
     --> --set pos
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: item_price cannot be changed with --resume
     --> --set item_price
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: mode cannot be changed with --resume
     --> --mode multi
     |
     = the saved plan has decided it
     = hint: leave it out, or send the export again

    error[config]: run: no plan to resume
     --> --resume run
     |
     = hint: name the folder of a run; only a run that had begun to send has a
             plan; otherwise send the export again

    error[faults]: cannot read the file: No such file or directory (os error 2)
     --> --faults none.toml

    error[faults]: invalid share "2"
     --> --fault late
     |
     = expected for example 2% or 0.5%, at most 100%

    error[config]: timeout is 0
     --> --timeout 0s
     |
     = expected more: no response could arrive in time

    12 errors in the settings and the faults. Nothing was read or sent.
    next: orderferry help settings
    "#);
}

/// The point of sale of the first event in the plan.
fn pos_sent(workspace: &Workspace, options: &str, environment: &[(&str, &str)]) -> String {
    let command =
        format!("send orders.csv --sandbox --rate unlimited --identity-pause 0s{options}");
    let ran = workspace.run_with(&command, environment, b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let plan = ran.text("plan.ndjson").replace('\\', "");
    let (_, guests) = plan.split_once('\n').unwrap();
    let (_, rest) = guests.split_once("\"pos\":\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn option_overrides_environment_overrides_file() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    assert_eq!(pos_sent(&workspace, "", &[]), "sandbox");
    workspace.file("orderferry.toml", "[target]\npos = 'file'\n");
    assert_eq!(pos_sent(&workspace, "", &[]), "file");
    assert_eq!(pos_sent(&workspace, "", &[("ORDERFERRY_POS", "environment")]), "environment");
    assert_eq!(
        pos_sent(&workspace, " --set target.pos=set", &[("ORDERFERRY_POS", "environment")]),
        "set"
    );
    assert_eq!(
        pos_sent(&workspace, " --pos option", &[("ORDERFERRY_POS", "environment")]),
        "option"
    );
    workspace.file("other.toml", "[target]\npos = 'other'\n");
    assert_eq!(pos_sent(&workspace, " --config other.toml", &[]), "other");
    workspace.file(
        "orders.csv",
        export(&["A-1"])
            .replace("status", "status,event.pos")
            .replace("PURCHASED", "PURCHASED,export"),
    );
    assert_eq!(pos_sent(&workspace, " --pos option", &[]), "export");
}

#[test]
fn unknown_environment_variable_is_an_error() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let report = |name: &str, value: &str| {
        workspace.run_with("check orders.csv --pos x", &[(name, value)], b"").err
    };
    insta::assert_snapshot!(report("ORDERFERRY_RATEE", "5/s"), @r#"
    error[config]: unknown key "ratee"
     --> the variable ORDERFERRY_RATEE
     |
     = meant "rate"?

    1 error in the settings. Nothing was read or sent.
    next: orderferry help settings
    "#);
    insta::assert_snapshot!(report("ORDERFERRY_RATE", "fast"), @r#"
    error[config]: invalid rate "fast"
     --> the variable ORDERFERRY_RATE
     |
     = expected for example 20/s

    1 error in the settings. Nothing was read or sent.
    next: orderferry help settings
    "#);
    assert_eq!(report("ORDERFERRY_RATE", "5/s"), "");
}

#[test]
fn max_invalid_limit_is_inclusive() {
    let code = |n_invalid: usize, n_orders: usize, limit: &str| {
        let references: Vec<_> = (0..n_orders).map(|number| format!("A-{number}")).collect();
        let references: Vec<_> = references.iter().map(String::as_str).collect();
        let content = export(&references).replacen("30.60,other", "x,other", n_invalid);
        let ran = Workspace::with("orders.csv", content)
            .run(&format!("check orders.csv --pos x --max-invalid {limit}"));
        assert_eq!(ran.summary()["orders"]["invalid"], n_invalid);
        ran.code
    };
    assert_eq!([code(1, 10, "10%"), code(2, 10, "10%")], [1, 2]);
    assert_eq!(
        [code(0, 10, "0"), code(1, 10, "0"), code(1, 10, "1"), code(2, 10, "1")],
        [0, 2, 1, 2]
    );
    assert_eq!([code(1, 3, "33.4%"), code(1, 3, "33.3%")], [1, 2]);
    assert_eq!([code(0, 0, "0%"), code(3, 3, "100%")], [0, 1]);
}

/// Up to five invalid orders are allowed by default; an explicit limit is applied exactly.
#[test]
fn default_max_invalid_is_10_percent_or_five() {
    let ran = |n_invalid: usize, n_orders: usize, options: &str| {
        let references: Vec<_> = (0..n_orders).map(|number| format!("A-{number}")).collect();
        let references: Vec<_> = references.iter().map(String::as_str).collect();
        let content = export(&references).replacen("30.60,other", "x,other", n_invalid);
        Workspace::with("orders.csv", content).run(&format!("check orders.csv --pos x{options}"))
    };
    let code = |n_invalid, n_orders, options| ran(n_invalid, n_orders, options).code;
    assert_eq!(
        [code(1, 5, ""), code(5, 5, ""), code(6, 6, ""), code(6, 59, ""), code(6, 60, "")],
        [1, 1, 2, 2, 1]
    );
    assert_eq!([code(1, 5, " --max-invalid 10%"), code(1, 5, " --set max_invalid=10%")], [2, 2]);
    insta::assert_snapshot!(ran(6, 7, "").err, @"
    error: 6 of 7 orders are invalid, more than allowed (10%, but at least 5); nothing was sent
      hint: fix them, see rejects/ in the run folder, or allow more with --max-invalid
    ");
}

#[test]
fn max_url_bytes_is_exact() {
    let workspace = Workspace::with(
        "orders.csv",
        export(&["A-1"]).replace("Rope", "O'Neil & Söhne #1 + \"\"\"\" %"),
    );
    workspace.file(
        "orders.csv",
        export(&["A-1"]).replace("Rope", "\"O'Neil & Söhne, #1 + \"\"2\"\" 100%\""),
    );
    let send = |limit: &str| {
        workspace.run(&format!(
            "send orders.csv --sandbox --rate unlimited --identity-pause 0s --max-invalid 100% --max-url-bytes {limit}"
        ))
    };
    let report = send("400").report();
    let length = report.split("makes a URL of ").nth(1).unwrap().split(' ').next().unwrap();
    // The sandbox measures received URLs and accepts this length.
    assert_eq!(send(length).outcomes(), "A-1 accepted");
    let less = length.parse::<u32>().unwrap() - 1;
    assert_eq!(send(&less.to_string()).outcomes(), "A-1 invalid");
}

#[test]
fn all_errors_of_ledger_commands_are_reported() {
    insta::assert_snapshot!(reports_of([
        "ledger list --outcome gone --since soon --limit x",
        "ledger settle A-1 --as perhaps --ordered-at never",
        "ledger settle --as perhaps",
        "ledger list --outcome gone --nope",
        "ledger settle --as perhaps --nope A",
    ]), @r#"
    ledger list --outcome gone --since soon --limit x: exit 2
        error[config]: found the text "five"
         --> orderferry.toml:1:9  tries
          |
        1 | tries = 'five'
          |         ^^^^^^ expected a whole number

        error[config]: unknown value "gone"
         --> --outcome gone
         |
         = expected accepted or unknown or failed or changed

        error[config]: invalid time "soon"
         --> --since soon
         |
         = expected for example 2026-11-22 or 2026-11-22T06:30:00Z

        error[config]: invalid number "x"
         --> --limit x
         |
         = expected a whole number

        4 errors in the settings. Nothing was read or sent.
        next: orderferry ledger list --help
    ledger settle A-1 --as perhaps --ordered-at never: exit 2
        error[config]: unknown value "perhaps"
         --> --as perhaps
         |
         = expected accepted or failed or acknowledged

        error[config]: invalid time "never"
         --> --ordered-at never
         |
         = expected for example 2026-11-22 or 2026-11-22T06:30:00Z

        2 errors in the settings. Nothing was read or sent.
        next: orderferry ledger settle --help
    ledger settle --as perhaps: exit 2
        error[config]: unknown value "perhaps"
         --> --as perhaps
         |
         = expected accepted or failed or acknowledged

        error[config]: missing arguments: <REFERENCE>...
         --> the arguments

        2 errors in the settings. Nothing was read or sent.
        next: orderferry ledger settle --help
    ledger list --outcome gone --nope: exit 2
        error[config]: unknown value "gone"
         --> --outcome gone
         |
         = expected accepted or unknown or failed or changed

        error[config]: unexpected argument '--nope' found
         --> the arguments
         |
         = hint: try '--help'

        2 errors in the settings. Nothing was read or sent.
        next: orderferry ledger list --help
    ledger settle --as perhaps --nope A: exit 2
        error[config]: unknown value "perhaps"
         --> --as perhaps
         |
         = expected accepted or failed or acknowledged

        error[config]: unexpected argument '--nope' found
         --> the arguments
         |
         = hint: to pass '--nope' as a value, use '-- --nope'

        2 errors in the settings. Nothing was read or sent.
        next: orderferry ledger settle --help
    "#);
}

#[test]
fn all_errors_of_other_commands_are_reported() {
    insta::assert_snapshot!(reports_of([
        "send orders.csv --nope --rat=5",
        "profiles check canonical --format xml",
        "profiles check none.toml --format xml",
        "sandbox --port 99999999",
        "sandbox --port x --fault rate_limit=5 --session-timeout 5",
    ]), @r#"
    send orders.csv --nope --rat=5: exit 2
        error[config]: unexpected argument '--nope' found
         --> the arguments
         |
         = hint: to pass '--nope' as a value, use '-- --nope'

        error[config]: unexpected argument '--rat' found
         --> the arguments
         |
         = hint: a similar argument exists: '--rate'

        2 errors in the settings. Nothing was read or sent.
        next: orderferry send --help
    profiles check canonical --format xml: exit 2
        error[config]: unknown value "xml"
         --> --format xml
         |
         = expected text or json

        1 error in the settings. Nothing was read or sent.
    profiles check none.toml --format xml: exit 2
        error[config]: unknown value "xml"
         --> --format xml
         |
         = expected text or json

        error[config]: the file "none.toml" does not exist
         --> none.toml

        2 errors in the settings. Nothing was read or sent.
        next: orderferry profiles check --help
    sandbox --port 99999999: exit 2
        error[config]: invalid port "99999999"
         --> --port 99999999
         |
         = expected 1 to 65535, or 0 for a free one
         = hint: without --port it is 8642

        1 error in the settings. Nothing was read or sent.
        next: orderferry sandbox --help
    sandbox --port x --fault rate_limit=5 --session-timeout 5: exit 2
        error[config]: invalid port "x"
         --> --port x
         |
         = expected 1 to 65535, or 0 for a free one
         = hint: without --port it is 8642

        error[config]: invalid duration "5"
         --> --session-timeout 5
         |
         = expected for example 500ms, 30s or 10min

        error[faults]: unknown key "rate_limit"
         --> --fault rate_limit
         |
         = expected "late_after", "latency", "late", "retry_after", "half" or one of
           9 others

        3 errors in the settings and the faults. Nothing was read or sent.
        next: orderferry sandbox --help
    "#);
}

#[test]
fn all_errors_of_a_command_are_in_its_json() {
    let workspace = Workspace::with("orderferry.toml", "tries = 'five'\n");
    let json = workspace.run("ledger list --outcome gone --since soon --format json");
    let error: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(error["error"]["diagnostics"].as_array().map(Vec::len), Some(3), "{error}");
}

/// What commands say beside a config file with an error.
fn reports_of<const N: usize>(commands: [&str; N]) -> String {
    let workspace = Workspace::with("orderferry.toml", "tries = 'five'\n");
    let of = |command| [command, ": ", &workspace.run(command).report()].concat();
    commands.map(of).concat()
}

#[test]
fn profiles_are_listed_and_printed() {
    let workspace = Workspace::new();
    let listed = workspace.run("profiles");
    assert!(listed.out.starts_with("canonical "), "{}", listed.out);
    let shown = workspace.run("profiles show canonical");
    workspace.file("own.toml", &shown.out).file("orders.csv", export(&["A-1"]));
    assert_eq!(
        workspace.run("check orders.csv --pos x --profile own.toml").outcomes(),
        "A-1 valid"
    );
}

/// The resolved mode: an order with a flight requires several events, so it is valid only in multi
/// mode.
fn resolved_mode(workspace: &Workspace, options: &str, environment: &[(&str, &str)]) -> String {
    let command = format!("check flights.csv --pos x --max-invalid 100%{options}");
    let ran = workspace.run_with(&command, environment, b"");
    assert!(ran.code < 2, "{}", ran.err);
    ran.outcomes().replace("A-1 ", "").replace("invalid", "single").replace("valid", "multi")
}

#[test]
fn mode_precedence_is_option_settings_profile() {
    const PROFILE: &str = "name = 'p'\nmode = 'auto'\n[order]\nreferenceId = { column = 'referenceId' }\n\
        orderedAt = { column = 'orderedAt' }\nstatus = { column = 'status' }\nprice = { column = 'price' }\n\
        currencyCode = { column = 'currencyCode' }\npaymentType = { column = 'paymentType' }\n[item]\n\
        type = { column = 'item.type' }\nname = { column = 'item.name' }\nprice = { column = 'item.price' }\n\
        quantity = { column = 'item.quantity' }\nproductId = { value = 'ZZ-1' }\n[guest]\n\
        email = { column = 'guest.email' }\n";
    let workspace = Workspace::with("flights.csv", export(&["A-1"]).replace("GEAR", "FLIGHT"));
    workspace.file("p.toml", PROFILE).file("plain.toml", PROFILE.replace("mode = 'auto'\n", ""));
    assert_eq!(resolved_mode(&workspace, " --profile plain.toml", &[]), "single");
    assert_eq!(resolved_mode(&workspace, " --profile p.toml", &[]), "multi");
    assert_eq!(resolved_mode(&workspace, " --profile p.toml --mode single", &[]), "single");
    workspace.file(
        "orderferry.toml",
        "[target]\nmode = 'single'\n[targets.eu]\nmode = 'multi'\nbase_url = 'https://e'\n",
    );
    assert_eq!(resolved_mode(&workspace, " --profile p.toml", &[]), "single");
    assert_eq!(resolved_mode(&workspace, " --profile p.toml --to eu", &[]), "multi");
    assert_eq!(
        resolved_mode(&workspace, " --profile p.toml", &[("ORDERFERRY_MODE", "auto")]),
        "multi"
    );
    assert_eq!(
        resolved_mode(
            &workspace,
            " --profile p.toml --set mode=single",
            &[("ORDERFERRY_MODE", "auto")]
        ),
        "single"
    );
    assert_eq!(
        resolved_mode(&workspace, " --profile p.toml --set mode=single --mode auto", &[]),
        "multi"
    );
}

/// A check computes the duration of an order at the rate of `send`, and whether it fits the
/// session.
#[test]
fn order_must_fit_the_session_at_the_rate() {
    let workspace = Workspace::new();
    let rows = (1..=40)
        .map(|item| row("A-1").replace("Rope", &format!("Rope {item}")))
        .collect::<String>();
    let with_id = |text: String| {
        text.replace(",item.name", ",item.productId,item.name").replace(",Rope", ",R-1,Rope")
    };
    workspace.file("orders.csv", with_id(format!("{HEADER}{rows}")));
    let report = |options: &str| {
        let ran = workspace
            .run(&format!("check orders.csv --pos x --max-invalid 100% --mode multi{options}"));
        let invalid = ran.report();
        invalid
            .lines()
            .find(|line| line.contains("sequence_too_slow"))
            .map(|line| line.trim().to_owned())
    };
    assert_eq!(report(" --rate 10/s --identity-pause 1s --in-flight 4"), None);
    assert_eq!(report(" --set session_timeout=92s --rate 1/s --identity-pause 1s"), None);
    assert!(report(" --set session_timeout=92s --rate 1/s --identity-pause 2s").is_some());
    assert!(report(" --set session_timeout=90s --rate 1/s --identity-pause 1s").is_some());
    assert_eq!(report(" --set session_timeout=1s --rate unlimited"), None);
    assert!(report(" --set session_timeout=1s --rate unlimited --identity-pause 1s").is_some());
}

#[test]
fn conflicting_mode_options_are_refused() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let output = |command: &str| {
        let ran = workspace.run(command);
        assert_eq!(ran.code, 2, "{command}");
        ran.err.lines().next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(output("check orders.csv --mode both"), @r#"error[config]: unknown mode "both""#);
    let mistyped = workspace.run("check orders.csv --mode mulit").err;
    assert!(mistyped.contains("hint: did you mean \"multi\"?"), "{mistyped}");
    insta::assert_snapshot!(workspace.run("check orders.csv --set confirm=halves").err, @r#"
    error[config]: unknown value "halves"
     --> --set confirm
     |
     = expected "whole", "parts"

    1 error in the settings. Nothing was read or sent.
    next: orderferry help settings
    "#);
    insta::assert_snapshot!(output("send --resume run --mode multi --sandbox"), @"error[config]: mode cannot be changed with --resume");
    insta::assert_snapshot!(output("send --resume run --set mode=multi --sandbox"), @"error[config]: mode cannot be changed with --resume");
    insta::assert_snapshot!(output("send --resume run --set target.confirm=parts --sandbox"), @"error[config]: confirm cannot be changed with --resume");
    insta::assert_snapshot!(output("check orders.csv --in-flight 0"), @"error[config]: in_flight is 0");
    insta::assert_snapshot!(output("check orders.csv --base-url https://a.example --client-key k --rate unlimited"), @"error[config]: an unlimited rate is for targets on this machine only");
}

/// Reading these files would exhaust the memory or block forever.
#[cfg(unix)]
#[test]
fn non_file_settings_are_errors() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    std::fs::create_dir(workspace.path("folder")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(workspace.path("pipe"))
            .status()
            .unwrap()
            .success()
    );
    workspace.file("large.toml", "#".repeat(1024 * 1024 + 1));
    for (file, message) in [
        ("folder", "is a folder, expected a file"),
        ("pipe", "is a pipe or a socket, expected a file"),
        ("/dev/zero", "the text is larger than the limit of 1.0 MiB"),
        ("large.toml", "the text is larger than the limit of 1.0 MiB"),
    ] {
        let profile = workspace.run(&format!("check orders.csv --profile {file}"));
        let title = message.split(',').next().unwrap();
        let start =
            format!("error[config]: cannot read the profile: {title}\n --> --profile {file}\n");
        assert_eq!((profile.code, profile.err.starts_with(&start)), (2, true), "{}", profile.err);
        for (kind, command) in [
            ("config", "check orders.csv --config"),
            ("faults", "send orders.csv --sandbox --faults"),
        ] {
            let ran = workspace.run(&format!("{command} {file}"));
            let option = command.rsplit(' ').next().unwrap();
            let start =
                format!("error[{kind}]: cannot read the file: {title}\n --> {option} {file}\n");
            assert_eq!((ran.code, ran.err.starts_with(&start)), (2, true), "{}", ran.err);
        }
    }
    assert_eq!(workspace.run("check orders.csv --pos x --config /dev/null").code, 0);
}

#[test]
fn out_of_range_durations_are_refused() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    for option in [
        "--timeout 1001years",
        "--deadline 300000000years",
        "--set give_up_after=500000000000years",
        "--set session_timeout=1001years",
        "--set backfill_after=1001years",
        "--fault retry_after=2years",
    ] {
        let ran = workspace.run(&format!("send orders.csv --sandbox {option}"));
        assert_eq!((ran.code, ran.err.contains("panicked")), (2, false), "{option}: {}", ran.err);
    }
    let longest = "--timeout 1000years --deadline 1000years --set give_up_after=1000years \
                   --set session_timeout=1000years --set backfill_after=1000years --set rate=20/s";
    let ran =
        workspace.run(&format!("send orders.csv --sandbox --fault retry_after=1year {longest}"));
    assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 accepted"), "{}", ran.err);
}

/// A file time before 1970 cannot be written into the plan.
#[test]
fn export_modified_before_1970_is_sent() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let before = std::time::UNIX_EPOCH - std::time::Duration::from_secs(1);
    let file = std::fs::File::options().write(true).open(workspace.path("orders.csv")).unwrap();
    file.set_modified(before).unwrap();
    let ran = workspace.run("send orders.csv --sandbox");
    assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 accepted"), "{}", ran.err);
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn wrong_values_of_options_are_listed_with_all_errors() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    workspace.file(
        "settings.toml",
        "in_flight = 0\n[target]\nclient_key = 'of another'\n[target.prod]\npos = 'x'\n\
         [targets.prod]\nbase_url = 'https://a.example'\n[[target.stage]]\npos = 'y'\n",
    );
    let profile = "name = 'shop'\nkey = 5\n[order]\nreferenceId = { column = 'x' }\n\
                   referenceId = { column = 'y' }\nstatus = { colum = 'z' }\n";
    workspace.file("shop.toml", profile);
    let ran = workspace.run(
        "send orders.csv --config settings.toml --to prod --profile shop.toml --rate x \
         --max-invalid 400% --encoding klingon --limit=many --unknown hodl",
    );
    insta::assert_snapshot!(ran.report(), @r#"
    exit 2
        error[config]: in_flight is 0
         --> settings.toml:1:13  in_flight
          |
        1 | in_flight = 0
          |             ^ expected 1 to 10000
          |
          = it comes from the config file; neither --in-flight nor
            ORDERFERRY_IN_FLIGHT is set

        error[config]: unknown key "prod"
         --> settings.toml:4:9  target
          |
        4 | [target.prod]
          |         ^^^^
          |
          = expected "pos", "page", "mode", "confirm", "channel" or one of 4 others
          = hint: a target with a name is [targets.prod]; --to prod uses it

        error[config]: no client key
         --> settings.toml:6:10  targets.prod.client_key
          |
        6 | [targets.prod]
          |          ^^^^
          |
          = hint: set ORDERFERRY_CLIENT_KEY, or client_key in [targets.prod] of
                  settings.toml

        error[config]: no point of sale
         --> settings.toml:6:10  targets.prod.pos
          |
        6 | [targets.prod]
          |          ^^^^
          |
          = an order needs one, and neither the settings nor the profile have it
          = hint: set it with --pos

        error[config]: unknown key "stage"
         --> settings.toml:8:10  target
          |
        8 | [[target.stage]]
          |          ^^^^^
          |
          = expected "page", "mode", "pos", "channel", "language" or one of 4 others
          = hint: a target with a name is [targets.stage]; --to stage uses it

        error[config]: invalid rate "x"
         --> --rate x
         |
         = expected for example 20/s

        error[config]: invalid limit "400%"
         --> --max-invalid 400%
         |
         = expected for example 10% or 25

        error[config]: unknown encoding "klingon"
         --> --encoding klingon
         |
         = expected a label of the Encoding Standard or of a DOS page, such as
           windows-1252, utf-16le or cp850

        error[config]: invalid number "many"
         --> --limit many
         |
         = expected a whole number

        error[config]: unknown value "hodl"
         --> --unknown hodl
         |
         = expected hold or resend
         = hint: did you mean "hold"?

        error[profile]: found the number 5
         --> shop.toml:2:7  key
          |
        2 | key = 5
          |       ^
          |
          = expected a rule: { column = "Total" }, { column = ["Total", "Sum"] } or {
            value = "EUR" }

        error[profile]: duplicate key
         --> shop.toml:5:1
          |
        5 | referenceId = { column = 'y' }
          | ^^^^^^^^^^^

        error[profile]: unknown key "colum"
         --> shop.toml:6:12  order.status
          |
        6 | status = { colum = 'z' }
          |            ^^^^^ meant "column"?

        error[profile]: the profile has no rules for 5 fields that every order needs
         --> shop.toml
         |
         = expected rules for orderedAt, currencyCode, price, paymentType,
           guest.email or guest.id

        14 errors in the settings and shop.toml. Nothing was read or sent.
        next: orderferry help settings
    "#);
}

#[test]
fn variable_asks_for_json_of_usage_errors() {
    let workspace = Workspace::new();
    let json = [("ORDERFERRY_FORMAT", "json")];
    let ran = workspace.run_with("check --nope", &json, b"");
    assert_eq!(ran.code, 2);
    let line: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(line["error"]["kind"], "usage");
    assert_eq!(workspace.run_with("check --nope --format text", &json, b"").out, "");
}
