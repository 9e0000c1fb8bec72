//! One request while it is answered: its terms, its body's way to the app, and what becomes of the connection.

use std::task::Waker;

use bytes::{Bytes, BytesMut};
use http::{Request, response};
use http_body::SizeHint;

use super::answer::{self, CONTINUE, Content};
use super::framing::Terms;
use super::incoming::{self, Feeder};
use super::output::Output;
use crate::body::Body;

#[derive(Debug)]
pub(super) struct Exchange {
    terms: Terms,
    feeder: Option<Feeder>,
    /// The client waits to be told that the body is wanted, as far as is known.
    owes_continue: bool,
    closes: bool,
}

impl Exchange {
    /// Begins with a request; gives it the body that the app sees.
    pub(super) fn begin(request: Request<()>, terms: Terms) -> (Exchange, Request<Body>) {
        let (feeder, incoming) = incoming::body(&terms);
        let request = request.map(|()| incoming.map_or_else(Body::empty, Body::new));
        (Exchange { terms, feeder, owes_continue: terms.expects_continue, closes: terms.last }, request)
    }

    /// Gives the app what it has room for. True if anything moved.
    pub(super) fn feed(&mut self, input: &mut BytesMut) -> bool {
        // A client that sends without waiting need not be told.
        self.owes_continue &= input.is_empty();
        self.feeder.as_mut().is_some_and(|feeder| feeder.feed(input))
    }

    /// Tells the client that the body is wanted, once it is (RFC 9110 §10.1.1). True if it was told now.
    pub(super) fn say_continue(&mut self, output: &mut Output) -> bool {
        let says = self.owes_continue && self.feeder.as_ref().is_some_and(Feeder::was_asked_for);
        if says {
            self.owes_continue = false;
            output.push(Bytes::from_static(CONTINUE));
        }
        says
    }

    /// The connection will be woken when the app has asked for the body, taken of it or dropped it.
    pub(super) fn sleep(&self, waker: &Waker) {
        self.feeder.iter().for_each(|feeder| feeder.sleep(waker));
    }

    /// Whether octets of the body can still come.
    fn is_open(&self) -> bool {
        self.feeder.as_ref().is_some_and(|feeder| !feeder.is_whole() && !feeder.is_broken())
    }

    /// Whether octets of the body can be taken; `None` when there are none to come.
    pub(super) fn has_room(&self) -> Option<bool> {
        self.feeder.as_ref().filter(|_| self.is_open()).map(Feeder::has_room)
    }

    /// Whether the app waits for octets of the body.
    pub(super) fn awaits_client(&self) -> bool {
        self.is_open() && self.feeder.as_ref().is_some_and(Feeder::is_awaited)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.feeder.as_ref().is_none_or(Feeder::is_whole)
    }

    /// Completes the head of an answer whose body has this size. `last` says that the connection ends anyway.
    pub(super) fn answer(&mut self, head: &mut response::Parts, size: &SizeHint, last: bool) -> Content {
        let content = Content::of(head, size, &self.terms);
        // A body that nobody reads is not read to its end either: it could be endless, or never come.
        let unread = self.feeder.as_ref().is_some_and(|feeder| !feeder.is_whole() && feeder.was_dropped());
        let broken = self.feeder.as_ref().is_some_and(Feeder::is_broken);
        self.closes |= last
            || unread
            || broken
            || self.owes_continue
            || content == Content::UntilClose
            || answer::says_close(&head.headers);
        answer::announce(&mut head.headers, &self.terms, self.closes);
        content
    }

    /// Whether another request may follow.
    pub(super) fn goes_on(&self) -> bool {
        !self.closes && self.is_whole()
    }

    /// Whether the client may still be sending what belongs to this request, or what it took for more than one.
    pub(super) fn may_hear_more(&self) -> bool {
        !self.is_whole() || self.terms.is_upgrade
    }
}
