//! One pass over the export: blocks are read, mapped, grouped and decided on all cores, and taken in their order.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{
    super::{Job, Progress, Refusal, Tell, desk::Desk, sheet::Sheet},
    blocks::{self, Blocks, Next, OpenFile, OpenFiles},
    facts::{Learner, Told, hash_of_bare},
    files::{Files, ReadInput},
    fragment::Fragment,
    gather,
    in_order::in_order,
};
use crate::{
    group::{self, Lost, Runs},
    map::{Noticed, reading::LastLineEnd},
    model::{
        draft::{KeyedRow, RowKind},
        origin::Position,
        problem::{Code, Problem},
        row::Row,
    },
    read::{FileEnd, Form, Piece, inputs::Input},
    report::place,
    spill::{entries::Entries, sorter::Sorter},
};

/// Bytes that a run takes beside its rows when it is put aside, if it is a usual one.
const FRAMING: usize = 64;

/// Unknown columns that are told one by one.
const MOST_TOLD: usize = 20;

/// What a pass needs.
pub(super) struct Pass<'p, 's> {
    pub(super) desk: &'p Desk<'p>,
    pub(super) files: &'p OpenFiles<'p>,
    /// Where runs are put of orders whose rows may stand in several places.
    pub(super) scattered: Option<&'s Sorter>,
    /// All runs are put there: nothing is decided before the whole export is read.
    pub(super) puts_all_aside: bool,
    /// Whether there is another way if it does not go on.
    pub(super) may_be_abandoned: bool,
    /// It need not go on: so many keys came back that all runs had better be put aside.
    pub(super) is_abandoned: AtomicBool,
    pub(super) inputs: Vec<Input>,
    /// Only the cells tell which types extension attributes have. Each file is opened to know that, so it is asked only
    /// when the pass is in vain.
    pub(super) kinds_may_differ: OnceLock<bool>,
    /// How many files' unknown columns were told, by this pass or an earlier one.
    pub(super) n_told: &'p AtomicU32,
    pub(super) tell: Tell<'p>,
}

