//! Order generator: synthetic orders from a seed, as many as fill a number of rows. The same seed
//! generates the same orders on every machine.
//!
//! An order has 2.5 items on average, and its price is their sum. Guests return: there are about
//! 0.6 guests per order. The orders are sorted by their times, which span ten years. Writes
//! nothing; `form` does that. Called by `main` and by benches that need orders.

use chrono::{DateTime, SecondsFormat};

/// 2016-01-01T00:00:00Z and ten years, so that no order is ever in the future.
const FIRST_ORDER: u64 = 1_451_606_400;
const TIME_SPAN: u64 = 315_532_800;

/// The number of orders in a hundred with 1, 2, 3, … items; 250 items in total.
const ORDERS_WITH_ITEMS: [u64; 8] = [35, 25, 17, 11, 6, 3, 2, 1];

/// The number of guests to draw from, per thousand orders. About 600 different ones are drawn.
const GUESTS_TO_DRAW: u64 = 885;

const N_PRODUCTS: u64 = 4096;

const PRODUCT_TYPES: [(&str, &str); 8] = [
    ("Tunnel Tent", "TENT"),
    ("Trekking Poles", "ACCESSORY"),
    ("Backpack", "BACKPACK"),
    ("Sleeping Mat", "ACCESSORY"),
    ("Down Jacket", "CLOTHING"),
    ("Head Torch", "ACCESSORY"),
    ("Rain Shell", "CLOTHING"),
    ("Gas Stove", "COOKING"),
];
const BRANDS: [&str; 12] = [
    "Fjellhütte",
    "Otter Creek",
    "Écrin",
    "Moorland",
    "Señal",
    "Nachtfalter",
    "Kolibri",
    "Stile & Sons",
    "Northgate",
    "Źródło",
    "Penrith",
    "Wanderer",
];
const COLOURS: [&str; 8] =
    ["petrol", "bleu nuit", "grün", "sand", "anthracite", "moss", "rust", ""];

/// First names as people write them, and the initial in their e-mail addresses.
const FIRST_NAMES: [(&str, char); 16] = [
    ("Elspeth", 'e'),
    ("Douglas", 'd'),
    ("Åsa", 'a'),
    ("José", 'j'),
    ("Anne-Marie", 'a'),
    ("Gethin", 'g'),
    ("Wietske", 'w'),
    ("Gaël", 'g'),
    ("Linh", 'l'),
    ("Tarquin", 't'),
    ("Małgorzata", 'm'),
    ("Ingrid", 'i'),
    ("Ferdinand", 'f'),
    ("Sean", 's'),
    ("Ottoline", 'o'),
    ("Marek", 'm'),
];
const LAST_NAMES: [(&str, &str); 16] = [
    ("Drumlochan", "drumlochan"),
    ("Penhallowby", "penhallowby"),
    ("Öberg", "oberg"),
    ("O'Malley", "omalley"),
    ("Weiß", "weiss"),
    ("Pantyfelin", "pantyfelin"),
    ("Hoogeveldstra", "hoogeveldstra"),
    ("Trévignonec", "trevignonec"),
    ("Underhaugh", "underhaugh"),
    ("Tranvaux", "tranvaux"),
    ("Szczepańska", "szczepanska"),
    ("Solheim", "solheim"),
    ("Krähenbühl", "kraehenbuehl"),
    ("Brady", "brady"),
    ("Fairweather", "fairweather"),
    ("Novotný", "novotny"),
];
const DOMAINS: [&str; 3] = ["example.org", "example.net", "example.com"];

