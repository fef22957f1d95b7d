//! Failures: why a request of an order was not accepted, or why it is not certain that it was.
//!
//! Data, and the words of each cause. Set by the delivery of a target, which alone can tell the
//! causes apart; counted by `report`.

use std::{fmt, time::Duration};

use super::{request::RequestKind, service_words::shown_message};

/// A request of an order that ended without an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The request.
    pub request: RequestKind,
    /// Why it was not accepted.
    pub cause: FailureCause,
}

/// Why a request was not accepted, or why it is not certain that it was. Texts of the HTTP client
/// hold no URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureCause {
    /// There was no connection, so it was not sent: what the HTTP client reports.
    NotConnected(String),
    /// It may have been sent, and no answer came in time: within which.
    TimedOut(String),
    /// It may have been sent, and the connection ended before an answer came: what the HTTP client
    /// reports.
    ConnectionClosed(String),
    /// The service answered with an error.
    Error(ServiceAnswer),
    /// The service answered with a 2xx whose body does not have the status OK.
    StatusNotOk(ServiceAnswer),
    /// The service created a browser, and its answer does not have a valid id of it.
    NoBrowserId,
    /// An earlier run sent it, and no answer came.
    SentByEarlierRun,
    /// It was too late for the session of the order, which lasts as long as this.
    SessionTimeout(Duration),
    /// The answer shows that no request will be accepted, so the run stops: why.
    RunStopped(String),
}

/// What the service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The start of the body on one line, without keys and e-mail addresses. It may repeat other
    /// values of the order.
    pub message: String,
}

impl FailureCause {
    /// What the service answered, if it did.
    #[must_use]
    pub fn answer(&self) -> Option<&ServiceAnswer> {
        match self {
            Self::Error(answer) | Self::StatusNotOk(answer) => Some(answer),
            _ => None,
        }
    }

    /// What happened, without the values of the order that an answer of the service may repeat.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Error(answer) => Self::Error(answer.shown()).to_string(),
            Self::StatusNotOk(answer) => Self::StatusNotOk(answer.shown()).to_string(),
            cause => cause.to_string(),
        }
    }
}

impl ServiceAnswer {
    /// The answer with the words of its message that are no values of the order:
    /// `HTTP 400: phone of … is invalid`.
    #[must_use]
    pub fn shown(&self) -> Self {
        Self { message: shown_message(&self.message), ..*self }
    }
}

/// What happened, for the result of one order.
impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(text)
            | Self::TimedOut(text)
            | Self::ConnectionClosed(text)
            | Self::RunStopped(text) => f.write_str(text),
            Self::Error(answer) => answer.fmt(f),
            Self::StatusNotOk(answer) => write!(f, "{answer}, but the body's status is not OK"),
            Self::NoBrowserId => f.write_str("the response has no valid ref"),
            Self::SentByEarlierRun => f.write_str("sent by an earlier run, and no answer came"),
            Self::SessionTimeout(timeout) => {
                let timeout = humantime::format_duration(*timeout);
                write!(f, "the session timeout of {timeout} passed before it could be sent")
            }
        }
    }
}

impl fmt::Display for ServiceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, message } = self;
        match message.as_str() {
            "" => write!(f, "HTTP {status}"),
            message => write!(f, "HTTP {status}: {message}"),
        }
    }
}
