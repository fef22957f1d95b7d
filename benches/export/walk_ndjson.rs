//! Baseline for `check` of NDJSON, on one core: `serde_json` deserializes every line of a file into
//! a typed struct that borrows from it, and nothing is done with it.

use std::{
    borrow::Cow,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    time::Instant,
};

use serde::Deserialize;

/// One order, with every value that `generate` writes. Only names can have escapes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "deserializing a value is what is measured")]
struct OrderDocument<'a> {
    reference_id: &'a str,
    ordered_at: &'a str,
    status: &'a str,
    currency_code: &'a str,
    price: f64,
    payment_type: &'a str,
    card_type: Option<&'a str>,
    extensions: OrderExtensions,
    #[serde(borrow)]
    order_items: Vec<ItemDocument<'a>>,
    #[serde(borrow)]
    guest: GuestDocument<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "deserializing a value is what is measured")]
struct OrderExtensions {
    gift_wrap: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "deserializing a value is what is measured")]
struct ItemDocument<'a> {
    r#type: &'a str,
    reference_id: &'a str,
    price: f64,
    #[serde(borrow)]
    name: Cow<'a, str>,
    product_id: &'a str,
    quantity: f64,
    #[serde(borrow)]
    extensions: Option<ItemExtensions<'a>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "deserializing a value is what is measured")]
struct ItemExtensions<'a> {
    colour: &'a str,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "deserializing a value is what is measured")]
struct GuestDocument<'a> {
    email: &'a str,
    firstname: &'a str,
    lastname: &'a str,
    city: &'a str,
    country: &'a str,
    #[serde(borrow)]
    identifiers: Vec<IdentifierDocument<'a>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "deserializing a value is what is measured")]
struct IdentifierDocument<'a> {
    provider: &'a str,
    id: &'a str,
}

/// Deserializes all lines of a file that `generate` wrote, and prints the numbers of orders and
/// items and how long it took.
pub(crate) fn walk(path: &Path) -> std::io::Result<()> {
    let begin = Instant::now();
    let mut lines = BufReader::with_capacity(1 << 16, File::open(path)?);
    let (mut line, mut n_orders, mut n_items) = (Vec::new(), 0_u64, 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        let order: OrderDocument<'_> = serde_json::from_slice(&line)?;
        n_orders += 1;
        n_items += std::hint::black_box(&order).order_items.len();
        line.clear();
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("{}: {n_orders} orders, {n_items} items, {seconds:.3} s", path.display());
    Ok(())
}
