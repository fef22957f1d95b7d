//! Check of a draft by the first route that carries its order, else by the next one.
//!
//! The target says which routes an order may take and whether its encoded events fit; `validate`
//! applies the rules of a route. The loop is the same for every target. Called by `triage`.

use super::target::{Misfit, RouteChoice, ServiceSettings, misfit, routes, single_route};
use crate::{
    model::{
        column_facts::ColumnFacts,
        draft::Draft,
        field::Field,
        plain::{PlainDraft, PlainOrder},
        rules::TargetRules,
    },
    shuffle::CheckPlain,
    validate::{self, PlainCheck, RouteCheck, ValidateSettings},
};

/// Checks a draft; `facts` are those of the whole export.
pub(crate) fn check<'a>(
    draft: &Draft<'a>,
    (settings, target): (&'a ValidateSettings, &ServiceSettings),
    facts: &ColumnFacts,
) -> RouteCheck<'a> {
    let by_route = |rules: &'static TargetRules| -> (RouteCheck<'a>, Misfit) {
        let mut check = validate::check(draft, rules, settings, facts);
        // An order that the profile skips need not fit.
        let order = check.order().filter(|_| draft.skip.is_none());
        let misfit = order.map(|order| misfit(order, draft.position(), target)).unwrap_or_default();
        check.problems.extend(misfit.problems.iter().cloned());
        (check, misfit)
    };
    let RouteChoice { first, next } = routes(draft, target.mode);
    let (mut check, misfit) = by_route(first);
    if misfit.is_too_large
        && let Some(next) = next
    {
        check = by_route(next).0;
        // If that route fails too, both reasons are reported.
        if check.has_errors() {
            let unreported =
                misfit.problems.into_iter().filter(|problem| !check.problems.contains(problem));
            let unreported: Vec<_> = unreported.collect();
            check.problems.extend(unreported);
        }
    }
    check
}

/// The check of plain orders, which a single event carries.
pub(crate) struct PlainRouteCheck<'c> {
    check: PlainCheck<'c>,
    target: &'c ServiceSettings,
}

impl<'c> PlainRouteCheck<'c> {
    /// Checks the orders of a file; none if no order of it is plain. `fields` are those of its
    /// columns, if it has any.
    pub(crate) fn new(
        fields: Option<Vec<&'c Field>>,
        (settings, target): (&'c ValidateSettings, &'c ServiceSettings),
        facts: &'c ColumnFacts,
    ) -> Option<Self> {
        let check = PlainCheck::new(fields, single_route(target.mode)?, settings, facts)?;
        Some(Self { check, target })
    }
}

impl<'c> CheckPlain<'c> for PlainRouteCheck<'c> {
    fn check(&mut self, draft: &PlainDraft<'c>) -> Option<PlainOrder<'_, 'c>> {
        let plain = self.check.check(draft)?;
        misfit(plain.order, plain.record.source, self.target).is_none().then_some(plain)
    }
}

#[cfg(test)]
mod tests;
