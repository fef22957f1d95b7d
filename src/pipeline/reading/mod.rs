//! The export → what is said of its orders: read, mapped, grouped, checked and looked up, in bounded memory.
//!
//! Nearly always one pass does: orders whose rows stand next to each other are decided about where they stand. Where the
//! first pass learns that it must not believe that (a key comes back, a row has lost its key, a type changes), what it
//! decided is taken back as a whole, and a second pass decides with the facts known. Orders whose rows are scattered are
//! brought together by it through files in the run folder. Where so many are that the first pass sees it early, it is
//! abandoned, and the second one puts all rows into those files and learns the facts meanwhile; but where the disk has no
//! room for all of them, the first pass is made as a whole after all.

mod blocks;
pub(super) mod facts;
pub(super) mod files;
mod fragment;
mod gather;
mod in_order;
mod pass;

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use self::{
    blocks::OpenFiles,
    facts::{Facts, Learned, Learner},
    files::Files,
    in_order::in_order,
    pass::Pass,
};
use super::{
    Job, Progress, Refusal, Tell,
    age::Age,
    desk::{self, Desk},
    memory::Memory,
    sheet::Sheet,
};
use crate::{
    group::{GroupError, Lost},
    ledger::{Ledger, SqliteLedger},
    model::{field::ExtensionTypes, problem::Problem},
    report::{folder::RunFolder, place},
    spill::{
        seen::Seen,
        sorter::{Sorted, Sorter},
    },
};

/// Takes what is decided, in the order of the input but for scattered orders.
pub(super) trait Intake: Send {
    /// Takes a sheet.
    fn adopt(&mut self, sheet: Sheet) -> Result<(), Refusal>;

    /// Forgets all that was taken. From now on orders come in any order.
    fn start_over(&mut self) -> Result<(), Refusal>;
}

/// What was read.
pub(super) struct Export {
    pub(super) files: Files,
    /// Problems of no order.
    pub(super) notes: Vec<Problem>,
    /// The ledger that orders were looked up in.
    pub(super) ledger: Option<SqliteLedger>,
    /// Why none of the orders may be sent, if that is so.
    pub(super) done: Result<(), Refusal>,
}

/// Reads everything; `intake` hears of every order.
pub(super) fn read(
    mut files: Files,
    ledger: Option<SqliteLedger>,
    job: &Job<'_>,
    folder: &RunFolder,
    intake: &mut dyn Intake,
    tell: Tell<'_>,
) -> Export {
    let at_tenant = match ledger.as_ref().map(SqliteLedger::extension_types).transpose() {
        Ok(types) => Arc::new(types.unwrap_or_default()),
        Err(error) => return Export { files, notes: Vec::new(), ledger, done: Err(error.into()) },
    };
    let names = files.names();
    let memory = Memory::of(job.memory);
    let reading = Reading { job, folder, names: &names, memory, at_tenant, n_told: AtomicU32::new(0), tell };
    let ledger = ledger.map(Mutex::new);
    let (file_problems, done) = reading.read(&mut files, ledger.as_ref(), intake);
    let ledger = ledger.map(|ledger| ledger.into_inner().expect("nobody panics with the ledger"));
    Export { files, notes: file_problems, ledger, done }
}

struct Reading<'r> {
    job: &'r Job<'r>,
    folder: &'r RunFolder,
    names: &'r [String],
    memory: Memory,
    /// The types of extension attributes that earlier runs sent.
    at_tenant: Arc<ExtensionTypes>,
    /// How many files' unknown columns were told.
    n_told: AtomicU32,
    tell: Tell<'r>,
}

/// What the first pass came to.
enum First {
    /// What it believed is true.
    IsTrue,
    /// It must be decided anew, with this known.
    Learned(Box<Learned>),
    /// It did not come to the end: rows stand everywhere.
    Abandoned,
}

