//! Planner: sorts orders into the order of sending, in bounded memory.
//!
//! Sorts twice: by guest, to find the oldest order and the newest IDENTITY of each guest, then by
//! age. Does not decide which orders are sent. Called by `pipeline`, from any thread.

use std::{
    cmp::Reverse,
    collections::{HashMap, hash_map},
    io,
    path::Path,
};

use chrono::{DateTime, Utc};

use super::{
    error::PlanError,
    file::{PlanLine, parse_line, parse_order_line, write_guest, write_order},
};
use crate::{
    model::{
        forecast::Forecast,
        guest::Identifier,
        order::OrderId,
        planned::{Payload, PlannedOrder},
        route::Route,
    },
    spill::{
        batch::Batch,
        groups::{Group, Groups},
        sort_key::SortKey,
        sorter::{SortedIter, Sorter},
    },
};

/// Hash of a guest. 128 bits of a collision-resistant hash: no two guests have the same one.
type GuestHash = (u64, u64);

/// The entries of a guest: their time, and the id of the order.
type GuestEntryKey = (EntryTime, u64);

/// A guest in the order of sending: time and id of the oldest order, and the number of the chunk of
/// the guest's lines.
type AgeKey = (i64, u64, u32);

/// Time of an entry in milliseconds since 1970. The identities of a guest sort first, the newest of
/// them first; then its orders, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EntryTime {
    Identity(Reverse<i64>),
    Order(i64),
}

impl SortKey for EntryTime {
    const ENCODED_BYTES: usize = <(u8, i64)>::ENCODED_BYTES;

    fn leading_bits(self) -> u64 {
        match self {
            Self::Identity(_) => 0,
            Self::Order(_) => 1,
        }
    }

    fn write(self, into: &mut [u8]) {
        match self {
            Self::Identity(Reverse(time)) => (0_u8, time).write(into),
            Self::Order(time) => (1_u8, time).write(into),
        }
    }

    fn decode(bytes: &mut &[u8]) -> Self {
        match <(u8, i64)>::decode(bytes) {
            (0, time) => Self::Identity(Reverse(time)),
            (_, time) => Self::Order(time),
        }
    }
}

/// Bytes of the lines of one guest that are sorted as one entry: a guest of a million orders has
/// some ten thousand chunks.
const CHUNK_BYTES: usize = 128 * 1024;

/// Offset of the line in an entry, after the order's route (1 byte) and its number of requests (8).
const LINE_OFFSET: usize = 1 + 8;

/// In place of a route: the order is held, or the entry is an identity.
const NOT_SENT: u8 = 0;
const SINGLE: u8 = 1;
const MULTI: u8 = 2;

/// Valid orders of one part of the export, for a [`Planner`].
#[derive(Default)]
pub struct PlanInput {
    entries: Batch<(GuestHash, GuestEntryKey)>,
    /// The newest identity of each guest.
    identities: HashMap<GuestHash, (GuestEntryKey, Payload)>,
}

impl PlanInput {
    /// Adds what identifies the guest of a valid order, whether the order is to be sent or not.
    pub fn add_identity(
        &mut self,
        id: OrderId,
        guest: &Identifier<'_>,
        ordered_at: DateTime<Utc>,
        identity: impl FnOnce() -> Payload,
    ) {
        // All valid orders count: the newest order of a guest has the latest data about that guest.
        // Of the orders of one part, only that of the newest one is encoded and sorted.
        let key = (EntryTime::Identity(Reverse(ordered_at.timestamp_millis())), id.0);
        match self.identities.entry(guest_hash(guest)) {
            hash_map::Entry::Vacant(entry) => {
                entry.insert((key, identity()));
            }
            hash_map::Entry::Occupied(mut entry) if key < entry.get().0 => {
                entry.insert((key, identity()));
            }
            hash_map::Entry::Occupied(_) => {}
        }
    }

    /// Adds an order to the plan: to be sent or, where it is held, for a later run.
    pub fn add(&mut self, guest: &Identifier<'_>, order: &PlannedOrder) {
        let route = match (&order.held_result, order.encoded.route) {
            (Some(_), _) => NOT_SENT,
            (None, Route::Single) => SINGLE,
            (None, Route::Multi) => MULTI,
        };
        let time = EntryTime::Order(order.encoded.ordered_at.timestamp_millis());
        self.push(
            guest_hash(guest),
            (time, order.record.id.0),
            (route, order.encoded.n_requests),
            |line| write_order(order, line),
        );
    }

