//! The integration tests, one binary: the arrows of the house, the samples, the program as a user meets it.

mod layers;
mod readme;
mod samples;
mod support;