impl Reading<'_> {
    fn read(
        &self,
        files: &mut Files,
        ledger: Option<&Mutex<SqliteLedger>>,
        sink: &mut dyn Intake,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        let (file_problems, done) = self.read_in_passes(files, ledger, sink);
        match done.and_then(|()| have_not_changed(files)) {
            Ok(()) => (file_problems, Ok(())),
            Err(refusal) => (file_problems, sink.start_over().and(Err(refusal))),
        }
    }

    fn read_in_passes(
        &self,
        files: &mut Files,
        ledger: Option<&Mutex<SqliteLedger>>,
        intake: &mut dyn Intake,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        let (mut file_problems, mut first) = self.first_pass(files, ledger, intake, true);
        // Where all rows find no room, those of scattered orders alone may: the first pass learns which they are.
        if matches!(first, Ok(First::Abandoned)) && !has_room(self.room_for_all(files)) {
            (file_problems, first) = match intake.start_over() {
                Ok(()) => self.first_pass(files, ledger, intake, false),
                Err(refusal) => (file_problems, Err(refusal)),
            };
        }
        let done = match first {
            Ok(First::IsTrue) => Ok(()),
            Ok(First::Learned(facts)) => intake
                .start_over()
                .and_then(|()| self.ensure_room(files.n_bytes_read, &facts))
                .and_then(|()| self.second_pass(facts.facts, files, ledger, intake)),
            Ok(First::Abandoned) => intake.start_over().and_then(|()| {
                let (n_bytes, n_free) = self.room_for_all(files);
                (self.tell)(Progress::Scattered { n_orders: None, n_bytes, n_free });
                let (problems, done) = self.all_aside(files, ledger, intake);
                file_problems = problems;
                done
            }),
            Err(refusal) => Err(refusal),
        };
        (file_problems, done)
    }

    fn first_pass(
        &self,
        files: &mut Files,
        ledger: Option<&Mutex<SqliteLedger>>,
        sink: &mut dyn Intake,
        may_be_abandoned: bool,
    ) -> (Vec<Problem>, Result<First, Refusal>) {
        let mut fact_collector = self.learner();
        let triage = self.desk(Facts::default(), true, ledger);
        let open_files = OpenFiles::default();
        let runner = Pass { may_be_abandoned, ..self.pass(&triage, &open_files, None, files) };
        let (file_problems, lost_rows, done) =
            runner.run(files, Some(&mut fact_collector), &mut |partial| sink.adopt(partial));
        if done.is_ok() && runner.is_abandoned.into_inner() {
            return (file_problems, Ok(First::Abandoned));
        }
        let (file_problems, done) = self.with_lost(file_problems, lost_rows, files, done);
        (
            file_problems,
            done.and_then(|()| {
                Ok(fact_collector.finish()?.map_or(First::IsTrue, |facts| First::Learned(Box::new(facts))))
            }),
        )
    }

    /// A pass that decides nothing before it has read all.
    fn all_aside(
        &self,
        files: &mut Files,
        ledger: Option<&Mutex<SqliteLedger>>,
        intake: &mut dyn Intake,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        (self.tell)(Progress::Again);
        let mut learner = self.learner();
        let desk = self.desk(Facts::default(), true, ledger);
        // Made when all is learned, but declared before the open files, which two passes share: what they borrow has to
        // last as long, so both desks must outlive them.
        let deciding;
        desk.is_in_vain.store(true, Ordering::Relaxed);
        let scattered = self.sorter(".rows", self.memory.rows);
        let opened = OpenFiles::default();
        let pass = Pass { puts_all_aside: true, ..self.pass(&desk, &opened, Some(&scattered), files) };
        let (file_problems, lost_rows, done) =
            pass.run(files, Some(&mut learner), &mut |partial| intake.adopt(partial));
        let (file_problems, done) = self.with_lost(file_problems, lost_rows, files, done);
        if let Err(refusal) = done.and_then(|()| have_not_changed(files)) {
            return (file_problems, Err(refusal));
        }
        // Orders of different keys have different references here, so none of them is put aside once more.
        deciding = self.desk(learner.finish_without_keys(), false, ledger);
        (file_problems, self.gather(scattered, &deciding, &opened, files, intake))
    }

    /// What is said of rows that were lost.
    fn with_lost(
        &self,
        mut notes: Vec<Problem>,
        lost: Lost,
        files: &mut Files,
        done: Result<(), Refusal>,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        let done = done.and_then(|()| self.check_lost(&lost));
        files.n_lost_untold = lost.n_rows - lost.told.len() as u64;
        notes.extend(lost.told);
        (notes, done)
    }

    fn learner(&self) -> Learner {
        let seen = |name, memory| Seen::new(self.folder.path(), name, memory);
        let (keys, references) = (self.memory.keys, self.memory.keys / 2);
        let (pairs, references) = (seen(".pairs", references), seen(".references", references));
        Learner::new(seen(".keys", keys), pairs, references, self.memory.filter)
    }

    fn second_pass(
        &self,
        facts: Facts,
        files: &mut Files,
        ledger: Option<&Mutex<SqliteLedger>>,
        sink: &mut dyn Intake,
    ) -> Result<(), Refusal> {
        (self.tell)(Progress::Again);
        let triage = self.desk(facts, false, ledger);
        let scattered = self.sorter(".rows", self.memory.rows);
        let open_files = OpenFiles::default();
        let runner = self.pass(&triage, &open_files, Some(&scattered), files);
        runner.run(files, None, &mut |partial| sink.adopt(partial)).2?;
        have_not_changed(files)?;
        self.gather(scattered, &triage, &open_files, files, sink)?;
        self.take_aside(triage, &mut |partial| sink.adopt(partial))
    }

    /// Decides about all orders whose rows were put aside.
    fn gather<'d>(
        &'d self,
        scattered: Sorter,
        desk: &'d Desk<'d>,
        opened: &'d OpenFiles<'d>,
        files: &mut Files,
        intake: &mut dyn Intake,
    ) -> Result<(), Refusal> {
        let pass = self.pass(desk, opened, None, files);
        files.n_scattered = gather::gather(scattered.sorted()?, &pass, &mut |partial| intake.adopt(partial))?;
        Ok(())
    }

    /// Decides about orders that may share their references with others.
    fn take_aside(
        &self,
        mut desk: Desk<'_>,
        adopt: &mut (dyn FnMut(Sheet) -> Result<(), Refusal> + Send),
    ) -> Result<(), Refusal> {
        let Some(deferred) = desk.clashing.take() else { return Ok(()) };
        let mut sorted = deferred.sorted()?;
        let names = self.names;
        let groups = std::iter::from_fn(move || aside_of_one_hash(&mut sorted, names).transpose());
        let work = |group: Vec<Vec<u8>>| {
            let mut sheet = Sheet::default();
            desk.take_aside(&group, &mut sheet).map(|()| sheet)
        };
        in_order(groups, work, adopt)
    }

    fn check_lost(&self, lost: &Lost) -> Result<(), Refusal> {
        let refused = |error: GroupError| Refusal::Group { place: place(self.names, error.at), error };
        lost.check(self.job.grouping()).map_err(refused)
    }

    /// Says what the second pass will take, if it takes anything of the disk, and whether that is there.
    fn ensure_room(&self, n_bytes: u64, learned: &Learned) -> Result<(), Refusal> {
        let Learned { n_scattered, n_keys, .. } = *learned;
        if n_scattered == 0 {
            return Ok(());
        }
        let share = u128::from(n_bytes) * u128::from(n_scattered) / u128::from(n_keys.max(1));
        let (wanted, free) = self.room(u64::try_from(share).unwrap_or(u64::MAX), n_keys);
        (self.tell)(Progress::Scattered { n_orders: Some(n_scattered), n_bytes: wanted, n_free: free });
        if has_room((wanted, free)) { Ok(()) } else { Err(Refusal::NoRoom { wanted, free }) }
    }

    /// What it takes to put all rows aside, and what is free.
    fn room_for_all(&self, files: &Files) -> (u64, u64) {
        let n_bytes = files.inputs.iter().map(|read| read.input.found.bytes).sum();
        // Every row may be one of an order of its own.
        self.room(n_bytes, n_bytes / SHORT_ROW)
    }

    /// What it takes of the disk at the most to bring together so many bytes of rows, and what is free.
    fn room(&self, n_bytes_aside: u64, n_orders: u64) -> (u64, u64) {
        // The rows, as often as they are written.
        let rows = Sorter::room_for(n_bytes_aside, self.memory.rows);
        // The results of all orders are sorted then. What the plan of a send takes is seen when it is written.
        let results = Sorter::room_for(n_orders.saturating_mul(RESULT), self.memory.results);
        (rows.saturating_add(results), fs4::available_space(self.folder.path()).unwrap_or(u64::MAX))
    }

    fn desk<'d>(&'d self, mut facts: Facts, is_first_pass: bool, ledger: Option<&'d Mutex<SqliteLedger>>) -> Desk<'d> {
        facts.kinds.set_at_tenant(Arc::clone(&self.at_tenant));
        Desk {
            job: self.job,
            names: self.names,
            ledger,
            age: Age::of(self.job),
            facts,
            is_first_pass,
            key_is_reference: self.job.profile.key_is_reference(),
            is_in_vain: AtomicBool::new(false),
            clashing: Some(self.sorter(".clashing", self.memory.rows / 4)),
        }
    }

    fn pass<'d, 's>(
        &'d self,
        desk: &'d Desk<'d>,
        opened: &'d OpenFiles<'d>,
        scattered: Option<&'s Sorter>,
        files: &Files,
    ) -> Pass<'d, 's> {
        Pass {
            desk,
            files: opened,
            scattered,
            puts_all_aside: false,
            may_be_abandoned: false,
            is_abandoned: AtomicBool::new(false),
            inputs: files.inputs(),
            kinds_may_differ: OnceLock::new(),
            n_told: &self.n_told,
            tell: self.tell,
        }
    }

    fn sorter(&self, name: &str, memory: usize) -> Sorter {
        Sorter::new(self.folder.path(), name, memory)
    }
}

