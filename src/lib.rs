//! Importer of an order management system's exports into Sitecore Personalize.
//!
//! The data flows through `read`, `map`, `group` and `shuffle`, `validate`, `stream`,
//! `disposition`, `plan`, `dispatch` and `report`; `pipeline` connects these stages and `cli` calls
//! it. README.md has the map of the modules.

pub mod cli;
pub mod dispatch;
pub mod disposition;
pub mod group;
pub mod ledger;
pub mod map;
pub mod model;
pub mod pipeline;
pub mod plan;
pub mod read;
pub mod report;
pub mod sandbox;
pub mod shuffle;
pub mod sniff;
pub mod spill;
pub mod storage;
pub mod stream;
pub mod validate;
