//! Plan file: NDJSON with a header line, then a line for each guest, followed by one for each of
//! its orders.
//!
//! Reads and writes the format in one place. Does not open or name files: `folder` does.
//! `planner` uses it for single lines.

use std::{
    io::{self, BufRead, Write},
    ops::Range,
    sync::Arc,
};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::error::PlanError;
use crate::{
    model::planned::{GuestParts, Payload, PlannedGuest, PlannedOrder},
    spill::{sort_key::SortKey, sorter::SortedIter},
};

/// The version of the format. Format 1 had no number in its header, and its events were texts.
/// Format 2 had the members of an encoded order directly in its order. Format 3 had no short lines
/// among its unplanned orders.
const FORMAT: u32 = 4;

/// The oldest version that is read.
const OLDEST_FORMAT: u32 = 3;

/// The first line. Its other lines are [`PlanLine`]s.
#[derive(Serialize, Deserialize)]
struct HeaderLine<H> {
    format: u32,
    head: H,
}

/// What the first lines of all formats have in common.
#[derive(Deserialize)]
struct AnyHeaderLine {
    #[serde(default = "first_format")]
    format: u32,
    #[serde(rename = "head")]
    _head: IgnoredAny,
}

fn first_format() -> u32 {
    1
}

/// A line after the header, and a step of sending.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanLine<G, O> {
    /// What identifies a guest. Its orders follow.
    Guest(G),
    /// An order of the guest before it.
    Order(O),
}

/// Writes a plan: the header, then guest by guest.
pub(super) fn write(
    head: &impl Serialize,
    guests: impl IntoIterator<Item = PlannedGuest>,
    into: &mut impl Write,
) -> Result<(), PlanError> {
    write_line(&HeaderLine { format: FORMAT, head }, into)?;
    for guest in guests {
        write_line(&PlanLine::Guest::<_, ()>(&guest.identity), into)?;
        for order in &guest.orders {
            write_line(&PlanLine::Order::<(), _>(order), into)?;
        }
    }
    Ok(into.flush()?)
}

/// Writes a plan from serialized lines: those of [`write_guest`] and [`write_order`], in the order
/// of the plan.
pub fn write_lines<K: SortKey>(
    head: &impl Serialize,
    lines: &mut SortedIter<K>,
    into: &mut impl Write,
) -> Result<(), PlanError> {
    write_line(&HeaderLine { format: FORMAT, head }, into)?;
    while let Some((_, lines)) = lines.next()? {
        into.write_all(lines)?;
    }
    Ok(into.flush()?)
}

/// Appends the line that begins a guest.
pub(super) fn write_guest(identity: &Payload, into: &mut Vec<u8>) {
    append_line(&PlanLine::Guest::<_, ()>(identity), into);
}

/// Appends the line of an order.
pub(super) fn write_order(order: &PlannedOrder, into: &mut Vec<u8>) {
    append_line(&PlanLine::Order::<(), _>(order), into);
}

fn append_line(line: &impl Serialize, into: &mut Vec<u8>) {
    write_line(line, into).expect("a line has only serializable data, and a Vec accepts all bytes");
}

/// Parses a line of [`write_order`]; none for a line of [`write_guest`].
pub(super) fn parse_order_line(line: &[u8]) -> Result<Option<PlannedOrder>, PlanError> {
    match parse_line(line)? {
        PlanLine::Order::<IgnoredAny, _>(order) => Ok(Some(order)),
        PlanLine::Guest(_) => Ok(None),
    }
}

/// Parses a line of [`write_guest`] or [`write_order`].
pub(super) fn parse_line<'l, G: Deserialize<'l>, O: Deserialize<'l>>(
    line: &'l [u8],
) -> Result<PlanLine<G, O>, PlanError> {
    serde_json::from_slice(line).map_err(|error| PlanError::InvalidLine { at: 0, error })
}

fn write_line(line: &impl Serialize, into: &mut impl Write) -> Result<(), PlanError> {
    serde_json::to_writer(&mut *into, line).map_err(io::Error::from)?;
    Ok(into.write_all(b"\n")?)
}

/// Reads a plan guest by guest, each as a whole or [in parts](Self::in_parts).
pub struct PlannedGuests<R: BufRead> {
    plan: R,
    line: Vec<u8>,
    /// The offset of the next line.
    at: u64,
    /// The offset from which on lines are not read.
    end: u64,
    /// What identifies the next guest, where its line was read already.
    next: Option<Payload>,
}