impl<'p> Pass<'p, '_> {
    fn job(&self) -> &'p Job<'p> {
        self.desk.job
    }

    /// Goes over the files. What was found counts as far as it came, also where it ends in an error.
    pub(super) fn run(
        &self,
        files: &mut Files,
        fact_collector: Option<&mut Learner>,
        collect: &mut (dyn FnMut(Sheet) -> Result<(), Refusal> + Send),
    ) -> (Vec<Problem>, Lost, Result<(), Refusal>) {
        (files.n_rows, files.n_unreadable, files.n_bytes_read) = (0, 0, 0);
        files.inputs.iter_mut().for_each(|read| read.n_rows = 0);
        let blocks = Blocks::of(self.inputs.clone(), self.job(), self.files);
        let blocks = blocks.take_while(|_| !self.is_abandoned.load(Ordering::Relaxed));
        let mut merger = Taken {
            pass: self,
            files,
            learner: fact_collector,
            adopt: collect,
            notes: Vec::new(),
            lost: Lost::default(),
            noticed: Noticed::default(),
            open: None,
            last_lost: None,
        };
        let done = in_order(blocks, |next| self.work(next), |block_result| merger.take(block_result));
        let done = done.and_then(|()| merger.close_open());
        (merger.notes, merger.lost, done)
    }

    /// What a block holds. Its first and its last run may go on in its neighbours.
    fn work(&self, next: Next<'p>) -> Result<Worked<'p>, Refusal> {
        let mut worked = Worked { end: next.end, ..Worked::of(Arc::clone(&next.file)) };
        let file = &next.file;
        // The end of a file is no block: as one of an array it would be read as what an array that is cut off ends in.
        let block = Some(Piece::from(&next.block)).filter(|_| worked.end.is_none());
        let parsed = file.reader.parse(block)?;
        let rows: Vec<Row<'_>> = parsed.rows().collect();
        let keyed: Vec<KeyedRow<'_>> = rows.iter().map(|row| KeyedRow { row, kind: file.mapper.kind(row) }).collect();
        for row in &rows {
            file.mapper.notice(row, &mut worked.noticed);
        }
        let mut runs = Runs::of(&keyed, self.job().grouping());
        (worked.n_rows, worked.n_unreadable) = (runs.n_rows, runs.n_unreadable);
        worked.n_bytes = next.block.bytes.len() as u64;
        worked.leading = std::mem::take(&mut runs.leading);
        worked.trailing = runs.trailing;
        worked.lost = std::mem::take(&mut runs.lost);
        self.note_doubts(&keyed, file, &mut worked.told);
        let n_runs = runs.runs.len();
        let mut scattered = if self.puts_all_aside {
            Entries::with_room(n_runs, next.block.bytes.len() + FRAMING * n_runs)
        } else {
            Entries::default()
        };
        for (index, run) in runs.runs.into_iter().enumerate() {
            gather::ensure_few_values(&run, self)?;
            if index == 0 {
                worked.head = Some(Fragment::of(&run, &next.block).owned());
            } else if index + 1 == n_runs {
                worked.tail = Some(Fragment::of(&run, &next.block).owned());
            } else if self.is_put_aside(run.key()) {
                gather::put(&Fragment::of(&run, &next.block), &mut scattered)?;
            } else if self.is_for_now(run.key(), &mut worked.told) {
                let draft = group::draft(
                    run.rows.iter(),
                    |row, before, into| file.mapper.map(row, before, into),
                    &run.suspects,
                );
                self.desk.take(draft, &mut worked.told, &mut worked.sheet)?;
            }
        }
        self.put_aside(&mut scattered)?;
        Ok(worked)
    }

    fn put_aside(&self, runs: &mut Entries) -> Result<(), Refusal> {
        Ok(self.scattered.map_or(Ok(()), |scattered| scattered.push_all(runs))?)
    }

    /// Whether it is of use to decide about an order that is not scattered. Its key is learned.
    fn is_for_now(&self, key: &str, told: &mut Told) -> bool {
        if self.desk.is_first_pass && !key.is_empty() {
            told.keys.push(hash_of_bare(key));
        }
        self.desk.counts() || self.learns_from_drafts()
    }

    /// Whether even a pass in vain needs to see drafts: what is to be learned stands in their cells.
    fn learns_from_drafts(&self) -> bool {
        let kinds_may_differ = || blocks::kinds_may_differ(&self.inputs, self.job());
        self.desk.is_first_pass && (!self.desk.key_is_reference || *self.kinds_may_differ.get_or_init(kinds_may_differ))
    }

    fn is_put_aside(&self, key: &str) -> bool {
        self.puts_all_aside || !key.is_empty() && self.desk.facts.may_be_scattered(key)
    }

    /// Whether all that a pass must learn stands in the rows' keys and not in their orders, and the disk that all rows take
    /// is known.
    fn may_put_all_aside(&self) -> bool {
        self.may_be_abandoned && !self.learns_from_drafts() && self.inputs.iter().all(Input::is_plain)
    }

    fn note_doubts(&self, rows: &[KeyedRow<'_>], file: &OpenFile<'_>, told: &mut Told) {
        if !self.desk.is_first_pass {
            return;
        }
        for KeyedRow { row, kind } in rows {
            let at = row.origin.position();
            match kind {
                RowKind::Keyless(Some(ordered_at)) => told.doubts.add_keyless(*ordered_at, at),
                RowKind::Unreadable { key: Some(_), .. } => {
                    let keys = file.mapper.other_keys(row).into_iter();
                    keys.for_each(|key| told.doubts.add_run_together(&key, at, self.job().grouping()));
                }
                _ => {}
            }
        }
    }
}

/// What one block held.
struct Worked<'p> {
    file: Arc<OpenFile<'p>>,
    end: Option<FileEnd>,
    n_rows: u64,
    n_unreadable: u64,
    n_bytes: u64,
    lost: Lost,
    /// Lost rows before the first run, and the last one behind the last run.
    leading: Vec<Position>,
    trailing: Option<Position>,
    /// The first run and the last one, if that is another.
    head: Option<Fragment<'static>>,
    tail: Option<Fragment<'static>>,
    /// What the runs between them came to.
    sheet: Sheet,
    told: Told,
    noticed: Noticed,
}

