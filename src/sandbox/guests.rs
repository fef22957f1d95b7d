//! Identity resolution: the guests that were identified, merged when they share an identifier
//! (union-find).
//!
//! It does not know browsers or orders; they store a [`GuestId`], which stays valid when guests are
//! merged. Called by `tenant`.

use std::collections::HashMap;

use super::state::TenantIdentifier;

/// The index of a guest. Resolve it with [`GuestStore::current`] before comparing two of them.
pub(super) type GuestId = usize;

#[derive(Debug, Default)]
pub(super) struct GuestStore {
    all: Vec<TenantGuest>,
    by_identifier: HashMap<TenantIdentifier, GuestId>,
}

#[derive(Debug, Default)]
struct TenantGuest {
    /// In the order of arrival; empty after the guest was merged into another.
    identifiers: Vec<TenantIdentifier>,
    merged_into: Option<GuestId>,
}

impl GuestStore {
    /// The guest of all these identifiers, added if there is none. Guests with a common identifier
    /// are merged, and so are guests with a common browser (`previous` is the browser's guest so
    /// far).
    pub(super) fn identify(
        &mut self,
        previous: Option<GuestId>,
        identifiers: Vec<TenantIdentifier>,
    ) -> GuestId {
        // The manual forbids that guests share a browser. Merging them makes the mistake visible:
        // the number of guests is too small.
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

    /// The guest into which this one was merged, or the guest itself.
    pub(super) fn current(&self, guest: GuestId) -> GuestId {
        // Short without path compression: the smaller guest is always merged into the larger one,
        // so the number of steps is at most the logarithm of the number of guests.
        let mut current = guest;
        while let Some(next) = self.all[current].merged_into {
            current = next;
        }
        current
    }

    /// All guests that were not merged into another, with their identifiers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (GuestId, &[TenantIdentifier])> {
        self.all
            .iter()
            .enumerate()
            .filter(|(_, guest)| guest.merged_into.is_none())
            .map(|(id, guest)| (id, guest.identifiers.as_slice()))
    }

    /// All identifiers of a guest.
    pub(super) fn identifiers(&self, guest: GuestId) -> &[TenantIdentifier] {
        &self.all[self.current(guest)].identifiers
    }

    /// `provider:id` of the guest's first identifier.
    pub(super) fn name(&self, guest: GuestId) -> String {
        // The same in each run, unlike a generated id.
        let first = self.identifiers(guest).first();
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

    /// Merges two guests, both already resolved by [`GuestStore::current`].
    fn merge_guests(&mut self, one: GuestId, other: GuestId) -> GuestId {
        if one == other {
            return one;
        }
        let is_larger = self.all[one].identifiers.len() > self.all[other].identifiers.len();
        let (kept, merged) = if is_larger { (one, other) } else { (other, one) };
        let moved = std::mem::take(&mut self.all[merged].identifiers);
        self.all[kept].identifiers.extend(moved);
        self.all[merged].merged_into = Some(kept);
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
