//! The types of extensions are learned block by block; where blocks begin must not matter.

use proptest::prelude::*;

use super::*;

const TYPES: [ExtensionType; 4] =
    [ExtensionType::String, ExtensionType::Boolean, ExtensionType::Integer, ExtensionType::Float];

fn observed(types: &[usize]) -> ExtensionTypes {
    let mut observed = ExtensionTypes::default();
    for kind in types {
        observed.observe(&order(&[(ext("a", TYPES[*kind]), "1")]));
    }
    observed
}

/// What comes of a value of each type.
fn check_each_type(types: &ExtensionTypes) -> Vec<String> {
    let check_one = |kind| check(order(&[(ext("a", kind), "1")]), Box::leak(Box::new(settings())), types);
    TYPES.map(|kind| format!("{:?}", check_one(kind))).to_vec()
}

proptest! {
    #[test]
    fn merged_extension_types_equal_sequential_ones(kinds in prop::collection::vec(0_usize..4, 0..6), cuts in (0_usize..6, 0_usize..6)) {
        let first = cuts.0.min(cuts.1).min(kinds.len());
        let second = cuts.0.max(cuts.1).min(kinds.len());
        let mut parts = observed(&kinds[..first]);
        parts.append(observed(&kinds[first..second]));
        parts.append(observed(&kinds[second..]));
        let whole = observed(&kinds);
        prop_assert_eq!(parts.is_uniform(), whole.is_uniform());
        prop_assert_eq!(check_each_type(&parts), check_each_type(&whole));
    }
}
