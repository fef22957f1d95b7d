//! Tracer: collects the traces of the orders named by `--explain` and `--explain-first`.
//!
//! It decides nothing. Only these orders leave the fast path; `map` and `validate` tell the steps
//! of their values. Called by `triage` and `dispose` on all cores at once, and by `run` at the end.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    error::RunError,
    excerpts::add_excerpts,
    spec::{ExplainSpec, RunSpec},
    target,
    trace::trace_of,
};
use crate::{
    model::{
        diagnostic::{Diagnostic, Note},
        draft::Draft,
        field::Field,
        input::ExportRead,
        order::{CheckedOrder, OrderId, OrderRecord, Validity},
        order_trace::{ExplainedOrders, OrderTrace},
        outcome::{OrderResult, Outcome},
        plain::PlainDraft,
        problem::{Problem, Problems},
        reference::normalize_reference,
        suggest::distance,
    },
    report::{OrderExample, results::references},
    shuffle::ShuffleSettings,
    storage::RunFolder,
};

/// Keeps the traces of the orders to explain.
pub(super) struct Tracer<'j> {
    spec: &'j RunSpec<'j>,
    /// The references, as they are compared.
    references: HashSet<String>,
    /// The last of the first orders, once there are enough; later ones need no trace.
    last_of_first: AtomicU64,
    kept: Mutex<KeptTraces>,
}

#[derive(Default)]
struct KeptTraces {
    traces: BTreeMap<OrderId, KeptTrace>,
    /// The first orders of the input so far.
    first: BTreeSet<OrderId>,
}

struct KeptTrace {
    /// Whether its reference was named.
    is_named: bool,
    /// Its key and its reference.
    names: [String; 2],
    trace: OrderTrace,
    record: Option<OrderRecord>,
}

impl<'j> Tracer<'j> {
    /// None if no order is to be explained.
    pub(super) fn new(spec: &'j RunSpec<'j>) -> Option<Self> {
        let ExplainSpec { references, first } = &spec.explain;
        let is_needed = !references.is_empty() || *first > 0;
        is_needed.then(|| Self {
            spec,
            references: references.iter().map(|name| compared(name)).collect(),
            last_of_first: AtomicU64::new(if *first > 0 { u64::MAX } else { 0 }),
            kept: Mutex::default(),
        })
    }

    /// Whether an order is to be explained, so that it needs its draft.
    pub(super) fn wants_plain(&self, draft: &PlainDraft<'_>) -> bool {
        let reference = draft.value(&Field::ReferenceId).map_or("", |value| value.text);
        let id = draft.rows.first().map(|row| OrderId::from_origin(&row.origin));
        self.is_first(id) || self.is_named([draft.key, reference])
    }

    /// The same for a draft.
    pub(super) fn wants(&self, draft: &Draft<'_>) -> bool {
        let id = draft.rows.first().map(OrderId::from_origin);
        self.is_first(id) || self.is_named(names(draft))
    }

    fn is_first(&self, id: Option<OrderId>) -> bool {
        self.spec.explain.first > 0
            && id.is_some_and(|id| id.0 <= self.last_of_first.load(Ordering::Relaxed))
    }

    fn is_named(&self, names: [&str; 2]) -> bool {
        !self.references.is_empty()
            && names.into_iter().any(|name| self.references.contains(&compared(name)))
    }

    /// Keeps the trace of an order; `draft` is what was checked.
    pub(super) fn keep(&self, draft: &Draft<'_>, checked: &CheckedOrder<'_>) {
        let order = match &checked.validity {
            Validity::Valid(order) => Some(&**order),
            Validity::Invalid | Validity::Skipped(_) | Validity::Refunds { .. } => None,
        };
        let mut trace = trace_of(draft, order, &checked.record, self.spec);
        trace.events = order.map(|order| target::traced_events(order, &self.spec.service));
        let (id, names) = (checked.record.id, names(draft));
        let kept = KeptTrace {
            is_named: self.is_named(names),
            names: names.map(str::to_owned),
            trace,
            record: None,
        };
        let mut all = self.kept();
        all.traces.insert(id, kept);
        if self.spec.explain.first > 0 && all.first.insert(id) {
            self.forget_later(&mut all);
        }
    }

    /// Forgets the traces of orders that are not among the first ones.
    fn forget_later(&self, all: &mut KeptTraces) {
        if all.first.len() > self.spec.explain.first
            && let Some(last) = all.first.pop_last()
            && all.traces.get(&last).is_some_and(|kept| !kept.is_named)
        {
            all.traces.remove(&last);
        }
        if all.first.len() == self.spec.explain.first
            && let Some(last) = all.first.last()
        {
            self.last_of_first.store(last.0, Ordering::Relaxed);
        }
    }

    /// Notes what became of an order.
    pub(super) fn settle(&self, record: &OrderRecord, result: &OrderResult) {
        if let Some(kept) = self.kept().traces.get_mut(&record.id) {
            kept.trace.result = Some(result.clone());
            kept.record = Some(record.clone());
        }
    }

    /// Forgets all orders: another pass decides anew.
    pub(super) fn restart(&self) {
        *self.kept() = KeptTraces::default();
        let limit = if self.spec.explain.first > 0 { u64::MAX } else { 0 };
        self.last_of_first.store(limit, Ordering::Relaxed);
    }

