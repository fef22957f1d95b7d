//! Tests of the amounts of which the price of an item is made.

use std::slice;

use super::*;

/// The price that is sent of an item with these amounts, and the total of its line.
fn made(changes: &[Change], settings: &TestSettings) -> [String; 2] {
    let all = [&[(Field::ItemPrice, ""), (Field::ItemQuantity, "2")], changes].concat();
    let zero = [(Code::ZeroTotal, SeverityChoice::Off)].into();
    let severities = SeverityRules::new(zero).unwrap();
    let settings =
        TestSettings { total_from: TotalFrom::SumOfLines, severities, ..settings.clone() };
    let order = valid(order(&all), &settings);
    [order.items[0].price.unwrap().to_string(), order.price.to_string()]
}

#[test]
fn line_price_counts_without_a_price() {
    use PriceBasis::{Line, Unit};
    let (price, line) = ((Field::ItemPrice, "10.00"), (Field::ItemLinePrice, "19.00"));
    for (from, to, changes, expected) in [
        (Unit, Unit, slice::from_ref(&line), ["9.50", "19.00"]),
        (Unit, Line, slice::from_ref(&line), ["19.00", "19.00"]),
        (Line, Unit, slice::from_ref(&line), ["9.50", "19.00"]),
        (Unit, Unit, &[price.clone(), line.clone()], ["10.00", "20.00"]),
        (Line, Line, &[price.clone(), line.clone()], ["10.00", "10.00"]),
    ] {
        assert_eq!(made(changes, &prices(from, to)), expected, "{from:?} -> {to:?}");
    }
}

#[test]
fn discount_is_off_the_line() {
    use PriceBasis::{Line, Unit};
    let price = (Field::ItemPrice, "10.00");
    for (from, to, discount, expected) in [
        (Unit, Unit, "1.00", ["9.50", "19.00"]),
        (Unit, Line, "1.00", ["19.00", "19.00"]),
        (Line, Line, "1.00", ["9.00", "9.00"]),
        (Line, Unit, "1.00", ["4.50", "9.00"]),
        (Unit, Line, "20.00", ["0.00", "0.00"]),
        (Unit, Unit, "0.00", ["10.00", "20.00"]),
        (Unit, Unit, "-0", ["10.00", "20.00"]),
        (Unit, Line, "0.005", ["19.995", "19.995"]),
    ] {
        let changes = [price.clone(), (Field::ItemDiscount, discount)];
        assert_eq!(made(&changes, &prices(from, to)), expected, "{from:?} -> {to:?} {discount}");
    }
    let of_line = [(Field::ItemLinePrice, "20.00"), (Field::ItemDiscount, "1.00")];
    assert_eq!(made(&of_line, &prices(Unit, Unit)), ["9.50", "19.00"]);
}

/// A rounded price is a warning, and leaves the total exact.
#[test]
fn discount_that_cannot_be_divided_is_a_warning() {
    let changes =
        [(Field::ItemPrice, "10.00"), (Field::ItemQuantity, "3"), (Field::ItemDiscount, "1.00")];
    let checked = checked(order(&changes), &sum_of_lines());
    let problems: Vec<_> = checked.record.problems.iter().map(|one| one.message.clone()).collect();
    assert_eq!(problems, ["29.00 for 3 pieces is rounded to 9.666667 each"]);
    assert_eq!(checked.record.money.unwrap().amount.to_string(), "29.00");
}

#[test]
fn price_in_another_currency_is_one_problem() {
    let mut draft = order(&[]);
    let currency = "USD".parse().unwrap();
    let item = &mut draft.items[0];
    for cell in item.cells.iter_mut().filter(|cell| *cell.field == Field::ItemPrice) {
        cell.notation = Notation::WithCurrency { currency, is_declared: true };
    }
    assert_eq!(found(draft, &sum_of_lines()), ["currency_contradicted item.price"]);
}

#[test]
fn line_price_is_a_price() {
    let priced = |field| order(&[(Field::ItemPrice, ""), (field, "20.00")]);
    assert_eq!(found(priced(Field::ItemLinePrice), &sum_of_lines()), [""; 0]);
    let unreadable = order(&[(Field::ItemPrice, "x"), (Field::ItemLinePrice, "20.00")]);
    assert_eq!(found(unreadable, &sum_of_lines()), ["number_unreadable item.price"]);
    let alone = found(priced(Field::ItemDiscount), &sum_of_lines());
    assert_eq!(alone, ["item_price_missing item.discount", "missing_attribute item.price"]);
}
