//! Observer: collects from drafts what their values show about the whole export.
//!
//! It knows which facts the profile can have, and which of them are settled, so that the others
//! cost nothing. It decides nothing. Used by `context`, on all cores at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{
    facts::Observations,
    hash::{hash, hash_reference},
    identifiers,
};
use crate::{
    map::profile::Profile,
    model::{
        column_facts::ItemsFact,
        column_warnings::ColumnWarnings,
        date_readings::FormatOverlap,
        decimal_mark::PointReading,
        draft::{Cell, Cells, Draft},
        field::{ExtensionKey, Field, ITEM_AMOUNTS},
        plain::{PlainDraft, PlainValue},
    },
};

/// Observes the drafts of one pass.
pub(super) struct Observer<'p> {
    profile: &'p Profile,
    /// The number of pairs of date formats that may read one text differently.
    date_overlaps: usize,
    day_months: WatchedColumn,
    /// Whether orders with different keys have different references.
    key_is_reference: bool,
    /// Whether the profile has identifiers besides the e-mail address.
    has_identifiers: bool,
    /// Whether no order may have items.
    may_find_no_items: bool,
    /// Whether no order with items was seen, and so none may have some.
    awaits_items: AtomicBool,
    totals: WatchedColumn,
    /// By [`ITEM_AMOUNTS`].
    item_amounts: [WatchedColumn; ITEM_AMOUNTS.len()],
    quantities: WatchedColumn,
    /// The attributes that are decimal numbers.
    attributes: Vec<(Field, WatchedColumn)>,
}

/// Whether the values of a column can still show something about how they are to be read.
///
/// Not if the profile declares it, nor after a value has shown it. Only saves work whose result is
/// known, so it may be settled at any time.
struct WatchedColumn(AtomicBool);

impl WatchedColumn {
    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn close_if(&self, is_proved: bool) {
        if is_proved {
            self.0.store(false, Ordering::Relaxed);
        }
    }
}

impl<'p> Observer<'p> {
    pub(super) fn new(profile: &'p Profile) -> Self {
        let watched =
            |field: &Field| WatchedColumn(AtomicBool::new(profile.reads_undeclared(field)));
        Self {
            profile,
            date_overlaps: profile.date_overlaps(),
            day_months: WatchedColumn(AtomicBool::new(profile.has_exchangeable_dates())),
            key_is_reference: profile.key_is_reference(),
            has_identifiers: profile.has_identifiers(),
            may_find_no_items: profile.may_find_no_items(),
            awaits_items: AtomicBool::new(profile.may_find_no_items()),
            totals: watched(&Field::Price),
            item_amounts: ITEM_AMOUNTS.each_ref().map(watched),
            quantities: watched(&Field::ItemQuantity),
            attributes: profile.undeclared_attributes().map(|f| (f.clone(), watched(f))).collect(),
        }
    }

    /// Whether drafts may still show a fact that the decision about another order depends on, apart
    /// from those that the columns of the files decide.
    pub(super) fn needs_drafts(&self) -> bool {
        !self.key_is_reference
            || self.totals.is_open()
            || self.date_overlaps > 0
            || self.awaits_items.load(Ordering::Relaxed)
    }

    /// Collects the facts that a draft shows.
    #[inline]
    pub(super) fn observe(&self, draft: &Draft<'_>, observations: &mut Observations) {
        if !self.key_is_reference {
            let reference = draft.cell(&Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
            observe_reference(&draft.key, reference, observations);
        }
        // A skipped order is not sent, so its values show nothing.
        if draft.skip.is_some() {
            return;
        }
        if self.has_identifiers {
            identifiers::observe(draft, &mut observations.identifiers);
        }
        observations.columns.types.observe(draft);
        let items = &mut observations.columns.items;
        self.observe_items(draft.has_own_items(), draft.may_have_items, items);
        if self.date_overlaps > 0 {
            self.observe_dates(draft, &mut observations.columns.dates);
        }
        if self.totals.is_open()
            && let Some(total) = draft.cell(&Field::Price)
        {
            let reading = PointReading::of(total, currency(draft));
            let mark = &mut observations.columns.totals;
            self.totals.close_if(mark.observe(total, reading, || order_hash(draft)));
        }
    }

    /// Whether a plain order shows how the values of a column are to be read, so that its draft is
    /// to be observed.
    pub(super) fn learns_facts_from(&self, draft: &PlainDraft<'_>) -> bool {
        self.date_overlaps > 0
            || self.totals.is_open() && draft.value(&Field::Price).is_some_and(has_point)
    }

    /// The same for warnings about columns.
    pub(super) fn warns_of(&self, draft: &PlainDraft<'_>) -> bool {
        if self.day_months.is_open() {
            return true;
        }
        // Orders with other amounts of items are not plain.
        let item_prices = self.item_amounts[0].is_open();
        let quantities = self.quantities.is_open();
        let watches = |value: &PlainValue<'_>| match value.field {
            Field::ItemPrice => item_prices && has_point(value),
            Field::ItemQuantity => quantities && has_point(value),
            _ => false,
        };
        (item_prices || quantities) && draft.item_values().iter().any(watches)
            || self.open_attributes().any(|(field, _)| {
                draft.all_values().iter().any(|value| value.field == field && has_point(value))
            })
    }

    fn open_attributes(&self) -> impl Iterator<Item = &(Field, WatchedColumn)> {
        self.attributes.iter().filter(|(_, watched)| watched.is_open())
    }

