//! Known formats: exports for which there is a built-in profile, recognised by what only they have.
//!
//! By names alone; reads no value. Called where a profile does not fit a file, and by `sniff`.

use super::{profile::Profile, profile_texts::built_in_name};

/// The export of a system that a built-in profile reads.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownFormat {
    /// The name of the profile.
    pub profile: &'static str,
    /// What the export is called.
    pub title: &'static str,
    /// Columns that all variants of a CSV export have, and no other system together.
    columns: &'static [&'static str],
    /// The same of the members of JSON documents.
    members: &'static [&'static str],
    /// The files that the profile joins: the name of the join, and columns of the file.
    joined: &'static [(&'static str, &'static [&'static str])],
}

/// Known exports. A header may have the columns of one only.
static KNOWN_FORMATS: [KnownFormat; 17] = [
    of_csv(
        "shopify",
        "Shopify's orders_export.csv",
        &["Name", "Financial Status", "Lineitem name", "Lineitem quantity"],
    ),
    of_csv("matrixify", "a Matrixify export of Shopify", &["Name", "Line: Type", "Line: Quantity"]),
    of_csv(
        "woocommerce-packed",
        "WooCommerce's Customer/Order export",
        &["order_total", "billing_email", "line_items"],
    ),
    of_csv(
        "woocommerce-wide",
        "WebToffee's order export of WooCommerce",
        &["order_total", "customer_user", "line_item_1"],
    ),
    of_csv(
        "magento-grid",
        "the order grid of Magento",
        &["ID", "Purchase Date", "Grand Total (Base)", "Status"],
    ),
    of_csv(
        "bigcommerce",
        "BigCommerce's order export",
        &["Order ID", "Order Status", "Order Total (inc tax)", "Product Details"],
    ),
    KnownFormat {
        joined: &[
            ("buyer", &["order-id", "buyer-email"]),
            ("buyer", &["amazon-order-id", "buyer-email"]),
        ],
        ..of_csv(
            "amazon",
            "Amazon's All Orders report",
            &["amazon-order-id", "purchase-date", "item-status"],
        )
    },
    of_csv("ebay", "eBay's orders report", &["Sales Record Number", "Buyer Username", "Sold For"]),
    KnownFormat {
        joined: &[("lines", &["Order ID", "Item Name", "Listing ID"])],
        ..of_csv(
            "etsy",
            "Etsy's sold orders",
            &["Sale Date", "Order ID", "Number of Items", "Order Net"],
        )
    },
    of_csv("square", "Square's item sales", &["Transaction ID", "Price Point Name", "Time Zone"]),
    of_json("shopify-bulk", "a bulk operation of Shopify", &["__parentId", "id"]),
    of_json(
        "shopify-rest",
        "orders of Shopify's Admin API",
        &["financial_status", "total_price", "name", "currency"],
    ),
    of_json(
        "woocommerce-rest",
        "orders of WooCommerce's REST API",
        &["order_key", "date_created", "total"],
    ),
    of_json(
        "magento-rest",
        "orders of Magento's REST API",
        &["increment_id", "grand_total", "entity_id", "order_currency_code"],
    ),
    of_json("commercetools", "orders of commercetools", &["orderState", "totalPrice.centAmount"]),
    of_json(
        "ordercloud",
        "order worksheets of OrderCloud",
        &["Order.ID", "Order.Status", "LineItems"],
    ),
    of_json(
        "salesforce-b2c",
        "orders of Salesforce B2C Commerce",
        &["order-date", "product-lineitems", "totals"],
    ),
];

const fn of_csv(
    profile: &'static str,
    title: &'static str,
    columns: &'static [&'static str],
) -> KnownFormat {
    KnownFormat { profile, title, columns, members: &[], joined: &[] }
}

const fn of_json(
    profile: &'static str,
    title: &'static str,
    members: &'static [&'static str],
) -> KnownFormat {
    KnownFormat { profile, title, columns: &[], members, joined: &[] }
}

/// The format of a header; upper and lower case and blanks around a name do not matter. None if it
/// is of none, or could be of two.
#[must_use]
pub fn known_header<'n>(names: impl Iterator<Item = &'n str>) -> Option<&'static KnownFormat> {
    let names: Vec<_> = names.map(|name| name.trim().to_lowercase()).collect();
    let has = |column: &&str| names.contains(&column.to_lowercase());
    only(|format| !format.columns.is_empty() && format.columns.iter().all(has))
}

/// The format of documents; `has_all` says whether any has a value at all of these paths.
#[must_use]
pub fn known_documents(has_all: impl Fn(&[&str]) -> bool) -> Option<&'static KnownFormat> {
    only(|format| !format.members.is_empty() && has_all(format.members))
}

/// The format of which a header is that of a joined file.
#[must_use]
pub fn known_joined_header<'n>(
    names: &(impl Iterator<Item = &'n str> + Clone),
) -> Option<&'static KnownFormat> {
    KNOWN_FORMATS.iter().find(|format| format.join_of(names.clone()).is_some())
}

fn only(is_format: impl Fn(&KnownFormat) -> bool) -> Option<&'static KnownFormat> {
    let mut found = KNOWN_FORMATS.iter().filter(|format| is_format(format));
    found.next().filter(|_| found.next().is_none())
}

impl KnownFormat {
    /// The name of the join whose file has such a header.
    pub fn join_of<'n>(&self, names: impl Iterator<Item = &'n str>) -> Option<&'static str> {
        let names: Vec<_> = names.map(|name| name.trim().to_lowercase()).collect();
        let has = |column: &&str| names.contains(&column.to_lowercase());
        let join = self.joined.iter().find(|(_, columns)| columns.iter().all(has));
        join.map(|(name, _)| *name)
    }

    /// What to type where another profile does not fit.
    #[must_use]
    pub fn hint(&self) -> String {
        format!("looks like {}: --profile {}", self.title, self.profile)
    }

    /// Whether a profile is the one for it, or extends that.
    pub(super) fn is_read_by(&self, profile: &Profile) -> bool {
        let name = built_in_name(self.profile);
        profile.name == self.profile || profile.extends.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::BUILT_IN;

    #[test]
    fn every_built_in_profile_has_its_format() {
        let profiles: Vec<_> = KNOWN_FORMATS.iter().map(|format| format.profile).collect();
        for (name, _) in BUILT_IN.iter().filter(|(name, _)| *name != "canonical") {
            assert!(profiles.contains(name), "{name}");
        }
        assert_eq!(profiles.len() + 1, BUILT_IN.len());
    }

    #[test]
    fn formats_are_known_by_their_own_names() {
        let profile = |names: &[&str]| known_header(names.iter().copied()).map(|one| one.profile);
        assert_eq!(
            profile(&["name", " Financial Status", "Lineitem quantity", "Lineitem name", "New"]),
            Some("shopify")
        );
        assert_eq!(profile(&["Name", "Status", "Total"]), None);
        let known: Vec<_> = KNOWN_FORMATS.iter().filter(|one| !one.columns.is_empty()).collect();
        for format in &known {
            assert_eq!(profile(format.columns), Some(format.profile));
        }
        let all: Vec<_> = known.iter().flat_map(|format| format.columns).copied().collect();
        assert_eq!(profile(&all), None);
        for format in KNOWN_FORMATS.iter().filter(|one| !one.members.is_empty()) {
            let has = |paths: &[&str]| paths.iter().all(|path| format.members.contains(path));
            assert_eq!(known_documents(has).map(|one| one.profile), Some(format.profile));
        }
    }
}