    /// The entries for the planner; none are left.
    fn take_entries(&mut self) -> &mut Batch<(GuestHash, GuestEntryKey)> {
        for (guest, (key, identity)) in std::mem::take(&mut self.identities) {
            self.push(guest, key, (NOT_SENT, 0), |line| write_guest(&identity, line));
        }
        &mut self.entries
    }

    fn push(
        &mut self,
        guest: GuestHash,
        key: GuestEntryKey,
        (route, n_requests): (u8, u64),
        write_line: impl FnOnce(&mut Vec<u8>),
    ) {
        self.entries.push_with((guest, key), |payload| {
            payload.push(route);
            payload.extend_from_slice(&n_requests.to_le_bytes());
            write_line(payload);
        });
    }
}

fn guest_hash(guest: &Identifier<'_>) -> GuestHash {
    let mut hasher = blake3::Hasher::new();
    // The length separates provider and id: "ab" and "c" must differ from "a" and "bc".
    hasher.update(&(guest.provider.len() as u64).to_le_bytes());
    hasher.update(guest.provider.as_bytes());
    hasher.update(guest.id.as_bytes());
    <(u64, u64)>::decode(&mut &hasher.finalize().as_bytes()[..])
}

/// Collects the valid orders of an export, and sorts them into the order of sending.
pub struct Planner {
    by_guest: Sorter<(GuestHash, GuestEntryKey)>,
    by_age: Sorter<AgeKey>,
}

impl Planner {
    /// A planner without orders. What exceeds `memory` (in bytes) is spilled to files in `folder`.
    #[must_use]
    pub fn new(folder: &Path, memory: usize) -> Self {
        let half = memory / 2;
        Self {
            by_guest: Sorter::new(folder, ".plan.guests", half),
            by_age: Sorter::new(folder, ".plan.age", half),
        }
    }

    /// Adds orders, from any thread and in any order.
    pub fn push(&self, orders: &mut PlanInput) -> io::Result<()> {
        self.by_guest.push_all(orders.take_entries())
    }

    /// Calls `each` with every order of the plan, guest by guest, for a run that sends none.
    pub fn for_each(self, mut each: impl FnMut(PlannedOrder)) -> Result<(), PlanError> {
        let mut sorted = self.by_guest.sorted()?;
        while let Some((_, entry)) = sorted.next()? {
            if let Some(order) = parse_order_line(entry.get(LINE_OFFSET..).unwrap_or_default())? {
                each(order);
            }
        }
        Ok(())
    }

    /// Sorts the plan. Identifying a guest takes `to_identify` requests.
    pub fn sort(self, to_identify: u64) -> io::Result<SortedPlan> {
        let mut guests = Groups::new(self.by_guest.sorted()?);
        let mut forecast = Forecast::default();
        while let Some(guest) = guests.next()? {
            add_guest(guest, to_identify, &self.by_age, &mut forecast)?;
        }
        Ok(SortedPlan { forecast, lines: self.by_age.sorted()? })
    }
}

/// All guests and their orders, oldest first.
pub struct SortedPlan {
    /// The requests that sending it takes.
    pub forecast: Forecast,
    /// Their lines in the plan file, for [`super::folder`].
    pub lines: SortedIter<AgeKey>,
}

impl SortedPlan {
    /// Calls `each` with every guest and its orders, in the order of sending. Ends with its first
    /// error.
    pub fn for_each<E: From<PlanError>>(
        mut self,
        mut each: impl FnMut(PlanLine<Payload, PlannedOrder>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some((_, lines)) = self.lines.next().map_err(PlanError::from)? {
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                each(parse_line(line)?)?;
            }
        }
        Ok(())
    }
}

