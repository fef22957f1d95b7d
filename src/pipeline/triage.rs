//! Triage: a checked draft goes to the disposer, at once or at the end of its block, or waits among
//! the deferred orders for those that may share its reference.
//!
//! It spills deferred orders; the pending ones of a block are looked up in the ledger. `check`
//! checks a draft. Called by `shuffle` on all cores at once.

use std::{borrow::Cow, io, mem, path::Path};

use super::{
    check::{self, PlainRouteCheck},
    dispose::Disposer,
    error::Refusal,
    memory::MemoryBudget,
    part::TriagePart,
    spec::RunSpec,
    target::{self, content_hash},
    tracer::Tracer,
};
use crate::{
    disposition::{DeferredOrders, UndecidedOrder},
    ledger::{AcceptedContents, LedgerReader},
    map::name_columns,
    model::{
        draft::Draft,
        field::Field,
        order::{CheckedOrder, Order, OrderRecord, Validity},
        origin::InputNames,
        plain::{PlainDraft, PlainOrder},
        planned::GuestOrder,
        unsendable::Unsendable,
    },
    shuffle::{CheckPlain, Collect, Decide, ExportFacts, for_each_ordered, hash_reference},
};

/// Decides about orders, on all cores at once.
pub(super) struct Triage<'j> {
    spec: &'j RunSpec<'j>,
    disposer: Disposer<'j>,
    /// Orders that may share their reference with another one.
    input_names: &'j InputNames,
    deferred: DeferredOrders,
    tracer: Option<&'j Tracer<'j>>,
}

/// A valid order, or why it is not sent.
type OrderOrUnsendable<'a> = Result<Box<Order<'a>>, Unsendable>;

impl Decide for Triage<'_> {
    type Part = TriagePart;
    type Error = Refusal;

    fn new_part(&self, n_orders: usize) -> TriagePart {
        if self.disposer.only_counts() {
            TriagePart::with_capacity(n_orders)
        } else {
            TriagePart::default()
        }
    }

    fn needs_draft(&self, order: &PlainDraft<'_>) -> bool {
        self.tracer.is_some_and(|tracer| tracer.wants_plain(order))
    }

    fn check<'a>(&'a self, draft: Draft<'a>, facts: &ExportFacts) -> CheckedOrder<'a> {
        let Some(tracer) = self.tracer.filter(|tracer| tracer.wants(&draft)) else {
            return self.check_draft(draft, facts);
        };
        let checked = self.check_draft(draft.clone(), facts);
        tracer.keep(&draft, &checked);
        checked
    }

    fn plain_check<'c>(
        &'c self,
        fields: Option<Vec<&'c Field>>,
        facts: &'c ExportFacts,
    ) -> Option<Box<dyn CheckPlain<'c> + 'c>> {
        let settings = (&self.spec.validate, &self.spec.service);
        let check = PlainRouteCheck::new(fields, settings, facts.columns())?;
        Some(Box::new(check))
    }

    fn decide_plain(
        &self,
        PlainOrder { record, order }: PlainOrder<'_, '_>,
        facts: &ExportFacts,
        part: &mut TriagePart,
    ) -> Result<(), Refusal> {
        self.decide_or_defer(Cow::Borrowed(record), Ok(order), facts, part)
    }

    fn decide(
        &self,
        checked: CheckedOrder<'_>,
        facts: &ExportFacts,
        part: &mut TriagePart,
    ) -> Result<(), Refusal> {
        let (record, order) = self.separate(checked);
        self.decide_or_defer(Cow::Owned(record), order.as_deref(), facts, part)
    }

    fn decide_group(
        &self,
        drafts: Vec<Draft<'_>>,
        facts: &ExportFacts,
        part: &mut TriagePart,
    ) -> Result<(), Refusal> {
        let mut orders = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let (record, order) = self.separate(self.check(draft, facts));
            let undecided = self.encoded(record, order.as_deref());
            if facts.may_be_shared(&undecided.record.reference) {
                self.defer(&undecided)?;
            } else {
                orders.push(undecided);
            }
        }
        self.disposer.push_group(orders, part);
        Ok(())
    }

    fn finish_block(&self, part: &mut TriagePart) -> Result<(), Refusal> {
        let decided =
            mem::take(&mut part.pending).decide(self.disposer.ledger, self.disposer.rules)?;
        self.disposer.dispose(decided, part);
        Ok(())
    }
}