    /// Collects what the attributes of an order or an item show.
    fn observe_attributes(
        &self,
        cells: &Cells<'_>,
        draft: &Draft<'_>,
        warnings: &mut ColumnWarnings,
    ) {
        for (field, watched) in self.open_attributes() {
            let Some(cell) = cells.get(field) else { continue };
            let reading = PointReading::of_measure(cell);
            if reading != PointReading::NoEvidence {
                let mark = warnings.attributes.entry(field.clone()).or_default();
                watched.close_if(mark.observe(cell, reading, || order_hash(draft)));
            }
        }
    }

    /// Collects the facts that a plain order shows. `attributes` are the keys of all extension
    /// attributes that it can have, if they are known.
    pub(super) fn observe_plain(
        &self,
        draft: &PlainDraft<'_>,
        attributes: Option<&[&Arc<ExtensionKey>]>,
        observations: &mut Observations,
    ) {
        if !self.key_is_reference {
            let reference = draft.value(&Field::ReferenceId);
            let reference = reference.map_or(draft.key, |value| value.text);
            observe_reference(draft.key, reference, observations);
        }
        if self.has_identifiers {
            identifiers::observe_plain(draft, &mut observations.identifiers);
        }
        let columns = &mut observations.columns;
        let types = &mut columns.types;
        if !attributes.is_some_and(|keys| types.has_observed(keys.iter().copied())) {
            let keys = draft.all_values().iter().filter_map(|value| value.field.extension_key());
            types.observe_keys(keys);
        }
        self.observe_items(draft.n_items() > 0, draft.may_have_items, &mut columns.items);
    }

    fn observe_items(&self, has_items: bool, may_have_items: bool, items: &mut ItemsFact) {
        if !has_items {
            items.some_lacks |= may_have_items && self.may_find_no_items;
        } else if !items.some_has {
            items.some_has = true;
            self.awaits_items.store(false, Ordering::Relaxed);
        }
    }

    /// Collects what a draft shows about date formats that may read one text differently.
    fn observe_dates(&self, draft: &Draft<'_>, overlaps: &mut Vec<FormatOverlap>) {
        overlaps.resize_with(self.date_overlaps, FormatOverlap::default);
        let Some(cell) = exported_date(draft) else { return };
        for (pair, overlap) in overlaps.iter_mut().enumerate() {
            let [first, other] = self.profile.overlapping_dates(pair, &cell.text);
            overlap.observe(cell, first, other);
        }
    }

    /// Collects the warnings about a draft's values.
    #[inline]
    pub(super) fn observe_warnings(&self, draft: &Draft<'_>, warnings: &mut ColumnWarnings) {
        if draft.skip.is_some() {
            return;
        }
        if self.day_months.is_open()
            && let Some(cell) = exported_date(draft)
            && let [Some(time), exchanged] = self.profile.dates_in_both_orders(&cell.text)
        {
            self.day_months.close_if(warnings.day_months.observe(cell, time, exchanged));
        }
        let order_currency = currency(draft);
        if let (Some(total), Some(currency)) = (draft.cell(&Field::Price), order_currency) {
            warnings.excess_decimals.observe(total, currency);
        }
        self.observe_attributes(&draft.cells, draft, warnings);
        for item in &draft.items {
            self.observe_attributes(&item.cells, draft, warnings);
            let item_currency = item.cell(&Field::ItemCurrencyCode).map(|cell| &*cell.text);
            let currency = item_currency.or(order_currency);
            for (index, field) in ITEM_AMOUNTS.iter().enumerate() {
                let Some(amount) = item.cell(field) else { continue };
                let watched = &self.item_amounts[index];
                if watched.is_open() {
                    let reading = PointReading::of(amount, currency);
                    let mark = &mut warnings.item_amounts[index];
                    watched.close_if(mark.observe(amount, reading, || order_hash(draft)));
                }
                if let Some(currency) = currency {
                    warnings.excess_decimals.observe(amount, currency);
                }
            }
            if self.quantities.is_open()
                && let Some(quantity) = item.cell(&Field::ItemQuantity)
            {
                let reading = PointReading::of_measure(quantity);
                let is_proved =
                    warnings.quantities.observe(quantity, reading, || order_hash(draft));
                self.quantities.close_if(is_proved);
            }
        }
    }
}

/// Whether a number has a point whose meaning is not declared.
fn has_point(value: &PlainValue<'_>) -> bool {
    value.notation.is_undeclared() && value.text.contains('.')
}

/// The date of an order, if it is from the export.
fn exported_date<'d, 'a>(draft: &'d Draft<'a>) -> Option<&'d Cell<'a>> {
    draft.cell(&Field::OrderedAt).filter(|cell| !cell.is_default && !cell.is_unparsable)
}

fn currency<'d>(draft: &'d Draft<'_>) -> Option<&'d str> {
    draft.cell(&Field::CurrencyCode).map(|cell| &*cell.text)
}

/// Returns a hash by which the runs of one order are counted once.
fn order_hash(draft: &Draft<'_>) -> u64 {
    if draft.key.is_empty() {
        let at = draft.position();
        hash(&format!("{}:{}", at.file.0, at.line))
    } else {
        hash_reference(&draft.key)
    }
}

fn observe_reference(key: &str, reference: &str, observations: &mut Observations) {
    if !reference.is_empty() {
        let reference_hash = hash_reference(reference);
        observations.references.push((hash(key).rotate_left(1) ^ reference_hash, reference_hash));
    }
}