impl<R: BufRead> PlannedGuests<R> {
    /// Reads the header of a plan that [`write`] wrote. The guests are read one by one.
    pub fn open<H: DeserializeOwned>(plan: R) -> Result<(H, Self), PlanError> {
        let mut guests = Self { plan, line: Vec::new(), at: 0, end: u64::MAX, next: None };
        if !guests.read_line()? {
            return Err(PlanError::MissingHeader);
        }
        match serde_json::from_slice(&guests.line) {
            Ok(AnyHeaderLine { format: OLDEST_FORMAT..=FORMAT, .. }) => {}
            Ok(AnyHeaderLine { format, .. }) => {
                return Err(PlanError::OtherFormat { found: format, expected: FORMAT });
            }
            Err(error) => return Err(PlanError::InvalidLine { at: 0, error }),
        }
        let header: HeaderLine<H> = serde_json::from_slice(&guests.line)
            .map_err(|error| PlanError::InvalidLine { at: 0, error })?;
        Ok((header.head, guests))
    }

    /// Opens a plan near `byte`, which is greater than 0: reads the guests whose lines begin there
    /// or after it. Returns also the offset of the first of these lines; none if there is no such
    /// guest.
    pub(super) fn open_at(
        byte: u64,
        open: impl FnOnce(u64) -> io::Result<R>,
    ) -> Result<Option<(u64, Self)>, PlanError> {
        // One byte earlier: if that is a line break, a line begins at `byte` itself.
        let at = byte - 1;
        let mut guests = Self { plan: open(at)?, line: Vec::new(), at, end: u64::MAX, next: None };
        guests.read_line()?;
        loop {
            let at = guests.at;
            match guests.next_line()? {
                None => return Ok(None),
                Some(PlanLine::Guest(identity)) => {
                    guests.next = Some(identity);
                    return Ok(Some((at, guests)));
                }
                Some(PlanLine::Order(_)) => {}
            }
        }
    }

    /// Limits the plan to the guests whose lines begin before `end`, at which a guest's line
    /// begins.
    #[must_use]
    pub fn up_to(self, end: u64) -> Self {
        Self { end, ..self }
    }

    /// Reads the next line, if there is one.
    fn read_line(&mut self) -> Result<bool, PlanError> {
        self.line.clear();
        let is_read = self.at < self.end && self.plan.read_until(b'\n', &mut self.line)? > 0;
        self.at += self.line.len() as u64;
        Ok(is_read)
    }

    fn next_line(&mut self) -> Result<Option<PlanLine<Payload, PlannedOrder>>, PlanError> {
        let at = self.at;
        if !self.read_line()? {
            return Ok(None);
        }
        serde_json::from_slice(&self.line)
            .map(Some)
            .map_err(|error| PlanError::InvalidLine { at, error })
    }

    /// The next guest with those of its first orders whose lines begin within `n_bytes`.
    fn next_guest(&mut self, n_bytes: u64) -> Result<Option<PlannedGuest>, PlanError> {
        let mut guest: Option<PlannedGuest> = self.next.take().map(empty_guest);
        let start = self.at;
        while guest.is_none() || self.at - start < n_bytes {
            let at = self.at;
            match (self.next_line()?, &mut guest) {
                (None, _) => return Ok(guest),
                (Some(PlanLine::Guest(identity)), None) => guest = Some(empty_guest(identity)),
                (Some(PlanLine::Guest(identity)), Some(_)) => {
                    self.next = Some(identity);
                    return Ok(guest);
                }
                (Some(PlanLine::Order(order)), Some(guest)) => guest.orders.push(order),
                (Some(PlanLine::Order(_)), _) => return Err(PlanError::OrderWithoutGuest { at }),
            }
        }
        Ok(guest)
    }

    /// The next guest with its first orders only. The following orders remain to be read.
    pub fn next_part(&mut self) -> Option<Result<PlannedGuest, PlanError>> {
        self.next_guest(PART_BYTES).transpose()
    }

    /// Skips the orders up to the next guest, and returns their byte range.
    fn skip_orders(&mut self) -> Result<Range<u64>, PlanError> {
        let start = self.at;
        while self.next.is_none() {
            let at = self.at;
            if !self.read_line()? {
                break;
            }
            // Only the kind of the line matters here: its order is parsed when its part is read.
            let line = serde_json::from_slice(&self.line)
                .map_err(|error| PlanError::InvalidLine { at, error })?;
            match line {
                PlanLine::Order::<Payload, IgnoredAny>(_) => {}
                PlanLine::Guest(identity) => {
                    self.next = Some(identity);
                    return Ok(start..at);
                }
            }
        }
        Ok(start..self.at)
    }
}