/// Adds a guest to the plan, unless none of its orders is in it.
fn add_guest(
    mut guest: Group<'_, GuestHash, GuestEntryKey>,
    to_identify: u64,
    by_age: &Sorter<AgeKey>,
    forecast: &mut Forecast,
) -> io::Result<()> {
    // The first entry is the newest identity; older ones are dropped.
    let Some((_, identity)) = guest.next()? else { return Ok(()) };
    let mut lines =
        GuestLines { oldest: None, lines: Entry::parse(identity).line.to_vec(), n_chunks: 0 };
    let mut has_single = false;
    while let Some((key, payload)) = guest.next()? {
        let (EntryTime::Order(time), id) = key else { continue };
        let Entry { route, n_requests, line } = Entry::parse(payload);
        lines.oldest.get_or_insert((time, id));
        if let Some(route) = route {
            forecast.add_order(route, n_requests, to_identify);
        }
        has_single |= route == Some(Route::Single);
        lines.lines.extend_from_slice(line);
        if lines.lines.len() >= CHUNK_BYTES {
            lines.flush(by_age)?;
        }
    }
    forecast.add_guests(u64::from(has_single), to_identify);
    lines.flush(by_age)
}

/// A parsed entry.
struct Entry<'a> {
    /// None for an identity, and for an order that is held.
    route: Option<Route>,
    n_requests: u64,
    line: &'a [u8],
}

impl<'a> Entry<'a> {
    fn parse(payload: &'a [u8]) -> Self {
        let (head, line) = payload.split_at_checked(LINE_OFFSET).unwrap_or_default();
        let (route, n_requests) = head.split_first().unwrap_or((&NOT_SENT, &[]));
        let route = match *route {
            SINGLE => Some(Route::Single),
            MULTI => Some(Route::Multi),
            _ => None,
        };
        Self {
            route,
            n_requests: u64::from_le_bytes(n_requests.try_into().unwrap_or_default()),
            line,
        }
    }
}

/// The lines of a guest and of its orders.
struct GuestLines {
    /// Time and id of its oldest order.
    oldest: Option<(i64, u64)>,
    /// Those that are not flushed yet.
    lines: Vec<u8>,
    n_chunks: u32,
}

