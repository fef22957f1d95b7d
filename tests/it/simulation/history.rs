//! What happened in a simulated shop, from its first run to its last: what the checks look at, and what a replay shows.

use std::{fmt, time::Duration};

use orderferry::{
    dispatch::{AttemptOutcome, DispatchOutcome, DispatchSettings, RequestKind, ServiceResponse},
    ledger::PriorState,
    model::outcome::OrderResult,
};

/// The number of an order; orders are numbered guest by guest, oldest first.
pub(super) type OrderNo = usize;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Browser,
    Identity { guest: usize, browser: String },
    Checkout { order: OrderNo, browser: String },
    Step { order: OrderNo, step: OrderStep, browser: String },
}

/// An event of an order that is assembled from several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OrderStep {
    Add(ItemNo),
    Contacts,
    Consumers,
    Confirm(Vec<ItemNo>),
    Checkout,
    ClearCart,
}

/// The number of an item in its order.
pub(super) type ItemNo = usize;

impl Operation {
    pub(super) fn kind(&self) -> RequestKind {
        match self {
            Self::Browser => RequestKind::BrowserCreate,
            Self::Identity { .. } => RequestKind::Identity,
            Self::Checkout { .. } => RequestKind::OrderCheckout,
            Self::Step { step: part, .. } => match part {
                OrderStep::Add(_) => RequestKind::Add,
                OrderStep::Contacts => RequestKind::AddContacts,
                OrderStep::Consumers => RequestKind::AddConsumers,
                OrderStep::Confirm(_) => RequestKind::Confirm,
                OrderStep::Checkout => RequestKind::Checkout,
                OrderStep::ClearCart => RequestKind::ClearCart,
            },
        }
    }
}

/// One request on the wire, numbered in the order of their starts through all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) no: usize,
    pub(super) operation: Operation,
}

impl Request {
    /// The order, where it is a checkout.
    pub(super) fn order(&self) -> Option<OrderNo> {
        match self.operation {
            Operation::Checkout { order, .. } | Operation::Step { order, step: OrderStep::Checkout, .. } => Some(order),
            Operation::Browser | Operation::Identity { .. } | Operation::Step { .. } => None,
        }
    }

    /// The order, the event and the browser, where it is a part of a sequence.
    pub(super) fn step(&self) -> Option<(OrderNo, &OrderStep, &str)> {
        match &self.operation {
            Operation::Step { order, step: part, browser } => Some((*order, part, browser)),
            Operation::Browser | Operation::Identity { .. } | Operation::Checkout { .. } => None,
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Occurrence {
    /// The ledger holds an intent.
    Intended(OrderNo),
    /// The ledger holds what came of one.
    Recorded(OrderNo, AttemptOutcome),
    /// The ledger holds a cart of an order on a browser.
    CartOpened(OrderNo, String),
    /// The ledger holds that one is closed.
    CartClosed(i64),
    /// The run was told that a write failed.
    WriteFailed,
    /// A request was handed to the wire.
    Started(Request),
    /// The tenant did what was asked.
    Processed(Request),
    /// The tenant made an order of these items.
    Assembled(OrderNo, Vec<ItemNo>),
    /// The run heard of a request.
    Responded(Request, ServiceResponse),
    /// The run told of a request.
    RequestReported(RequestKind),
    /// The run told of an order.
    OrderReported(OrderNo, OrderResult),
    /// The run warned.
    Warned(String),
    /// The run was told that what it tells can be kept no longer.
    ReportFailed,
    /// Someone asked the run to stop.
    ShutdownRequested,
    /// The process was killed.
    Crashed,
    /// The run came to its end.
    Ended(DispatchOutcome),
}

/// When something happened, in virtual time since the first run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HistoryLine {
    pub(super) at: Duration,
    pub(super) occurrence: Occurrence,
}

/// One run of the program.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) settings: DispatchSettings,
    /// `--unknown resend`
    pub(super) resends: bool,
    /// `--limit`
    pub(super) limit: Option<usize>,
    /// The orders that it may send, by what the ledger says.
    pub(super) to_send: Vec<OrderNo>,
    pub(super) lines: Vec<HistoryLine>,
}

impl Run {
    /// How it ended; nothing where it crashed.
    pub(super) fn ended(&self) -> Option<&DispatchOutcome> {
        self.lines.iter().find_map(|line| match &line.occurrence {
            Occurrence::Ended(ended) => Some(ended),
            _ => None,
        })
    }

    /// The requests that it started, and when.
    pub(super) fn starts(&self) -> impl Iterator<Item = (Duration, &Request)> {
        self.lines.iter().filter_map(|line| match &line.occurrence {
            Occurrence::Started(request) => Some((line.at, request)),
            _ => None,
        })
    }

    /// What it told of orders.
    pub(super) fn reported(&self) -> impl Iterator<Item = (OrderNo, &OrderResult)> {
        self.lines.iter().filter_map(|line| match &line.occurrence {
            Occurrence::OrderReported(order, settled) => Some((*order, settled)),
            _ => None,
        })
    }
}

/// All runs of one seed.
#[derive(Debug)]
pub(super) struct History {
    /// The guest of each order.
    pub(super) guest_of: Vec<usize>,
    /// The parts of each order that is assembled from several events, CLEAR_CART not among them.
    pub(super) steps_of: Vec<Option<Vec<OrderStep>>>,
    pub(super) runs: Vec<Run>,
    /// The browsers whose carts hold something at the tenant at the end.
    pub(super) filled: Vec<String>,
    /// Those of which the ledger thinks so.
    pub(super) leftover_carts: Vec<String>,
    /// What the ledger says of each order at the end.
    pub(super) prior_states: Vec<PriorState>,
}

impl History {
    pub(super) fn n_orders(&self) -> usize {
        self.guest_of.len()
    }

    /// Everything that happened, one after the other.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Occurrence> {
        self.runs.iter().flat_map(|run| &run.lines).map(|line| &line.occurrence)
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "guest of each order: {:?}\nparts: {:?}", self.guest_of, self.steps_of)?;
        for (no, Run { settings, resends, limit, to_send, lines }) in self.runs.iter().enumerate() {
            writeln!(f, "\nrun {no}: resends {resends}, limit {limit:?}, to send {to_send:?}\n{settings:?}")?;
            for line in lines {
                writeln!(f, "{:>12.3}s  {:?}", line.at.as_secs_f64(), line.occurrence)?;
            }
        }
        writeln!(f, "\ncarts at the end: {:?}, in the ledger {:?}", self.filled, self.leftover_carts)?;
        writeln!(f, "the ledger at the end: {:?}", self.prior_states)
    }
}
