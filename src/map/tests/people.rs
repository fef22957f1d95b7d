//! Unit tests of contacts and consumers, and of the item attributes that only the route `multi`
//! carries.

use serde_json::json;

use super::rows::{bind, canonical, csv, document, documents, ndjson, profile, record, row};
use crate::model::{draft::MappedRow, row::RowContent};

#[test]
fn product_attributes_have_custom_names_and_types() {
    let columns = "referenceId,item.name,item.leg,item.product.origin,item.product.seats:integer";
    assert_eq!(
        csv(&canonical(), columns, "A,DUB-LHR,outbound,DUB,2"),
        "row A:  | item@- item.name=DUB-LHR@3 item.leg=outbound@11 item.product.origin:string=DUB@20 \
         item.product.seats:integer=2@24"
    );
    let value = json!({"referenceId": "A", "orderItems": [
        {"leg": "#1", "product": {"origin": "DUB", "seats": "#2", "fare": "#9.50", "stops": ["AMS"]}}]});
    assert_eq!(
        ndjson(&canonical(), value),
        "document A:  | item@3 item.leg=1@4 item.product.fare:float=9.50@6 item.product.origin:string=DUB@7 \
         item.product.seats:integer=2@8 item.product.stops:string!an array@9 \
         | not_a_scalar item.product.stops@9 an array where a single value is expected"
    );
    // `originalPrice` is the only attribute that the manual names, and is a number.
    let columns = "referenceId,item.product.originalPrice,item.product.fare";
    assert_eq!(
        csv(&canonical(), columns, "A,12.00,9"),
        "row A:  | item@- item.product.originalPrice:float=12.00@3 item.product.fare:string=9@9"
    );
    let rules = profile("item.product.originalPrice = { column = 'was' }");
    assert_eq!(
        csv(&rules, "id,was", "A,12"),
        "row A:  | item@- item.product.originalPrice:float=12@3"
    );
    let rules =
        profile("item.product.origin = { column = 'from' }\nitem.product.'*' = { column = 'p_*' }");
    assert_eq!(
        csv(&rules, "id,from,p_to", "A,DUB,LHR"),
        "row A:  | item@- item.product.to:string=LHR@7 item.product.origin:string=DUB@3"
    );
}

#[test]
fn row_adds_people_with_filled_columns() {
    let columns =
        "referenceId,item.name,contact.email,contact.id.crm,consumer.firstname,consumer.title";
    assert_eq!(
        csv(&canonical(), columns, "A,Seat,bob@x.de,7,Cy,Mr"),
        "row A:  | item@- item.name=Seat@3 | contact guest.email=bob@x.de@8 guest.id.crm=7@17 \
         | consumer of item 0 guest.title=Mr@22 guest.firstname=Cy@19"
    );
    assert_eq!(csv(&canonical(), columns, "A,,,,Cy,"), "row A:  | consumer guest.firstname=Cy@6");
    assert_eq!(csv(&canonical(), columns, "A,Seat,,,,"), "row A:  | item@- item.name=Seat@3");
    // A constant alone does not add a person.
    let rules = profile("contact.country = { value = 'IE' }\ncontact.email = { column = 'mail' }");
    assert_eq!(csv(&rules, "id,mail", "A,"), "row A: ");
    assert_eq!(
        csv(&rules, "id,mail", "A,a@x.de"),
        "row A:  | contact guest.email=a@x.de@3 guest.country~IE@-"
    );
}

