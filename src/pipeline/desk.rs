//! A draft → what is said of it: checked, looked up in the ledger, put on a sheet, into the plan, or aside.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Job, Refusal,
    age::Age,
    alike,
    known::{self, Fate, ReadOrder, Sendable, Unsent},
    reading::facts::{Facts, Told, hash, hash_of_bare},
    saved::left_out_line,
    sheet::Sheet,
};
use crate::{
    event::{
        canonical, json,
        sequence::{Packing, sequence},
    },
    ledger::{self, Ledger, LedgerError, OrderKey, SqliteLedger},
    model::{
        draft::Draft,
        field::Field,
        guest::Identifier,
        order::{Checked, Order, OrderRecord, Verdict},
        outcome::{Outcome, Settled},
        planned::{ContentHash, EventText, Likeness, OrderEvents, PlannedOrder},
        problem::Problem,
        recipe::Recipe,
    },
    report::place,
    spill::sorter::Sorter,
    validate::{self, Clash},
};

/// Decides about orders, on all cores at once.
pub(super) struct Desk<'j> {
    pub(super) job: &'j Job<'j>,
    pub(super) names: &'j [String],
    pub(super) ledger: Option<&'j Mutex<SqliteLedger>>,
    pub(super) age: Age,
    /// What is known of the whole export.
    pub(super) facts: Facts,
    /// What orders tell of others is taken down.
    pub(super) is_first_pass: bool,
    /// Orders of different keys have different references.
    pub(super) key_is_reference: bool,
    /// What is decided will not count: it is known that there must be another pass.
    pub(super) is_in_vain: AtomicBool,
    /// Orders whose reference another one may have.
    pub(super) clashing: Option<Sorter>,
}

/// An order of which another one may have the reference.
#[derive(Serialize, Deserialize)]
struct Aside {
    record: OrderRecord,
    order: Result<Kept, Unsent>,
}

/// A valid order, or why there is none to send.
type CheckedOrder<'a> = Result<Box<Order<'a>>, Unsent>;

impl Aside {
    fn of(record: OrderRecord, order: CheckedOrder<'_>, spec: &Job<'_>) -> Self {
        Self { record, order: order.map(|order| Kept::of(&order, spec.validate.packing())) }
    }

    fn clash(&self) -> Clash<'_> {
        Clash { record: &self.record, likeness: self.order.as_ref().ok().map(|order| order.likeness) }
    }

    fn is_left_out(&self) -> bool {
        matches!(&self.order, Err(Unsent { rule: Some(_), .. }))
    }

    /// What it holds, if that is known.
    fn content(&self) -> Option<ContentHash> {
        match &self.order {
            Ok(order) => Some(order.content),
            Err(unsendable) => unsendable.content,
        }
    }

    /// The accepted order that it is, if the ledger holds one.
    fn accepted(&self, ledger: &dyn Ledger) -> Result<Option<OrderKey>, LedgerError> {
        if self.record.reference.is_empty() {
            return Ok(None);
        }
        let entries = match &self.order {
            Ok(_) => ledger.history(&self.record.reference)?,
            Err(_) => known::history_of_unsent(&self.record, ledger)?,
        };
        let Some(ordered_at) = self.record.ordered_at.or_else(|| ledger::only_order(&entries)) else { return Ok(None) };
        let content = self.content().unwrap_or(ContentHash([0; 16]));
        Ok(ledger::accepted_in_place(&entries, ordered_at, content).map(|entry| entry.order.clone()))
    }

    /// Makes it invalid, if there is a problem.
    fn add(&mut self, problem: Option<Problem>) {
        let Some(problem) = problem else { return };
        self.record.problems.push(problem);
        if let Ok(order) = &self.order {
            let (status, content) = (Some(order.status.clone()), Some(order.content));
            self.order = Err(Unsent { rule: None, status, content, is_another: false });
        }
    }
}

/// A valid order without what it was read from.
#[derive(Serialize, Deserialize)]
struct Kept {
    guest: Identifier<'static>,
    identity: EventText,
    ordered_at: DateTime<Utc>,
    content: ContentHash,
    status: String,
    likeness: Likeness,
    likeness_in_export: u64,
    events: OrderEvents,
}

/// A valid order.
enum Sound<'o> {
    Read(&'o Order<'o>),
    Kept(&'o Kept),
}

