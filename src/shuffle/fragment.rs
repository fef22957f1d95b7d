//! Fragment: adjacent rows of one order, kept as bytes until the other rows of the order are read.
//!
//! It does no I/O and parses nothing: fragments are encoded into the entries of a sorter, and their
//! bytes are parsed again when they are read back. Called by `pass` and `scattered`.

use std::{borrow::Cow, io, ops::Range};

use crate::{
    group::{PossibleRows, Run},
    model::{
        order::OrderId,
        origin::{FileId, Position, RowOrigin},
    },
    read::{Block, Piece},
    spill::sort_key::SortKey,
};

/// What fragments are sorted by: the hash of the order's key, then the position in the input.
pub(super) type FragmentKey = (u64, u64);

/// A fragment as it is encoded begins with this: the numbers of its rows, of its possible rows
/// (with an unterminated one behind them) and of its values, and its flags.
type FragmentHead = ((u32, u32, u32), u8);

/// A [`RowOrigin`] as it is encoded: file, line, and offset and number of its bytes. Its column
/// follows if [`HAS_COLUMNS`] is set.
type FragmentRow = ((u32, u64), (u64, u32));

/// [`PossibleRows`] as they are encoded: those of the gap, and the first lost one.
type FragmentGap = (GapRows, GapRows);

/// A [`RowOrigin`] in a gap as it is encoded: file, line, and start and end of its bytes.
type GapRows = ((u32, u64), (u64, u64));

/// A [`Position`] of a row as it is encoded: file and line.
type EncodedPosition = (u32, u64);

/// Flag of a fragment that is partial.
const IS_PARTIAL: u8 = 1;

/// Flag of a fragment whose last row is unterminated.
const IS_UNTERMINATED: u8 = 2;

/// Flag of the id of a child in place of rows.
const IS_CHILD_ID: u8 = 4;

/// Flag of rows that do not all begin their lines.
const HAS_COLUMNS: u8 = 8;

/// Adjacent rows of one order, as bytes; or the id of a document that belongs to another one.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Fragment<'a> {
    /// The order's key; empty if it has none, and after it was spilled: the rows have it.
    pub(super) key: Cow<'a, str>,
    /// Whether rows at other positions may belong to the same order.
    pub(super) is_partial: bool,
    pub(super) rows: Vec<RowOrigin>,
    /// Rows of adjacent gaps, which may belong to it.
    pub(super) possible_rows: Vec<PossibleRows>,
    /// Position of its last row, if that row ends the file without a line break.
    pub(super) unterminated: Option<Position>,
    /// Whether the bytes are the id of its only row, by which the children of that row find it.
    pub(super) is_child_id: bool,
    bytes: Cow<'a, [u8]>,
    n_values: usize,
}

impl<'a> Fragment<'a> {
    /// Creates a fragment of a run in a block.
    pub(super) fn of(run: &Run<'a>, block: &'a Block) -> Self {
        let rows: Vec<RowOrigin> = run.rows_of_order().map(|row| row.origin.clone()).collect();
        // Those of several rows are copied, since other rows may be between them.
        let bytes = match rows.as_slice() {
            [row] => Cow::Borrowed(block.row(row)),
            rows => rows.iter().flat_map(|row| block.row(row)).copied().collect(),
        };
        let (key, is_partial) = (Cow::Borrowed(run.key()), run.may_continue());
        Self {
            key,
            is_partial,
            rows,
            possible_rows: run.possible_rows.clone(),
            unterminated: None,
            is_child_id: false,
            bytes,
            n_values: run.n_values(),
        }
    }

    /// Creates the fragment that tells the children of a row which one they belong to.
    pub(super) fn of_child_id(id: &'a str, row: &RowOrigin) -> Self {
        let (key, bytes) = (Cow::Borrowed(id), Cow::Borrowed(id.as_bytes()));
        Self { key, rows: vec![row.clone()], is_child_id: true, bytes, ..Self::default() }
    }

    /// Whether it is the id of a child, and this one.
    pub(super) fn is_id(&self, id: &str) -> bool {
        self.is_child_id && *self.bytes == *id.as_bytes()
    }

    /// Decodes a fragment that [`write`](Self::write) encoded.
    pub(super) fn read(mut bytes: &'a [u8]) -> io::Result<Self> {
        let ((n_rows, n_possible, n_values), flags) = decode::<FragmentHead>(&mut bytes)?;
        let rows = (0..n_rows).map(|_| {
            let row = decode(&mut bytes)?;
            let column = if flags & HAS_COLUMNS == 0 { 1 } else { decode(&mut bytes)? };
            Ok(origin(row, column))
        });
        let rows = rows.collect::<io::Result<_>>()?;
        let possible_rows = (0..n_possible).map(|_| decode(&mut bytes).map(gap));
        Ok(Self {
            key: Cow::Borrowed(""),
            is_partial: flags & IS_PARTIAL != 0,
            rows,
            possible_rows: possible_rows.collect::<io::Result<_>>()?,
            unterminated: match flags & IS_UNTERMINATED {
                0 => None,
                _ => Some(position(decode(&mut bytes)?)),
            },
            is_child_id: flags & IS_CHILD_ID != 0,
            bytes: Cow::Borrowed(bytes),
            n_values: n_values as usize,
        })
    }

