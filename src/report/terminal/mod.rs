//! End-of-run screen: the verdict, then what is not nothing, then the next step.
//!
//! Contains no personal data: no reference and no value, only counts, sums, codes, file names and
//! the profile's reasons. Decides nothing and prints nothing. Called by `cli`.

mod facts;
mod layout;
mod money_table;
mod screen;
mod verdict;
mod why;

pub use layout::Layout;
pub use screen::{Screen, next_steps, render};
pub use verdict::Mark;
