//! Tests of `--explain` for orders with refunds: what became of each refund is shown.

use crate::support::workspace::Workspace;

const RULES: &str = r#"
[order]
referenceId = { column = "Order" }
orderedAt = { column = "Date" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
paymentType = { value = "other" }
[guest]
email = { column = "Email" }
"#;

/// The heading, the values of the order and its items.
fn explained(profile: &str, export: &str, reference: &str) -> String {
    let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{profile}"));
    workspace.file("orders.csv", export);
    let command = "check orders.csv --profile shop.toml --pos x --max-invalid 100% --explain";
    let ran = workspace.run(&format!("{command} {reference}"));
    let (_, text) = ran.out.split_once("\norder ").unwrap_or_else(|| panic!("{}", ran.err));
    let (text, _) = text.split_once("\nguest").unwrap();
    let is_shown = |line: &&str| !line.contains("event.") && !line.trim().is_empty();
    text.lines().filter(is_shown).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn explained_order_shows_its_refund_rows() {
    let rules = RULES.to_owned()
        + "[item]\nname = { column = \"Name\" }\nquantity = { column = \"Qty\" }\nprice = { column = \"Price\" }\n";
    let export = "Order,Event,Date,Email,Name,Qty,Price\n\
                  A,Sale,2026-10-01T10:00:00Z,a@example.com,Mug,3,10.00\n\
                  A,Refund,2026-10-05T10:00:00Z,,Mug,1,10.00\n";
    let of_mode = |mode: &str, rules: &str| {
        let refunds = format!(
            "[refunds]\nrows = {{ column = \"Event\", is = \"Refund\" }}\nmode = \"{mode}\"\n"
        );
        explained(&format!("order_price = \"sum_of_lines\"\n{refunds}{rules}"), export, "A")
    };
    let date = "orderedAt = { column = \"Date\"";
    let kept = rules.replace(date, &format!("{date}, disagree = \"first\""));
    insta::assert_snapshot!(of_mode("leave_out", &rules), @r#"
    A  valid  orders.csv, lines 2 and 3
    order             value                     from      what was done
      referenceId     A                         Order  2  as it is
      orderedAt       2026-10-01T10:00:00.000Z  Date   2  10:00:00Z, rewritten
      status          PURCHASED                 constant
      currencyCode    EUR                       constant
      price           30.00                     the order
                                                          the sum of the lines
      paymentType     other                     constant
    item 1         -  Mug  3 x 10.00   line 2
    "#);
    insta::assert_snapshot!(of_mode("keep", &kept), @r#"
    A  valid  orders.csv, lines 2 and 3
    order             value                     from      what was done
      referenceId     A                         Order  2  as it is
      orderedAt       2026-10-01T10:00:00.000Z  Date   2  10:00:00Z, rewritten
      status          PURCHASED                 constant
      currencyCode    EUR                       constant
      price           40.00                     the order
                                                          the sum of the lines
      paymentType     other                     constant
    item 1         -  Mug  3 x 10.00   line 2
    item 2         -  Mug  1 x 10.00   line 3
    "#);
    insta::assert_snapshot!(of_mode("net", &rules), @r#"
    A  valid  orders.csv, lines 2 and 3
    order             value                     from      what was done
      referenceId     A                         Order  2  as it is
      orderedAt       2026-10-01T10:00:00.000Z  Date   2  10:00:00Z, rewritten
      status          PURCHASED                 constant
      currencyCode    EUR                       constant
      price           20.00                     the order
                                                          the sum of the lines
      paymentType     other                     constant
    item 1         -  Mug  3 x  10.00   line 2
    item 2         -  Mug  1 x -10.00   line 3  refund, taken off the order
      price           -10.00                    Price  3  10.00, times the quantity
    "#);
}

#[test]
fn explained_order_shows_its_refund_records() {
    let keys = "[refunds]\norder = { column = \"parent\" }\namount = { column = \"refunded\" }\nmode = \"net\"\n";
    let rules = RULES.replace("paymentType", "price = { column = \"total\" }\npaymentType");
    let export = "Order,parent,Date,Email,total,refunded\n\
                  7,A,,,,2.50\n\
                  A,,2026-10-01T10:00:00Z,a@example.com,30.00,\n\
                  8,A,,,,4.00\n\
                  9,C,,,,4.00\n\
                  B,,2026-10-01T10:00:00Z,a@example.com,4.00,\n\
                  10,B,,,,4.00\n";
    let keys = format!("{keys}{rules}");
    insta::assert_snapshot!(explained(&keys, export, "A"), @r#"
    A  valid  orders.csv, lines 2, 3 and 4
    order             value                     from      what was done
      referenceId     A                         Order  3  as it is
      orderedAt       2026-10-01T10:00:00.000Z  Date   3  10:00:00Z, rewritten
      status          PURCHASED                 constant
      currencyCode    EUR                       constant
      price           23.50                     total  3  30.00, rewritten, less the
                                                          refunds 2.50, 4.00
      paymentType     other                     constant
    items          none
    "#);
    insta::assert_snapshot!(explained(&keys, export, "B"), @r#"
    B  skipped  orders.csv, lines 6 and 7
    order           value                     from      what was done
      referenceId   B                         Order  6  as it is
      orderedAt     2026-10-01T10:00:00.000Z  Date   6  10:00:00Z, rewritten
      status        PURCHASED                 constant
      currencyCode  EUR                       constant
      price         4.00                      total  6  as it is
      paymentType   other                     constant
    items          none
    "#);
}