    /// Appends the encoded fragment, without its key, to `into`.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let Self { rows, possible_rows, unterminated, bytes, n_values, .. } = self;
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(self.is_partial, IS_PARTIAL)
            | flag(unterminated.is_some(), IS_UNTERMINATED)
            | flag(self.is_child_id, IS_CHILD_ID)
            | flag(rows.iter().any(|row| row.column != 1), HAS_COLUMNS);
        let counts = (to_u32(rows.len()), to_u32(possible_rows.len()), to_u32(*n_values));
        into.reserve(FragmentHead::ENCODED_BYTES + FragmentRow::ENCODED_BYTES + bytes.len());
        (counts, flags).encode(into);
        for RowOrigin { file, line, column, bytes } in rows {
            ((file.0, *line), (bytes.start, to_u32(length(bytes)))).encode(into);
            if flags & HAS_COLUMNS != 0 {
                column.encode(into);
            }
        }
        for PossibleRows { rows, first_lost } in possible_rows {
            (gap_rows(rows), gap_rows(first_lost)).encode(into);
        }
        if let Some(Position { file, line, .. }) = unterminated {
            (file.0, *line).encode(into);
        }
        into.extend_from_slice(bytes);
    }

    /// Copies what it borrows, so that it outlives its block.
    pub(super) fn owned(self) -> Fragment<'static> {
        let (key, bytes) = (Cow::Owned(self.key.into_owned()), Cow::Owned(self.bytes.into_owned()));
        let Self { is_partial, rows, possible_rows, unterminated, is_child_id, n_values, .. } =
            self;
        Fragment {
            key,
            is_partial,
            rows,
            possible_rows,
            unterminated,
            is_child_id,
            bytes,
            n_values,
        }
    }

    /// Adds the rows that follow immediately, which are of the same order.
    pub(super) fn append(&mut self, later: Self) {
        self.rows.extend(later.rows);
        self.bytes.to_mut().extend_from_slice(&later.bytes);
        self.possible_rows.extend(later.possible_rows);
        self.unterminated = self.unterminated.or(later.unterminated);
        self.n_values += later.n_values;
    }

    /// Returns its approximate size in memory, in bytes.
    pub(super) fn n_bytes(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<RowOrigin>()
    }

    /// Returns the position of its first row.
    pub(super) fn position(&self) -> Option<Position> {
        self.rows.first().map(RowOrigin::position)
    }

    /// Returns the number of values in its rows.
    pub(super) fn n_values(&self) -> usize {
        self.n_values
    }

    /// Returns the order id of its first row. Fragments sort by it in the order of the input.
    pub(super) fn sort_key(&self) -> u64 {
        self.rows.first().map_or(0, |row| OrderId::from_origin(row).0)
    }

    fn pieces(&self) -> impl Iterator<Item = (FileId, Piece<'_>)> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let bytes = &self.bytes[start..start + length(&row.bytes)];
            start += bytes.len();
            (row.file, Piece::of_row((row.line, row.column), row.bytes.start, bytes))
        })
    }
}

/// Returns the rows of fragments as pieces for a parser. Consecutive pieces of one file are
/// grouped.
pub(super) fn contiguous_pieces<'f>(
    fragments: impl IntoIterator<Item = &'f Fragment<'f>>,
) -> Vec<(FileId, Vec<Piece<'f>>)> {
    let mut groups: Vec<(FileId, Vec<Piece<'f>>)> = Vec::new();
    for (file, piece) in fragments.into_iter().flat_map(Fragment::pieces) {
        match groups.last_mut().filter(|(last, _)| *last == file) {
            Some((_, pieces)) => pieces.push(piece),
            None => groups.push((file, vec![piece])),
        }
    }
    groups
}

fn length(bytes: &Range<u64>) -> usize {
    usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX)
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).expect("the rows of a fragment have less than 4 GiB")
}

/// Decodes a value from the front of `bytes`, and removes what it read.
fn decode<K: SortKey>(bytes: &mut &[u8]) -> io::Result<K> {
    if bytes.len() < K::ENCODED_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a spilled run is cut off"));
    }
    Ok(K::decode(bytes))
}

fn origin(((file, line), (start, n_bytes)): FragmentRow, column: u32) -> RowOrigin {
    RowOrigin { file: FileId(file), line, column, bytes: start..start + u64::from(n_bytes) }
}

