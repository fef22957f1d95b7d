//! Rules of the people in addition to the guest: contacts and consumers, each listed once.
//!
//! A route carries them or drops them with a warning. The attributes of a person follow the rules
//! in `guest`. Called by `order`.

use std::collections::{HashMap, HashSet};

use super::{findings::Findings, guest, settings::ValidateSettings};
use crate::model::{
    draft::{Draft, PersonDraft, PersonRole},
    guest::{Consumer, Guest},
    problem::Code,
    rules::TargetRules,
};

/// Checks the people of a draft; returns the contacts without the guest, and the consumers, each
/// of them once. `sent_index` maps each item of the draft to its index in sending order.
pub(super) fn check_people<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    guest: Option<&Guest<'a>>,
    sent_index: &[usize],
    findings: &mut Findings,
) -> (Vec<Guest<'a>>, Vec<Consumer<'a>>) {
    let mut contacts = Contacts::excluding(guest);
    let mut consumers = Consumers::default();
    for draft in &draft.people {
        let person = check_person(draft, rules, settings, findings);
        match draft.role {
            PersonRole::Contact => contacts.add(person),
            PersonRole::Consumer => {
                consumers.add(person, draft.item.and_then(|item| sent_index.get(item)).copied());
            }
        }
    }
    let consumers = consumers.into_sorted();
    warn_incomplete(&consumers, findings);
    (contacts.distinct, consumers)
}

fn check_person<'a>(
    draft: &PersonDraft<'a>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Guest<'a> {
    // Problems name the field as `contact.email`, not as `guest.email`.
    findings.role = Some(draft.role);
    let person = guest::check_person(&draft.cells, rules, settings, findings);
    findings.role = None;
    person
}

/// "title, firstname, lastname: required" (`ADD_CONSUMERS` event). Only a warning: exports often
/// lack a title, and the effect of that is not documented.
fn warn_incomplete(consumers: &[Consumer<'_>], findings: &mut Findings) {
    let is_incomplete = |Consumer { person, .. }: &&Consumer<'_>| {
        person.title.is_none() || person.firstname.is_none() || person.lastname.is_none()
    };
    let n_incomplete = consumers.iter().filter(is_incomplete).count();
    if n_incomplete > 0 {
        let message = format!(
            "{n_incomplete} of {} consumers without a title, firstname or lastname, which the \
             manual requires",
            consumers.len()
        );
        findings.on_order(Code::ConsumerIncomplete, message);
    }
}

/// Distinct contacts in input order. The guest is already a contact of the order, with or without
/// the identifiers.
struct Contacts<'a> {
    known: HashSet<Guest<'a>>,
    distinct: Vec<Guest<'a>>,
}

impl<'a> Contacts<'a> {
    fn excluding(guest: Option<&Guest<'a>>) -> Self {
        // ADD_CONTACTS always lists the guest, so a contact that repeats the guest is left out.
        let without_identifiers =
            guest.map(|guest| Guest { identifiers: Vec::new(), ..guest.clone() });
        Self {
            known: guest.cloned().into_iter().chain(without_identifiers).collect(),
            distinct: Vec::new(),
        }
    }

    fn add(&mut self, person: Guest<'a>) {
        if self.known.insert(person.clone()) {
            self.distinct.push(person);
        }
    }
}

/// Distinct consumers in input order, each with all its items.
#[derive(Default)]
struct Consumers<'a> {
    known: HashMap<Guest<'a>, usize>,
    distinct: Vec<Consumer<'a>>,
}

impl<'a> Consumers<'a> {
    fn add(&mut self, person: Guest<'a>, item: Option<usize>) {
        let index = *self.known.entry(person).or_insert_with_key(|person| {
            self.distinct.push(Consumer { person: person.clone(), items: Vec::new() });
            self.distinct.len() - 1
        });
        self.distinct[index].items.extend(item);
    }

    fn into_sorted(mut self) -> Vec<Consumer<'a>> {
        for consumer in &mut self.distinct {
            consumer.items.sort_unstable();
            consumer.items.dedup();
        }
        self.distinct
    }
}
