//! Unit tests of whole names that are split (`name` of a person).

use serde_json::json;

use super::rows::{csv, errors, ndjson, profile};

const NAME: &str = "[guest]\nname = { column = 'Name', path = 'name', split_name = 'last_word' }";

#[test]
fn name_is_split() {
    assert_eq!(
        csv(&profile(NAME), "id,Name", "A,Ann Mary Smith"),
        "row A: guest.firstname=Ann Mary@3 guest.lastname=Smith@3"
    );
    assert_eq!(csv(&profile(NAME), "id,Name", "A,Cher"), "row A: guest.lastname=Cher@3");
    assert_eq!(csv(&profile(NAME), "id,Name", "A,"), "row A: ");
    assert_eq!(
        ndjson(&profile(NAME), json!({"id": "A", "name": "Ann Smith"})),
        "row A: guest.firstname=Ann@3 guest.lastname=Smith@3"
    );
}

#[test]
fn own_columns_of_a_name_count_first() {
    let own =
        "firstname = { column = 'First' }\nlastname = [{ column = 'Last' }, { column = 'Family' }]";
    let rules = profile(&format!("{NAME}\n{own}"));
    let columns = "id,Name,First,Last,Family";
    for (line, expected) in [
        ("A,Ann Smith,Bo,Ek,Di", "guest.firstname=Bo@13 guest.lastname=Ek@16"),
        ("A,Ann Smith,Bo,,Di", "guest.firstname=Bo@13 guest.lastname=Di@17"),
        ("A,Ann Smith,Bo,,", "guest.firstname=Bo@13 guest.lastname=Smith@3"),
        ("A,Ann Smith,,,", "guest.firstname=Ann@3 guest.lastname=Smith@3"),
        ("A,Smith,,,", "guest.lastname=Smith@3"),
    ] {
        assert_eq!(csv(&rules, columns, line), format!("row A: {expected}"), "{line}");
    }
}

/// The first name is never that of another rule than the last name.
#[test]
fn rules_of_a_list_split_one_name() {
    let rules = profile(
        "[[guest.name]]\ncolumn = 'Name'\nsplit_name = 'last_word'\nempty = ['-']\n\
         [[guest.name]]\ncolumn = 'Ship'\nsplit_name = 'first_word'",
    );
    for (line, expected) in [
        ("A,Cher,Nagy Anna", "guest.lastname=Cher@3"),
        ("A,-,Nagy Anna", "guest.firstname=Anna@5 guest.lastname=Nagy@5"),
        ("A,Ann Smith,Nagy Anna", "guest.firstname=Ann@3 guest.lastname=Smith@3"),
    ] {
        assert_eq!(csv(&rules, "id,Name,Ship", line), format!("row A: {expected}"), "{line}");
    }
    // So it is with several columns, and with a text that `values` leaves out.
    let rules = profile(
        "guest.name = { column = ['Name', 'Ship'], split_name = 'last_word', \
         values = { 'Walk In' = '' }, other = 'keep' }",
    );
    assert_eq!(csv(&rules, "id,Name,Ship", "A,Cher,Ann Smith"), "row A: guest.lastname=Cher@3");
    assert_eq!(csv(&rules, "id,Name,Ship", "A,Walk In,Ann Smith"), "row A: ");
}

#[test]
fn names_of_other_people_are_split() {
    let rules = profile("contact.name = { column = 'Name', split_name = 'last_word' }");
    assert_eq!(
        csv(&rules, "id,Name", "A,Bo Ek"),
        "row A:  | contact guest.firstname=Bo@3 guest.lastname=Ek@3"
    );
}

#[test]
fn name_that_is_not_split_is_refused() {
    insta::assert_snapshot!(errors("[guest]\nname = { column = 'Name' }\nfirstname = { column = 'First', default = 'x' }"), @r#"
    test:4:1: guest.name: "name" has no split_name; expected which word is the last name: split_name = "last_word" or "first_word"
      test:5:1: guest.firstname: "firstname" has a value where the export has none, so that name would never count
    "#);
    insta::assert_snapshot!(errors("[guest]\nname = { column = 'Name', split_name = 'last_word', default = 'x' }\nlastname = { value = 'x' }"), @r#"
    test:4:63: guest.name.default: "default" is beside split_name, which splits names of the export only; expected none
      test:5:1: guest.lastname: "lastname" has a value where the export has none, so that name would never count
    "#);
    insta::assert_snapshot!(errors("[guest]\nname = { column = 'Name', split_name = 'last_word', kind = 'email' }\ncity = { column = 'City', split_name = 'first_word' }"), @r#"
    test:4:60: guest.name.kind: "kind" is beside split_name; expected one of them
      test:5:1: guest.city: "city" has split_name, which is for the name of a person: name = { column = "Name", split_name = "last_word" } in [guest]
    "#);
    insta::assert_snapshot!(errors("[guest]\nname = { value = 'Ann Smith', split_name = 'first_word' }\n[key]\ncolumn = 'Id'\nsplit_name = 'last_word'"), @r#"
    test:4:44: guest.name.split_name: "split_name" has no effect on a constant; expected a column or path, or no value
      test:7:14: key.split_name: "split_name" is not for the order key, which every row has
    "#);
    insta::assert_snapshot!(errors("[guest]\nname = { column = 'Name', split_name = 'last' }"), @r#"test:4:40: guest.name.split_name: unknown value "last"; expected "last_word", "first_word""#);
}
