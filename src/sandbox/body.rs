//! An answer's body: one piece of text, whole, or broken off half way.
//!
//! It does not know what it says. Made by `answer`, read by hyper.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};
use thiserror::Error;

/// A body that says its full length, and how far it goes.
#[derive(Debug)]
pub(super) struct Body {
    rest: Option<Bytes>,
    n_bytes: usize,
    end: End,
}

/// What follows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// Something must reach the wire before hyper gives up, which it sends only when a body lets it wait.
    WaitsThenBreaks,
    Breaks,
}

/// The body was to break off here.
#[derive(Debug, Error)]
#[error("broken off on request")]
pub(super) struct BrokenOff;

impl Body {
    pub(super) fn new(text: impl Into<Bytes>) -> Self {
        let bytes: Bytes = text.into();
        Self { n_bytes: bytes.len(), rest: Some(bytes), end: End::Whole }
    }

    /// The same, with only the first half of its bytes.
    pub(super) fn half(self) -> Self {
        let half = self.rest.map(|bytes| bytes.slice(..bytes.len() / 2));
        Self { rest: half, n_bytes: self.n_bytes, end: End::WaitsThenBreaks }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match (self.rest.take(), self.end) {
            (Some(bytes), _) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            (None, End::Whole) => Poll::Ready(None),
            (None, End::WaitsThenBreaks) => {
                self.end = End::Breaks;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            (None, End::Breaks) => Poll::Ready(Some(Err(BrokenOff))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.end == End::Whole
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.n_bytes as u64)
    }
}
