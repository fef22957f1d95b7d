//! End-to-end tests with complete exports: results do not depend on the number of cores, the memory
//! budget or the order of the rows, and hostile exports end with an error message.

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