impl<'p> Worked<'p> {
    fn of(file: Arc<OpenFile<'p>>) -> Self {
        Self {
            file,
            end: None,
            n_rows: 0,
            n_unreadable: 0,
            n_bytes: 0,
            lost: Lost::default(),
            leading: Vec::new(),
            trailing: None,
            head: None,
            tail: None,
            sheet: Sheet::default(),
            told: Told::default(),
            noticed: Noticed::default(),
        }
    }
}

/// Takes what blocks held, in their order.
struct Taken<'t, 'p> {
    pass: &'t Pass<'p, 't>,
    files: &'t mut Files,
    learner: Option<&'t mut Learner>,
    adopt: &'t mut (dyn FnMut(Sheet) -> Result<(), Refusal> + Send),
    notes: Vec<Problem>,
    lost: Lost,
    noticed: Noticed,
    /// The last run so far, which may go on.
    open: Option<Fragment<'static>>,
    /// The last lost row, if no run came since.
    last_lost: Option<Position>,
}

impl Taken<'_, '_> {
    fn take(&mut self, mut worked: Worked<'_>) -> Result<(), Refusal> {
        self.count(&worked);
        (self.pass.tell)(Progress::Rows(worked.n_rows));
        self.lost.append(std::mem::take(&mut worked.lost));
        self.noticed.append(std::mem::take(&mut worked.noticed));
        if let Some(open_run) = &mut self.open {
            open_run.suspects.extend(&worked.leading);
        }
        self.last_lost = worked.leading.last().copied().or(self.last_lost);
        let has_runs = worked.head.is_some();
        if let Some(mut first_run) = worked.head.take() {
            first_run.suspects.extend(self.last_lost.take());
            self.follow(first_run)?;
        }
        if let Some(last_run) = worked.tail.take() {
            self.close_open()?;
            self.open = Some(last_run);
        }
        if has_runs {
            self.last_lost = worked.trailing;
        }
        self.learn(worked.told)?;
        if self.pass.desk.counts() {
            (self.adopt)(worked.sheet)?;
        }
        worked.end.map_or(Ok(()), |end| self.end_file(&worked.file, end))
    }

    fn count(&mut self, block_result: &Worked<'_>) {
        self.files.n_rows += block_result.n_rows;
        self.files.n_unreadable += block_result.n_unreadable;
        self.files.n_bytes_read += block_result.n_bytes;
        if let Some(read) = self.files.inputs.get_mut(block_result.file.id.0 as usize) {
            read.n_rows += block_result.n_rows;
        }
    }

