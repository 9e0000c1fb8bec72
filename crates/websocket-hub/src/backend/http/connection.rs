//! One connection as HTTP/1.1: octets and time in, requests to the app, octets and deadlines out.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use http::{Request, Response, StatusCode};
use http_body::Body as _;

use super::answer::{Content, WrongLength, write_head, write_refusal};
use super::exchange::Exchange;
use super::framing::Terms;
use super::head::Scan;
use super::limits::{KEEP_ALIVE, LINGER, MAX_HEAD_LEN, MAX_LINGER_LEN, MAX_OUTPUT_WAITING, STALL};
use super::output::Output;
use super::refusal::Refusal;
use crate::app::{ResponseFuture, SharedApp};
use crate::backend::Start;
use crate::body::Body;
use crate::connection::Connection as WebSocketConnection;
use crate::context::{Context, Way};
use crate::opening::{Handover, Opening};
use crate::source::Source;
use crate::tracker::Tracker;

/// How a connection is driven is said in the module above it.
pub(crate) struct Connection {
    app: SharedApp,
    source: Source,
    tracker: Tracker,
    /// Where the app leaves the WebSocket that the present request opens.
    handover: Handover,
    head_timeout: Duration,
    input: BytesMut,
    input_ended: bool,
    output: Output,
    stage: Stage,
    stopping: bool,
    /// When the client last sent or took anything.
    moved: Instant,
}

enum Stage {
    /// Between requests, or within a head.
    Head {
        scan: Scan,
        deadline: Instant,
        is_first: bool,
        begun: bool,
    },
    /// The app makes its answer.
    Asked {
        future: ResponseFuture,
        exchange: Exchange,
    },
    /// The answer's head is out, its body is on its way.
    Answering {
        body: Body,
        content: Content,
        exchange: Exchange,
    },
    /// The last answer is out or on its way. What arrives is thrown away, if it `lingers` for a while.
    Leaving {
        lingers: bool,
        until: Option<Instant>,
        discarded: usize,
    },
    /// The client was told that a WebSocket follows.
    Upgraded(Opening),
    Over,
}

impl Connection {
    /// A connection from `source` that has just been accepted, or has until `deadline` for its first request's head.
    pub(crate) fn new(start: &Start, source: Source, deadline: Instant) -> Self {
        Connection {
            app: start.app.clone(),
            source,
            tracker: start.tracker.clone(),
            handover: Handover::default(),
            head_timeout: start.handshake_timeout,
            input: BytesMut::new(),
            input_ended: false,
            output: Output::default(),
            stage: Stage::Head { scan: Scan::default(), deadline, is_first: true, begun: false },
            stopping: false,
            moved: Instant::now(),
        }
    }

    /// A proxy has named the client, before anything else came.
    pub(crate) fn set_named(&mut self, client: Option<SocketAddr>) {
        self.source.named = client;
    }

    /// Where it comes from.
    pub(crate) fn source(&self) -> Source {
        self.source
    }

    /// Whether anything that arrives can be taken. While it cannot, the client has to wait.
    pub(crate) fn wants_input(&self) -> bool {
        !self.input_ended
            && match &self.stage {
                Stage::Head { .. } => self.input.len() <= MAX_HEAD_LEN,
                // Behind the body it is read on, since a client that leaves shall be noticed.
                Stage::Asked { exchange, .. } | Stage::Answering { exchange, .. } => {
                    exchange.has_room().unwrap_or(self.input.len() < MAX_HEAD_LEN)
                }
                Stage::Leaving { .. } => true,
                Stage::Upgraded(_) | Stage::Over => false,
            }
    }

