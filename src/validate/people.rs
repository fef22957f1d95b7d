//! The rules of the people beside the guest: contacts and consumers.

use std::collections::{HashMap, HashSet};

use super::{findings::Findings, guest};
use crate::model::{
    draft::{Draft, PersonDraft, Role},
    guest::{Consumer, Guest},
    problem::Code,
};

/// The contacts beside the guest, and the consumers, each of them once. `places` says for each item of the draft which
/// place it has among those that are sent.
pub(super) fn checked<'a>(
    draft: &Draft<'a>,
    guest: Option<&Guest<'a>>,
    places: &[usize],
    findings: &mut Findings,
) -> (Vec<Guest<'a>>, Vec<Consumer<'a>>) {
    let mut contacts = Contacts::beside(guest);
    let mut consumers = Consumers::default();
    for draft in &draft.people {
        let person = person(draft, findings);
        match draft.role {
            Role::Contact => contacts.add(person),
            Role::Consumer => consumers.add(person, draft.item.and_then(|item| places.get(item)).copied()),
        }
    }
    let consumers = consumers.in_order();
    are_complete(&consumers, findings);
    (contacts.found, consumers)
}

fn person<'a>(draft: &PersonDraft<'a>, findings: &mut Findings) -> Guest<'a> {
    findings.role = Some(draft.role);
    let person = guest::with_identifiers(&draft.cells, findings);
    findings.role = None;
    person
}

/// "title, firstname, lastname: required" (`ADD_CONSUMERS` event). Exports often lack a title, and nothing says what
/// comes of that.
fn are_complete(consumers: &[Consumer<'_>], findings: &mut Findings) {
    let lacks = |Consumer { person, .. }: &&Consumer<'_>| {
        person.title.is_none() || person.firstname.is_none() || person.lastname.is_none()
    };
    let n_lacking = consumers.iter().filter(lacks).count();
    if n_lacking > 0 {
        let message = format!(
            "{n_lacking} of {} consumers without a title, firstname or lastname, which the manual requires",
            consumers.len()
        );
        findings.order(Code::ConsumerIncomplete, message);
    }
}

/// Contacts in the order of the input; the guest is one already, with or without the identifiers.
struct Contacts<'a> {
    known: HashSet<Guest<'a>>,
    found: Vec<Guest<'a>>,
}

impl<'a> Contacts<'a> {
    fn beside(guest: Option<&Guest<'a>>) -> Self {
        let bare = guest.map(|guest| Guest { identifiers: Vec::new(), ..guest.clone() });
        Self { known: guest.cloned().into_iter().chain(bare).collect(), found: Vec::new() }
    }

    fn add(&mut self, person: Guest<'a>) {
        if self.known.insert(person.clone()) {
            self.found.push(person);
        }
    }
}

/// Consumers in the order of the input, each with all its items.
#[derive(Default)]
struct Consumers<'a> {
    known: HashMap<Guest<'a>, usize>,
    found: Vec<Consumer<'a>>,
}

impl<'a> Consumers<'a> {
    fn add(&mut self, person: Guest<'a>, item: Option<usize>) {
        let index = *self.known.entry(person).or_insert_with_key(|person| {
            self.found.push(Consumer { person: person.clone(), items: Vec::new() });
            self.found.len() - 1
        });
        self.found[index].items.extend(item);
    }

    fn in_order(mut self) -> Vec<Consumer<'a>> {
        for consumer in &mut self.found {
            consumer.items.sort_unstable();
            consumer.items.dedup();
        }
        self.found
    }
}