/// Opens a plan again, at a byte offset.
type OpenAt<R> = Arc<dyn Fn(u64) -> io::Result<R> + Send + Sync>;

/// Bytes of the lines of orders that are held together: a few dozen orders.
//
// As a whole, a guest with 50,000 orders took 168 MB where a small export takes 51 MB. With parts
// of this size all workers together hold at most half a gigabyte.
const PART_BYTES: u64 = 128 * 1024;

impl<R: BufRead + Send + 'static> PlannedGuests<R> {
    /// The guests in parts, so that memory holds only a few orders of each. The later parts of a
    /// guest are read from `open` when they are needed.
    pub fn in_parts(
        mut self,
        open: impl Fn(u64) -> io::Result<R> + Send + Sync + 'static,
    ) -> impl Iterator<Item = GuestParts<PlanError>> + Send {
        let open: OpenAt<R> = Arc::new(open);
        std::iter::from_fn(move || {
            self.next_in_parts(&open)
                .transpose()
                .map(|guest| guest.unwrap_or_else(|error| Err(error).into()))
        })
    }

    fn next_in_parts(
        &mut self,
        open: &OpenAt<R>,
    ) -> Result<Option<GuestParts<PlanError>>, PlanError> {
        let Some(first) = self.next_guest(PART_BYTES)? else { return Ok(None) };
        // The line of the next guest was read, so this guest is complete.
        if self.next.is_some() {
            return Ok(Some(Ok(first).into()));
        }
        let bytes = self.skip_orders()?;
        let remaining =
            RemainingParts { identity: first.identity.clone(), bytes, open: Arc::clone(open) };
        Ok(Some(GuestParts::new(Ok(first), remaining)))
    }
}

/// The orders of a guest after its first part.
struct RemainingParts<R> {
    identity: Payload,
    /// The byte range of their lines.
    bytes: Range<u64>,
    open: OpenAt<R>,
}

impl<R: BufRead> RemainingParts<R> {
    fn next_part(&mut self) -> Result<PlannedGuest, PlanError> {
        let Range { start, end } = self.bytes;
        // After an error no part follows.
        self.bytes.start = end;
        let (plan, next) = ((self.open)(start)?, Some(self.identity.clone()));
        let mut guests = PlannedGuests { plan, line: Vec::new(), at: start, end, next };
        let part =
            guests.next_guest(PART_BYTES)?.ok_or(PlanError::OrderWithoutGuest { at: start })?;
        // The plan was truncated after it was opened: without an error orders would be lost.
        if guests.at == start {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        self.bytes.start = guests.at;
        Ok(part)
    }
}

impl<R: BufRead> Iterator for RemainingParts<R> {
    type Item = Result<PlannedGuest, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.bytes.is_empty()).then(|| self.next_part())
    }
}

fn empty_guest(identity: Payload) -> PlannedGuest {
    PlannedGuest { identity, orders: Vec::new(), results: Vec::new() }
}

