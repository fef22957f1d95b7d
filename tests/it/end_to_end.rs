//! Whole exports through the whole program: what comes of one depends neither on how many cores read it, nor on how much
//! memory there is, nor on where its rows stand, and hostile ones end in words.

mod determinism;
#[cfg(unix)]
mod full_disk;
mod generated_export;
mod hostile;
mod input_changes;
mod memory;
mod peak_memory;
mod row_order;
mod scattered_rows;
