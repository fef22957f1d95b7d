//! History of a simulated shop from its first run to its last, read by the checks and printed by a
//! replay.

use std::{fmt, time::Duration};

use orderferry::{
    dispatch::{AttemptOutcome, DispatchOutcome, DispatchSettings},
    ledger::PriorState,
    model::{outcome::OrderResult, request::RequestKind},
    stream::{ServiceResponse, StreamSettings},
};

/// The number of an order; orders are numbered guest by guest, oldest first.
pub(super) type OrderNo = usize;

/// The operation of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Browser,
    Identity { guest: usize, browser: String },
    Checkout { order: OrderNo, browser: String },
    Step { order: OrderNo, step: OrderStep, browser: String },
}

/// An event of an order that is assembled from several events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OrderStep {
    Add(ItemNo),
    Contacts,
    Consumers,
    Confirm(Vec<ItemNo>),
    Checkout,
    ClearCart,
}

/// The index of an item in its order.
pub(super) type ItemNo = usize;

impl Operation {
    pub(super) fn kind(&self) -> RequestKind {
        match self {
            Self::Browser => RequestKind::BrowserCreate,
            Self::Identity { .. } => RequestKind::Identity,
            Self::Checkout { .. } => RequestKind::OrderCheckout,
            Self::Step { step, .. } => match step {
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

/// A request, numbered in the order of their starts across all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) no: usize,
    pub(super) operation: Operation,
}

impl Request {
    /// The order, if it is a checkout.
    pub(super) fn order(&self) -> Option<OrderNo> {
        match self.operation {
            Operation::Checkout { order, .. }
            | Operation::Step { order, step: OrderStep::Checkout, .. } => Some(order),
            Operation::Browser | Operation::Identity { .. } | Operation::Step { .. } => None,
        }
    }

    /// The order, the event and the browser, if it belongs to an order assembled from several
    /// events.
    pub(super) fn step(&self) -> Option<(OrderNo, &OrderStep, &str)> {
        match &self.operation {
            Operation::Step { order, step, browser } => Some((*order, step, browser)),
            Operation::Browser | Operation::Identity { .. } | Operation::Checkout { .. } => None,
        }
    }
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Occurrence {
    /// The ledger has stored an intent.
    Intended(OrderNo),
    /// The ledger has stored the outcome of an attempt.
    Recorded(OrderNo, AttemptOutcome),
    /// The ledger has stored that an attempt was never sent.
    Withdrawn(OrderNo),
    /// The ledger has stored that a browser has an open cart of an order.
    CartOpened(OrderNo, String),
    /// The ledger has stored that a cart is closed.
    CartClosed(i64),
    /// A write was reported to the run as failed.
    WriteFailed,
    /// A request was sent.
    Started(Request),
    /// The tenant processed a request.
    Processed(Request),
    /// The tenant created an order with these items.
    Assembled(OrderNo, Vec<ItemNo>),
    /// The run received a response.
    Responded(Request, ServiceResponse),
    /// The run reported a request.
    RequestReported(RequestKind),
    /// The run reported the result of an order.
    OrderReported(OrderNo, OrderResult),
    /// The run emitted a warning.
    Warned(String),
    /// A reported event could not be stored.
    ReportFailed,
    /// A graceful shutdown of the run was requested.
    ShutdownRequested,
    /// The process was killed.
    Crashed,
    /// The run ended by itself.
    Ended(DispatchOutcome),
}

/// An entry with its simulated time since the start of the first run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HistoryLine {
    pub(super) at: Duration,
    pub(super) occurrence: Occurrence,
}

/// The settings of a run.
#[derive(Debug, Clone)]
pub(super) struct RunSettings {
    pub(super) dispatch: DispatchSettings,
    pub(super) stream: StreamSettings,
    /// Time to wait for one response.
    pub(super) timeout: Duration,
}

/// One run of the program.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) settings: RunSettings,
    /// The value of `--unknown` is `resend`.
    pub(super) resends: bool,
    /// The value of `--limit`.
    pub(super) limit: Option<usize>,
    /// The orders that it may send, by their state in the ledger.
    pub(super) to_send: Vec<OrderNo>,
    pub(super) lines: Vec<HistoryLine>,
}

impl Run {
    /// The outcome of the run; `None` if it crashed.
    pub(super) fn ended(&self) -> Option<&DispatchOutcome> {
        self.lines.iter().find_map(|line| match &line.occurrence {
            Occurrence::Ended(ended) => Some(ended),
            _ => None,
        })
    }

    /// The requests that it started, with their times.
    pub(super) fn starts(&self) -> impl Iterator<Item = (Duration, &Request)> {
        self.lines.iter().filter_map(|line| match &line.occurrence {
            Occurrence::Started(request) => Some((line.at, request)),
            _ => None,
        })
    }

    /// The results of orders that it reported.
    pub(super) fn reported(&self) -> impl Iterator<Item = (OrderNo, &OrderResult)> {
        self.lines.iter().filter_map(|line| match &line.occurrence {
            Occurrence::OrderReported(order, result) => Some((*order, result)),
            _ => None,
        })
    }
}

/// All runs of one seed.
#[derive(Debug)]
pub(super) struct History {
    /// The guest of each order.
    pub(super) guest_of: Vec<usize>,
    /// The events of each order that is assembled from several, without CLEAR_CART.
    pub(super) steps_of: Vec<Option<Vec<OrderStep>>>,
    pub(super) runs: Vec<Run>,
    /// The browsers whose carts at the tenant contain items at the end.
    pub(super) filled: Vec<String>,
    /// The browsers whose carts are open in the ledger at the end.
    pub(super) leftover_carts: Vec<String>,
    /// The state of each order in the ledger at the end.
    pub(super) prior_states: Vec<PriorState>,
}

impl History {
    pub(super) fn n_orders(&self) -> usize {
        self.guest_of.len()
    }

    /// All entries of all runs, in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Occurrence> {
        self.runs.iter().flat_map(|run| &run.lines).map(|line| &line.occurrence)
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "guest of each order: {:?}\nsteps: {:?}", self.guest_of, self.steps_of)?;
        for (no, Run { settings, resends, limit, to_send, lines }) in self.runs.iter().enumerate() {
            writeln!(
                f,
                "\nrun {no}: resends {resends}, limit {limit:?}, to send {to_send:?}\n{settings:?}"
            )?;
            for line in lines {
                writeln!(f, "{:>12.3}s  {:?}", line.at.as_secs_f64(), line.occurrence)?;
            }
        }
        writeln!(
            f,
            "\nopen carts at the end: at the tenant {:?}, in the ledger {:?}",
            self.filled, self.leftover_carts
        )?;
        writeln!(f, "states in the ledger at the end: {:?}", self.prior_states)
    }
}