impl GuestLines {
    /// Moves the lines to the sorter by age.
    fn flush(&mut self, by_age: &Sorter<AgeKey>) -> io::Result<()> {
        // A guest without an order in the plan has no `oldest` and is dropped.
        let Some((time, id)) = self.oldest.filter(|_| !self.lines.is_empty()) else {
            return Ok(());
        };
        by_age.push((time, id, self.n_chunks), &self.lines)?;
        self.lines.clear();
        self.n_chunks += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ops::Range};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::{
            forecast::RouteCost,
            order::OrderRecord,
            origin::{FileId, Position},
            outcome::{OrderResult, Outcome},
            planned::{ContentHash, DedupHash, EncodedOrder, PlannedGuest},
        },
        plan::file::{PlannedGuests, write_lines},
    };

    /// A valid order of a guest.
    #[derive(Debug, Clone, Copy)]
    struct Valid {
        guest: u8,
        id: u64,
        ordered_at: DateTime<Utc>,
        /// False for an order that was sent before.
        is_planned: bool,
        is_held: bool,
    }

    impl Valid {
        fn guest(self) -> Identifier<'static> {
            Identifier::new("crm", self.guest.to_string())
        }

        fn identity(self) -> Payload {
            Payload::new(&format!("guest {} of order {}", self.guest, self.id))
        }

        fn planned(self, checkout: &str) -> PlannedOrder {
            let record = OrderRecord {
                id: OrderId(self.id),
                reference: format!("A-{}", self.id),
                ordered_at: Some(self.ordered_at),
                source: Position { file: FileId(0), line: 1, column: None },
                money: None,
                item_count: 1,
                side_rows: Vec::new(),
                rows: Vec::new(),
                problems: Vec::new().into(),
            };
            let held_result =
                self.is_held.then(|| OrderResult::without_request(Outcome::Changed, None));
            let (content, payload) = (ContentHash([0; 16]), Payload::new(&checkout));
            let (status, dedup_hash) = ("PURCHASED".into(), DedupHash([0; 16]));
            PlannedOrder {
                record,
                encoded: EncodedOrder {
                    ordered_at: self.ordered_at,
                    content,
                    status,
                    dedup_hash,
                    route: Route::Single,
                    n_requests: 1,
                    payload,
                },
                is_uncertain: false,
                held_result,
            }
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn valid(guest: u8, id: u64, seconds: i64) -> Valid {
        Valid { guest, id, ordered_at: at(seconds), is_planned: true, is_held: false }
    }

    /// A planner with `orders`, added in batches of `batch`.
    fn planner(
        folder: &Path,
        orders: &[Valid],
        memory: usize,
        batch: usize,
        checkout: &str,
    ) -> Planner {
        let planner = Planner::new(folder, memory);
        for orders in orders.chunks(batch) {
            let mut input = PlanInput::default();
            for order in orders {
                input.add_identity(OrderId(order.id), &order.guest(), order.ordered_at, || {
                    order.identity()
                });
                if order.is_planned {
                    input.add(&order.guest(), &order.planned(checkout));
                }
            }
            planner.push(&mut input).unwrap();
        }
        planner
    }

    fn plan(
        orders: &[Valid],
        memory: usize,
        batch: usize,
        checkout: &str,
    ) -> (u64, Vec<PlannedGuest>) {
        let (folder, mut file) = (tempfile::tempdir().unwrap(), Vec::new());
        let mut sorted = planner(folder.path(), orders, memory, batch, checkout).sort(2).unwrap();
        write_lines(&"head", &mut sorted.lines, &mut file).unwrap();
        let (_, guests) = PlannedGuests::open::<String>(&file[..]).unwrap();
        (sorted.forecast.n_requests(), guests.map(Result::unwrap).collect())
    }

    /// `IDENTITY: ids` of each guest.
    fn shown(guests: &[PlannedGuest]) -> Vec<String> {
        let id = |order: &PlannedOrder| order.record.id.0.to_string();
        let show = |guest: &PlannedGuest| {
            format!(
                "{}: {}",
                guest.identity.parse::<String>().unwrap(),
                guest.orders.iter().map(id).collect::<Vec<_>>().join(",")
            )
        };
        guests.iter().map(show).collect()
    }

    #[test]
    fn guests_and_their_orders_are_oldest_first() {
        let orders = [valid(1, 0, 30), valid(2, 1, 20), valid(1, 2, 10), valid(2, 3, 20)];
        let expected = ["guest 1 of order 0: 2,0", "guest 2 of order 1: 1,3"];
        for (orders, memory) in
            [(orders, usize::MAX), ([orders[3], orders[2], orders[1], orders[0]], 0)]
        {
            let (n_requests, guests) = plan(&orders, memory, 1, "");
            assert_eq!((shown(&guests), n_requests), (expected.map(ToOwned::to_owned).to_vec(), 8));
        }
    }

    #[test]
    fn unsent_orders_still_update_identity() {
        let held = |order| Valid { is_held: true, ..order };
        let sent_before = |order| Valid { is_planned: false, ..order };
        let orders = [
            valid(1, 0, 10),
            held(valid(1, 1, 20)),
            sent_before(valid(1, 2, 30)),
            sent_before(valid(2, 3, 0)),
            held(valid(3, 4, 40)),
        ];
        let (n_requests, guests) = plan(&orders, usize::MAX, 2, "");
        assert_eq!(shown(&guests), ["guest 1 of order 2: 0,1", "guest 3 of order 4: 4"]);
        assert_eq!(
            guests[0].orders.iter().map(|order| order.held_result.is_some()).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(n_requests, 3);
    }

    #[test]
    fn forecast_counts_requests_per_route() {
        let folder = tempfile::tempdir().unwrap();
        let planner = Planner::new(folder.path(), usize::MAX);
        // The first guest has orders of both routes, the second one only an assembled order.
        let orders = [
            (valid(1, 0, 1), false),
            (valid(1, 1, 2), false),
            (valid(1, 2, 3), true),
            (valid(2, 3, 4), true),
        ];
        let mut input = PlanInput::default();
        for (order, is_multi) in orders {
            let mut planned_order = order.planned("");
            if is_multi {
                (planned_order.encoded.route, planned_order.encoded.n_requests) = (Route::Multi, 5);
            }
            input.add_identity(OrderId(order.id), &order.guest(), order.ordered_at, || {
                order.identity()
            });
            input.add(&order.guest(), &planned_order);
        }
        planner.push(&mut input).unwrap();
        let forecast = planner.sort(2).unwrap().forecast;
        let (single, multi) =
            (RouteCost { orders: 2, requests: 4 }, RouteCost { orders: 2, requests: 14 });
        assert_eq!(forecast, Forecast { single, multi, max_order_requests: 7 });
        assert_eq!(forecast.n_requests(), 18);
    }

    #[test]
    fn large_guest_stays_in_order() {
        let orders: Vec<_> = (0..400)
            .rev()
            .map(|id| valid(u8::from(id == 7), id, i64::try_from(id).unwrap()))
            .collect();
        let (_, guests) = plan(&orders, 64 * 1024, 30, &"x".repeat(2000));
        let ids = |guest: &PlannedGuest| {
            guest.orders.iter().map(|order| order.record.id.0).collect::<Vec<_>>()
        };
        assert_eq!(
            guests.iter().map(ids).collect::<Vec<_>>(),
            [(0..400).filter(|id| *id != 7).collect(), vec![7]]
        );
    }

    #[test]
    fn extreme_times_keep_their_order() {
        let times = [DateTime::<Utc>::MIN_UTC, at(-1), at(0), DateTime::<Utc>::MAX_UTC];
        let orders: Vec<_> = (0..)
            .zip(times)
            .map(|(id, ordered_at)| Valid { ordered_at, ..valid(0, id, 0) })
            .collect();
        assert_eq!(shown(&plan(&orders, usize::MAX, 4, "").1), ["guest 0 of order 3: 0,1,2,3"]);
    }

    fn orders(n: Range<usize>) -> impl Strategy<Value = Vec<Valid>> {
        let order = (0_u8..4, 0_i64..5, prop::bool::weighted(0.8), any::<bool>());
        let orders = prop::collection::vec(order, n).prop_map(|orders| {
            let of_id = |(id, (guest, seconds, is_planned, is_held))| Valid {
                is_planned,
                is_held,
                ..valid(guest, id, seconds)
            };
            (0..).zip(orders).map(of_id).collect::<Vec<_>>()
        });
        orders.prop_shuffle()
    }

    /// The same result from a simple implementation in memory.
    fn expected(orders: &[Valid]) -> (u64, Vec<String>) {
        let mut guests: BTreeMap<u8, Vec<Valid>> = BTreeMap::new();
        orders
            .iter()
            .filter(|order| order.is_planned)
            .for_each(|order| guests.entry(order.guest).or_default().push(*order));
        let mut guests: Vec<_> = guests.into_values().collect();
        for orders in &mut guests {
            orders.sort_by_key(|order| (order.ordered_at, order.id));
        }
        guests.sort_by_key(|orders| (orders[0].ordered_at, orders[0].id));
        let n_to_send =
            |orders: &[Valid]| orders.iter().filter(|order| !order.is_held).count() as u64;
        let n_requests =
            guests.iter().map(|orders| n_to_send(orders)).filter(|n| *n > 0).map(|n| n + 2).sum();
        let show = |planned: Vec<Valid>| {
            let of_guest = orders.iter().filter(|order| order.guest == planned[0].guest);
            let newest = of_guest
                .max_by_key(|order| (order.ordered_at, std::cmp::Reverse(order.id)))
                .unwrap();
            let ids: Vec<_> = planned.iter().map(|order| order.id.to_string()).collect();
            format!("{}: {}", newest.identity().parse::<String>().unwrap(), ids.join(","))
        };
        (n_requests, guests.into_iter().map(show).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn plan_is_independent_of_batches_and_memory(
            orders in orders(0..60),
            memory in prop::sample::select(vec![0, 200, 4000, usize::MAX]),
            batch in 1_usize..20,
        ) {
            let (n_requests, guests) = plan(&orders, memory, batch, "");
            prop_assert_eq!((n_requests, shown(&guests)), expected(&orders));
            let (folder, mut ids) = (tempfile::tempdir().unwrap(), Vec::new());
            planner(folder.path(), &orders, memory, batch, "").for_each(|order| ids.push(order.record.id.0)).unwrap();
            ids.sort_unstable();
            let mut planned: Vec<_> = orders.iter().filter(|order| order.is_planned).map(|order| order.id).collect();
            planned.sort_unstable();
            prop_assert_eq!(ids, planned);
        }
    }
}
