//! Baseline for `check`: reads a file with the csv crate, every record into one reused buffer, and
//! does nothing with it.

use std::{path::Path, time::Instant};

use csv::{ByteRecord, Reader};

/// Reads all records of a file, and prints their number and how long it took.
pub(crate) fn walk(path: &Path) -> csv::Result<()> {
    let begin = Instant::now();
    // The crate's defaults, with a buffer of 8 KB.
    let mut reader = Reader::from_path(path)?;
    let (mut record, mut n_records, mut n_fields) = (ByteRecord::new(), 0_u64, 0);
    while reader.read_byte_record(&mut record)? {
        n_records += 1;
        n_fields += record.len();
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("{}: {n_records} records, {n_fields} fields, {seconds:.3} s", path.display());
    Ok(())
}
