//! Unit tests of tables: lists in place of one, and lists of tables of which some are wrong.

use super::rows::errors;

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
