//! The plan as a file: NDJSON, a line for its reader, then a line for each guest and one for each of its orders.

use std::io::{self, BufRead, Write};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::model::planned::{EventText, PlannedGuest, PlannedOrder};

/// Why a plan cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The disk failed.
    #[error("the plan: {0}")]
    Io(io::Error),
    /// A line is not as `write` left it.
    #[error("the plan, line {line}: {error}\n  hint: it is damaged; send the export again")]
    Line {
        /// From 1.
        line: usize,
        /// What serde says.
        error: serde_json::Error,
    },
    /// It does not begin as a plan does.
    #[error("the plan: its first line is not that of a plan of this orderferry")]
    NoHead,
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
enum Line<H, G, O> {
    Head(H),
    Guest(G),
    Order(O),
}

/// Writes a plan: what a reader must know first, then guest by guest.
pub fn write(
    head: &impl Serialize,
    guests: impl IntoIterator<Item = PlannedGuest>,
    into: &mut impl Write,
) -> Result<(), PlanError> {
    write_line(&Line::Head::<_, (), ()>(head), into)?;
    for guest in guests {
        write_line(&Line::Guest::<(), _, ()>(&guest.identity), into)?;
        for order in &guest.orders {
            write_line(&Line::Order::<(), (), _>(order), into)?;
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
    plan: R,
    line: Vec<u8>,
    n_lines: usize,
    /// IDENTITY of the guest whose line was read last.
    next: Option<EventText>,
}

impl<R: BufRead> PlannedGuests<R> {
    /// Reads the head of a plan that [`write`] wrote; its guests are read one by one.
    pub fn open<H: DeserializeOwned>(plan: R) -> Result<(H, Self), PlanError> {
        let mut guests = Self { plan, line: Vec::new(), n_lines: 0, next: None };
        match guests.next_line()? {
            Some(Line::Head(head)) => Ok((head, guests)),
            _ => Err(PlanError::NoHead),
        }
    }

    fn next_line<H: DeserializeOwned>(&mut self) -> Result<Option<Line<H, EventText, PlannedOrder>>, PlanError> {
        self.line.clear();
        self.n_lines += 1;
        if self.plan.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&self.line).map(Some).map_err(|error| PlanError::Line { line: self.n_lines, error })
    }

    fn next_guest(&mut self) -> Result<Option<PlannedGuest>, PlanError> {
        let mut guest: Option<PlannedGuest> = self.next.take().map(guest_of);
        loop {
            match (self.next_line::<IgnoredAny>()?, &mut guest) {
                (None, _) => return Ok(guest),
                (Some(Line::Guest(identity)), None) => guest = Some(guest_of(identity)),
                (Some(Line::Guest(identity)), Some(_)) => {
                    self.next = Some(identity);
                    return Ok(guest);
                }
                (Some(Line::Order(order)), Some(guest)) => guest.orders.push(order),
                (Some(Line::Order(_) | Line::Head(_)), _) => return Err(PlanError::NoGuest { line: self.n_lines }),
            }
        }
    }
}

fn guest_of(identity: EventText) -> PlannedGuest {
    PlannedGuest { identity, orders: Vec::new(), settled: Vec::new() }
}

impl<R: BufRead> Iterator for PlannedGuests<R> {
    type Item = Result<PlannedGuest, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_guest().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        planned::{ContentHash, EventText},
        problem::{Code, Problem},
    };

    fn order(id: u32) -> PlannedOrder {
        let ordered_at = "2025-01-01T16:17:16.123Z".parse().unwrap();
        let source = Position { file: FileId(0), line: 2, column: Some(7) };
        let record = OrderRecord {
            id: OrderId(id),
            reference: format!("A-{id}"),
            ordered_at: Some(ordered_at),
            source,
            money: None,
            n_items: 1,
            rows: Vec::new(),
            problems: vec![Problem::of(Code::TotalDiffers, "price", source, "30.6 and 30.60")],
        };
        let checkout = EventText("\",\"price\":30.60}".into());
        PlannedOrder { record, ordered_at, content: ContentHash([7; 16]), checkout, may_be_there: id == 1, held: None }
    }

    #[test]
    fn a_plan_comes_back_as_it_was_written() {
        let guest = |name: &str, ids: &[u32]| PlannedGuest {
            orders: ids.iter().map(|id| order(*id)).collect(),
            ..guest_of(EventText(name.into()))
        };
        let plan = vec![guest("a", &[2, 0]), guest("b", &[1])];
        let mut bytes = Vec::new();
        write(&"head", plan.clone(), &mut bytes).unwrap();
        let (head, guests) = PlannedGuests::open::<String>(&bytes[..]).unwrap();
        assert_eq!((head.as_str(), guests.map(Result::unwrap).collect::<Vec<_>>()), ("head", plan));
        // Cut off in the middle of the last line.
        let (_, cut) = PlannedGuests::open::<String>(&bytes[..bytes.len() - 10]).unwrap();
        assert!(matches!(cut.last(), Some(Err(PlanError::Line { line: 6, .. }))));
        assert!(PlannedGuests::open::<String>(&b"{}"[..]).is_err());
        let headless = [&b"{\"head\":\"h\"}\n"[..], &bytes[bytes.len() / 2..]].concat();
        let (_, mut headless) = PlannedGuests::open::<String>(&headless[..]).unwrap();
        assert!(headless.next().is_some_and(|guest| guest.is_err()));
    }
}