impl<'j> Triage<'j> {
    pub(super) fn new(
        spec: &'j RunSpec<'j>,
        input_names: &'j InputNames,
        ledger: (Option<&'j dyn LedgerReader>, &'j AcceptedContents),
        tracer: Option<&'j Tracer<'j>>,
        folder: &Path,
    ) -> Self {
        let deferred = DeferredOrders::new(folder, MemoryBudget::split(spec.memory).deferred);
        let disposer = Disposer::new(spec, input_names, ledger, tracer);
        Self { spec, disposer, input_names, deferred, tracer }
    }

    /// Checks a draft. Its problems get names that the rules of orders do not know: of the columns
    /// that the profile reads, and of the files.
    fn check_draft<'a>(&'a self, mut draft: Draft<'a>, facts: &ExportFacts) -> CheckedOrder<'a> {
        let settings = (&self.spec.validate, &self.spec.service);
        let mut check = check::check(&draft, settings, facts.columns());
        let mut of_draft = mem::take(&mut draft.problems);
        for problem in of_draft.iter_mut().chain(check.problems.iter_mut()) {
            name_columns(&self.spec.profile, &draft, problem);
            problem.name_other_file(self.input_names);
        }
        draft.problems = of_draft;
        check.finish(draft)
    }

    /// Separates the order of a check from its record.
    #[inline]
    fn separate<'a>(&self, checked: CheckedOrder<'a>) -> (OrderRecord, OrderOrUnsendable<'a>) {
        let CheckedOrder { record, validity, status } = checked;
        let (rule, refunds, is_other_order) = match validity {
            Validity::Valid(order) => return (record, Ok(order)),
            Validity::Skipped(rule) => (Some(rule), None, false),
            Validity::Refunds { rule, taken_off } => (rule, taken_off, taken_off.is_none()),
            Validity::Invalid => (None, None, false),
        };
        let rule = rule.map(|rule| rule.to_string());
        let has_time_of_day = self.disposer.has_time_of_day(record.ordered_at);
        let unsendable =
            Unsendable { rule, status, content: None, is_other_order, refunds, has_time_of_day };
        (record, Err(unsendable))
    }

    /// Decides about an order, or defers it.
    fn decide_or_defer(
        &self,
        record: Cow<'_, OrderRecord>,
        order: Result<&Order<'_>, &Unsendable>,
        facts: &ExportFacts,
        part: &mut TriagePart,
    ) -> Result<(), Refusal> {
        if facts.may_be_shared(&record.reference) {
            self.defer(&self.encoded(record.into_owned(), order))?;
        } else if self.disposer.only_counts() {
            self.disposer.count(&record, order, part);
        } else {
            self.decide_later(record.into_owned(), order, part);
        }
        Ok(())
    }

    /// Adds an order to those that are decided at the end of the block.
    fn decide_later(
        &self,
        record: OrderRecord,
        order: Result<&Order<'_>, &Unsendable>,
        part: &mut TriagePart,
    ) {
        let undecided = match order {
            Ok(order) => {
                let content = content_hash(order);
                if self.disposer.was_accepted(content) {
                    return self.disposer.push_accepted(record, order, part);
                }
                self.undecided(record, Ok(target::encode(order, content, &self.spec.service)))
            }
            Err(unsendable) => self.undecided(record, Err(unsendable.clone())),
        };
        part.pending.push(undecided);
    }

    fn encoded(
        &self,
        record: OrderRecord,
        order: Result<&Order<'_>, &Unsendable>,
    ) -> UndecidedOrder {
        let encode = |order| target::encode(order, content_hash(order), &self.spec.service);
        self.undecided(record, order.map(encode).map_err(Clone::clone))
    }

    fn undecided(
        &self,
        record: OrderRecord,
        order: Result<GuestOrder, Unsendable>,
    ) -> UndecidedOrder {
        let has_time_of_day = self.disposer.has_time_of_day(record.ordered_at);
        UndecidedOrder { record, order, has_time_of_day }
    }

    /// Defers an order until all orders are known that may share its reference.
    fn defer(&self, order: &UndecidedOrder) -> io::Result<()> {
        self.deferred.push(hash_reference(&order.record.reference), order)
    }

    /// Decides about all deferred orders, after the last one was passed.
    pub(super) fn decide_deferred(
        self,
        sink: &mut impl Collect<TriagePart, Refusal>,
    ) -> Result<(), Refusal> {
        let Self { disposer, deferred, .. } = self;
        let batches =
            deferred.grouped()?.map(|batch| batch.map_err(|error| disposer.deferred_error(error)));
        for_each_ordered(batches, |batch| disposer.decide_deferred(&batch), |part| sink.merge(part))
    }
}
