//! An answer's body: one piece of text, whole, or broken off half way.
//!
//! It does not know what it says. Made by `answer`, read by hyper.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};
use thiserror::Error;

/// A body that says its full length, and how far it goes.
#[derive(Debug)]
pub(super) struct ResponseBody {
    remaining: Option<Bytes>,
    declared_length: usize,
    end: BodyEnd,
}

/// What follows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    Complete,
    /// Something must reach the wire before hyper gives up, which it sends only when a body lets it wait.
    YieldThenFail,
    Fail,
}

/// The body was to break off here.
#[derive(Debug, Error)]
#[error("broken off on request")]
pub(super) struct TruncatedBody;

impl ResponseBody {
    pub(super) fn new(text: impl Into<Bytes>) -> Self {
        let bytes: Bytes = text.into();
        Self { declared_length: bytes.len(), remaining: Some(bytes), end: BodyEnd::Complete }
    }

    /// The same, with only the first half of its bytes.
    pub(super) fn truncated(self) -> Self {
        let first_half = self.remaining.map(|bytes| bytes.slice(..bytes.len() / 2));
        Self { remaining: first_half, declared_length: self.declared_length, end: BodyEnd::YieldThenFail }
    }
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = TruncatedBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TruncatedBody>>> {
        match (self.remaining.take(), self.end) {
            (Some(bytes), _) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (None, BodyEnd::Complete) => Poll::Ready(None),
            (None, BodyEnd::YieldThenFail) => {
                self.end = BodyEnd::Fail;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            (None, BodyEnd::Fail) => Poll::Ready(Some(Err(TruncatedBody))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.remaining.is_none() && self.end == BodyEnd::Complete
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared_length as u64)
    }
}
