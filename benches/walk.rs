//! The csv crate's walk over a file, which `check` is compared with: every record is read into one that is used again,
//! and nothing is done with it. `cargo bench --bench walk -- FILE`.
//!
//! Without a file that there is, as where all benches are run, it only says how it is used.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks")]

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
        // As it comes from the crate, with its buffer of 8 KB.
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
