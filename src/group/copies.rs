//! Copies: an order that an export has several times, of which the newest one counts.
//!
//! Rows of one order with equal versions are one copy, and each document is one. Older copies are
//! left out with a warning. Equal ones are left to `duplicates`, which calls this. `shuffle`
//! splits the rows of an order into its copies.

use std::{cmp::Ordering, collections::HashMap};

use crate::model::{
    copy_version::CopyVersion,
    draft::{Draft, KeyedRow},
    origin::InputNames,
    problem::{Code, Problem},
};

/// The rows of a copy of an order, and how new it is.
type CopyRows<'a> = (Vec<&'a KeyedRow<'a>>, CopyVersion);

/// Splits the rows of an order into its copies, in the order of their first rows. A row whose
/// version is not known is one of the only copy, or else one of its own.
#[must_use]
pub fn split_copies<'a>(
    rows: Vec<&'a KeyedRow<'a>>,
    version: impl Fn(&KeyedRow<'a>) -> CopyVersion,
) -> Vec<CopyRows<'a>> {
    let versions: Vec<_> = rows.iter().map(|row| version(row)).collect();
    let mut known = versions.iter().filter(|version| **version != CopyVersion::Unknown);
    let first = known.next().copied().unwrap_or(CopyVersion::Unknown);
    if known.all(|version| *version == first) {
        let is_known = versions.iter().all(|version| *version == first);
        return vec![(rows, if is_known { first } else { CopyVersion::Unknown })];
    }
    let (mut copies, mut indexes) = (Vec::<CopyRows<'a>>::new(), HashMap::new());
    for (row, version) in rows.into_iter().zip(versions) {
        let index = *indexes.entry(version).or_insert(copies.len());
        if index == copies.len() {
            copies.push((Vec::new(), version));
        }
        copies[index].0.push(row);
    }
    copies
}

/// Returns those of several copies of an order that are the newest ones. The others are marked in
/// `is_left_out`, and the first of the newest warns of each. If it is not known which are older,
/// none is left out.
pub(super) fn newest(
    drafts: &mut [Draft<'_>],
    indices: &[usize],
    names: &InputNames,
    is_left_out: &mut [bool],
) -> Vec<usize> {
    let versions: Option<Vec<CopyVersion>> =
        indices.iter().map(|index| drafts[*index].version).collect();
    let Some(versions) = versions else { return indices.to_vec() };
    let mut max = versions[0];
    for version in &versions {
        match version.compare(max) {
            Some(Ordering::Greater) => max = *version,
            Some(_) => {}
            None => {
                refuse(drafts, indices, names);
                return Vec::new();
            }
        }
    }
    let of_copies = indices.iter().copied().zip(versions);
    let (newest, older): (Vec<_>, Vec<_>) = of_copies.partition(|(_, version)| *version == max);
    let kept = newest[0].0;
    for (index, _) in older {
        is_left_out[index] = true;
        let newer = names.locate(drafts[kept].position());
        let message = format!("an older copy of the order is here; that at {newer} counts");
        let row = drafts[index].first_row().clone();
        let problem = Problem::for_row(Code::OlderCopy, row, message);
        drafts[kept].problems.push(problem);
    }
    newest.into_iter().map(|(index, _)| index).collect()
}

/// Adds an error to each of several copies that cannot be compared.
fn refuse(drafts: &mut [Draft<'_>], indices: &[usize], names: &InputNames) {
    for index in indices {
        let other = indices.iter().find(|other| *other != index).unwrap_or(index);
        let other = names.locate(drafts[*other].position());
        let message =
            format!("another copy is at {other}, and it is not known which of them is newer");
        let at = drafts[*index].position();
        drafts[*index].problems.push(Problem::for_order(Code::NewestCopyUnknown, at, message));
    }
}
