//! The types of extensions are learned block by block; where blocks begin must not matter.

use proptest::prelude::*;

use super::*;

const KINDS: [ExtensionKind; 4] =
    [ExtensionKind::String, ExtensionKind::Boolean, ExtensionKind::Integer, ExtensionKind::Float];

fn noted(kinds: &[usize]) -> ExtensionKinds {
    let mut noted = ExtensionKinds::default();
    kinds.iter().for_each(|kind| noted.note(&order(&[(ext("a", KINDS[*kind]), "1")])));
    noted
}

/// What comes of a value of each type.
fn judged(kinds: &ExtensionKinds) -> Vec<String> {
    let of_kind = |kind| check(order(&[(ext("a", kind), "1")]), Box::leak(Box::new(settings())), kinds);
    KINDS.map(|kind| format!("{:?}", of_kind(kind))).to_vec()
}

proptest! {
    #[test]
    fn types_of_parts_are_those_of_the_whole(kinds in prop::collection::vec(0_usize..4, 0..6), cuts in (0_usize..6, 0_usize..6)) {
        let first = cuts.0.min(cuts.1).min(kinds.len());
        let second = cuts.0.max(cuts.1).min(kinds.len());
        let mut parts = noted(&kinds[..first]);
        parts.append(noted(&kinds[first..second]));
        parts.append(noted(&kinds[second..]));
        let whole = noted(&kinds);
        prop_assert_eq!(parts.agree(), whole.agree());
        prop_assert_eq!(judged(&parts), judged(&whole));
    }
}
