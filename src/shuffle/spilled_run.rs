//! Spilled run: a run as the payload of an entry in a sorter.
//!
//! A run of plain CSV rows is packed, so that it is not parsed again when it is read back. Any other
//! run is a [`Fragment`]. Does no I/O and does not group runs. Called by `scattered`.

use std::{io, iter};

use super::{fragment::Fragment, packed_row::PackedRow};
use crate::{
    group::Run,
    model::{
        order::OrderId,
        origin::{FileId, Position, RowOrigin},
    },
    read::{Block, Piece},
};

/// The first byte of a payload: what is after it.
const FRAGMENT: u8 = 0;
const PACKED_ROWS: u8 = 1;

/// A run that was read back.
#[derive(Debug)]
pub(super) enum SpilledRun<'a> {
    /// Plain rows, which need not be parsed.
    Packed(PackedRun<'a>),
    /// Rows of any kind.
    Fragment(Box<Fragment<'a>>),
}

/// Packed rows: at least one.
#[derive(Debug)]
pub(super) struct PackedRun<'a> {
    first: PackedRow<'a>,
    /// The rows after the first one.
    others: &'a [u8],
    n_others: usize,
    /// The bytes of all rows in their file.
    n_bytes: usize,
}

impl<'a> From<Fragment<'a>> for SpilledRun<'a> {
    fn from(fragment: Fragment<'a>) -> Self {
        Self::Fragment(Box::new(fragment))
    }
}

impl<'a> SpilledRun<'a> {
    /// Appends a run of a block to `into`.
    pub(super) fn write(run: &Run<'_>, block: &Block, into: &mut Vec<u8>) -> io::Result<()> {
        let start = into.len();
        into.push(PACKED_ROWS);
        let may_be_packed = run.possible_rows.is_empty();
        if may_be_packed && run.rows_of_order().all(|row| PackedRow::write(row, into)) {
            return Ok(());
        }
        into.truncate(start);
        Self::write_fragment(&Fragment::of(run, block), into)
    }

    /// Appends a fragment to `into`.
    pub(super) fn write_fragment(fragment: &Fragment<'_>, into: &mut Vec<u8>) -> io::Result<()> {
        into.push(FRAGMENT);
        fragment.write(into)
    }

    /// Reads a run that was written.
    pub(super) fn read(payload: &'a [u8]) -> io::Result<Self> {
        match payload.split_first() {
            Some((&FRAGMENT, fragment)) => Ok(Fragment::read(fragment)?.into()),
            Some((&PACKED_ROWS, rows)) => {
                PackedRun::read(rows).map(Self::Packed).ok_or_else(damaged)
            }
            _ => Err(damaged()),
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        match self {
            Self::Packed(run) => 1 + run.n_others,
            Self::Fragment(fragment) => fragment.rows.len(),
        }
    }

    /// Returns its approximate size in memory, in bytes, as of a fragment of the same rows.
    pub(super) fn n_bytes(&self) -> usize {
        match self {
            Self::Packed(run) => run.n_bytes + self.n_rows() * size_of::<RowOrigin>(),
            Self::Fragment(fragment) => fragment.n_bytes(),
        }
    }

    /// Returns the position of its first row.
    pub(super) fn position(&self) -> Option<Position> {
        match self {
            Self::Packed(run) => Some(run.first.origin().position()),
            Self::Fragment(fragment) => fragment.position(),
        }
    }

    /// Returns the order id of its first row. Runs sort by it in the order of the input.
    pub(super) fn sort_key(&self) -> u64 {
        match self {
            Self::Packed(run) => OrderId::from_origin(&run.first.origin()).0,
            Self::Fragment(fragment) => fragment.sort_key(),
        }
    }

    /// Returns the positions of adjacent lost rows, which may belong to it.
    pub(super) fn possible_rows(&self) -> &[Position] {
        match self {
            Self::Packed(_) => &[],
            Self::Fragment(fragment) => &fragment.possible_rows,
        }
    }

    /// Returns the position of its last row, if that row ends the file without a line break.
    pub(super) fn unterminated(&self) -> Option<Position> {
        match self {
            Self::Packed(_) => None,
            Self::Fragment(fragment) => fragment.unterminated,
        }
    }

    /// Whether all its rows are of a file.
    pub(super) fn is_of(&self, file: FileId) -> bool {
        match self {
            // They are of one block.
            Self::Packed(run) => run.first.file == file,
            Self::Fragment(fragment) => fragment.rows.iter().all(|row| row.file == file),
        }
    }
}

impl<'a> PackedRun<'a> {
    fn read(rows: &'a [u8]) -> Option<Self> {
        let (first, others) = PackedRow::split_first(rows)?;
        let mut run = Self { first, others, n_others: 0, n_bytes: first.n_bytes() };
        let mut rest = others;
        while !rest.is_empty() {
            let (row, after) = PackedRow::split_first(rest)?;
            run.n_others += 1;
            run.n_bytes += row.n_bytes();
            rest = after;
        }
        Some(run)
    }