impl Desk<'_> {
    /// Whether what is decided will count.
    pub(super) fn counts(&self) -> bool {
        !self.is_in_vain.load(Ordering::Relaxed)
    }

    /// Takes an order.
    pub(super) fn take(&self, draft: Draft<'_>, told: &mut Told, sheet: &mut Sheet) -> Result<(), Refusal> {
        match self.check(draft, told) {
            None => Ok(()),
            Some((record, order)) if self.facts.may_be_shared(&record.reference) => {
                self.put_aside(&Aside::of(record, order, self.job))
            }
            Some((record, Ok(order))) => self.conclude_valid(record, &Sound::Read(&order), sheet),
            Some((record, Err(unsendable))) => self.conclude(record, Err(&unsendable), sheet),
        }
    }

    /// Takes orders whose keys have one hash: they may be copies of one order, or the same but for the spelling.
    pub(super) fn take_together(
        &self,
        drafts: Vec<Draft<'_>>,
        told: &mut Told,
        sheet: &mut Sheet,
    ) -> Result<(), Refusal> {
        if drafts.len() < 2 {
            return drafts.into_iter().try_for_each(|draft| self.take(draft, told, sheet));
        }
        let mut orders = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let Some((record, order)) = self.check(draft, told) else { continue };
            let aside = Aside::of(record, order, self.job);
            if self.facts.may_be_shared(&aside.record.reference) {
                self.put_aside(&aside)?;
            } else {
                orders.push(aside);
            }
        }
        self.take_alike(orders, sheet)
    }

    /// What an order tells of others is taken down; what it is itself, only if that counts.
    #[inline]
    fn check<'a>(&'a self, mut draft: Draft<'a>, observations: &mut Told) -> Option<(OrderRecord, CheckedOrder<'a>)> {
        if self.is_first_pass {
            observations.kinds.note(&draft);
            if !self.key_is_reference {
                let reference = draft.cell(&Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
                if !reference.is_empty() {
                    let reference_hash = hash_of_bare(reference);
                    observations.references.push((hash(&draft.key).rotate_left(1) ^ reference_hash, reference_hash));
                }
            }
        }
        if !self.counts() {
            return None;
        }
        self.facts.doubts.tell(&mut draft, self.job.grouping());
        let Checked { record, verdict, status } = validate::check(draft, &self.job.validate, &self.facts.kinds);
        let order = match verdict {
            Verdict::Valid(order) => Ok(order),
            Verdict::Skipped(rule) => {
                Err(Unsent { rule: Some(rule.to_string()), status, content: None, is_another: false })
            }
            Verdict::Invalid => Err(Unsent { rule: None, status, content: None, is_another: false }),
        };
        Some((record, order))
    }

    fn put_aside(&self, aside: &Aside) -> Result<(), Refusal> {
        let key = (u128::from(hash_of_bare(&aside.record.reference)) << u64::BITS) | u128::from(aside.record.id.0);
        let json = serde_json::to_vec(aside).map_err(io::Error::from)?;
        Ok(self.clashing.as_ref().map_or(Ok(()), |sorter| sorter.push(key, &json))?)
    }

    /// Takes orders that were put aside, all those of one hash of their references.
    pub(super) fn take_aside(&self, aside: &[Vec<u8>], sheet: &mut Sheet) -> Result<(), Refusal> {
        let mut orders: Vec<Aside> = Vec::with_capacity(aside.len());
        for order in aside {
            orders.push(serde_json::from_slice(order).map_err(io::Error::from)?);
        }
        self.take_alike(orders, sheet)
    }

    /// Takes all orders whose references may be equal, or equal but for the spelling, in the order of the input.
    fn take_alike(&self, mut orders: Vec<Aside>, sheet: &mut Sheet) -> Result<(), Refusal> {
        let problems = validate::duplicates(&orders.iter().map(Aside::clash).collect::<Vec<_>>());
        orders.iter_mut().zip(problems).for_each(|(order, problem)| order.add(problem));
        let references: BTreeSet<String> = orders.iter().map(|order| order.record.reference.clone()).collect();
        // Orders without a reference are none of the same.
        for reference in references.iter().filter(|reference| !reference.is_empty()) {
            // An order that a rule leaves out is not sent, so that none clashes with it.
            let may_clash = |order: &&mut Aside| order.record.reference == *reference && !order.is_left_out();
            let mut clashing: Vec<_> = orders.iter_mut().filter(may_clash).collect();
            let clashes: Vec<_> = clashing.iter().map(|order| order.clash()).collect();
            let problems = validate::clashes(&clashes, &self.job.validate);
            clashing.iter_mut().zip(problems).for_each(|(order, problem)| order.add(problem));
        }
        self.tell_apart(&mut orders)?;
        for Aside { record, order } in orders {
            self.conclude(record, order.as_ref().map(Sound::Kept), sheet)?;
        }
        Ok(())
    }

    /// Of several orders that may be the one that the ledger holds as accepted, one is: the one with its content, else the
    /// one with its spelling of the reference, else the first that no rule leaves out.
    fn tell_apart(&self, orders: &mut [Aside]) -> Result<(), Refusal> {
        let (Some(ledger), [_, _, ..]) = (self.ledger, &*orders) else { return Ok(()) };
        let mut of_accepted: BTreeMap<_, Vec<_>> = BTreeMap::new();
        {
            let ledger = ledger.lock().expect("nobody panics with the ledger");
            for (index, order) in orders.iter().enumerate() {
                let Some(accepted) = order.accepted(&*ledger as &dyn Ledger)? else { continue };
                let OrderKey { reference, ordered_at, content } = accepted;
                let is_other = order.content() != Some(content);
                let rank = (is_other, order.record.reference != reference, order.is_left_out(), index);
                of_accepted.entry((reference, ordered_at)).or_default().push(rank);
            }
        }
        for mut ranks in of_accepted.into_values() {
            ranks.sort_unstable();
            for (_, _, _, index) in ranks.into_iter().skip(1) {
                if let Err(unsendable) = &mut orders[index].order {
                    unsendable.is_another = true;
                }
            }
        }
        Ok(())
    }

    fn conclude(
        &self,
        mut record: OrderRecord,
        order: Result<Sound<'_>, &Unsent>,
        sheet: &mut Sheet,
    ) -> Result<(), Refusal> {
        match order {
            Ok(valid) => self.conclude_valid(record, &valid, sheet),
            Err(unsendable) => {
                let fate = self.fate(&ReadOrder::Unsent(unsendable), &mut record)?;
                if let Some(result) = self.settled_by(fate, sheet) {
                    self.settle(&record, &result, Some(unsendable), sheet);
                }
                Ok(())
            }
        }
    }

    fn conclude_valid(&self, mut record: OrderRecord, sound: &Sound<'_>, sheet: &mut Sheet) -> Result<(), Refusal> {
        let guest = sound.guest_hash();
        sheet.guests.push(guest);
        if self.job.sending.is_some() {
            sound.note(&record, sheet);
        }
        let content = || sound.content();
        let likeness = || sound.likeness();
        let sendable = Sendable {
            ordered_at: sound.ordered_at(),
            status: sound.status(),
            content: &content,
            likeness: &likeness,
            warns_of_equal: &|| !self.job.profile.is_midnight(sound.ordered_at()),
        };
        let fate = self.fate(&ReadOrder::Sendable(sendable), &mut record)?;
        let may_be_there = matches!(fate, Fate::Sent { may_be_there: true });
        let result = self.settled_by(fate, sheet);
        let outcome = result.as_ref().map(|result| result.outcome);
        sheet.counts.n_items += if outcome == Some(Outcome::Invalid) { 0 } else { record.n_items as u64 };
        let is_to_be_sent = outcome.is_none_or(|outcome| outcome == Outcome::Valid);
        if is_to_be_sent && !self.job.profile.is_midnight(sound.ordered_at()) {
            alike::add(sound.likeness_in_export(), &record, &mut sheet.alike);
        }
        if outcome == Some(Outcome::Valid) {
            self.foresee(sound, guest, sheet);
        }
        match result {
            Some(result) if self.job.sending.is_some() && may_be_sent_later(&result) => {
                self.plan(record, sound, false, Some(result), sheet);
            }
            Some(result) => self.settle(&record, &result, None, sheet),
            None => {
                let held = self.age.held(sound.ordered_at(), may_be_there);
                if held.is_some() {
                    sheet.old.add(sound.ordered_at());
                }
                self.plan(record, sound, may_be_there, held, sheet);
            }
        }
        Ok(())
    }

    /// What became of an order that is not sent. One that changed is for the ledger to note.
    #[inline]
    fn settled_by(&self, fate: Fate, sheet: &mut Sheet) -> Option<Settled> {
        match fate {
            Fate::Settled(result) => Some(result),
            Fate::Changed(result, change) => {
                if self.job.sending.is_some() {
                    sheet.changed.push(*change);
                }
                Some(result)
            }
            Fate::Sent { .. } => None,
        }
    }

    /// What sending an order would take, for a check.
    fn foresee(&self, sound: &Sound<'_>, guest: u64, sheet: &mut Sheet) {
        let (route, n_requests) = sound.cost(self.job.validate.packing());
        sheet.counts.forecast.add_order(route, n_requests);
        if route == Recipe::Single && !self.job.would_send_all_as_single() {
            sheet.to_identify.push(guest);
        }
    }

    #[inline]
    fn fate(&self, order: &ReadOrder<'_>, record: &mut OrderRecord) -> Result<Fate, Refusal> {
        let rules = known::Rules::of(self.job);
        let Some(ledger) = self.ledger else { return Ok(order.fate(rules)) };
        let ledger = ledger.lock().expect("nobody panics with the ledger");
        Ok(known::decide(order, record, &*ledger as &dyn Ledger, rules)?)
    }

    fn settle(&self, record: &OrderRecord, settled: &Settled, unsent: Option<&Unsent>, sheet: &mut Sheet) {
        sheet.counts.add(record);
        if self.job.sending.is_some() {
            left_out_line(&mut sheet.left_out, record, settled, unsent);
        }
        sheet.settle(record, settled, self.names);
    }

    fn plan(
        &self,
        record: OrderRecord,
        sound: &Sound<'_>,
        may_be_there: bool,
        held: Option<Settled>,
        sheet: &mut Sheet,
    ) {
        sheet.counts.add(&record);
        let order = sound.planned(record, self.job.validate.packing(), may_be_there, held);
        sheet.plannable.add(&sound.guest(), &order);
    }
}

