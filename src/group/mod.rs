//! Group-by of rows into drafts: one draft per order, wherever its rows are in the input.
//!
//! Drops no row: each ends in a draft, is counted as lost, or belongs to a duplicate that a draft
//! names. Never treats part of an order as the whole. Processes only the rows passed in, a block
//! of a file or the gathered rows of a few orders, and holds no others: what must be known about
//! the whole export arrives as [`Ambiguities`]. No I/O. Called by `shuffle`; depends only on
//! `model`.

mod ambiguity;
mod canonical;
mod children;
mod copies;
mod counts;
mod difference;
mod duplicates;
mod gap;
mod headers;
mod lost;
mod merge;
mod refunds;
mod repeated_rows;
mod runs;
mod settings;
#[cfg(test)]
mod tests;

pub use ambiguity::Ambiguities;
pub use children::{count_children, count_left_out, mark_circle};
pub use copies::split_copies;
pub use counts::RowCounts;
pub use gap::{Gap, PossibleRows};
pub use headers::{MAX_HEADERS, RepeatedHeaders};
pub use lost::{GroupError, LostRows};
pub use merge::draft;
pub use refunds::merge_by_key;
pub use repeated_rows::find_repeated_row;
pub use runs::{BlockRuns, Run, group_scattered};
pub use settings::GroupSettings;
