//! Baseline for `check`: reads a file with the csv crate, every record into one reused buffer, and
//! does nothing with it. `cargo bench --bench walk -- FILE`.
//!
//! Without an existing file, as when all benches are run, it only prints its usage.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its results")]

use std::{env, path::PathBuf, time::Instant};

use csv::{ByteRecord, Reader};

fn main() -> csv::Result<()> {
    let arguments = env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from);
    let files: Vec<_> = arguments.filter(|path| path.is_file()).collect();
    if files.is_empty() {
        eprintln!("usage: cargo bench --bench walk -- FILE…");
    }
    for file in files {
        let begin = Instant::now();
        // The crate's defaults, with a buffer of 8 KB.
        let mut reader = Reader::from_path(&file)?;
        let (mut record, mut n_records, mut n_fields) = (ByteRecord::new(), 0_u64, 0);
        while reader.read_byte_record(&mut record)? {
            n_records += 1;
            n_fields += record.len();
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!("{}: {n_records} records, {n_fields} fields, {seconds:.3} s", file.display());
    }
    Ok(())
}