    /// Returns the orders once the export was read. `has_ledger` tells whether they were looked up.
    pub(super) fn finish(
        self,
        settings: &ShuffleSettings<'_>,
        files: &ExportRead,
        has_ledger: bool,
    ) -> ExplainedOrders {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (mut shown, mut unknown) = (kept.first, Vec::new());
        for name in &self.spec.explain.references {
            let ids = ids_named(name, &kept.traces);
            if ids.is_empty() {
                unknown.push((name.clone(), Vec::new()));
            }
            shown.extend(ids);
        }
        let traces = kept.traces.into_iter().filter(|(id, _)| shown.contains(id));
        let finished = traces.map(|(_, KeptTrace { mut trace, record, .. })| {
            trace.ledger = ledger_word(self.spec, has_ledger, trace.result.as_ref());
            if let Some(record) = &record {
                trace.diagnostics = diagnostics_of(record, settings, files);
            }
            trace
        });
        ExplainedOrders { names: files.names(), orders: finished.collect(), unknown }
    }

    fn kept(&self) -> MutexGuard<'_, KeptTraces> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The orders with a name: as it is written, or else with another spelling of it.
fn ids_named(name: &str, traces: &BTreeMap<OrderId, KeptTrace>) -> Vec<OrderId> {
    let ids_of = |is_named: &dyn Fn(&String) -> bool| -> Vec<OrderId> {
        let named = traces.iter().filter(|(_, kept)| kept.names.iter().any(is_named));
        named.map(|(id, _)| *id).collect()
    };
    let exact = ids_of(&|known| known == name.trim());
    if exact.is_empty() { ids_of(&|known| compared(known) == compared(name)) } else { exact }
}

/// The key and the reference of an order.
fn names<'d>(draft: &'d Draft<'_>) -> [&'d str; 2] {
    let reference = draft.cells.get(&Field::ReferenceId).map_or("", |cell| &*cell.text);
    [&draft.key, reference]
}

fn compared(name: &str) -> String {
    normalize_reference(name.trim()).into_owned()
}

/// What the ledger says of an order.
fn ledger_word(spec: &RunSpec<'_>, has_ledger: bool, result: Option<&OrderResult>) -> String {
    match result {
        _ if !spec.has_target => "not asked: no target; --to names one".to_owned(),
        _ if !has_ledger => "there is none yet".to_owned(),
        Some(OrderResult { outcome, reason: Some(reason), .. })
            if !matches!(outcome, Outcome::Skipped | Outcome::NotAttempted) =>
        {
            reason.clone()
        }
        // It may hold attempts that were refused or failed.
        _ => "holds nothing that keeps it from being sent".to_owned(),
    }
}

/// The problems of an order, with the rows of its cells.
fn diagnostics_of(
    record: &OrderRecord,
    settings: &ShuffleSettings<'_>,
    files: &ExportRead,
) -> Vec<Diagnostic> {
    let (problems, fields): (Vec<_>, Vec<_>) = of_cells(&record.problems).into_iter().unzip();
    let of_problem = |problem| OrderExample::of_problem(problem, Some(record));
    let mut examples: Vec<OrderExample> = problems.into_iter().map(of_problem).collect();
    add_excerpts(settings, files, &mut examples);
    let inputs: Vec<_> = files.all_files().cloned().collect();
    let shown = |(example, fields): (&OrderExample, Vec<&str>)| {
        let mut diagnostic = example.with_hint(&inputs)?;
        if fields.len() > 1 {
            let fact = format!("the cell is read for {}", fields.join(" and "));
            let before_hint = diagnostic.notes.len().saturating_sub(1);
            diagnostic.notes.insert(before_hint, Note::Fact(fact));
        }
        Some(diagnostic)
    };
    examples.iter().zip(fields).filter_map(shown).collect()
}

/// The problems with their fields. A cell of several fields, such as an e-mail address that is an
/// identifier too, has the same problem for each of them.
fn of_cells(problems: &Problems) -> Vec<(&Problem, Vec<&str>)> {
    let mut cells: Vec<(&Problem, Vec<&str>)> = Vec::new();
    for problem in problems.iter() {
        let is_same = |other: &Problem| {
            (other.code, other.at, &other.message) == (problem.code, problem.at, &problem.message)
        };
        let same = cells.iter_mut().find(|(first, _)| first.at.column.is_some() && is_same(first));
        match same {
            Some((_, fields)) => fields.extend(problem.field.as_deref()),
            None => cells.push((problem, problem.field.as_deref().into_iter().collect())),
        }
    }
    cells
}

/// Maximum near references of an unknown one.
const MAX_NEAR: usize = 3;

/// Adds to each unknown reference the near ones of orders of the run.
pub(super) fn add_suggestions(
    explained: &mut ExplainedOrders,
    folder: &RunFolder,
) -> Result<(), RunError> {
    for (name, near) in &mut explained.unknown {
        let mut nearest = Vec::new();
        for reference in references(folder)? {
            // They are printed, and an e-mail address is personal data.
            let distance = distance(name, &reference).filter(|_| !reference.contains('@'));
            let Some(distance) = distance else { continue };
            // The first ones of equally near ones.
            let at = nearest.partition_point(|(other, _)| *other <= distance);
            nearest.insert(at, (distance, reference));
            nearest.truncate(MAX_NEAR);
        }
        *near = nearest.into_iter().map(|(_, reference)| reference).collect();
    }
    Ok(())
}