/// City, country and the currency that is used there.
const CITIES: [(&str, &str, &str); 16] = [
    ("Bristol", "GB", "GBP"),
    ("Newcastle upon Tyne", "GB", "GBP"),
    ("Inverness", "GB", "GBP"),
    ("Galway", "IE", "EUR"),
    ("Besançon", "FR", "EUR"),
    ("L'Isle-Adam", "FR", "EUR"),
    ("'s-Hertogenbosch", "NL", "EUR"),
    ("Göttingen", "DE", "EUR"),
    ("Regensburg", "DE", "EUR"),
    ("Málaga", "ES", "EUR"),
    ("Jönköping", "SE", "SEK"),
    ("Tromsø", "NO", "NOK"),
    ("Aarhus", "DK", "DKK"),
    ("Zürich", "CH", "CHF"),
    ("Łódź", "PL", "PLN"),
    ("Brno", "CZ", "CZK"),
];
const CARDS: [&str; 4] = ["Mastercard", "Visa", "Diners", "American Express"];

/// The parameters of the generator.
pub(crate) struct OrderGenerator {
    /// The number of items over all orders; the last order has as many as remain.
    pub(crate) n_rows: u64,
    pub(crate) seed: u64,
    pub(crate) names: ProductNames,
    /// The share of orders in a currency that does not exist.
    pub(crate) invalid: Fraction,
}

/// How products are named.
#[derive(Clone, Copy)]
pub(crate) enum ProductNames {
    /// This share has a comma or quotation marks.
    Quoted(Fraction),
    /// As shops write them: a fifth ends in a quotation mark, such as `Case "slim"`, another fifth
    /// has a comma, and all have umlauts.
    QuotesAndUmlauts,
}

/// A share from 0 to 1.
#[derive(Clone, Copy)]
pub(crate) struct Fraction(pub(crate) f64);

pub(crate) struct Order {
    pub(crate) reference: String,
    /// RFC 3339 in UTC.
    pub(crate) ordered_at: String,
    pub(crate) status: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) payment: &'static str,
    /// Empty if the order was not paid by card.
    pub(crate) card: &'static str,
    pub(crate) is_gift: bool,
    pub(crate) items: Vec<Item>,
    pub(crate) guest: Guest,
}

#[derive(Clone, Copy)]
pub(crate) struct Item {
    /// An index of [`Orders::products`].
    pub(crate) product: usize,
    pub(crate) colour: &'static str,
    pub(crate) cents: u64,
    pub(crate) quantity: u64,
}

pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) type_name: &'static str,
}

pub(crate) struct Guest {
    pub(crate) number: u64,
    pub(crate) first: &'static str,
    pub(crate) last: &'static str,
    pub(crate) email: String,
    pub(crate) city: &'static str,
    pub(crate) country: &'static str,
}

impl OrderGenerator {
    pub(crate) fn orders(&self) -> Orders {
        let mut rng = SplitMix64(self.seed);
        let products =
            (0..N_PRODUCTS).map(|number| Product::generate(number, self.names, &mut rng)).collect();
        let n_expected = (self.n_rows * 100 / items_of_a_hundred_orders()).max(1);
        Orders {
            products,
            rng,
            n_expected,
            invalid: self.invalid,
            number: 0,
            n_rows_left: self.n_rows,
        }
    }
}

fn items_of_a_hundred_orders() -> u64 {
    (1..).zip(ORDERS_WITH_ITEMS).map(|(n_items, n_orders)| n_items * n_orders).sum()
}

/// An iterator over the orders, sorted by their times.
pub(crate) struct Orders {
    products: Vec<Product>,
    rng: SplitMix64,
    /// The expected number of orders.
    n_expected: u64,
    invalid: Fraction,
    number: u64,
    n_rows_left: u64,
}

impl Orders {
    pub(crate) fn product(&self, item: Item) -> &Product {
        &self.products[item.product]
    }

    fn n_items(&mut self) -> u64 {
        let mut position = self.rng.below(100);
        for (n_items, n_orders) in (1..).zip(ORDERS_WITH_ITEMS) {
            match position.checked_sub(n_orders) {
                Some(rest) => position = rest,
                None => return n_items,
            }
        }
        unreachable!("ORDERS_WITH_ITEMS adds up to a hundred")
    }
}

