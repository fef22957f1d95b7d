//! The words that all stages share: where something stood in a file, money, an order, its guest, a problem, an
//! outcome.
//!
//! No I/O, no clock, no async; knows nothing else of the project. Every stage imports this module and (but for
//! `event`) no other.

pub mod draft;
pub mod field;
pub mod guest;
pub mod money;
pub mod order;
pub mod origin;
pub mod outcome;
pub mod planned;
pub mod pricing;
pub mod printable;
pub mod problem;
pub mod redact;
pub mod reference;
pub mod route;
pub mod row;
pub mod suggest;
pub mod target;
