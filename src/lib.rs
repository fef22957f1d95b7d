//! orderferry ferries an OMS's order exports into Sitecore Personalize. The modules stand in the order of the data's
//! way; README.md has the map.

pub mod cli;
pub mod dispatch;
pub mod event;
pub mod group;
pub mod ledger;
pub mod map;
pub mod model;
pub mod pipeline;
pub mod plan;
pub mod read;
pub mod report;
pub mod sandbox;
pub mod spill;
pub mod validate;
