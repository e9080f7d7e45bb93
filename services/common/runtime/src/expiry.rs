//! An answer ends when its caller's token does: a stream may stay open for hours, and nobody is asked for a token again
//! meanwhile. Enforced around every answer, so that no handler can forget it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};
use redress_domain::{ErrorKind, Problem};
use tokio::time::{Instant, Sleep, sleep_until};

/// A body that ends at an instant, if it is still going on then.
pub(crate) struct UntilExpiry<B> {
    body: B,
    until: Instant,
    /// Made when the body is waited for the first time, which the body of a plain call never is.
    timer: Option<Pin<Box<Sleep>>>,
    ending: Ending,
    over: bool,
}

/// What a body tells when it is ended; `None` if it just ends.
pub(crate) type Ending = fn() -> Option<HeaderMap>;

impl<B> UntilExpiry<B> {
    pub(crate) fn new(body: B, until: Instant, ending: Ending) -> Self {
        Self { body, until, timer: None, ending, over: false }
    }
}

impl<B: Body + Unpin> Body for UntilExpiry<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(this.until)));
        ready!(timer.as_mut().poll(context));
        this.over = true;
        Poll::Ready((this.ending)().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Why an answer was ended.
pub(crate) fn expired() -> Problem {
    Problem::new(ErrorKind::Unauthenticated, "TOKEN_EXPIRED", "the token has expired")
}
