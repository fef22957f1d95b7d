//! An invented export, the same on every machine: one canonical CSV text and the NDJSON text that says the same.
//!
//! Shares nothing with `samples/`, which is for people. Called by `support`.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta};

/// Orders, each of one to four items: about 5,000 rows of CSV.
pub(crate) const N_ORDERS: usize = 2000;

/// One order in so many names a currency that there is not, as one hand-edited row in a real export does.
pub(crate) const INVALID_EVERY: usize = 50;

/// Guests come back: on average each has somewhat less than two orders.
const N_GUESTS: u64 = 1200;

/// Any number will do, as long as it stays.
const SEED: u64 = 0x6f72_6465_7266_6572;

/// 2026-01-01T00:00:00Z
const FIRST_ORDER: i64 = 1_767_225_600;

const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,cardType,ext.giftWrap:boolean,\
    item.type,item.referenceId,item.status,item.currencyCode,item.price,item.name,item.productId,item.quantity,\
    item.ext.colour,guest.email,guest.firstname,guest.lastname,guest.mobile,guest.street,guest.city,guest.country,\
    guest.postal_code,guest.id.crm,event.channel,event.language";

const NAMES: [&str; 6] = [
    "Fjellhütte 2 Tunnel Tent",
    "Trekking Poles Pair, 110-135 cm",
    "Sac à Dos Écrin 30 l",
    "Sleeping Mat 5'11\" Self-Inflating",
    "Down Jacket",
    "Head Torch 400",
];
const KINDS: [&str; 4] = ["TENT", "ACCESSORY", "BACKPACK", "CLOTHING"];
const COLOURS: [&str; 4] = ["petrol", "bleu nuit", "grün", "sand"];
const CURRENCIES: [&str; 3] = ["GBP", "EUR", "SEK"];
const FIRST_NAMES: [&str; 5] = ["Elspeth", "Douglas", "Åsa", "José", "Anne-Marie"];
const LAST_NAMES: [&str; 5] = ["Drumlochan", "Penhallowby", "Öberg", "O'Malley", "Weiß"];

/// The same orders in both forms.
pub(crate) struct Export {
    pub(crate) csv: String,
    pub(crate) ndjson: String,
}

impl Export {
    pub(crate) fn invented() -> Self {
        let mut dice = Dice(SEED);
        let mut export = Self { csv: format!("{HEADER}\n"), ndjson: String::new() };
        for number in 0..N_ORDERS {
            let order = Order::invented(number, &mut dice);
            order.write_rows(&mut export.csv).expect("a String takes all text");
            order.write_document(&mut export.ndjson).expect("a String takes all text");
        }
        export
    }
}

struct Order {
    reference: String,
    ordered_at: String,
    currency: &'static str,
    is_gift: bool,
    items: Vec<Item>,
    guest: Guest,
}

struct Item {
    kind: &'static str,
    name: &'static str,
    colour: &'static str,
    cents: u64,
    quantity: u64,
}

struct Guest {
    number: u64,
    first: &'static str,
    last: &'static str,
}

impl Order {
    fn invented(number: usize, dice: &mut Dice) -> Self {
        let minutes = i64::try_from(number * 37).expect("a few thousand orders");
        let ordered_at = DateTime::from_timestamp(FIRST_ORDER, 0).expect("a time of this century");
        let currency = dice.pick(&CURRENCIES);
        Self {
            reference: format!("WX-{}", 100_000 + number),
            ordered_at: (ordered_at + TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Secs, true),
            currency: if number % INVALID_EVERY == INVALID_EVERY - 1 { "GPB" } else { currency },
            is_gift: dice.below(5) == 0,
            items: (0..=dice.below(4)).map(|_| Item::invented(dice)).collect(),
            guest: Guest::invented(dice.below(N_GUESTS)),
        }
    }

    fn price(&self) -> String {
        decimal(self.items.iter().map(|item| item.cents * item.quantity).sum())
    }

    /// One row for each item; the order's cells stand in all of them.
    fn write_rows(&self, into: &mut String) -> std::fmt::Result {
        let Self { reference, ordered_at, currency, is_gift, items, guest } = self;
        let Guest { number, first, last } = guest;
        let price = self.price();
        for (line, Item { kind, name, colour, cents, quantity }) in (1..).zip(items) {
            let (name, each) = (name.replace('"', "\"\""), decimal(*cents));
            write!(into, "{reference},{ordered_at},PURCHASED,{currency},{price},Card,Visa,{is_gift},")?;
            write!(
                into,
                "{kind},{reference}-{line},PURCHASED,{currency},{each},\"{name}\",{kind}-{cents},{quantity},"
            )?;
            write!(into, "{colour},guest{number}@example.org,{first},{last},+44 7700 900618,")?;
            writeln!(into, "\"{number} Stile Lane, Flat 2\",Bristol,GB,BS1 9ZZ,{number:07},WEB,EN")?;
        }
        Ok(())
    }

    /// One line with everything.
    fn write_document(&self, into: &mut String) -> std::fmt::Result {
        let Self { reference, ordered_at, currency, is_gift, items, guest } = self;
        let Guest { number, first, last } = guest;
        let price = self.price();
        write!(into, r#"{{"referenceId":"{reference}","orderedAt":"{ordered_at}","status":"PURCHASED","#)?;
        write!(into, r#""currencyCode":"{currency}","price":{price},"paymentType":"Card","cardType":"Visa","#)?;
        write!(into, r#""extensions":{{"giftWrap":{is_gift}}},"orderItems":["#)?;
        for (line, Item { kind, name, colour, cents, quantity }) in (1..).zip(items) {
            let (comma, name, each) = (if line == 1 { "" } else { "," }, name.replace('"', "\\\""), decimal(*cents));
            write!(into, r#"{comma}{{"type":"{kind}","referenceId":"{reference}-{line}","status":"PURCHASED","#)?;
            write!(
                into,
                r#""currencyCode":"{currency}","price":{each},"name":"{name}","productId":"{kind}-{cents}","#
            )?;
            write!(into, r#""quantity":{quantity},"extensions":{{"colour":"{colour}"}}}}"#)?;
        }
        write!(into, r#"],"guest":{{"email":"guest{number}@example.org","firstname":"{first}","lastname":"{last}","#)?;
        write!(into, r#""mobile":"+44 7700 900618","street":["{number} Stile Lane, Flat 2"],"city":"Bristol","#)?;
        write!(into, r#""country":"GB","postal_code":"BS1 9ZZ","#)?;
        write!(into, r#""identifiers":[{{"provider":"crm","id":"{number:07}"}}]}},"#)?;
        writeln!(into, r#""event":{{"channel":"WEB","language":"EN"}}}}"#)
    }
}

impl Item {
    fn invented(dice: &mut Dice) -> Self {
        Self {
            kind: dice.pick(&KINDS),
            name: dice.pick(&NAMES),
            colour: dice.pick(&COLOURS),
            cents: 199 + dice.below(60_000),
            quantity: 1 + dice.below(3),
        }
    }
}

impl Guest {
    /// The same number is the same guest.
    fn invented(number: u64) -> Self {
        let mut dice = Dice(number);
        Self { number, first: dice.pick(&FIRST_NAMES), last: dice.pick(&LAST_NAMES) }
    }
}

fn decimal(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// `SplitMix64`: enough for invented orders, and no dependency.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        let place = self.below(from.len() as u64);
        from[usize::try_from(place).expect("below a slice's length")]
    }
}
