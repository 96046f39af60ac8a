//! Connections whose request waits, perhaps for twenty seconds: nothing of hyper's is held for them meanwhile.
//!
//! hyper's state of a connection is two buffers of 8 KiB and more, which is most of what a long poll that waits would hold. So what
//! makes an answer stands beside hyper and not within: when it begins to wait, hyper's state goes, and the socket and what makes the
//! answer stay. The answer is then written by a new hyper, which reads a request that is made up here: of the client's version, and
//! with the client's word on whether the connection is kept. Nothing else of a request decides how an answer is framed, but for HEAD
//! and CONNECT, which never wait.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use hyper::body::Incoming;
use hyper::header::CONNECTION;
use hyper::{Request, Response, Version};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, ReadBuf};

use super::body::Body;

/// What makes an answer.
type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// The most that is read at once of a client that sends more before it has its answer.
const AT_ONCE: usize = 256;
/// Of a client that has sent so much ahead it isn't noticed any more that it goes away: what is read is held.
const AHEAD: usize = 4 << 10;

/// The answer to a connection's request, which hyper asks for.
#[derive(Default)]
pub(super) struct Exchange {
    state: Mutex<State>,
    /// Set by what makes the answer when it begins to wait.
    waits: Arc<AtomicBool>,
    /// The client doesn't read: bytes of an earlier answer are still hyper's.
    pub(super) blocked: AtomicBool,
}

#[derive(Default)]
enum State {
    #[default]
    None,
    Making(Answering, Again),
    /// For the request that is made up.
    Made(Response<Body>),
}

/// What of a request decides how its answer is framed.
#[derive(Clone, Copy)]
struct Again {
    version: Version,
    /// Whether the header `Connection` asks to close or to keep it.
    closes: bool,
    keeps: bool,
}

impl Again {
    fn of<B>(request: &Request<B>) -> Self {
        let (mut closes, mut keeps) = (false, false);
        for value in request.headers().get_all(CONNECTION) {
            let mut words = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            closes |= words.clone().any(|word| word.eq_ignore_ascii_case(b"close"));
            keeps |= words.any(|word| word.eq_ignore_ascii_case(b"keep-alive"));
        }
        Self { version: request.version(), closes, keeps }
    }

    /// A request that is answered alike.
    fn head(self) -> &'static [u8] {
        match (self.version == Version::HTTP_10, self.closes, self.keeps) {
            (true, false, true) => b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            (true, ..) => b"POST / HTTP/1.0\r\n\r\n",
            (false, true, _) => b"POST / HTTP/1.1\r\nConnection: close\r\n\r\n",
            (false, false, _) => b"POST / HTTP/1.1\r\n\r\n",
        }
    }
}

impl Exchange {
    /// hyper has read a request: `answer` makes its answer, and sets the flag that it gets when it begins to wait, with all of the
    /// request read. The request that is made up has its answer already.
    pub(super) fn begin<F>(
        self: &Arc<Self>,
        request: Request<Incoming>,
        answer: impl FnOnce(Box<Parts>, Incoming, Arc<AtomicBool>) -> F,
    ) -> InFlight
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let mut state = self.state.lock();
        if !matches!(*state, State::Made(_)) {
            self.waits.store(false, Ordering::Relaxed);
            let again = Again::of(&request);
            let (head, body) = request.into_parts();
            *state = State::Making(Box::pin(answer(Box::new(head), body, self.waits.clone())), again);
        }
        InFlight(self.clone())
    }

    /// Whether hyper's state can go: the request waits, and of earlier answers nothing is left to write.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
            && !self.blocked.load(Ordering::Relaxed)
            && matches!(*self.state.lock(), State::Making(..))
    }

    /// Takes the request that waits out of hyper's hands. `ahead` is what hyper has read beyond it. None without such a request.
    pub(super) fn park<S>(&self, stream: S, ahead: Bytes) -> Option<Parked<S>> {
        match std::mem::take(&mut *self.state.lock()) {
            // An empty rest would hold hyper's buffer.
            State::Making(answering, again) => {
                let ahead = if ahead.is_empty() { Bytes::new() } else { ahead };
                Some(Parked { stream, ahead, answering, again })
            }
            State::None | State::Made(_) => None,
        }
    }
}

/// What hyper waits for.
pub(super) struct InFlight(Arc<Exchange>);

impl Future for InFlight {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state.lock();
        let answer = match &mut *state {
            State::Making(answering, _) => ready!(answering.as_mut().poll(cx)),
            _ => match std::mem::take(&mut *state) {
                State::Made(answer) => answer,
                // It was taken away, and hyper goes.
                _ => return Poll::Pending,
            },
        };
        *state = State::None;
        Poll::Ready(Ok(answer))
    }
}

/// A connection whose request waits.
pub(super) struct Parked<S> {
    stream: S,
    /// What the client sent beyond its request.
    ahead: Bytes,
    answering: Answering,
    again: Again,
}

impl<S: AsyncRead + Unpin> Parked<S> {
    /// Waits for the answer, and leaves it for the hyper that gets the stream, and with it what that has to read first. `None` when
    /// the client goes away: a long poll must not receive for nobody.
    pub(super) async fn answered(mut self, exchange: &Exchange) -> Option<(S, Bytes)> {
        let answer = poll_fn(|cx| self.poll_answer(cx)).await?;
        *exchange.state.lock() = State::Made(answer);
        let head = self.again.head();
        let first = if self.ahead.is_empty() { Bytes::from_static(head) } else { [head, &self.ahead].concat().into() };
        Some((self.stream, first))
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Response<Body>>> {
        if let Poll::Ready(answer) = self.answering.as_mut().poll(cx) {
            return Poll::Ready(Some(answer));
        }
        // Whoever sends more before it has its answer may go away all the same.
        while self.ahead.len() < AHEAD {
            let mut bytes = [0; AT_ONCE];
            let mut read = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => self.ahead = [&self.ahead, read.filled()].concat().into(),
                _ => return Poll::Ready(None),
            }
        }
        Poll::Pending
    }
}
