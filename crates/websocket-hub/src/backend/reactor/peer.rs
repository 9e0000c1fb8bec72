//! One connection of a loop: its socket, what it speaks, and what is under way for it.

mod leaving;

use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::ops::DerefMut;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use super::engine::Engine;
use super::speech::{Pieces, Speech};
use super::tls::Tls;
use crate::fanout::{Fanout, Plan, Seat};
use crate::source::Source;

pub(super) struct Peer {
    socket: TcpStream,
    speech: Speech,
    tls: Option<Box<Tls>>,
    /// What arrived while it was not wanted; receiving stops then.
    held: Option<Box<Held>>,
    /// The time that is set for it, as the timers count.
    pub(super) timer: Option<u64>,
    /// It waits for its turn.
    pub(super) is_ready: bool,
    is_receiving: bool,
    is_cancelling: bool,
    /// The socket took not everything.
    is_blocked: bool,
    is_polling: bool,
    is_broken: bool,
    /// There is more to write than went into one turn.
    is_unfinished: bool,
    /// Something moved since its turn began.
    has_moved: bool,
}

#[derive(Default)]
struct Held {
    octets: Vec<u8>,
    is_end: bool,
}

/// A connection that is driven elsewhere.
pub(in crate::backend) struct Stranger {
    pub(in crate::backend) socket: TcpStream,
    pub(in crate::backend) source: Source,
    /// What was read of it.
    pub(in crate::backend) early: Vec<u8>,
}

/// What a turn ends with.
pub(super) struct Around<'a, E> {
    pub(super) engine: &'a mut E,
    pub(super) plan: &'a mut Plan,
    pub(super) fanout: &'a mut Fanout,
}

/// What follows a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Again,
    Rest,
    Close,
    /// It speaks what is not spoken here.
    Leave,
    /// It goes on at another server.
    Carry,
}

impl Peer {
    pub(super) fn new(socket: TcpStream, speech: Speech, tls: Option<Box<Tls>>) -> Peer {
        Peer {
            socket,
            speech,
            tls,
            held: None,
            timer: None,
            is_ready: false,
            is_receiving: false,
            is_cancelling: false,
            is_blocked: false,
            is_polling: false,
            is_broken: false,
            is_unfinished: false,
            has_moved: false,
        }
    }

    /// Something arrived, or the end; with `more`, receiving goes on.
    pub(super) fn received(
        &mut self,
        received: io::Result<Option<impl DerefMut<Target = [u8]>>>,
        more: bool,
        now: Instant,
    ) {
        self.is_receiving = more;
        self.is_cancelling &= more;
        self.has_moved = true;
        let is_wanted = self.held.is_none() && self.speech.wants_input();
        match received {
            Ok(Some(buffer)) if is_wanted => self.receive(buffer, now),
            Ok(Some(buffer)) => self.held.get_or_insert_default().octets.extend_from_slice(&buffer),
            Ok(None) if is_wanted => self.speech.end_of_input(now),
            Ok(None) => self.held.get_or_insert_default().is_end = true,
            // It was cancelled, or all buffers were in use: it begins again when it is wanted.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ECANCELED | libc::ENOBUFS)) => {}
            Err(_) => self.lost(now),
        }
    }

    fn receive(&mut self, mut buffer: impl DerefMut<Target = [u8]>, now: Instant) {
        let Some(begin) = self.speech.receive_proxy_header(&buffer) else { return self.lost(now) };
        let octets = &mut buffer[begin..];
        let Some(tls) = &mut self.tls else { return self.speech.receive(octets, now) };
        let taken = tls.receive(octets, &mut self.speech, now);
        if taken < octets.len() || tls.holds_plaintext() {
            self.held.get_or_insert_default().octets.extend_from_slice(&octets[taken..]);
        }
    }

