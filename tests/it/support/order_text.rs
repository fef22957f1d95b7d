//! Orders of a run as text: what a send would send, else the outcome, with all problems.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, value::RawValue};

/// Writes an order, with its items and its problems.
pub(crate) fn write_result(text: &mut String, result: &Value, orders: &BTreeMap<Key, String>) {
    let key = (shown(&plain(&result["referenceId"])), plain(&result["orderedAt"]));
    if let Some(order) = orders.get(&key) {
        text.push_str(order);
    } else {
        write!(text, "{} | {}", key.0, plain(&result["outcome"])).unwrap();
        if let Some(reason) = result["reason"].as_str() {
            write!(text, ": {}", printable(reason)).unwrap();
        }
        text.push('\n');
    }
    for problem in result["problems"].as_array().unwrap() {
        let [severity, code, file, message] = ["severity", "code", "file", "message"]
            .map(|member| printable(&plain(&problem[member])));
        write!(text, "  ! {severity} {code} {file}").unwrap();
        for member in ["line", "column"] {
            if let Some(number) = problem[member].as_u64() {
                write!(text, ":{number}").unwrap();
            }
        }
        writeln!(text, ": {message}").unwrap();
    }
}

/// The message of a refused run, without its last paragraph, which counts the errors.
pub(crate) fn write_message(text: &mut String, message: &str) {
    let message = message.rsplit_once("\n\n").map_or(message, |(errors, _)| errors);
    for line in message.lines() {
        writeln!(text, "{}", format!("    {line}").trim_end()).unwrap();
    }
}

/// What belongs to no order.
pub(crate) fn write_counts(text: &mut String, summary: &Value) {
    for count in ["rows_ignored", "rows_skipped", "rows_unreadable", "headers_repeated"] {
        if let Some(rows) = summary[count].as_u64().filter(|rows| *rows > 0) {
            writeln!(text, "{count}: {rows}").unwrap();
        }
    }
    for problem in summary["problems"].as_array().unwrap() {
        if problem["orders"] == 0 {
            let [severity, code, rows] =
                ["severity", "code", "rows"].map(|member| plain(&problem[member]));
            writeln!(text, "{severity} {code}: {rows}").unwrap();
        }
    }
}

/// The reference and the time of an order.
pub(crate) type Key = (String, String);

/// Each order of a file of events, with its guest and its items.
pub(crate) fn orders_by_key(events: &str) -> BTreeMap<Key, String> {
    let mut guest = String::new();
    let mut orders = BTreeMap::new();
    for event in events.lines() {
        let mut event = Members::of(event);
        if event.take("type") == "IDENTITY" {
            guest = guest_of(event);
        } else {
            let mut order = Members::of(&event.take("order"));
            let key = (order.take("referenceId"), order.take("orderedAt"));
            let lines = lines_of_order(&key, order, &guest);
            assert!(orders.insert(key, lines).is_none(), "two orders with one key");
        }
    }
    orders
}

/// The identifiers and the attributes of a guest.
fn guest_of(mut identity: Members) -> String {
    for member in ["channel", "language", "currency", "page", "pos"] {
        identity.take(member);
    }
    let mut guest = String::new();
    for mut identifier in Members::list(&identity.take("identifiers")) {
        let text = format!("{}:{}", identifier.take("provider"), identifier.take("id"));
        if identity.0.get("email").is_some_and(|email| text == format!("email:{email}")) {
            identity.take("email");
        }
        write!(guest, " | {text}").unwrap();
        identifier.write_rest(&mut guest);
    }
    identity.write_rest(&mut guest);
    guest
}

fn lines_of_order((reference, ordered_at): &Key, mut order: Members, guest: &str) -> String {
    let time = ordered_at.replace(".000Z", "Z");
    let [status, price, currency] =
        ["status", "price", "currencyCode"].map(|member| order.take(member));
    let mut lines = format!("{reference} | {time} | {status} | {price} {currency}{guest}");
    let items = order.take("orderItems");
    if order.0.get("paymentType").is_some_and(|payment| payment == "other") {
        order.take("paymentType");
    }
    order.write_rest(&mut lines);
    lines.push('\n');
    for mut item in Members::list(if items.is_empty() { "[]" } else { &items }) {
        let [name, product, quantity, price, currency] =
            ["name", "productId", "quantity", "price", "currencyCode"]
                .map(|member| item.take_or_dash(member));
        write!(lines, "    {name} | {product} | {quantity} x {price}").unwrap();
        if currency != "-" {
            write!(lines, " {currency}").unwrap();
        }
        item.write_rest(&mut lines);
        lines.push('\n');
    }
    lines
}

/// The members of a JSON object. Numbers keep their digits, arrays and objects are JSON.
struct Members(BTreeMap<String, String>);

impl Members {
    fn of(json: &str) -> Self {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
        let text = |value: &RawValue| {
            serde_json::from_str(value.get())
                .map_or_else(|_| value.get().to_owned(), |text: String| shown(&text))
        };
        Self(members.iter().map(|(name, value)| (name.clone(), text(value))).collect())
    }

    fn list(json: &str) -> Vec<Self> {
        let elements: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap();
        elements.iter().map(|element| Self::of(element.get())).collect()
    }

    /// Removes a member; a missing one is empty.
    fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    fn take_or_dash(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_else(|| "-".to_owned())
    }

    /// Writes what was not taken, and the extensions.
    fn write_rest(mut self, line: &mut String) {
        let extensions = self.0.remove("extensions");
        for mut extension in extensions.iter().flat_map(|json| Self::list(json)) {
            for name in ["name", "key"] {
                extension.take(name);
            }
            extension.write_rest(line);
        }
        for (name, value) in &self.0 {
            write!(line, " | {name}={value}").unwrap();
        }
    }
}

pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of an order: one that is longer than most shows its start and its length.
fn shown(value: &str) -> String {
    let length = value.chars().count();
    if length <= 200 {
        return printable(value);
    }
    let start: String = value.chars().take(8).collect();
    format!("{}… ({length} characters)", printable(&start))
}

/// A text with escapes in place of what cannot be seen, such as a zero-width character.
fn printable(text: &str) -> String {
    let escape = |character: char| {
        if matches!(character, '"' | '\'' | '\\') {
            character.to_string()
        } else {
            character.escape_debug().to_string()
        }
    };
    text.chars().map(escape).collect()
}