/// Where an order stands that was put aside.
pub(super) fn place_of(aside: &[u8], names: &[String]) -> String {
    let aside: Option<Aside> = serde_json::from_slice(aside).ok();
    aside.map_or_else(String::new, |order| place(names, order.record.source))
}

/// Whether a person's word, or another option, may let a later run send an order that this one does not.
fn may_be_sent_later(result: &Settled) -> bool {
    matches!(result.outcome, Outcome::Unknown | Outcome::Changed)
        || result.reason.as_deref() == Some(known::ACCEPTED_BY_HAND)
}

/// What to send of an order.
fn events(order: &Order<'_>, packing: Packing<'_>) -> OrderEvents {
    match order.recipe {
        Recipe::Single => OrderEvents::Single(json::order_checkout(order)),
        Recipe::Multi => OrderEvents::Multi(Box::new(sequence(order, packing))),
    }
}

impl Kept {
    fn of(order: &Order<'_>, packing: Packing<'_>) -> Self {
        let key = order.guest.key();
        Self {
            guest: Identifier {
                provider: key.provider.clone().into_owned().into(),
                id: key.id.clone().into_owned().into(),
            },
            identity: json::identity(&order.guest, &order.common),
            ordered_at: order.ordered_at,
            content: canonical::content_hash(order),
            status: order.status.clone().into_owned(),
            likeness: canonical::likeness(order),
            likeness_in_export: alike::likeness_in_export(order),
            events: events(order, packing),
        }
    }
}

