//! Extension types are collected block by block; the block boundaries must not matter.

use proptest::prelude::*;

use super::*;

const TYPES: [ExtensionType; 4] =
    [ExtensionType::String, ExtensionType::Boolean, ExtensionType::Integer, ExtensionType::Float];

fn observed(types: &[usize]) -> ExtensionTypes {
    let mut observed = ExtensionTypes::default();
    for index in types {
        observed.observe(&order(&[(ext("a", TYPES[*index]), "1")]));
    }
    observed
}

/// The result of checking a value of each type.
fn check_each_type(types: &ExtensionTypes) -> Vec<String> {
    let check_one = |data_type| check(order(&[(ext("a", data_type), "1")]), Box::leak(Box::new(settings())), types);
    TYPES.map(|data_type| format!("{:?}", check_one(data_type))).to_vec()
}

proptest! {
    #[test]
    fn merged_extension_types_equal_sequential_ones(types in prop::collection::vec(0_usize..4, 0..6), cuts in (0_usize..6, 0_usize..6)) {
        let first = cuts.0.min(cuts.1).min(types.len());
        let second = cuts.0.max(cuts.1).min(types.len());
        let mut parts = observed(&types[..first]);
        parts.append(observed(&types[first..second]));
        parts.append(observed(&types[second..]));
        let whole = observed(&types);
        prop_assert_eq!(parts.is_uniform(), whole.is_uniform());
        prop_assert_eq!(check_each_type(&parts), check_each_type(&whole));
    }
}
