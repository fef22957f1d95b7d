//! The integration tests, one binary: the arrows of the house, the samples, the program as a user meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arbitrary;
mod cli;
#[cfg(unix)]
mod crash;
mod end_to_end;
mod http;
mod layers;
mod readme;
mod samples;
mod secrets;
mod simulation;
mod support;
mod tls;