impl Sound<'_> {
    fn ordered_at(&self) -> DateTime<Utc> {
        match self {
            Self::Read(order) => order.ordered_at,
            Self::Kept(order) => order.ordered_at,
        }
    }

    /// How it is sent, and by how many requests of its own.
    fn cost(&self, packing: Packing<'_>) -> (Recipe, u64) {
        match self {
            // The text of a single event need not be made to count it.
            Self::Read(order) if order.recipe == Recipe::Single => (Recipe::Single, 1),
            Self::Read(order) => (order.recipe, events(order, packing).n_requests()),
            Self::Kept(order) => (order.events.recipe(), order.events.n_requests()),
        }
    }

    fn guest_hash(&self) -> u64 {
        let guest = self.guest();
        hash(&guest.id) ^ hash(&guest.provider).rotate_left(1)
    }

    fn guest(&self) -> Identifier<'_> {
        match self {
            Self::Read(order) => order.guest.key().clone(),
            Self::Kept(order) => order.guest.clone(),
        }
    }

    fn content(&self) -> ContentHash {
        match self {
            Self::Read(order) => canonical::content_hash(order),
            Self::Kept(order) => order.content,
        }
    }

    fn likeness(&self) -> Likeness {
        match self {
            Self::Read(order) => canonical::likeness(order),
            Self::Kept(order) => order.likeness,
        }
    }

    fn likeness_in_export(&self) -> u64 {
        match self {
            Self::Read(order) => alike::likeness_in_export(order),
            Self::Kept(order) => order.likeness_in_export,
        }
    }

    fn status(&self) -> &str {
        match self {
            Self::Read(order) => &order.status,
            Self::Kept(order) => &order.status,
        }
    }

    fn note(&self, record: &OrderRecord, sheet: &mut Sheet) {
        match self {
            Self::Read(order) => sheet.plannable.note(record.id, order),
            Self::Kept(order) => {
                sheet.plannable.note_identity(record.id, &order.guest, order.ordered_at, &order.identity);
            }
        }
    }

    fn planned(
        &self,
        record: OrderRecord,
        packing: Packing<'_>,
        is_uncertain: bool,
        held_result: Option<Settled>,
    ) -> PlannedOrder {
        let events = match self {
            Self::Read(order) => events(order, packing),
            Self::Kept(order) => order.events.clone(),
        };
        let (status, dedup_hash) = (self.status().to_owned(), self.likeness());
        let (ordered_at, content) = (self.ordered_at(), self.content());
        PlannedOrder {
            record,
            ordered_at,
            content,
            status,
            likeness: dedup_hash,
            events,
            may_be_there: is_uncertain,
            held: held_result,
        }
    }
}
