//! External shuffle: any number of records in random order, with the memory that one part needs.
//! Each record goes to a random part, then each part is shuffled in memory. All permutations are
//! equally likely. Called by `main`.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, Write},
    path::Path,
};

use crate::orders::SplitMix64;

/// The approximate size of a part in bytes.
const PART: u64 = 256 << 20;

pub(crate) struct Shuffle {
    /// Unnamed temporary files; each record follows its length in four bytes.
    parts: Vec<BufWriter<File>>,
    rng: SplitMix64,
}

impl Shuffle {
    /// Creates a shuffle that stores about `n_bytes` in `folder` until it is finished.
    pub(crate) fn new(folder: &Path, n_bytes: u64, seed: u64) -> io::Result<Self> {
        let part = || Ok(BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(folder)?));
        let parts = (0..n_bytes.div_ceil(PART)).map(|_| part()).collect::<io::Result<_>>()?;
        // The complement of the seed: otherwise the shuffle would repeat the random numbers of the
        // orders.
        Ok(Self { parts, rng: SplitMix64(!seed) })
    }

    pub(crate) fn add(&mut self, record: &str) -> io::Result<()> {
        let position = self.rng.below(self.parts.len() as u64);
        let part = &mut self.parts[usize::try_from(position).expect("below a Vec's length")];
        part.write_all(&u32::try_from(record.len()).expect("a record is short").to_le_bytes())?;
        part.write_all(record.as_bytes())
    }

    /// Passes all records to `emit` in random order.
    pub(crate) fn finish(mut self, mut emit: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        for part in self.parts {
            let mut file = part.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let mut records = records(&bytes);
            // Fisher-Yates.
            for end in (1..records.len()).rev() {
                let other = self.rng.below(end as u64 + 1);
                records.swap(end, usize::try_from(other).expect("below a Vec's length"));
            }
            for record in records {
                emit(std::str::from_utf8(record).expect("it was added as text"))?;
            }
        }
        Ok(())
    }
}

fn records(mut part: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let Some((length, rest)) = part.split_first_chunk() {
        let (record, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        records.push(record);
        part = rest;
    }
    records
}
