//! A generated export of some thousand orders from a seed, with the irregularities of real exports.

use std::fmt::Write;

use crate::support::rng::TestRng;

/// The key of the orders is a separate column, so two orders may have the same reference.
pub(super) const HEADER: &str = "Id,referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,item.name,item.price,item.quantity,guest.email,guest.lastname,ext.note\n";

/// The options of a check or a send of the export.
pub(super) const OPTIONS: &str =
    "--profile own-key.toml --pos x --max-invalid 100% --set unreadable_rows=accept";

/// Names with and without quotes.
const NAMES: [&str; 6] = [
    "Rope",
    "\"Rope, red\"",
    "\"Rope of 5\"\" length\"",
    "\"Rope\nin two lines\"",
    "Sëil",
    "\"\"\"\"",
];

/// How damaged an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportQuality {
    /// Every row is readable, and the rows of an order are adjacent.
    Good,
    /// Rows of orders are scattered, some are unreadable or lack their key, references are reused.
    Rough,
}

/// Rows with their line breaks, in the order of the file.
pub(super) struct Export {
    pub(super) rows: Vec<String>,
    /// A second file, which repeats some orders of the first.
    pub(super) duplicates: Vec<String>,
}

impl Export {
    /// The same seed gives the same export.
    pub(super) fn new(seed: u64, n_orders: usize, quality: ExportQuality) -> Self {
        let mut rng = TestRng::new(seed);
        let orders: Vec<Vec<String>> =
            (0..n_orders).map(|number| order(number, quality, &mut rng)).collect();
        let mut duplicates = Vec::new();
        if quality == ExportQuality::Rough {
            duplicates = orders.iter().step_by(60).flatten().cloned().collect::<Vec<_>>();
            // With another payment type it is not a duplicate.
            duplicates[0] = duplicates[0].replace(",other,", ",cash,");
        }
        let mut rows: Vec<String> = orders.into_iter().flatten().collect();
        if quality == ExportQuality::Rough {
            damage(&mut rows, &mut rng);
        }
        for _ in 0..n_orders / 50 {
            let position = rng.below(rows.len());
            rows.insert(position, "\n".to_owned());
        }
        Self { rows, duplicates }
    }

    /// The first file.
    pub(super) fn text(&self) -> String {
        format!("{HEADER}{}", self.rows.concat())
    }

    /// The second file, with CRLF line breaks.
    pub(super) fn duplicates(&self) -> String {
        let with_crlf = |row: &String| row.trim_end().to_owned() + "\r\n";
        format!(
            "{}\r\n{}",
            HEADER.trim_end(),
            self.duplicates.iter().map(with_crlf).collect::<String>()
        )
    }
}

/// The rows of an order; about one order in twenty is invalid.
fn order(number: usize, quality: ExportQuality, rng: &mut TestRng) -> Vec<String> {
    let is_rough = quality == ExportQuality::Rough;
    // A reused reference: one or both of the orders are invalid.
    let reference = if is_rough && number % 100 == 99 { number - 50 } else { number };
    let email = match rng.below(60) {
        0 => "no-address".to_owned(),
        _ => format!("guest{}@example.com", rng.below(800)),
    };
    let status = rng.pick(&["PURCHASED", "PURCHASED", "PAYMENT_PENDING"]);
    let currency = if rng.is_within_percent(3) { "XYZ1" } else { rng.pick(&["EUR", "GBP", "USD"]) };
    let prices: Vec<usize> = (0..=rng.below(4)).map(|_| rng.below(10_000)).collect();
    let total = cents(prices.iter().sum());
    let time = time(number);
    let row = |price: usize, name: &str| {
        format!(
            "K-{number},A-{reference},{time},{status},{currency},{total},other,GEAR,{name},{},1,{email},Smith,\"a, note\"\n",
            cents(price)
        )
    };
    prices.into_iter().map(|price| row(price, rng.pick(&NAMES))).collect()
}

fn cents(amount: usize) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

/// The time of an order; each has a different minute.
fn time(number: usize) -> String {
    let (day, hour, minute) = (1 + number / 1440, number / 60 % 24, number % 60);
    format!("2025-03-{day:02}T{hour:02}:{minute:02}:00Z")
}

/// Moves rows, damages some, and removes the keys of others.
fn damage(rows: &mut Vec<String>, rng: &mut TestRng) {
    for _ in 0..rows.len() / 20 {
        let row = rows.remove(rng.below(rows.len()));
        rows.insert(rng.below(rows.len()), row);
    }
    for _ in 0..rows.len() / 300 {
        let n_rows = rows.len();
        // One cell too many; the key is still reliable.
        let too_long = rng.below(n_rows);
        rows[too_long] = rows[too_long].replacen(",other,", ",other,other,", 1);
        // A fragment of a row, whose order is unknown.
        let torn = rng.below(n_rows);
        rows.insert(torn, "torn\n".to_owned());
        let without_key = row_without_key(&rows[rng.below(n_rows)], rng);
        rows.insert(rng.below(n_rows), without_key);
    }
}

/// A copy of a row without its key; half of the copies have a time at which no order was placed.
fn row_without_key(row: &str, rng: &mut TestRng) -> String {
    let mut row = row.split_once(',').map_or_else(String::new, |(_, cells)| format!(",{cells}"));
    if rng.is_within_percent(50) {
        row = row.replace(":00Z", ":30Z");
    }
    row
}

/// The canonical profile with a key other than the reference.
pub(super) fn own_key_profile(more: &str) -> String {
    let canonical =
        orderferry::map::BUILT_IN.iter().find(|(name, _)| *name == "canonical").unwrap().1;
    let mut key = "key = { column = \"Id\", path = \"Id\" }\n".to_owned();
    write!(key, "{more}\nunknown_columns").unwrap();
    canonical.replacen("unknown_columns", &key, 1)
}