#[test]
fn people_are_read_from_arrays_and_items() {
    let value = json!({
        "referenceId": "A",
        "contacts": [{"email": "bob@x.de", "identifiers": [{"provider": "crm", "id": "7"}]}, null],
        "consumers": {"firstname": "Di"},
        "orderItems": [{"name": ""}, {"name": "Seat", "consumers": [{"firstname": "Cy"}, {"firstname": ["x"]}]}],
    });
    assert_eq!(
        ndjson(&canonical(), value),
        "document A:  | item@15 item.name=Seat@22 | consumer of item 0 guest.firstname=Cy@18 \
         | consumer of item 0 guest.firstname!an array@20 | contact guest.email=bob@x.de@6 guest.id.crm=7@9 \
         | consumer guest.firstname=Di@3 \
         | item_empty -@13 the item has no value that the profile reads; item_rows says which elements are items \
         | not_a_scalar consumer.firstname@20 an array where a single value is expected"
    );
    let rules = "contacts = 'people'\ncontact.email = { path = 'mail' }\n\
                 contact.gender = { path = 'sex', values = { m = 'male' } }";
    assert_eq!(
        ndjson(&profile(rules), json!({"id": "A", "people": [{"mail": "a@x.de", "sex": "x"}, 7]})),
        "row A:  | contact guest.email=a@x.de@5 guest.gender!x@6 \
         | guest_attribute_left_out contact.gender@6 does not match the profile's rule; gender is left out \
         | not_a_scalar contact@7 a number where a contact is expected"
    );
    assert_eq!(
        ndjson(&profile(rules), json!({"id": "A", "people": "none"})),
        "row A:  | not_a_scalar contacts@3 \"people\" is a string, expected an array of people"
    );
}

/// Without a path of items a document is one row of an order, and its consumers belong to its
/// item.
#[test]
fn consumers_of_item_document_belong_to_item() {
    let rules =
        "consumers = 'pax'\nconsumer.lastname = { path = 'name' }\nitem.name = { path = 'item' }";
    let value = json!({"id": "A", "item": "Seat", "pax": [{"name": "Ek"}]});
    assert_eq!(
        ndjson(&profile(rules), value),
        "row A:  | item@1 item.name=Seat@3 | consumer of item 0 guest.lastname=Ek@6"
    );
    let value = json!({"id": "A", "pax": [{"name": "Ek"}]});
    assert_eq!(ndjson(&profile(rules), value), "row A:  | consumer guest.lastname=Ek@5");
}

/// All rows of an order are mapped into one `MappedRow`, whose items are numbered through.
#[test]
fn item_index_continues_across_rows() {
    let rules = profile(
        "consumers = 'pax'\nconsumer.lastname = { path = 'name' }\nitem.name = { path = 'item' }",
    );
    let (mapper, mut into) = (bind(&rules, None), MappedRow::default());
    for value in [
        json!({"id": "A", "item": "Seat", "pax": [{"name": "Ek"}]}),
        json!({"id": "A", "pax": [{"name": "Di"}]}),
        json!({"id": "A", "item": "Bag", "pax": [{"name": "Ek"}]}),
    ] {
        mapper.map(row(1, document(&value)), None, &mut into);
    }
    assert_eq!(
        into.people.iter().map(|person| person.item).collect::<Vec<_>>(),
        [Some(0), None, Some(1)]
    );
    let columns = "referenceId,item.name,consumer.lastname,contact.lastname";
    let (canonical, mut into) = (canonical(), MappedRow::default());
    let mapper = bind(&canonical, Some(columns));
    for line in ["A,Seat,Ek,", "A,,Di,", "A,,,Bo", "A,Bag,Ek,"] {
        mapper.map(row(2, RowContent::Record(record(line))), None, &mut into);
    }
    assert_eq!(
        into.people.iter().map(|person| person.item).collect::<Vec<_>>(),
        [Some(0), None, None, Some(1)]
    );
}

#[test]
fn people_columns_are_not_unknown() {
    let person = json!({"email": "a", "id": {"crm": "1"}, "street": ["x"]});
    let value = json!({"referenceId": "A", "contacts": [person.clone()], "consumers": [person.clone()],
        "orderItems": [{"name": "x", "product": {"origin": "DUB"}, "consumers": [person]}]});
    assert_eq!(documents(&canonical(), &[value]).1, []);
    let columns = "referenceId,contact.email,contact.id.crm,consumer.dob,item.product.x,item.leg";
    assert_eq!(super::records(&canonical(), columns, &["A,1,2,3,4,5"]).1, []);
}
