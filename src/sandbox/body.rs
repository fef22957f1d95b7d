//! Body of a response: one buffer of bytes, sent completely or truncated half way.
//!
//! It does not interpret the bytes. Created by `response`, polled by hyper.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};
use thiserror::Error;

/// A response body that declares its full length, even if it is truncated.
#[derive(Debug)]
pub(super) struct ResponseBody {
    remaining: Option<Bytes>,
    declared_length: usize,
    end: BodyEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    Complete,
    // hyper flushes the bytes that it has only when the body is pending. An error that follows at
    // once would close the connection before any byte of the body is sent.
    YieldThenFail,
    Fail,
}

/// The end of a truncated body.
#[derive(Debug, Error)]
#[error("response body truncated by an injected fault")]
pub(super) struct TruncatedBody;

impl ResponseBody {
    pub(super) fn new(text: impl Into<Bytes>) -> Self {
        let bytes: Bytes = text.into();
        Self { declared_length: bytes.len(), remaining: Some(bytes), end: BodyEnd::Complete }
    }

    /// Keeps the first half of the bytes and the declared length.
    pub(super) fn truncated(self) -> Self {
        let first_half = self.remaining.map(|bytes| bytes.slice(..bytes.len() / 2));
        Self {
            remaining: first_half,
            declared_length: self.declared_length,
            end: BodyEnd::YieldThenFail,
        }
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
