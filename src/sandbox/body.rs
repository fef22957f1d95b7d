//! An answer's body: one piece of text.
//!
//! It does not know what it says. Made by `answer`, read by hyper.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

/// A body of which nothing or all is still to be sent.
#[derive(Debug)]
pub(super) struct Body {
    rest: Option<Bytes>,
    n_bytes: u64,
}

impl Body {
    pub(super) fn new(text: impl Into<Bytes>) -> Self {
        let bytes: Bytes = text.into();
        Self { n_bytes: bytes.len() as u64, rest: Some(bytes) }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.rest.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.n_bytes)
    }
}
