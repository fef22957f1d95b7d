//! Draft of the order: number, time, status, currency, total and payment.
//!
//! Called by `drafting`.

use super::{
    date_forms::DateForm,
    draft::{Choice, DraftSection, quoted},
    draft_values::{by_name, choice, counted, rule, rule_keys},
    survey::{Level, Survey},
    vocabulary::WordsOfName,
};

/// The sections of the order.
pub(super) fn order_sections(survey: &Survey) -> Vec<DraftSection> {
    let mut order = DraftSection::new("[order]");
    reference(&mut order, survey);
    currency(&mut order, survey);
    price(&mut order, survey);
    payment(&mut order, survey);
    let status = status(&mut order, survey);
    let mut sections = vec![order, time(survey)];
    sections.extend(status);
    sections
}

fn reference(order: &mut DraftSection, survey: &Survey) {
    let level = &survey.rows;
    let Some(number) = level.column("order.referenceId") else {
        let value = format!("{{ {} = \"?\" }}", survey.layout.source_key());
        order.ask("referenceId", value, "which column is the number of the order?", Vec::new());
        return;
    };
    let Some(key) = survey.key.as_ref().filter(|key| key.columns.len() > 1) else {
        by_name(order, "referenceId", rule(level.source(number)));
        return;
    };
    let names: Vec<_> =
        key.columns.iter().map(|column| quoted(level.source(*column).name())).collect();
    let value = format!("{{ concat = [{}], separator = \"-\" }}", names.join(", "));
    let name = level.source(number).name();
    order.guess(
        "referenceId",
        value,
        format!("orders of different dates or guests have one {name}"),
    );
}

fn time(survey: &Survey) -> DraftSection {
    let mut section = DraftSection::new("[order.orderedAt]");
    let level = &survey.rows;
    let Some(date) = level.column("order.orderedAt") else {
        section.ask(
            survey.layout.source_key(),
            "\"?\"",
            "which column is the time of the order?",
            Vec::new(),
        );
        return section;
    };
    let forms = &level.values[date].dates;
    let time = level.column("time of day").filter(|_| forms.iter().all(|form| form.lacks_time));
    if let Some(time) = time {
        let names = [date, time].map(|column| quoted(level.source(column).name()));
        section.guess("concat", format!("[{}]", names.join(", ")), "the day and its time");
        section.sure("separator", quoted(" "), "");
    } else {
        let source = level.source(date);
        section.guess(source.key(), quoted(source.name()), "by its name and its values");
    }
    let behind = if time.is_some() { time_format(survey, time) } else { "" };
    date_format(&mut section, forms, behind);
    if let Some(locale) = forms.iter().find_map(|form| form.locale) {
        section.sure("locale", quoted(locale), "the language of the names of months");
    }
    if forms.iter().any(|form| form.lacks_time) && time.is_none() {
        section.guess(
            "time",
            quoted("12:00"),
            "the export has days only; noon is the same day in most zones",
        );
    }
    if forms.iter().any(|form| form.needs_zone) {
        let choices = vec![
            choice(quoted("UTC"), "UTC"),
            choice(quoted("Europe/Berlin"), "Europe/Berlin"),
            choice(quoted("Europe/London"), "Europe/London"),
            choice(quoted("America/New_York"), "America/New_York"),
            choice(quoted("America/Los_Angeles"), "America/Los_Angeles"),
        ];
        section.ask("zone", "\"?\"", "in which time zone are the dates of the export?", choices);
    }
    section
}

/// The format of a column of times of day.
fn time_format(survey: &Survey, column: Option<usize>) -> &'static str {
    let first = column.and_then(|column| survey.rows.values[column].distinct.first());
    let Some((text, _)) = first else { return "" };
    let has_half = text.ends_with(['m', 'M']);
    match (text.matches(':').count(), has_half) {
        (2, false) => " %H:%M:%S",
        (2, true) => " %I:%M:%S %p",
        (_, false) => " %H:%M",
        (_, true) => " %I:%M %p",
    }
}

fn date_format(section: &mut DraftSection, forms: &[DateForm], behind: &str) {
    let format = |form: &DateForm| quoted(&format!("{}{behind}", form.format));
    match forms {
        [] => {}
        [form] if form.format == "iso8601" => section.sure("date", format(form), ""),
        [form] => section.sure("date", format(form), "reads every date of the sample"),
        forms => {
            let choices: Vec<Choice> =
                forms.iter().map(|form| choice(format(form), form.example.clone())).collect();
            section.ask("date", "\"?\"", "which is the day and which the month?", choices);
        }
    }
}

