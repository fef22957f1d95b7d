//! Cart of one session: its added and confirmed items, and the order that a CHECKOUT makes of them
//! or all reasons why the CHECKOUT fails.
//!
//! It has no I/O and no clock. It does not know its browser or its session (`cart_store` does).
//! Used by `cart_store` and `tenant`, filled by `message`.

// Invalid lines are stored: real tenants accept an ADD or CONFIRM that violates the schema, and
// only the CHECKOUT fails.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::exact_decimal;

/// The effect of an accepted event on the cart of its session.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CartStep {
    Change(CartChange),
    Checkout(CheckoutResult),
    Clear,
}

/// A change of a cart.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CartChange {
    Add(CartLine),
    /// Number of contacts.
    AddContacts(usize),
    /// Number of consumers.
    AddConsumers(usize),
    /// The ids of the items, or the schema errors of the event.
    Confirm(Result<Vec<String>, Vec<String>>),
}

/// The content of an ADD. A later ADD of the same item replaces it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CartLine {
    /// `None` if the ADD has no item id; no other ADD can replace it then.
    pub(super) item_id: Option<String>,
    pub(super) reference_id: Option<String>,
    /// The product, or the schema errors of the event.
    pub(super) product: Result<CartProduct, Vec<String>>,
}

/// The attributes of a product that an order needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CartProduct {
    /// Optional for flights.
    pub(super) ordered_at: Option<String>,
    pub(super) currency: String,
    /// Price of one unit.
    pub(super) price: Decimal,
    pub(super) quantity: Decimal,
}

/// The content of a CHECKOUT.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckoutResult {
    /// The header, or the errors that make the CHECKOUT fail whatever the cart contains.
    pub(super) header: Result<CheckoutHeader, Vec<String>>,
    /// Errors in the common attributes: the CHECKOUT is accepted and dropped.
    pub(super) common_errors: Vec<String>,
}

/// The attributes of an order that come from the CHECKOUT, not from the cart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckoutHeader {
    pub(super) reference_id: String,
    pub(super) status: String,
}

/// The sum of the confirmed items of a cart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Purchase {
    /// The time of the first item that has one; empty if none has.
    pub(super) ordered_at: String,
    pub(super) currency: String,
    /// `None` if the sum is not exact.
    pub(super) price: Option<Decimal>,
    pub(super) n_items: usize,
}

#[derive(Debug, Default)]
pub(super) struct TenantCart {
    /// In the order in which the items were first added.
    lines: Vec<CartLine>,
    n_contacts: usize,
    n_consumers: usize,
    confirmed: BTreeSet<String>,
    /// Errors of CONFIRMs, which a later CONFIRM does not remove.
    invalid_confirms: Vec<String>,
}

impl CartStep {
    /// The schema errors of its event; empty if it is valid.
    pub(super) fn schema_errors(&self) -> Vec<String> {
        match self {
            Self::Change(change) => change.schema_errors().to_vec(),
            Self::Checkout(CheckoutResult { header, common_errors }) => {
                [errors_of(header), common_errors.as_slice()].concat()
            }
            Self::Clear => Vec::new(),
        }
    }
}

impl CartChange {
    /// The schema errors of its event; empty if it is valid.
    pub(super) fn schema_errors(&self) -> &[String] {
        match self {
            Self::Add(line) => errors_of(&line.product),
            Self::Confirm(items) => errors_of(items),
            Self::AddContacts(_) | Self::AddConsumers(_) => &[],
        }
    }
}

fn errors_of<T>(parsed: &Result<T, Vec<String>>) -> &[String] {
    parsed.as_ref().err().map_or(&[], Vec::as_slice)
}

impl TenantCart {
    pub(super) fn change(&mut self, change: CartChange) {
        match change {
            CartChange::Add(line) => self.add_or_replace(line),
            CartChange::AddContacts(n) => self.n_contacts += n,
            CartChange::AddConsumers(n) => self.n_consumers += n,
            // Each CONFIRM may list a part of the items.
            CartChange::Confirm(Ok(items)) => self.confirmed.extend(items),
            CartChange::Confirm(Err(reasons)) => self.invalid_confirms.extend(reasons),
        }
    }

