//! The plan as a file: NDJSON, a line for each guest, then a line for each of its orders.

use std::{
    io::{self, BufRead, Lines, Write},
    iter::Peekable,
};

use serde::{Deserialize, Serialize};

use crate::model::planned::{EventText, PlannedGuest, PlannedOrder};

/// Why a plan cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The disk failed.
    #[error("the plan: {0}")]
    Io(io::Error),
    /// A line is not as `write` left it.
    #[error("the plan, line {line}: {error}")]
    Line {
        /// From 1.
        line: usize,
        /// What serde says.
        error: serde_json::Error,
    },
    /// An order stands before any guest.
    #[error("the plan, line {line}: an order without a guest")]
    NoGuest {
        /// From 1.
        line: usize,
    },
}

impl From<io::Error> for PlanError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<G, O> {
    Guest(G),
    Order(O),
}

/// Writes a plan.
pub fn write(guests: &[PlannedGuest], into: &mut impl Write) -> Result<(), PlanError> {
    for guest in guests {
        write_line(&Line::Guest::<_, ()>(&guest.identity), into)?;
        for order in &guest.orders {
            write_line(&Line::Order::<(), _>(order), into)?;
        }
    }
    Ok(into.flush()?)
}

fn write_line(line: &impl Serialize, into: &mut impl Write) -> Result<(), PlanError> {
    serde_json::to_writer(&mut *into, line).map_err(io::Error::from)?;
    Ok(into.write_all(b"\n")?)
}

/// Reads a plan, guest by guest.
pub struct PlannedGuests<R: BufRead> {
    lines: Peekable<NumberedLines<R>>,
}

struct NumberedLines<R: BufRead> {
    lines: Lines<R>,
    line: usize,
}

impl<R: BufRead> Iterator for NumberedLines<R> {
    type Item = Result<(usize, Line<EventText, PlannedOrder>), PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line += 1;
        let line = self.line;
        let parsed = self.lines.next()?.map_err(PlanError::from).and_then(|text| {
            serde_json::from_str(&text).map(|parsed| (line, parsed)).map_err(|error| PlanError::Line { line, error })
        });
        Some(parsed)
    }
}

impl<R: BufRead> PlannedGuests<R> {
    /// Reads a plan that `write` wrote.
    pub fn new(plan: R) -> Self {
        Self { lines: NumberedLines { lines: plan.lines(), line: 0 }.peekable() }
    }
}

impl<R: BufRead> Iterator for PlannedGuests<R> {
    type Item = Result<PlannedGuest, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        let identity = match self.lines.next()? {
            Ok((_, Line::Guest(identity))) => identity,
            Ok((line, Line::Order(_))) => return Some(Err(PlanError::NoGuest { line })),
            Err(error) => return Some(Err(error)),
        };
        let mut orders = Vec::new();
        while let Some(Ok((_, Line::Order(order)))) = self.lines.next_if(|line| matches!(line, Ok((_, Line::Order(_)))))
        {
            orders.push(order);
        }
        Some(Ok(PlannedGuest { identity, orders }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        order::OrderId,
        planned::{ContentHash, EventText},
    };

    fn order(id: u32) -> PlannedOrder {
        PlannedOrder {
            id: OrderId(id),
            reference: format!("A-{id}"),
            ordered_at: "2025-01-01T16:17:16.123Z".parse().unwrap(),
            content: ContentHash([7; 16]),
            checkout: EventText("\",\"price\":30.60}".into()),
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_was_written() {
        let guest = |name: &str, ids: &[u32]| PlannedGuest {
            identity: EventText(name.into()),
            orders: ids.iter().map(|id| order(*id)).collect(),
        };
        let plan = vec![guest("a", &[2, 0]), guest("b", &[1])];
        let mut bytes = Vec::new();
        write(&plan, &mut bytes).unwrap();
        let read: Vec<_> = PlannedGuests::new(&bytes[..]).map(Result::unwrap).collect();
        assert_eq!(read, plan);
        // Cut off in the middle of the last line, as after a crash.
        let cut = PlannedGuests::new(&bytes[..bytes.len() - 10]);
        assert!(matches!(cut.last(), Some(Err(PlanError::Line { line: 5, .. }))));
        assert!(matches!(PlannedGuests::new(&b"{}"[..]).next(), Some(Err(_))));
    }
}