fn gap((rows, first_lost): FragmentGap) -> PossibleRows {
    let origin = |((file, line), (start, end)): GapRows| RowOrigin {
        file: FileId(file),
        line,
        column: 1, // no value of these rows is shown
        bytes: start..end,
    };
    PossibleRows { rows: origin(rows), first_lost: origin(first_lost) }
}

fn gap_rows(RowOrigin { file, line, bytes, .. }: &RowOrigin) -> GapRows {
    ((file.0, *line), (bytes.start, bytes.end))
}

fn position((file, line): EncodedPosition) -> Position {
    Position { file: FileId(file), line, column: None }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        group::{BlockRuns, GroupSettings},
        map::{file_mapper::FileMapper, profile::Profile},
        model::{draft::KeyedRow, row::Row},
        read::{BlockReader, Dialect, ReadLimits, ReadSettings, RowParser, inputs::find_one},
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

    /// Calls `check` with the fragments of a file and the rows of each.
    fn for_each_fragment(
        name: &str,
        text: &str,
        mut check: impl FnMut(&RowParser, Vec<(Fragment<'static>, Vec<Row<'_>>)>),
    ) {
        let profile = "name = 'p'\norder.referenceId = { column = 'id', path = 'id' }";
        let profile = Profile::parse("p", profile).unwrap();
        let (reader, block) = read(name, text);
        let mapper = FileMapper::bind(&profile, reader.header(), name).unwrap();
        let parsed = reader.parse([Piece::from(&block)]).unwrap();
        let rows: Vec<_> = parsed.rows().collect();
        let keyed: Vec<_> =
            rows.iter().map(|row| KeyedRow { row, kind: mapper.kind(row) }).collect();
        let runs = BlockRuns::of(
            &keyed,
            GroupSettings { has_adjacent_rows: true, ..GroupSettings::default() },
        )
        .runs;
        check(
            &reader,
            runs.iter().map(|run| (Fragment::of(run, &block).owned(), rows_of(run))).collect(),
        );
    }

    fn read_again(fragment: &Fragment<'_>, reader: &RowParser, check: impl FnOnce(Vec<Row<'_>>)) {
        let groups = contiguous_pieces([fragment]);
        let parsed: Vec<_> =
            groups.into_iter().map(|(_, pieces)| reader.parse(pieces).unwrap()).collect();
        check(parsed.iter().flat_map(crate::read::ParsedBlock::rows).collect());
    }

    #[test]
    fn spilled_rows_are_read_back_unchanged() {
        for (name, text, n_runs) in
            [("a.csv", CSV, 3), ("a.ndjson", NDJSON, 3), ("a.json", ARRAY, 3)]
        {
            for_each_fragment(name, text, |reader, fragments| {
                assert_eq!(fragments.len(), n_runs, "{name}");
                for (fragment, rows) in fragments {
                    let mut written = b"earlier bytes".to_vec();
                    fragment.write(&mut written);
                    let decoded =
                        Fragment::read(written.strip_prefix(b"earlier bytes").unwrap()).unwrap();
                    assert_eq!(decoded, Fragment { key: "".into(), ..fragment });
                    assert_eq!(decoded.sort_key(), OrderId::from_origin(&rows[0].origin).0);
                    read_again(&decoded, reader, |again| assert_eq!(again, rows, "{name}"));
                }
            });
        }
    }

    #[test]
    fn append_merges_rows_and_metadata() {
        for_each_fragment("a.csv", CSV, |reader, mut fragments| {
            let (mut first, mut rows) = fragments.remove(0);
            let (mut last, last_rows) = fragments.pop().unwrap();
            assert_eq!((&*first.key, &*last.key, first.is_partial), ("A", "A", true));
            last.unterminated = Some(Position { file: FileId(3), line: 9, column: None });
            let row = |line, bytes| RowOrigin { file: FileId(3), line, column: 1, bytes };
            let gap = PossibleRows { rows: row(5, 7..19), first_lost: row(6, 12..19) };
            first.possible_rows.push(gap);
            let n_bytes = first.n_bytes() + last.n_bytes();
            rows.extend(last_rows);
            let (possible_rows, unterminated) =
                (first.possible_rows.len() + last.possible_rows.len(), last.unterminated);
            first.append(last);
            assert_eq!(
                (first.possible_rows.len(), first.unterminated, first.n_bytes()),
                (possible_rows, unterminated, n_bytes)
            );
            read_again(&first, reader, |again| assert_eq!(again, rows));
        });
    }

    #[test]
    fn pieces_are_split_at_file_boundaries() {
        let origin = |file, start| RowOrigin {
            file: FileId(file),
            line: 1,
            column: 1,
            bytes: start..start + 2,
        };
        let rows = vec![origin(0, 10), origin(0, 20), origin(1, 0), origin(0, 30)];
        let fragment = Fragment { rows, bytes: b"aabbccdd".into(), ..Fragment::default() };
        let shown: Vec<_> = contiguous_pieces([&fragment])
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
}