    /// Takes what arrived.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) {
        match &mut self.stage {
            Stage::Leaving { discarded, .. } => {
                *discarded += bytes.len();
                if *discarded > MAX_LINGER_LEN {
                    self.end();
                }
            }
            Stage::Over => {}
            Stage::Head { .. } | Stage::Asked { .. } | Stage::Answering { .. } | Stage::Upgraded(_) => {
                self.input.extend_from_slice(bytes);
                self.moved = now;
            }
        }
    }

    /// The client sends nothing more.
    pub(crate) fn end_of_input(&mut self) {
        self.input_ended = true;
        match self.stage {
            // Who leaves before the answer does not want it.
            Stage::Asked { .. } | Stage::Answering { .. } => self.end(),
            Stage::Leaving { until: Some(_), .. } => self.end(),
            Stage::Head { .. } | Stage::Leaving { .. } | Stage::Upgraded(_) | Stage::Over => {}
        }
    }

    /// Goes on with what is there: requests are read, the app and its bodies are polled.
    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>, now: Instant) {
        loop {
            let moved = match &self.stage {
                Stage::Head { .. } => self.read_head(now),
                Stage::Asked { .. } => self.ask(cx),
                Stage::Answering { .. } => self.answer(cx, now),
                Stage::Leaving { .. } | Stage::Upgraded(_) | Stage::Over => false,
            };
            if !moved {
                return;
            }
        }
    }

    fn read_head(&mut self, now: Instant) -> bool {
        let Stage::Head { scan, deadline, is_first, begun } = &mut self.stage else { return false };
        if self.output.len() >= MAX_OUTPUT_WAITING {
            return false;
        }
        let refusal = match scan.take(&mut self.input) {
            Ok(None) => {
                if !self.input.is_empty() && !std::mem::replace(begun, true) && !*is_first {
                    *deadline = now + self.head_timeout;
                }
                if self.input_ended || (self.stopping && !*begun) {
                    self.leave(false);
                }
                return false;
            }
            Ok(Some(request)) => match Terms::of(&request) {
                Ok(terms) => {
                    self.begin(request, terms);
                    return true;
                }
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal,
        };
        self.refuse(refusal);
        false
    }

    fn begin(&mut self, request: Request<()>, terms: Terms) {
        let (exchange, mut request) = Exchange::begin(request, terms);
        // A new one each time: an app that keeps an old request can leave nothing where it would be taken for this.
        self.handover = Handover::default();
        let (source, tracker, way) =
            (self.source, self.tracker.clone(), Way::Handover(self.handover.clone()));
        request.extensions_mut().insert(Context { source, tracker, way });
        self.stage = Stage::Asked { future: self.app.call(request), exchange };
    }

    /// Lets the app go on. True if anything moved.
    fn ask(&mut self, cx: &mut TaskContext<'_>) -> bool {
        let Stage::Asked { future, exchange } = &mut self.stage else { return false };
        exchange.sleep(cx.waker());
        exchange.feed(&mut self.input);
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => {
                let fed = exchange.feed(&mut self.input);
                exchange.say_continue(&mut self.output) || fed
            }
            Ok(Poll::Ready(response)) => {
                exchange.feed(&mut self.input);
                self.begin_answer(response);
                true
            }
            // The panic hook has told of it.
            Err(_) => {
                self.leave(false);
                true
            }
        }
    }

    fn begin_answer(&mut self, response: Response<Body>) {
        let Stage::Asked { mut exchange, .. } = std::mem::replace(&mut self.stage, Stage::Over) else {
            return;
        };
        let (mut head, body) = response.into_parts();
        let opening = self.handover.take();
        if let (StatusCode::SWITCHING_PROTOCOLS, Some(opening)) = (head.status, opening) {
            self.output.write(|into| write_head(head.status, &head.headers, into));
            self.stage = Stage::Upgraded(opening);
            return;
        }
        if head.status.is_informational() {
            return self.refuse(Refusal::Response);
        }
        let is_last = self.stopping || self.input_ended || self.tracker.is_stopping();
        let content = exchange.answer(&mut head, &body.size_hint(), is_last);
        self.output.write(|into| write_head(head.status, &head.headers, into));
        self.stage = Stage::Answering { body, content, exchange };
    }

    /// Lets the answer's body go on. True if anything moved.
    fn answer(&mut self, cx: &mut TaskContext<'_>, now: Instant) -> bool {
        let Stage::Answering { body, content, exchange } = &mut self.stage else { return false };
        if *content == Content::None {
            return self.end_answer(Ok(()), now);
        }
        exchange.sleep(cx.waker());
        exchange.feed(&mut self.input);
        while self.output.len() < MAX_OUTPUT_WAITING {
            match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *body).poll_frame(cx))) {
                Ok(Poll::Pending) => return exchange.feed(&mut self.input),
                Ok(Poll::Ready(Some(Ok(frame)))) => {
                    // Trailers are not passed on, which RFC 9110 §6.5.1 leaves to everybody on the way.
                    let data = frame.into_data().unwrap_or_default();
                    if let Err(wrong) = content.push(data, &mut self.output) {
                        return self.end_answer(Err(wrong), now);
                    }
                    if *content == Content::Length(0) {
                        return self.end_answer(Ok(()), now);
                    }
                }
                Ok(Poll::Ready(None)) => {
                    let ended = content.end(&mut self.output);
                    return self.end_answer(ended, now);
                }
                // The client must not take half of it for the whole.
                Ok(Poll::Ready(Some(Err(_)))) | Err(_) => return self.end_answer(Err(WrongLength), now),
            }
        }
        false
    }

    /// The answer is all there, or never will be.
    fn end_answer(&mut self, ended: Result<(), WrongLength>, now: Instant) -> bool {
        let Stage::Answering { mut exchange, .. } = std::mem::replace(&mut self.stage, Stage::Over) else {
            return false;
        };
        exchange.feed(&mut self.input);
        if ended.is_ok() && exchange.goes_on() {
            let (scan, deadline) = (Scan::default(), now + KEEP_ALIVE);
            self.stage = Stage::Head { scan, deadline, is_first: false, begun: false };
        } else {
            self.leave(ended.is_ok() && (exchange.may_hear_more() || !self.input.is_empty()));
        }
        true
    }

    /// Answers by itself; nothing follows.
    fn refuse(&mut self, refusal: Refusal) {
        self.output.write(|into| write_refusal(refusal, into));
        self.leave(true);
    }

    /// Goes once everything is written.
    fn leave(&mut self, lingers: bool) {
        self.input = BytesMut::new();
        self.stage = Stage::Leaving { lingers, until: None, discarded: 0 };
    }

    fn end(&mut self) {
        self.output.clear();
        self.stage = Stage::Over;
    }

    /// Points `slices` at what is to be written and says how many of them it takes.
    pub(crate) fn pieces<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.output.pieces(slices)
    }

    /// So many octets of that were written.
    pub(crate) fn written(&mut self, len: usize, now: Instant) {
        self.output.written(len);
        self.moved = now;
    }

    /// The writing direction is to be ended, with TLS's goodbye if there is one.
    pub(crate) fn wants_shutdown(&self) -> bool {
        matches!(self.stage, Stage::Leaving { until: None, .. }) && self.output.is_empty()
    }

    /// It was ended.
    pub(crate) fn shut_down(&mut self, now: Instant) {
        match &mut self.stage {
            Stage::Leaving { lingers: true, until, .. } if !self.input_ended => *until = Some(now + LINGER),
            _ => self.end(),
        }
    }

    /// When [`handle_timeout`](Connection::handle_timeout) is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.output.is_empty() {
            return Some(self.moved + STALL);
        }
        match &self.stage {
            Stage::Head { deadline, .. } => Some(*deadline),
            Stage::Asked { exchange, .. } | Stage::Answering { exchange, .. } => {
                exchange.awaits_client().then(|| self.moved + STALL)
            }
            Stage::Leaving { until, .. } => *until,
            Stage::Upgraded(_) | Stage::Over => None,
        }
    }

    /// Sees to a deadline that has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &self.stage {
            // It takes nothing.
            _ if !self.output.is_empty() => self.end(),
            Stage::Head { begun: true, .. } | Stage::Asked { .. } => self.refuse(Refusal::TimedOut),
            Stage::Head { .. } => self.leave(false),
            Stage::Answering { .. } | Stage::Leaving { .. } | Stage::Upgraded(_) | Stage::Over => self.end(),
        }
    }

    /// The server stops: what has begun is answered, nothing new is.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
        if let Stage::Leaving { until: Some(_), .. } = self.stage {
            self.end();
        }
    }

    /// The WebSocket that an app has opened, once its answer is written: the socket is the WebSocket's then, and
    /// nothing is left to do here.
    pub(crate) fn take_websocket(&mut self) -> Option<WebSocketConnection> {
        if !self.output.is_empty() || !matches!(self.stage, Stage::Upgraded(_)) {
            return None;
        }
        let Stage::Upgraded(opening) = std::mem::replace(&mut self.stage, Stage::Over) else { return None };
        Some(opening.connection(self.input.split().freeze()))
    }

    /// The socket is to be closed.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }
}
