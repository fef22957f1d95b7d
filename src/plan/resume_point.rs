//! Resume point: the guest of a plan at which an interrupted run stopped, by binary search.
//!
//! It does not know what makes a guest done; the caller passes that in. Called by `folder`, for a
//! run that resumes the plan.

use std::io::{self, BufRead};

use super::{error::PlanError, file::PlannedGuests};
use crate::model::planned::PlannedGuest;

/// Precision of the search, in bytes of the plan: a few hundred guests.
const SEARCH_WINDOW: u64 = 256 * 1024;

/// Returns the byte offset of a guest before which most are done; 0 for the start of the plan,
/// which has `n_bytes` bytes and is opened at an offset by `open`. `is_done` gets guests with their
/// first orders only.
// Reading a million guests that are done would delay the first request too long. Guests are sent
// in parallel, so some before this point may not be done.
pub(super) fn resume_point<R: BufRead, E: From<PlanError>>(
    open: impl Fn(u64) -> io::Result<R>,
    n_bytes: u64,
    mut is_done: impl FnMut(PlannedGuest) -> Result<bool, E>,
) -> Result<u64, E> {
    let (mut done, mut end) = (0, n_bytes);
    while end - done > SEARCH_WINDOW {
        let middle = done + (end - done) / 2;
        let (at, is_middle_done) = match PlannedGuests::open_at(middle, &open)? {
            Some((at, mut guests)) if at < end => {
                (at, guests.next_part().map_or(Ok(false), |part| is_done(part?))?)
            }
            _ => (middle, false),
        };
        if is_middle_done {
            done = at;
        } else {
            end = middle;
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::planned::Payload, plan::file::write};

    const N_GUESTS: usize = 3000;

    /// A plan of [`N_GUESTS`] guests without orders, several times as long as the search window.
    fn plan() -> Vec<u8> {
        let guest = |number: usize| {
            let identity = Payload::new(&(number, "x".repeat(500)));
            PlannedGuest { identity, orders: Vec::new(), results: Vec::new() }
        };
        let mut plan = Vec::new();
        write(&"head", (0..N_GUESTS).map(guest), &mut plan).unwrap();
        plan
    }

    fn number(guest: &PlannedGuest) -> usize {
        guest.identity.parse::<(usize, String)>().unwrap().0
    }

    fn open_at<'p>(plan: &'p [u8]) -> impl Fn(u64) -> io::Result<&'p [u8]> {
        move |at| Ok(&plan[usize::try_from(at).unwrap()..])
    }

    /// The number of the guest at the resume point of a plan whose first `n_done` guests are done.
    fn first_guest(plan: &[u8], n_done: usize) -> usize {
        let is_done = |guest: PlannedGuest| Ok::<_, PlanError>(number(&guest) < n_done);
        let first = resume_point(open_at(plan), plan.len() as u64, is_done).unwrap();
        let mut guests = PlannedGuests::open::<String>(plan).unwrap().1;
        if first > 0 {
            let (at, from_first) = PlannedGuests::open_at(first, open_at(plan)).unwrap().unwrap();
            assert_eq!(at, first);
            guests = from_first;
        }
        number(&guests.next().unwrap().unwrap())
    }

    #[test]
    fn resume_point_is_just_before_first_unfinished() {
        let plan = plan();
        let window = usize::try_from(SEARCH_WINDOW).unwrap();
        let guests_per_window = window / (plan.len() / N_GUESTS) + 1;
        for n_done in [0, 1, 700, 1500, 2999, N_GUESTS] {
            let first = first_guest(&plan, n_done);
            assert!(first <= n_done && n_done - first <= guests_per_window, "{first} for {n_done}");
        }
    }

    #[test]
    fn errors_end_the_search() {
        let plan = plan();
        let failed =
            resume_point(open_at(&plan), plan.len() as u64, |_| Err(PlanError::MissingHeader));
        assert!(matches!(failed, Err(PlanError::MissingHeader)));
    }
}
