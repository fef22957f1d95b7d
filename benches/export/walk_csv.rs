//! Baselines for `check`, on one core: read a CSV file with one reader, every record into one
//! reused buffer, and do nothing with it.

use std::{fs::File, hint::black_box, io::Read, path::Path, time::Instant};

use csv_core::ReadRecordResult;
use orderferry::{
    model::origin::FileId,
    read::{Block, BlockReader, Dialect, Piece, ReadLimits, ReadSettings, inputs},
    storage::LocalStorage,
};

use crate::BoxedError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Walker {
    /// The csv crate
    Csv,
    /// csv-core, without the allocations of the csv crate
    CsvCore,
    /// simd-csv, which returns cells as they are in the file
    SimdCsv,
    /// The reader of `check`, with the boundaries of blocks and all rows
    Own,
}

/// Bytes of the buffers of the readers that have no default.
const BUFFER_BYTES: usize = 256 * 1024;

/// Reads all records of a file, and prints their number and how long it took.
pub(crate) fn walk(path: &Path, walker: Walker) -> Result<(), BoxedError> {
    let begin = Instant::now();
    let n_records = match walker {
        Walker::Csv => walk_csv(path),
        Walker::CsvCore => walk_csv_core(path),
        Walker::SimdCsv => walk_simd_csv(path),
        Walker::Own => walk_own(path),
    }?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{}: {n_records} records, {seconds:.3} s", path.display());
    Ok(())
}

fn walk_csv(path: &Path) -> Result<u64, BoxedError> {
    // The crate's defaults, with a buffer of 8 KB.
    let mut reader = csv::Reader::from_path(path)?;
    let (mut record, mut n_records) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record)? {
        n_records += 1;
    }
    Ok(n_records)
}

fn walk_csv_core(path: &Path) -> Result<u64, BoxedError> {
    let mut file = File::open(path)?;
    let (mut buffer, mut text, mut ends) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES], [0; 256]);
    let (mut reader, mut n_records) = (csv_core::Reader::new(), 0_u64);
    let (mut n_text, mut n_ends) = (0, 0);
    loop {
        let n_bytes = file.read(&mut buffer)?;
        let mut rest = &buffer[..n_bytes];
        loop {
            let (result, n_in, n_out, n_cells) =
                reader.read_record(rest, &mut text[n_text..], &mut ends[n_ends..]);
            (rest, n_text, n_ends) = (&rest[n_in..], n_text + n_out, n_ends + n_cells);
            match result {
                ReadRecordResult::InputEmpty => break,
                ReadRecordResult::Record => (n_records, n_text, n_ends) = (n_records + 1, 0, 0),
                // The header is no record to the other readers.
                ReadRecordResult::End => return Ok(n_records.saturating_sub(1)),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err("a record is larger than the buffers".into());
                }
            }
        }
    }
}

fn walk_simd_csv(path: &Path) -> Result<u64, BoxedError> {
    let mut builder = simd_csv::ZeroCopyReaderBuilder::with_capacity(BUFFER_BYTES);
    let mut reader = builder.flexible(true).from_reader(File::open(path)?);
    let mut n_records = 0;
    while reader.read_byte_record()?.is_some() {
        n_records += 1;
    }
    Ok(n_records)
}

fn walk_own(path: &Path) -> Result<u64, BoxedError> {
    let settings = ReadSettings {
        storage: &LocalStorage,
        dialect: Dialect::default(),
        limits: ReadLimits::default(),
    };
    let input = inputs::find_one(&LocalStorage, &path.to_string_lossy(), path.into())?;
    let mut reader = BlockReader::open(&input, FileId(0), &settings)?;
    let (mut block, mut n_records) = (Block::default(), 0);
    while reader.next_block(&mut block)? {
        let parsed = reader.parser().parse([Piece::from(&block)])?;
        parsed.rows().for_each(|row| drop(black_box(row)));
        n_records += parsed.n_rows() as u64;
    }
    Ok(n_records)
}
