//! The guests that an IDENTITY made known, and which of them turned out to be one person.
//!
//! It knows nothing of browsers or orders: those keep a [`GuestId`], which stays good when guests are merged. Called by
//! `tenant`.

use std::collections::HashMap;

use super::state::TenantIdentifier;

/// A guest's place in the list; ask [`Guests::current`] before comparing two of them.
pub(super) type GuestId = usize;

#[derive(Debug, Default)]
pub(super) struct GuestStore {
    all: Vec<TenantGuest>,
    by_identifier: HashMap<TenantIdentifier, GuestId>,
}

#[derive(Debug, Default)]
struct TenantGuest {
    /// In the order in which they came; empty once merged.
    identifiers: Vec<TenantIdentifier>,
    merged_into: Option<GuestId>,
}

impl GuestStore {
    /// The guest of all these identifiers, made where there was none. Guests who share an identifier become one, and so
    /// do those who share a browser (`before` is the browser's guest so far): the manual forbids that, and a count of
    /// guests that is too small shows it.
    pub(super) fn identify(&mut self, previous: Option<GuestId>, identifiers: Vec<TenantIdentifier>) -> GuestId {
        let known = identifiers.iter().find_map(|identifier| self.by_identifier.get(identifier));
        let mut guest = match previous.or(known.copied()) {
            Some(guest) => self.current(guest),
            None => self.add(),
        };
        for identifier in identifiers {
            guest = self.link_guest(guest, identifier);
        }
        guest
    }

    /// The guest that this one is now part of. The smaller guest is always merged into the larger one, so the way is
    /// short (at most the logarithm of their number).
    pub(super) fn current(&self, guest: GuestId) -> GuestId {
        let mut current = guest;
        while let Some(next) = self.all[current].merged_into {
            current = next;
        }
        current
    }

    /// Those that are not part of another, with their identifiers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (GuestId, &[TenantIdentifier])> {
        self.all
            .iter()
            .enumerate()
            .filter(|(_, guest)| guest.merged_into.is_none())
            .map(|(id, guest)| (id, guest.identifiers.as_slice()))
    }

    /// `provider:id` of the guest's first identifier: the same in each run, unlike a made-up id.
    pub(super) fn name(&self, guest: GuestId) -> String {
        let first = self.all[self.current(guest)].identifiers.first();
        first.map_or_else(String::new, |first| format!("{}:{}", first.provider, first.id))
    }

    fn add(&mut self) -> GuestId {
        self.all.push(TenantGuest::default());
        self.all.len() - 1
    }

    fn link_guest(&mut self, guest: GuestId, identifier: TenantIdentifier) -> GuestId {
        if let Some(&owner) = self.by_identifier.get(&identifier) {
            return self.merge_guests(guest, self.current(owner));
        }
        self.all[guest].identifiers.push(identifier.clone());
        self.by_identifier.insert(identifier, guest);
        guest
    }

    /// Both must be current.
    fn merge_guests(&mut self, one: GuestId, other: GuestId) -> GuestId {
        if one == other {
            return one;
        }
        let is_larger = self.all[one].identifiers.len() > self.all[other].identifiers.len();
        let (kept, gone) = if is_larger { (one, other) } else { (other, one) };
        let moved = std::mem::take(&mut self.all[gone].identifiers);
        self.all[kept].identifiers.extend(moved);
        self.all[gone].merged_into = Some(kept);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<TenantIdentifier> {
        let identifier = |id: &&str| TenantIdentifier { provider: "p".into(), id: (*id).into() };
        names.iter().map(identifier).collect()
    }

    fn n_guests(guests: &GuestStore) -> usize {
        guests.iter().count()
    }

    #[test]
    fn same_identifier_is_same_guest() {
        let mut guests = GuestStore::default();
        let first = guests.identify(None, ids(&["a"]));
        let other = guests.identify(None, ids(&["b"]));
        let again = guests.identify(None, ids(&["a", "c"]));
        assert_eq!((first, n_guests(&guests)), (again, 2));
        assert_ne!(first, other);
        assert_eq!(guests.name(again), "p:a");
    }

    #[test]
    fn merged_guests_keep_old_ids_valid() {
        let mut guests = GuestStore::default();
        let a = guests.identify(None, ids(&["a"]));
        let b = guests.identify(None, ids(&["b"]));
        let c = guests.identify(None, ids(&["c"]));
        let both = guests.identify(None, ids(&["b", "a"]));
        assert_eq!((guests.current(a), guests.current(b)), (both, both));
        let all = guests.identify(Some(c), ids(&["a"]));
        assert_eq!(n_guests(&guests), 1);
        assert!([a, b, c].iter().all(|guest| guests.current(*guest) == all));
        let mut identifiers = guests.iter().next().unwrap().1.to_vec();
        identifiers.sort();
        assert_eq!(identifiers, ids(&["a", "b", "c"]));
    }

    #[test]
    fn duplicate_identifiers_are_stored_once() {
        let mut guests = GuestStore::default();
        guests.identify(None, ids(&["a", "a"]));
        assert_eq!(guests.iter().next().unwrap().1, ids(&["a"]));
    }
}