    fn rows(&self) -> impl Iterator<Item = PackedRow<'a>> {
        let mut rest = self.others;
        let others = iter::from_fn(move || {
            let (row, after) = PackedRow::split_first(rest)?;
            rest = after;
            Some(row)
        });
        iter::once(self.first).chain(others)
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the rows differ from what was written")
}

/// Returns the rows of runs as pieces for a parser. Consecutive pieces of one file are grouped.
pub(super) fn contiguous_pieces<'r>(
    runs: impl IntoIterator<Item = &'r SpilledRun<'r>>,
) -> Vec<(FileId, Vec<Piece<'r>>)> {
    let mut groups: Vec<(FileId, Vec<Piece<'r>>)> = Vec::new();
    let mut push = |file: FileId, piece| match groups.last_mut() {
        Some((last, pieces)) if *last == file => pieces.push(piece),
        _ => groups.push((file, vec![piece])),
    };
    for run in runs {
        match run {
            SpilledRun::Packed(run) => run.rows().for_each(|row| push(row.file, row.piece())),
            SpilledRun::Fragment(run) => run.pieces().for_each(|(file, piece)| push(file, piece)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        group::{BlockRuns, GroupSettings},
        map::{file_mapper::FileMapper, profile::Profile},
        model::{
            draft::KeyedRow,
            row::{Row, RowContent},
        },
        read::{
            BlockReader, Dialect, ParsedBlock, ReadLimits, ReadSettings, RowParser,
            inputs::find_one,
        },
        storage::LocalStorage,
    };

    const CSV: &str =
        "id,name\nA,1\nA,\"two\n lines\"\n,\nA,x,y,z\nB,\"a \"\"b\"\"\"\r\nA,\u{fc}\nA,last";
    const NDJSON: &str = "{\"id\":\"A\",\"x\":[1,\n{\"id\":\"A\"}\n\n{\"id\":\"B\",\"t\":\"\\u00fc\"}\n{\"id\":\"A\"}";
    const ARRAY: &str =
        "[{\"id\":\"A\",\n \"x\":{\"y\":1}},\n{\"id\":\"A\"}, {\"id\":\"B\"},{\"id\":\"A\"}]\n";

    /// Returns the only block of a file, and its parser.
    fn read(name: &str, text: &str) -> (RowParser, Block) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let input = find_one(&LocalStorage, name, path.into()).unwrap();
        let (dialect, limits) = (Dialect::default(), ReadLimits::default());
        let settings = ReadSettings { storage: &LocalStorage, dialect, limits };
        let mut source = BlockReader::open(&input, FileId(3), &settings).unwrap();
        let mut block = Block::default();
        assert!(source.next_block(&mut block).unwrap());
        (source.parser().clone(), block)
    }

    fn rows_of<'a>(run: &Run<'a>) -> Vec<Row<'a>> {
        run.rows_of_order().cloned().collect()
    }

    /// Calls `check` with the runs of a file, which are of one block.
    fn with_runs(name: &str, text: &str, check: impl FnOnce(&RowParser, &Block, &[Run<'_>])) {
        let profile = "name = 'p'\norder.referenceId = { column = 'id', path = 'id' }";
        let profile = Profile::parse("p", profile).unwrap();
        let (reader, block) = read(name, text);
        let mapper = FileMapper::bind(&profile, reader.header(), name).unwrap();
        let parsed = reader.parse([Piece::from(&block)]).unwrap();
        let rows: Vec<_> = parsed.rows().collect();
        let keyed: Vec<_> =
            rows.iter().map(|row| KeyedRow { row, kind: mapper.kind(row) }).collect();
        let settings = GroupSettings { has_adjacent_rows: true, ..GroupSettings::default() };
        check(&reader, &block, &BlockRuns::of(&keyed, settings).runs);
    }

    fn written(run: &Run<'_>, block: &Block) -> Vec<u8> {
        let mut payload = b"earlier bytes".to_vec();
        SpilledRun::write(run, block, &mut payload).unwrap();
        payload.split_off("earlier bytes".len())
    }

    fn read_again<'r>(
        runs: impl IntoIterator<Item = &'r SpilledRun<'r>>,
        reader: &RowParser,
        check: impl FnOnce(Vec<Row<'_>>),
    ) {
        let parsed: Vec<_> = contiguous_pieces(runs)
            .into_iter()
            .map(|(_, pieces)| reader.parse(pieces).unwrap())
            .collect();
        check(parsed.iter().flat_map(ParsedBlock::rows).collect());
    }

    /// All that a stage can see of a row of a CSV file.
    fn described(row: &Row<'_>) -> String {
        let (damage, content) = match &row.content {
            RowContent::Unreadable(bad) => {
                (Some((&bad.reason, bad.damage)), bad.salvaged.as_deref())
            }
            content => (None, Some(content)),
        };
        let cells: Vec<_> = match content {
            Some(RowContent::Record(record)) => (0..record.n_cells())
                .map(|index| (record.cell(index), record.position(&row.origin, index)))
                .collect(),
            _ => Vec::new(),
        };
        format!("{:?} {} {damage:?} {cells:?}", row.origin, row.n_values())
    }

    #[test]
    fn spilled_rows_are_read_back_unchanged() {
        for (name, text, n_packed) in
            [("a.csv", CSV, 1), ("a.ndjson", NDJSON, 0), ("a.json", ARRAY, 0)]
        {
            with_runs(name, text, |reader, block, runs| {
                assert_eq!(runs.len(), 3, "{name}");
                let mut n_read_packed = 0;
                for run in runs {
                    let (payload, rows) = (written(run, block), rows_of(run));
                    let spilled = SpilledRun::read(&payload).unwrap();
                    let fragment = Fragment::of(run, block);
                    let sizes = (fragment.rows.len(), fragment.n_bytes());
                    assert_eq!((spilled.n_rows(), spilled.n_bytes()), sizes);
                    assert_eq!(spilled.position(), fragment.position());
                    assert_eq!(spilled.sort_key(), OrderId::from_origin(&rows[0].origin).0);
                    assert!(spilled.is_of(FileId(3)) && !spilled.is_of(FileId(0)));
                    n_read_packed += usize::from(matches!(spilled, SpilledRun::Packed(_)));
                    read_again([&spilled], reader, |again| assert_eq!(again, rows, "{name}"));
                }
                assert_eq!(n_read_packed, n_packed, "{name}");
            });
        }
    }

    #[test]
    fn append_merges_rows_and_metadata() {
        with_runs("a.csv", CSV, |reader, block, runs| {
            let mut fragments = runs.iter().map(|run| Fragment::of(run, block).owned());
            let (mut first, mut last) = (fragments.next().unwrap(), fragments.next_back().unwrap());
            assert_eq!((&*first.key, &*last.key, first.is_partial), ("A", "A", true));
            last.unterminated = Some(Position { file: FileId(3), line: 9, column: None });
            first.possible_rows.push(Position { file: FileId(3), line: 5, column: None });
            let n_bytes = first.n_bytes() + last.n_bytes();
            let rows = [rows_of(&runs[0]), rows_of(runs.last().unwrap())].concat();
            let (possible_rows, unterminated) =
                ([&*first.possible_rows, &*last.possible_rows].concat(), last.unterminated);
            first.append(last);
            let mut payload = Vec::new();
            SpilledRun::write_fragment(&first, &mut payload).unwrap();
            let spilled = SpilledRun::read(&payload).unwrap();
            assert_eq!(
                (spilled.possible_rows(), spilled.unterminated(), spilled.n_bytes()),
                (&*possible_rows, unterminated, n_bytes)
            );
            read_again([&spilled], reader, |again| assert_eq!(again, rows));
        });
    }

    #[test]
    fn pieces_are_split_at_file_boundaries() {
        let origin =
            |file, start| RowOrigin { file: FileId(file), line: 1, bytes: start..start + 2 };
        let rows = vec![origin(0, 10), origin(0, 20), origin(1, 0), origin(0, 30)];
        let fragment = Fragment::with_rows(rows, b"aabbccdd");
        let shown: Vec<_> = contiguous_pieces([&fragment.into()])
            .into_iter()
            .map(|(file, pieces)| {
                let pieces = pieces.iter().map(|piece| {
                    format!("{}@{}", String::from_utf8_lossy(piece.bytes), piece.start)
                });
                format!("{} {}", file.0, pieces.collect::<Vec<_>>().join(","))
            })
            .collect();
        assert_eq!(shown, ["0 aa@10,bb@20", "1 cc@0", "0 dd@30"]);
    }

    #[test]
    fn row_of_more_than_64_kib_is_not_packed() {
        for (n_bytes, is_packed) in [(u16::MAX as usize, true), (u16::MAX as usize + 1, false)] {
            let text = format!("id,name\nA,{}\n", "x".repeat(n_bytes - 2));
            with_runs("a.csv", &text, |reader, block, runs| {
                let payload = written(&runs[0], block);
                let spilled = SpilledRun::read(&payload).unwrap();
                assert_eq!(matches!(spilled, SpilledRun::Packed(_)), is_packed);
                read_again([&spilled], reader, |again| assert_eq!(again, rows_of(&runs[0])));
            });
        }
    }

    #[test]
    fn incomplete_payload_is_an_error() {
        with_runs("a.csv", "id,name\nA,\"1\"\n", |_, block, runs| {
            let payload = written(&runs[0], block);
            for n_bytes in 0..payload.len() {
                let error = SpilledRun::read(&payload[..n_bytes]).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            }
        });
    }

    /// Rows of a few orders: most of them plain, some with quotes, some damaged.
    fn export() -> impl Strategy<Value = String> {
        const PARTS: &[&str] = &[
            "A,1\n",
            "A,2\r\n",
            "B,\"x, y\"\n",
            "B,\"a \"\"b\"\"\"\n",
            "C,\"two\nlines\"\n",
            "\u{fc},\u{fc}\n",
            "A,x,y\n",
            "A\n",
            ",\n",
            "\n",
            ",z\n",
            "D,\"x\" y\n",
            "\"A\",\"\"\n",
            "B, 7 \n",
            "A,x",
        ];
        prop::collection::vec(prop::sample::select(PARTS), 1..40)
            .prop_map(|parts| format!("id,name\n{}", parts.concat()))
    }

    proptest! {
        #[test]
        fn any_rows_are_read_back_as_parsed(text in export()) {
            with_runs("a.csv", &text, |reader, block, runs| {
                let payloads: Vec<_> = runs.iter().map(|run| written(run, block)).collect();
                let spilled: Vec<_> =
                    payloads.iter().map(|payload| SpilledRun::read(payload).unwrap()).collect();
                let rows: Vec<_> = runs.iter().flat_map(Run::rows_of_order).map(described).collect();
                read_again(&spilled, reader, |again| {
                    assert_eq!(again.iter().map(described).collect::<Vec<_>>(), rows);
                });
            });
        }
    }
}