    /// Takes what was held, as far as it is wanted now.
    fn unhold(&mut self, now: Instant) {
        if !self.speech.wants_input() {
            return;
        }
        let Some(mut held) = self.held.take() else { return };
        self.has_moved = true;
        if let Some(tls) = &mut self.tls {
            let taken = tls.receive(&held.octets, &mut self.speech, now);
            held.octets.drain(..taken);
            if !held.octets.is_empty() || tls.holds_plaintext() {
                self.held = Some(held);
                return;
            }
        } else if !held.octets.is_empty() {
            self.speech.receive(&mut held.octets, now);
            held.octets = Vec::new();
        }
        if !held.is_end {
            return;
        }
        if self.speech.wants_input() {
            self.speech.end_of_input(now);
        } else {
            self.held = Some(held);
        }
    }

    fn lost(&mut self, now: Instant) {
        self.is_broken = true;
        self.speech.lost(now);
    }

    /// The socket takes octets again, or is broken, which the next write finds out.
    pub(super) fn unblocked(&mut self) {
        self.is_blocked = false;
        self.is_polling = false;
        self.has_moved = true;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.speech.deadline()
    }

    /// Its deadline may have come.
    pub(super) fn timeout(&mut self, now: Instant) {
        self.timer = None;
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.has_moved = true;
            self.speech.handle_timeout(now);
            // There is no answer for somebody who speaks no TLS.
            self.is_broken |= self.is_handshaking();
        }
    }

    fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// The server stops.
    pub(super) fn stop(&mut self) {
        self.has_moved = true;
        self.speech.stop();
        self.is_broken |= self.is_handshaking();
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// A WebSocket's seat.
    pub(super) fn seat(&self) -> Option<Seat> {
        self.speech.seat()
    }

    /// Whether what is published may be written to the socket as it is.
    pub(super) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Says what became of writing what was published, `len` octets of it, and how much of it went out.
    pub(super) fn published(&mut self, written: &io::Result<usize>, len: usize, now: Instant) -> usize {
        let count = self.judge(written, len, now);
        self.has_moved |= count < len;
        count
    }

    /// The first part of a turn: the app goes on.
    pub(super) fn advance(&mut self, now: Instant) {
        self.is_ready = false;
        self.unhold(now);
        self.has_moved |= self.speech.advance(now);
    }

    /// The second part: takes up what others have left. True if there may be anything to write.
    pub(super) fn prepare(&mut self, plan: &mut Plan, fanout: &mut Fanout, now: Instant) -> bool {
        let has_output = self.is_unfinished || !self.is_flushed() || self.speech.has_output(fanout);
        if self.is_broken || !has_output {
            return false;
        }
        self.speech.prepare(fanout, now);
        if let Some(tls) = &mut self.tls {
            self.is_unfinished = !tls.fill(&mut self.speech, plan, fanout, now);
            self.speech.settle(self.is_unfinished && self.is_blocked, self.is_unfinished, fanout);
        }
        !self.is_blocked
    }

    /// The third part: plans what to write.
    pub(super) fn plan(&mut self, plan: &mut Plan, fanout: &Fanout) {
        if self.is_plain() {
            self.speech.plan(plan, fanout);
        }
    }

    /// The fourth part: what is to be written, in pieces; says how many there are.
    pub(super) fn pieces<'a>(&'a self, plan: &Plan, fanout: &'a Fanout, pieces: &mut Pieces<'a>) -> usize {
        match &self.tls {
            Some(tls) => {
                pieces[0] = IoSlice::new(tls.output());
                usize::from(!tls.is_flushed())
            }
            None => self.speech.pieces(plan, fanout, pieces),
        }
    }

    /// The fifth part: what became of that, of `len` octets.
    pub(super) fn written(
        &mut self,
        written: &io::Result<usize>,
        len: usize,
        plan: &Plan,
        fanout: &mut Fanout,
        now: Instant,
    ) {
        let count = self.judge(written, len, now);
        if count > 0 {
            self.has_moved = true;
            match &mut self.tls {
                Some(tls) => tls.written(count),
                None => self.speech.written(plan, count, fanout, now),
            }
        }
    }

    /// How much was written.
    fn judge(&mut self, written: &io::Result<usize>, len: usize, now: Instant) -> usize {
        let count = match written {
            Ok(count) if *count > 0 => *count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            _ => {
                self.lost(now);
                return 0;
            }
        };
        self.is_blocked = count < len;
        count
    }

    /// The last part: what is to happen until the next turn. `wrote` is whether the second part said that there may
    /// be something to write.
    pub(super) fn settle<E: Engine>(
        &mut self,
        around: &mut Around<'_, E>,
        key: u64,
        wrote: bool,
        now: Instant,
    ) -> Next {
        let Around { engine, plan, fanout } = around;
        if self.speech.is_foreign() {
            return Next::Leave;
        }
        let has_more = wrote && !self.is_broken && self.settle_output(plan, fanout);
        self.shut_down(now);
        self.has_moved |= self.is_flushed() && self.speech.upgrade(fanout, self.tls.is_none());
        let is_over = self.speech.is_finished()
            || self.is_broken && self.speech.seat().is_none()
            || self.tls.as_ref().is_some_and(|tls| tls.has_failed());
        if is_over && (self.is_broken || self.is_blocked || self.is_flushed()) {
            return Next::Close;
        }
        if self.may_be_carried(fanout) {
            return Next::Carry;
        }
        self.direct_input(*engine, key);
        if self.is_blocked && !std::mem::replace(&mut self.is_polling, true) {
            engine.await_room(self.socket.as_fd(), key);
        }
        let has_moved = std::mem::take(&mut self.has_moved);
        if has_more || (has_moved && self.can_move(fanout)) || !self.speech.sleep() {
            return Next::Again;
        }
        if !wrote && !self.is_blocked {
            // It has nothing of its own, so the sweep may write to it.
            self.speech.settle(false, false, fanout);
        }
        Next::Rest
    }

    /// Looks whether there is more to write. True if that can be done at once.
    fn settle_output(&mut self, plan: &mut Plan, fanout: &mut Fanout) -> bool {
        if self.is_plain() {
            self.is_unfinished = !self.is_blocked && self.speech.plan(plan, fanout);
            self.speech.settle(self.is_blocked, self.is_unfinished, fanout);
        } else if self.is_blocked && self.is_unfinished {
            // From here on how far it is behind is its own fault.
            self.speech.settle(true, true, fanout);
        }
        !self.is_blocked && (self.is_unfinished || !self.is_flushed())
    }

    fn is_flushed(&self) -> bool {
        self.tls.as_ref().is_none_or(|tls| tls.is_flushed())
    }

    /// Ends the writing direction when everything is out.
    fn shut_down(&mut self, now: Instant) {
        if !self.speech.wants_shutdown() || self.is_broken {
            return;
        }
        if let Some(tls) = &mut self.tls {
            tls.close();
        }
        if self.is_flushed() {
            self.has_moved = true;
            // A socket that is not connected any more has nothing to be ended.
            let _ = self.socket.shutdown(Shutdown::Write);
            self.speech.shut_down(now);
        }
    }

    /// Receives while it is wanted, and only then.
    fn direct_input(&mut self, engine: &mut impl Engine, key: u64) {
        let is_wanted = self.held.is_none() && self.speech.wants_input() && !self.is_broken;
        if is_wanted && !self.is_receiving {
            self.is_receiving = true;
            engine.receive(self.socket.as_fd(), key);
        } else if !is_wanted && self.is_receiving && !self.is_cancelling {
            self.is_cancelling = true;
            engine.cancel_receive(key);
        }
    }

    /// Whether another turn can do anything.
    fn can_move(&self, fanout: &Fanout) -> bool {
        if self.held.is_some() && self.speech.wants_input() || self.speech.can_advance() {
            return true;
        }
        self.speech.is_finished()
            || !self.is_blocked && (self.speech.wants_shutdown() || self.speech.has_output(fanout))
    }

    /// Ends what is under way and closes the socket behind it.
    pub(super) fn close(self, engine: &mut impl Engine, key: u64) {
        if self.is_receiving && !self.is_cancelling {
            engine.cancel_receive(key);
        }
        if self.is_polling {
            engine.cancel_await_room(key);
        }
        engine.close(OwnedFd::from(self.socket), key);
    }
}