/// The bytes of a row, if it is a short one.
const SHORT_ROW: u64 = 100;

/// The bytes of a result, about.
const RESULT: u64 = 250;

fn has_room((wanted, free): (u64, u64)) -> bool {
    wanted <= free
}

/// Each file was as it was found while it was read, or its [`Source`](crate::read::Source) says so. Here: it still is, now
/// that the others are read too.
fn have_not_changed(files: &Files) -> Result<(), Refusal> {
    files.inputs.iter().try_for_each(|read| Ok(read.input.ensure_unwritten()?))
}

/// Bytes of the orders of one reference. More of them are not orders of a shop.
const MOST_OF_REFERENCE: usize = 32 * 1024 * 1024;

fn aside_of_one_hash(sorted: &mut Sorted, names: &[String]) -> Result<Option<Vec<Vec<u8>>>, Refusal> {
    let (mut group, mut n_bytes) = (Vec::new(), 0);
    while let Some((key, order)) = sorted.next()? {
        n_bytes += order.len();
        if n_bytes > MOST_OF_REFERENCE {
            return Err(Refusal::SharedReference { place: desk::place_of(order, names) });
        }
        group.push(order.to_vec());
        if sorted.peek_key()?.is_none_or(|next| next >> u64::BITS != key >> u64::BITS) {
            return Ok(Some(group));
        }
    }
    Ok(None)
}
