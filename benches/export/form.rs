//! Export format: writes orders as CSV with a row per item, or as JSON with a document per order.
//!
//! A record is the unit that can be moved as a whole: a row or a document. Called by `main` and by
//! benches that need exports.

use std::fmt::{self, Write};

use crate::orders::{Decimals, Order, Orders};

/// 21 columns. The order columns are repeated in each row of an order.
const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,cardType,ext.giftWrap:boolean,\
    item.type,item.referenceId,item.price,item.name,item.productId,item.quantity,item.ext.colour,\
    guest.email,guest.firstname,guest.lastname,guest.city,guest.country,guest.id.crm\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// One row per item
    Csv,
    /// One order per line
    Ndjson,
    /// One array of all orders
    Array,
}

impl ExportFormat {
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Csv => HEADER,
            Self::Ndjson => "",
            Self::Array => "[\n",
        }
    }

    pub(crate) fn between(self) -> &'static str {
        match self {
            Self::Csv | Self::Ndjson => "\n",
            Self::Array => ",\n",
        }
    }

    pub(crate) fn end(self) -> &'static str {
        match self {
            Self::Csv | Self::Ndjson => "\n",
            Self::Array => "\n]\n",
        }
    }

    /// Passes each record of an order to `emit`.
    pub(crate) fn records<E>(
        self,
        order: &Order,
        orders: &Orders,
        text: &mut String,
        mut emit: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let n_records = if self == Self::Csv { order.items.len() } else { 1 };
        for position in 0..n_records {
            text.clear();
            let written = match self {
                Self::Csv => write_row(order, position, orders, text),
                Self::Ndjson | Self::Array => write_document(order, orders, text),
            };
            written.expect("a String accepts all text");
            emit(text)?;
        }
        Ok(())
    }
}

fn write_row(order: &Order, position: usize, orders: &Orders, into: &mut String) -> fmt::Result {
    let Order { reference, ordered_at, status, currency, payment, card, is_gift, guest, .. } =
        order;
    let item = order.items[position];
    let product = orders.product(item);
    write!(
        into,
        "{reference},{ordered_at},{status},{currency},{},{payment},{card},{is_gift},",
        order.price()
    )?;
    write!(into, "{},{reference}-{},{},", product.type_name, position + 1, Decimals(item.cents))?;
    if product.name.contains([',', '"']) {
        write!(into, "\"{}\"", product.name.replace('"', "\"\""))?;
    } else {
        into.push_str(&product.name);
    }
    write!(into, ",{},{},{},", product.id, item.quantity, item.colour)?;
    write!(
        into,
        "{},{},{},{},{},{:07}",
        guest.email, guest.first, guest.last, guest.city, guest.country, guest.number
    )
}

fn write_document(order: &Order, orders: &Orders, into: &mut String) -> fmt::Result {
    let Order { reference, ordered_at, status, currency, payment, card, is_gift, items, guest } =
        order;
    write!(
        into,
        r#"{{"referenceId":"{reference}","orderedAt":"{ordered_at}","status":"{status}","#
    )?;
    write!(
        into,
        r#""currencyCode":"{currency}","price":{},"paymentType":"{payment}","#,
        order.price()
    )?;
    if !card.is_empty() {
        write!(into, r#""cardType":"{card}","#)?;
    }
    write!(into, r#""extensions":{{"giftWrap":{is_gift}}},"orderItems":["#)?;
    for (line, item) in (1..).zip(items) {
        let (comma, product) = (if line == 1 { "" } else { "," }, orders.product(*item));
        let (name, price) = (product.name.replace('"', "\\\""), Decimals(item.cents));
        write!(
            into,
            r#"{comma}{{"type":"{}","referenceId":"{reference}-{line}","price":{price},"#,
            product.type_name
        )?;
        write!(
            into,
            r#""name":"{name}","productId":"{}","quantity":{}"#,
            product.id, item.quantity
        )?;
        if !item.colour.is_empty() {
            write!(into, r#","extensions":{{"colour":"{}"}}"#, item.colour)?;
        }
        into.push('}');
    }
    write!(into, r#"],"guest":{{"email":"{}","firstname":"{}","#, guest.email, guest.first)?;
    write!(
        into,
        r#""lastname":"{}","city":"{}","country":"{}","#,
        guest.last, guest.city, guest.country
    )?;
    write!(into, r#""identifiers":[{{"provider":"crm","id":"{:07}"}}]}}}}"#, guest.number)
}
