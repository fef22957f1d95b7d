//! Integration tests, in one binary: module dependencies, samples, and the program as a user runs
//! it.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod arbitrary;
mod cli;
#[cfg(unix)]
mod crash;
mod end_to_end;
mod explain;
mod exports;
mod http;
mod layers;
mod profile_schema;
mod readme;
mod samples;
mod schemas;
mod secrets;
mod simulation;
mod support;
mod tls;