    /// The sum of the confirmed items, or all reasons why a CHECKOUT fails.
    pub(super) fn checkout(&self) -> Result<Purchase, Vec<String>> {
        let products = self.confirmed_products();
        let reasons: Vec<_> = [
            self.nothing_added(),
            self.nothing_confirmed(),
            self.invalid_products(),
            self.invalid_confirms.iter().map(|reason| format!("CONFIRM: {reason}")).collect(),
            self.unknown_items(),
            mixed_currencies(&products),
        ]
        .concat();
        match products.as_slice() {
            [first, ..] if reasons.is_empty() => Ok(total_purchase(first, &products)),
            _ => Err(reasons),
        }
    }

    /// Number of items, confirmed or not. A cart without items cannot be abandoned.
    pub(super) fn n_items(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn n_contacts(&self) -> usize {
        self.n_contacts
    }

    pub(super) fn n_consumers(&self) -> usize {
        self.n_consumers
    }

    /// The reference of the first item.
    pub(super) fn reference_id(&self) -> Option<&str> {
        self.lines.first().and_then(|line| line.reference_id.as_deref())
    }

    fn add_or_replace(&mut self, line: CartLine) {
        // The manual: the same `item_id` twice in one session means a change of that line.
        let has_same_id = |existing: &&mut CartLine| {
            existing.item_id.is_some() && existing.item_id == line.item_id
        };
        match self.lines.iter_mut().find(has_same_id) {
            Some(existing) => *existing = line,
            None => self.lines.push(line),
        }
    }

    fn confirmed_products(&self) -> Vec<&CartProduct> {
        let is_confirmed =
            |line: &&CartLine| line.item_id.as_ref().is_some_and(|id| self.confirmed.contains(id));
        self.lines
            .iter()
            .filter(is_confirmed)
            .filter_map(|line| line.product.as_ref().ok())
            .collect()
    }

    fn nothing_added(&self) -> Vec<String> {
        if self.lines.is_empty() { vec!["nothing was added".to_owned()] } else { Vec::new() }
    }

    fn nothing_confirmed(&self) -> Vec<String> {
        // An invalid CONFIRM is reported by its own errors, not as a missing one.
        let is_confirmed = !self.confirmed.is_empty() || !self.invalid_confirms.is_empty();
        if is_confirmed { Vec::new() } else { vec!["nothing was confirmed".to_owned()] }
    }

    /// The errors of all items: an invalid item fails the CHECKOUT even if it is not confirmed.
    fn invalid_products(&self) -> Vec<String> {
        let invalid =
            self.lines.iter().filter_map(|line| Some((line, line.product.as_ref().err()?)));
        invalid
            .flat_map(|(line, reasons)| reasons.iter().map(|reason| invalid_product(line, reason)))
            .collect()
    }

    fn unknown_items(&self) -> Vec<String> {
        let is_added =
            |id: &String| self.lines.iter().any(|line| line.item_id.as_ref() == Some(id));
        let unknown = self.confirmed.iter().filter(|id| !is_added(id));
        unknown.map(|id| format!("CONFIRM: item_id {id:?} was not added")).collect()
    }
}

fn invalid_product(line: &CartLine, reason: &str) -> String {
    match &line.item_id {
        Some(id) => format!("ADD of {id:?}: {reason}"),
        None => format!("ADD: {reason}"),
    }
}

fn mixed_currencies(products: &[&CartProduct]) -> Vec<String> {
    let currencies: BTreeSet<_> =
        products.iter().map(|product| product.currency.as_str()).collect();
    if currencies.len() < 2 {
        return Vec::new();
    }
    let all = currencies.into_iter().collect::<Vec<_>>().join(", ");
    vec![format!("product.currency: {all}, expected one currency for all items")]
}

fn total_purchase(first: &CartProduct, products: &[&CartProduct]) -> Purchase {
    let line_price =
        |product: &CartProduct| exact_decimal::product(product.price, product.quantity);
    let price = products
        .iter()
        .try_fold(Decimal::ZERO, |sum, product| exact_decimal::sum(sum, line_price(product)?));
    Purchase {
        ordered_at: products
            .iter()
            .find_map(|product| product.ordered_at.clone())
            .unwrap_or_default(),
        currency: first.currency.clone(),
        price,
        n_items: products.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses `"A 12.50x2 EUR"`, or `"A invalid"`.
    fn line(text: &str) -> CartLine {
        let mut words = text.split([' ', 'x']);
        let mut word = || words.next().unwrap();
        let item_id = Some(word().to_owned()).filter(|id| id != "-");
        let price = word();
        let product = match exact_decimal::parse(price) {
            Some(price) => Ok(CartProduct {
                ordered_at: Some(format!("when {text}")),
                price,
                quantity: exact_decimal::parse(word()).unwrap(),
                currency: word().to_owned(),
            }),
            None => Err(vec!["product.price: text, expected a number".to_owned()]),
        };
        CartLine { reference_id: Some(format!("R-{text}")), item_id, product }
    }

    /// The result of a CHECKOUT after these lines and CONFIRMs; a CONFIRM of `!` is invalid.
    fn checkout_of(lines: &[&str], confirms: &[&[&str]]) -> String {
        let mut cart = TenantCart::default();
        for text in lines {
            cart.add_or_replace(line(text));
        }
        for confirm in confirms {
            cart.change(CartChange::Confirm(match confirm {
                ["!"] => Err(vec!["product: an object, expected an array".to_owned()]),
                items => Ok(items.iter().map(ToString::to_string).collect()),
            }));
        }
        match cart.checkout() {
            Ok(Purchase { ordered_at, currency, price, n_items }) => {
                let price = price.map_or("inexact".to_owned(), |price| price.to_string());
                format!("{n_items} items, {price} {currency}, {ordered_at}")
            }
            Err(reasons) => reasons.join("; "),
        }
    }

    type Case<'a> = (&'a [&'a str], &'a [&'a [&'a str]], &'a str);

    /// One line per case: added items, confirmed items, result of the CHECKOUT.
    #[test]
    fn checkout_sums_confirmed_items_or_lists_errors() {
        let object = "CONFIRM: product: an object, expected an array";
        let invalid = "product.price: text, expected a number";
        let max_price = "A 79228162514264337593543950335x1 EUR";
        let table: &[Case] = &[
            (
                &["A 12.50x2 EUR", "B 0.1x3 EUR"],
                &[&["A", "B"]],
                "2 items, 25.30 EUR, when A 12.50x2 EUR",
            ),
            (
                &["A 1x1 EUR", "B 2x1 EUR", "C 4x1 EUR"],
                &[&["C"], &["B"]],
                "2 items, 6 EUR, when B 2x1 EUR",
            ),
            (&["A 1x1 EUR"], &[&["A", "A"], &["A"]], "1 items, 1 EUR, when A 1x1 EUR"),
            (
                &["A 1x1 EUR", "B 2x1 EUR", "A 5x1 EUR"],
                &[&["B", "A"]],
                "2 items, 7 EUR, when A 5x1 EUR",
            ),
            (&["A 5x-1 EUR"], &[&["A"]], "1 items, -5 EUR, when A 5x-1 EUR"),
            (&[], &[], "nothing was added; nothing was confirmed"),
            (&["A 1x1 EUR"], &[], "nothing was confirmed"),
            (&["A 1x1 EUR"], &[&["!"]], object),
            (&["A 1x1 EUR"], &[&["!"], &["A"]], object),
            (&["A 1x1 EUR"], &[&["A", "B"]], "CONFIRM: item_id \"B\" was not added"),
            (&[], &[&["B"]], "nothing was added; CONFIRM: item_id \"B\" was not added"),
            (&["A invalid", "B 1x1 EUR"], &[&["B"]], &format!("ADD of \"A\": {invalid}")),
            (&["- invalid", "B 1x1 EUR"], &[&["B"]], &format!("ADD: {invalid}")),
            (&["A invalid", "A 1x1 EUR"], &[&["A"]], "1 items, 1 EUR, when A 1x1 EUR"),
            (&["A 1x1 EUR", "A invalid"], &[&["A"]], &format!("ADD of \"A\": {invalid}")),
            (
                &["A 1x1 EUR", "B 1x1 USD"],
                &[&["A", "B"]],
                "product.currency: EUR, USD, expected one currency for all items",
            ),
            (&["A 1x1 EUR", "B 1x1 USD"], &[&["B"]], "1 items, 1 USD, when B 1x1 USD"),
            (
                &[max_price, "B 0.1x1 EUR"],
                &[&["A", "B"]],
                &format!("2 items, inexact EUR, when {max_price}"),
            ),
        ];
        for (lines, confirms, expected) in table {
            assert_eq!(checkout_of(lines, confirms), *expected, "{lines:?} {confirms:?}");
        }
    }

    #[test]
    fn changed_line_keeps_its_position() {
        let mut cart = TenantCart::default();
        for text in ["A 1x1 EUR", "B 1x1 EUR", "A 2x1 EUR", "- invalid", "- invalid"] {
            cart.add_or_replace(line(text));
        }
        assert_eq!((cart.n_items(), cart.reference_id()), (4, Some("R-A 2x1 EUR")));
    }
}