    /// The first run of a block goes on with the last one so far, or ends it.
    fn follow(&mut self, head: Fragment<'static>) -> Result<(), Refusal> {
        let grouping = self.pass.job().grouping();
        let file = |fragment: &Fragment<'_>| fragment.rows.first().map(|row| grouping.file_of(row.file));
        let goes_on = |open: &&mut Fragment<'_>| {
            open.is_part && head.is_part && open.key == head.key && file(open) == file(&head)
        };
        if let Some(open_run) = self.open.as_mut().filter(goes_on) {
            open_run.append(head);
            return gather::is_bearable(open_run, self.pass);
        }
        self.close_open()?;
        self.open = Some(head);
        Ok(())
    }

    /// Nothing more follows for the last run so far.
    fn close_open(&mut self) -> Result<(), Refusal> {
        let Some(open_run) = self.open.take() else { return Ok(()) };
        let (mut observations, mut partial) = (Told::default(), Sheet::default());
        if self.pass.is_put_aside(&open_run.key) {
            let mut scattered = Entries::default();
            gather::put(&open_run, &mut scattered)?;
            self.pass.put_aside(&mut scattered)?;
        } else if self.pass.is_for_now(&open_run.key, &mut observations) {
            gather::take_groups(&[vec![open_run]], self.pass, &mut observations, &mut partial)?;
        }
        self.learn(observations)?;
        if self.pass.desk.counts() { (self.adopt)(partial) } else { Ok(()) }
    }

    fn learn(&mut self, told: Told) -> Result<(), Refusal> {
        let Some(fact_collector) = &mut self.learner else { return Ok(()) };
        fact_collector.learn(told)?;
        fact_collector.judge()?;
        if fact_collector.has_learned() {
            self.pass.desk.is_in_vain.store(true, Ordering::Relaxed);
        }
        if fact_collector.are_keys_scattered() && self.pass.may_put_all_aside() {
            self.pass.is_abandoned.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The last row of a file may be cut off, if it has no line end.
    fn end_last_row(&mut self, file: &OpenFile<'_>, end: &FileEnd) -> Result<(), Refusal> {
        let Some(at) = end.unfinished else { return Ok(()) };
        if self.pass.job().profile.last_line_end == LastLineEnd::Required {
            return Err(Refusal::NoLastLineEnd { place: place(self.pass.desk.names, at) });
        }
        // A JSON document that is cut off is unreadable, so a missing line end behind a whole one means nothing.
        if file.reader.form() == Form::Csv
            && let Some(open_run) = &mut self.open
            && open_run.rows.last().is_some_and(|row| row.file == file.id)
        {
            open_run.unfinished = open_run.unfinished.or(Some(at));
        }
        Ok(())
    }

    fn end_file(&mut self, file: &OpenFile<'_>, end: FileEnd) -> Result<(), Refusal> {
        self.end_last_row(file, &end)?;
        let name = self.pass.desk.names.get(file.id.0 as usize).map_or("", String::as_str);
        let noticed = std::mem::take(&mut self.noticed);
        let unknown: Vec<Problem> = file.mapper.unknown_columns().iter().chain(noticed.unknown()).cloned().collect();
        if self.pass.n_told.fetch_max(file.id.0 + 1, Ordering::Relaxed) <= file.id.0 {
            tell_unknown(&unknown, name, self.pass.tell);
        }
        self.notes.extend(unknown);
        if let Some(read) = self.files.inputs.get_mut(file.id.0 as usize) {
            *read = ReadInput { end, is_array: file.reader.form() == Form::JsonArray, ..read.clone() };
        }
        if !self.pass.job().grouping().joins_files {
            self.last_lost = None;
            self.close_open()?;
        }
        Ok(file.mapper.finish(&noticed)?)
    }
}

fn tell_unknown(unknown: &[Problem], file: &str, tell: Tell<'_>) {
    for problem in unknown.iter().take(MOST_TOLD) {
        let column = problem.at.column.map_or_else(String::new, |column| format!(":{column}"));
        tell(Progress::Warning(&format!("{file}:{}{column}: column {}", problem.at.line, problem.message)));
    }
    if let Some(n_more) = unknown.len().checked_sub(MOST_TOLD).filter(|n_more| *n_more > 0) {
        tell(Progress::Warning(&format!("{file}: {n_more} more columns are unknown and ignored")));
    }
}

/// What is wrong where a file's last row may have been cut off.
pub(super) fn unfinished(at: Position) -> Problem {
    let words = "the file's last row ends without a line break; if the file was cut off, a value is cut off too";
    Problem::of_order(Code::NoFinalNewline, at, words)
}