fn currency(order: &mut DraftSection, survey: &Survey) {
    let level = &survey.rows;
    if let Some(column) = level.column("order.currencyCode") {
        by_name(order, "currencyCode", rule(level.source(column)));
        return;
    }
    // Of items in cells of their own the order cannot read the currency.
    let of_items = ["item.price", "item.line_price"].into_iter().filter(|_| survey.items.is_none());
    let mut amounts = ["order.price"].into_iter().chain(of_items);
    let with_symbol = amounts.find_map(|field| {
        let column = level.column(field)?;
        let has_symbols = level.numbers(column).is_some_and(|forms| !forms.symbols.is_empty());
        has_symbols.then(|| level.source(column))
    });
    if let Some(source) = with_symbol {
        let value = format!("{{ {}, kind = \"currency\" }}", rule_keys(source));
        order.guess("currencyCode", value, "amounts have it beside them");
        return;
    }
    if let Some(code) = code_in_names(survey) {
        let value = format!("{{ value = {} }}", quoted(&code));
        order.guess("currencyCode", value, "a column of amounts is called so");
        return;
    }
    let choices = ["EUR", "USD", "GBP", "CHF"].map(|code| choice(quoted(code), code));
    let text = "in which currency are the amounts?";
    order.ask("currencyCode", "{ value = \"?\" }", text, choices.to_vec());
}

/// The code of a currency in the name of a column of amounts, such as `Total (EUR)`.
fn code_in_names(survey: &Survey) -> Option<String> {
    let mut amounts = survey.amounts();
    amounts.find_map(|(level, column)| WordsOfName::new(level.source(column).name()).currency)
}

fn price(order: &mut DraftSection, survey: &Survey) {
    let level = &survey.rows;
    if let Some(column) = level.column("order.price") {
        amount(order, "price", level, column);
    } else if !has_item_price(survey) {
        let value = format!("{{ {} = \"?\" }}", survey.layout.source_key());
        order.ask("price", value, "which column is the total of the order?", Vec::new());
    }
}

/// Whether the total may be the sum of the items.
fn has_item_price(survey: &Survey) -> bool {
    let level = survey.item_level();
    ["item.price", "item.line_price"].into_iter().any(|field| level.column(field).is_some())
}

/// Fewer whole numbers show nothing.
const MIN_INTEGERS: usize = 5;

/// A rule of an amount, which may be in minor units.
pub(super) fn amount(section: &mut DraftSection, key: &str, level: &Level, column: usize) {
    let source = level.source(column);
    let are_integers = level
        .numbers(column)
        .is_some_and(|forms| !forms.has_decimals() && forms.n_integers >= MIN_INTEGERS);
    if WordsOfName::new(source.name()).is_minor {
        let value = format!("{{ {}, scale = 2 }}", rule_keys(source));
        section.guess(key, value, "by its name, in hundredths");
    } else if are_integers {
        let value = format!("{{ {}, scale = \"?\" }}", rule_keys(source));
        let text = "no amount has decimals: are they cents?";
        section.ask(key, value, text, vec![choice("2", "cents"), choice("0", "whole amounts")]);
    } else {
        by_name(section, key, rule(source));
    }
}

fn payment(order: &mut DraftSection, survey: &Survey) {
    let level = &survey.rows;
    let Some(column) = level.column("order.paymentType") else {
        order.guess("paymentType", "{ value = \"other\" }", "no column says how orders were paid");
        return;
    };
    let words = |wanted: &[&str]| {
        let texts = level.values[column].distinct.iter().map(|(text, _)| text.as_str());
        let texts = texts.filter(|text| is_word(text));
        let is_wanted = |text: &&str| wanted.iter().any(|word| text.to_lowercase().contains(word));
        texts.filter(is_wanted).map(quoted).collect::<Vec<_>>()
    };
    let mut values: Vec<_> =
        words(&["paypal"]).into_iter().map(|text| format!("{text} = \"PayPal\"")).collect();
    let vouchers = words(&["voucher", "gutschein", "gift card", "bon d'achat"]);
    values.extend(vouchers.into_iter().map(|text| format!("{text} = \"voucher\"")));
    let source = level.source(column);
    if values.is_empty() {
        let note = format!("{} has none of PayPal and voucher", source.name());
        order.guess("paymentType", "{ value = \"other\" }", note);
        return;
    }
    let (keys, values) = (rule_keys(source), values.join(", "));
    let value =
        format!("{{ {keys}, values = {{ {values} }}, other = \"other\", default = \"other\" }}");
    order.guess("paymentType", value, "by its name and its words");
}

