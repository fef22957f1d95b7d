//! Whole exports through the whole program: what comes of one depends neither on how many cores read it, nor on how much
//! memory there is, nor on where its rows stand, and hostile ones end in words.

mod changing;
#[cfg(unix)]
mod disk;
mod export;
mod far;
mod hostile;
mod memory;
mod peak;
mod same;
mod shuffled;