impl<R: BufRead> Iterator for PlannedGuests<R> {
    type Item = Result<PlannedGuest, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_guest(u64::MAX).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        planned::{ContentHash, DedupHash, EncodedOrder},
        problem::{Code, Problem},
        route::Route,
    };

    fn order(id: u32) -> PlannedOrder {
        let ordered_at = "2025-01-01T16:17:16.123Z".parse().unwrap();
        let source = Position { file: FileId(0), line: 2, column: Some(7) };
        let record = OrderRecord {
            id: OrderId(u64::from(id)),
            reference: format!("A-{id}"),
            ordered_at: Some(ordered_at),
            source,
            money: None,
            item_count: 1,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: vec![Problem::for_field(
                Code::TotalDiffers,
                "price",
                source,
                "30.6 and 30.60",
            )]
            .into(),
        };

        PlannedOrder {
            record,
            encoded: EncodedOrder {
                ordered_at,
                content: ContentHash([7; 16]),
                status: "PURCHASED".into(),
                dedup_hash: DedupHash([8; 16]),
                route: Route::Single,
                n_requests: 1,
                payload: Payload::new(&"30.60"),
            },
            is_uncertain: id == 1,
            held_result: None,
        }
    }

    #[test]
    fn plan_round_trips() {
        let guest = |name: &str, ids: &[u32]| PlannedGuest {
            orders: ids.iter().map(|id| order(*id)).collect(),
            ..empty_guest(Payload::new(&name))
        };
        let plan = vec![guest("a", &[2, 0]), guest("b", &[1])];
        let mut bytes = Vec::new();
        write(&"head", plan.clone(), &mut bytes).unwrap();
        let (head, guests) = PlannedGuests::open::<String>(&bytes[..]).unwrap();
        assert_eq!((head.as_str(), guests.map(Result::unwrap).collect::<Vec<_>>()), ("head", plan));
        // Truncated in the middle of the last line.
        let (_, truncated) = PlannedGuests::open::<String>(&bytes[..bytes.len() - 10]).unwrap();
        assert!(matches!(truncated.last(), Some(Err(PlanError::InvalidLine { .. }))));
        assert!(PlannedGuests::open::<String>(&b"{}"[..]).is_err());
        let headless =
            [&b"{\"format\":3,\"head\":\"h\"}\n"[..], &bytes[bytes.len() / 2..]].concat();
        let (_, mut headless) = PlannedGuests::open::<String>(&headless[..]).unwrap();
        assert!(headless.next().is_some_and(|guest| guest.is_err()));
    }

    #[test]
    fn large_guests_are_read_in_parts() {
        let guest = |name: &str, n_orders: u32| PlannedGuest {
            orders: (0..n_orders).map(order).collect(),
            ..empty_guest(Payload::new(&name))
        };
        let plan =
            vec![guest("a", 2), guest("b", 1500), guest("c", 0), guest("d", 1200), guest("e", 1)];
        let mut bytes = Vec::new();
        write(&"head", plan.clone(), &mut bytes).unwrap();
        let bytes: Arc<[u8]> = bytes.into();
        let at = |bytes: &Arc<[u8]>, at: u64| {
            let mut plan = io::Cursor::new(Arc::clone(bytes));
            plan.set_position(at);
            plan
        };
        let open = |n_bytes: usize| {
            let (whole, truncated) = (Arc::clone(&bytes), bytes[..n_bytes].into());
            let (_, guests) = PlannedGuests::open::<String>(at(&whole, 0)).unwrap();
            guests.in_parts(move |byte| Ok(at(&truncated, byte)))
        };
        // The first parts of all guests are available before the later parts of any are read.
        let guests: Vec<GuestParts<_>> = open(bytes.len()).collect();
        let parts: Vec<Vec<PlannedGuest>> =
            guests.into_iter().map(|guest| guest.map(Result::unwrap).collect()).collect();
        assert!(parts.iter().map(|parts| parts.len() > 1).eq([false, true, false, true, false]));
        for (parts, guest) in parts.iter().zip(&plan) {
            assert!(parts.iter().all(|part| part.identity == guest.identity));
            assert!(parts.iter().flat_map(|part| &part.orders).eq(&guest.orders));
        }
        // In a plan that is truncated meanwhile, a guest ends with an error.
        let mut guests = open(bytes.len() * 2 / 3);
        let guest: Vec<_> = guests.nth(3).unwrap().collect();
        assert!(
            guest.first().is_some_and(Result::is_ok) && guest.last().is_some_and(Result::is_err)
        );
    }

    #[test]
    fn plan_can_be_read_from_any_guest() {
        let guest = |name: &u32| PlannedGuest {
            orders: (0..=(name % 3)).map(order).collect(),
            ..empty_guest(Payload::new(&name))
        };
        let plan: Vec<_> = (0..9).map(|name| guest(&name)).collect();
        let mut bytes = Vec::new();
        write(&"head", plan.clone(), &mut bytes).unwrap();
        let open = || PlannedGuests::open::<String>(&bytes[..]).unwrap().1;
        let open_at = |byte| {
            PlannedGuests::open_at(byte, |at| Ok(&bytes[usize::try_from(at).unwrap()..])).unwrap()
        };
        let mut resume_points = std::collections::BTreeSet::new();
        for byte in 1..bytes.len() as u64 {
            let Some((at, late)) = open_at(byte) else { continue };
            assert_eq!(open_at(at).map(|(at, _)| at), Some(at));
            let early = open().up_to(at).map(Result::unwrap);
            let late: Vec<_> = late.map(Result::unwrap).collect();
            resume_points.insert(late.len());
            assert_eq!(early.chain(late).collect::<Vec<_>>(), plan);
        }
        assert_eq!(resume_points.len(), plan.len());
    }
}