impl Iterator for Orders {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        if self.n_rows_left == 0 {
            return None;
        }
        let n_items = self.n_items().min(self.n_rows_left);
        let n_guests = (self.n_expected * GUESTS_TO_DRAW).div_ceil(1000);
        // An identifier 0 is a placeholder, and the order invalid.
        let (guest, currency) = Guest::generate(1 + self.rng.below(n_guests));
        let rng = &mut self.rng;
        let seconds = FIRST_ORDER
            + (self.number.min(self.n_expected - 1) * TIME_SPAN + rng.below(TIME_SPAN))
                / self.n_expected;
        let ordered_at =
            DateTime::from_timestamp(i64::try_from(seconds).expect("a time of this century"), 0);
        let payment = rng.pick(&["Card", "Card", "Card", "PayPal", "PayPal", "voucher", "other"]);
        let is_invalid = rng.is_within(self.invalid);
        let order = Order {
            reference: format!("WX{}", 1_000_000 + self.number),
            ordered_at: ordered_at
                .expect("chrono can represent it")
                .to_rfc3339_opts(SecondsFormat::Secs, true),
            status: if rng.below(32) == 0 { "PAYMENT_PENDING" } else { "PURCHASED" },
            currency: if is_invalid { "GPB" } else { currency },
            payment,
            card: if payment == "Card" { rng.pick(&CARDS) } else { "" },
            is_gift: rng.below(8) == 0,
            items: (0..n_items).map(|_| Item::generate(rng)).collect(),
            guest,
        };
        self.number += 1;
        self.n_rows_left -= n_items;
        Some(order)
    }
}

impl Order {
    pub(crate) fn price(&self) -> Decimals {
        Decimals(self.items.iter().map(|item| item.cents * item.quantity).sum())
    }
}

impl Item {
    fn generate(rng: &mut SplitMix64) -> Self {
        Self {
            product: usize::try_from(rng.below(N_PRODUCTS)).expect("below a Vec's length"),
            colour: rng.pick(&COLOURS),
            cents: 199 + rng.below(30_000),
            quantity: if rng.below(4) == 0 { 2 + rng.below(3) } else { 1 },
        }
    }
}

impl Product {
    fn generate(number: u64, names: ProductNames, rng: &mut SplitMix64) -> Self {
        let (make, (what, kind)) = (rng.pick(&BRANDS), rng.pick(&PRODUCT_TYPES));
        let size = 20 + 5 * rng.below(40);
        let name = match names {
            ProductNames::QuotesAndUmlauts => match number % 5 {
                0 => format!("{make} Hülle {size} \"schmal\""),
                1 => format!("{make} Rucksack, für {size} l"),
                _ => format!("{make} Zelt größer {size}"),
            },
            ProductNames::Quoted(share) => match (rng.is_within(share), rng.below(2)) {
                (false, _) => format!("{make} {what} {size}"),
                (true, 0) => format!("{what} \"{make}\" {size}"),
                (true, _) => format!("{make} {what}, {size} l"),
            },
        };
        Self { id: format!("{}-{number:04}", &kind[..3]), name, type_name: kind }
    }
}

impl Guest {
    /// The guest of this number, and the currency that the guest pays with.
    fn generate(number: u64) -> (Self, &'static str) {
        // Seeded with the number, so that a guest who returns has the same name, city and
        // currency.
        let mut rng = SplitMix64(number);
        let ((first, initial), (last, in_address)) =
            (rng.pick(&FIRST_NAMES), rng.pick(&LAST_NAMES));
        let (city, country, currency) = rng.pick(&CITIES);
        let email = format!("{initial}.{in_address}{number}@{}", rng.pick(&DOMAINS));
        (Self { number, first, last, email, city, country }, currency)
    }
}

/// An amount in hundredths.
pub(crate) struct Decimals(pub(crate) u64);

impl std::fmt::Display for Decimals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// `SplitMix64`, a small random generator.
// Good enough for synthetic orders, and no dependency.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("below a slice's length")]
    }

    #[expect(clippy::cast_precision_loss, reason = "a million is exact as f64")]
    fn is_within(&mut self, share: Fraction) -> bool {
        const PARTS: u64 = 1_000_000;
        (self.below(PARTS) as f64) < share.0 * PARTS as f64
    }
}