/// The section of the words of the status, if the export has any.
fn status(order: &mut DraftSection, survey: &Survey) -> Option<DraftSection> {
    let level = &survey.rows;
    let Some(column) = level.column("order.status") else {
        let text = "the export has no status: are all its orders paid purchases?";
        let paid = choice(quoted("PURCHASED"), "yes, all are paid");
        let pending = choice(quoted("PAYMENT_PENDING"), "none is paid yet");
        order.ask("status", "{ value = \"?\" }", text, vec![paid, pending]);
        return None;
    };
    let source = level.source(column);
    let mut section = DraftSection::new("[order.status]");
    section.guess(source.key(), quoted(source.name()), "by its name and its words");
    // A text with much in it is no word, and may be personal: a run names it.
    let words = level.values[column].distinct.iter().filter(|(word, _)| is_word(word));
    for (word, n_rows) in words.take(40) {
        let key = format!("values.{}", quoted(word));
        let note = counted(*n_rows, "row");
        match Meaning::of(word) {
            Some(Meaning::Purchased) => section.guess(&key, quoted("PURCHASED"), note),
            Some(Meaning::Skipped(reason)) => {
                section.guess(&key, format!("{{ skip = {} }}", quoted(reason)), note);
            }
            None => {
                let text = format!("{note}: is such an order paid?");
                section.ask(&key, "\"?\"", text, status_choices());
            }
        }
    }
    Some(section)
}

/// Whether a text is a word of a table.
fn is_word(text: &str) -> bool {
    let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.chars().count() <= 30 && n_digits < 5 && !text.contains('@')
}

fn status_choices() -> Vec<Choice> {
    let skip = |reason: &str| choice(format!("{{ skip = {} }}", quoted(reason)), reason);
    vec![
        choice(quoted("PURCHASED"), "paid"),
        skip("not paid yet"),
        skip("cancelled"),
        skip("refunded"),
        choice(quoted("PAYMENT_PENDING"), "not paid yet, and sent as pending"),
    ]
}

/// What a word of a status means.
enum Meaning {
    Purchased,
    Skipped(&'static str),
}

impl Meaning {
    fn of(word: &str) -> Option<Self> {
        #[rustfmt::skip]
        const PURCHASED: [&str; 27] = [
            "paid", "complete", "completed", "shipped", "delivered", "fulfilled", "purchased",
            "bezahlt", "versandt", "versendet", "geliefert", "abgeschlossen", "payé", "payée",
            "expédié", "expédiée", "livré", "livrée", "pagado", "enviado", "entregado", "pagato",
            "spedito", "consegnato", "betaald", "verzonden", "betalt",
        ];
        #[rustfmt::skip]
        const SKIPPED: [(&str, &str); 28] = [
            ("cancelled", "cancelled"), ("canceled", "cancelled"), ("storniert", "cancelled"),
            ("annulé", "cancelled"), ("annulée", "cancelled"), ("cancelado", "cancelled"),
            ("annullato", "cancelled"), ("geannuleerd", "cancelled"), ("void", "cancelled"),
            ("voided", "cancelled"), ("refunded", "refunded"), ("returned", "refunded"),
            ("erstattet", "refunded"), ("retourniert", "refunded"), ("remboursé", "refunded"),
            ("remboursée", "refunded"), ("reembolsado", "refunded"), ("rimborsato", "refunded"),
            ("failed", "payment failed"), ("declined", "payment failed"),
            ("pending", "not paid yet"), ("unpaid", "not paid yet"), ("on hold", "not paid yet"),
            ("offen", "not paid yet"), ("unbezahlt", "not paid yet"),
            ("en attente", "not paid yet"), ("pendiente", "not paid yet"), ("draft", "draft"),
        ];
        let word = word.to_lowercase().replace(['_', '-'], " ");
        if PURCHASED.contains(&word.as_str()) {
            return Some(Self::Purchased);
        }
        let skipped = SKIPPED.iter().find(|(known, _)| *known == word);
        skipped.map(|(_, reason)| Self::Skipped(reason))
    }
}
