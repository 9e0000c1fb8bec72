//! What a connection sends: messages into its queue, and bytes out of it.

use std::io::IoSlice;
use std::time::Instant;

use super::Connection;
use crate::close_code::CloseCode;
use crate::error::UsageError;
use crate::message::{Kind, Message};
use crate::output_buffer::OutputBuffer;
use crate::prepared::Prepared;
use crate::sending::Transmit;
use crate::state::Trigger;

/// Sending.
impl Connection {
    /// What to do with the transport next, in this order. `None`: nothing until something changes.
    ///
    /// Bytes that were handed out are the caller's to write, all of them, before anything later. To write them from
    /// where they are, with no memory for them, there is [`poll_slices`](Connection::poll_slices).
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        let transmit = self.sending.poll_transmit();
        self.charge();
        transmit
    }

    /// What to do with the transport next, as [`poll_transmit`](Connection::poll_transmit) says it, but the bytes stay
    /// where they are until they are [`written`](Connection::written): small frames one behind the other, and shared
    /// payloads as they are. `slices` should be at least two; eight are enough for most, and if not everything found
    /// room there is more next time.
    ///
    /// ```
    /// use std::io::{self, IoSlice, Write};
    /// use websocket_driver::{Connection, OutputBuffer, Transmit};
    ///
    /// fn turn(connection: &mut Connection, buffer: &mut OutputBuffer, socket: &mut impl Write) -> io::Result<()> {
    ///     connection.lend_buffer(buffer);
    ///     connection.send("one").and_then(|()| connection.send("two")).map_err(io::Error::other)?;
    ///     loop {
    ///         let mut slices = [IoSlice::new(&[]); 8];
    ///         let Some(Transmit::Bytes(slices)) = connection.poll_slices(&mut slices) else { break };
    ///         let len = socket.write_vectored(slices)?;
    ///         connection.written(len);
    ///     }
    ///     connection.return_buffer(buffer);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When `slices` is empty.
    pub fn poll_slices<'a, 's>(
        &'a mut self,
        slices: &'s mut [IoSlice<'a>],
    ) -> Option<Transmit<&'s [IoSlice<'a>]>> {
        assert!(!slices.is_empty(), "there is room for a slice");
        let transmit = self.sending.poll_slices();
        if self.sending.sender.control_retained() > 0 {
            self.charge();
        }
        match transmit? {
            Transmit::Bytes(()) => {
                let count = self.sending.sender.slices(slices);
                Some(Transmit::Bytes(&slices[..count]))
            }
            Transmit::Shutdown => Some(Transmit::Shutdown),
        }
    }

    /// Forgets the first `len` octets of what [`poll_slices`](Connection::poll_slices) gave, because the transport has
    /// them. Nothing else may be done with the connection between the two but to receive and to send.
    ///
    /// # Panics
    ///
    /// When it is more than waits.
    pub fn written(&mut self, len: usize) {
        let has_control = self.sending.sender.control_retained() > 0;
        self.sending.sender.written(len);
        if has_control {
            self.charge();
        } else {
            self.charge_sending();
        }
    }

    /// Lends the connection memory for what it sends, until [`return_buffer`](Connection::return_buffer). It is not
    /// counted as [`retained`](Connection::retained). Does nothing where the connection has memory of its own because
    /// something waits in it, or has a buffer already.
    pub fn lend_buffer(&mut self, buffer: &mut OutputBuffer) {
        self.sending.sender.lend(buffer);
    }

    /// Takes back what was [lent](Connection::lend_buffer), if it was. What has not been written by then moves to
    /// memory of the connection's own.
    pub fn return_buffer(&mut self, buffer: &mut OutputBuffer) {
        self.sending.sender.return_to(buffer);
        self.charge_sending();
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing, [`UsageError::MessageUnfinished`] between parts of
    /// a message.
    #[inline]
    pub fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), UsageError> {
        let message = message.into();
        // Most messages are short, and go where there is room.
        if self.sending.send_at_once(&message) {
            return Ok(());
        }
        self.sending.send(message)?;
        self.charge_sending();
        Ok(())
    }

    /// Queues a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`send`](Connection::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.sending.send_prepared(prepared)?;
        self.charge_sending();
        Ok(())
    }

    /// Queues a message in frames of at most `fragment_len` octets of payload (RFC 6455 §5.4).
    ///
    /// # Errors
    ///
    /// As [`send`](Connection::send).
    pub fn send_fragmented<'a>(
        &mut self,
        message: impl Into<Message<'a>>,
        fragment_len: usize,
    ) -> Result<(), UsageError> {
        self.sending.send_fragmented(&message.into(), fragment_len)?;
        self.charge();
        Ok(())
    }

    /// Queues a part of a message that need not be there as a whole; `last` ends it. Parts go out uncompressed,
    /// each as a frame of its own, or as the octets of a frame that was
    /// [announced](Connection::announce). Between parts nothing but pings can be sent.
    ///
    /// # Errors
    ///
    /// [`UsageError::Closed`] once the connection is closing; [`UsageError::WrongPart`] for a part of another kind
    /// than the first, or that does not fit the announced length.
    pub fn send_part<'a>(&mut self, part: impl Into<Message<'a>>, last: bool) -> Result<(), UsageError> {
        self.sending.send_part(&part.into(), last)?;
        self.charge();
        Ok(())
    }

    /// Queues the header of a message of `length` octets in one frame. Send its octets with
    /// [`send_part`](Connection::send_part), in pieces of any size; until they are complete not even a close can
    /// be sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Connection::send).
    pub fn announce(&mut self, kind: Kind, length: u64) -> Result<(), UsageError> {
        self.sending.announce(kind, length)?;
        self.charge();
        Ok(())
    }

    /// Queues a ping; it overtakes messages that wait. Pings for keep-alive are sent without being asked for.
    ///
    /// # Errors
    ///
    /// [`UsageError::ControlTooLong`] above 125 octets, [`UsageError::Closed`] once the connection is closing.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.sending.ping(payload)?;
        self.charge();
        Ok(())
    }

    /// Says goodbye, behind everything that is queued. The peer's answer, or the lack of it, comes as
    /// [`Event::Closed`](crate::Event::Closed). Closing twice does nothing.
    ///
    /// # Errors
    ///
    /// [`UsageError::ReasonTooLong`] above 123 octets; [`UsageError::InvalidCloseCode`] for a code that was
    /// received as [`CloseCode::ABNORMAL`] and must not be sent; [`UsageError::MessageUnfinished`] within a frame
    /// that was announced. [`CloseCode::NO_STATUS`] sends an empty body, which has no room for a reason.
    pub fn close(&mut self, code: CloseCode, reason: &str, now: Instant) -> Result<(), UsageError> {
        if self.sending.close(code, reason, now)? {
            self.receiving.happened(Trigger::SendClose, now);
            self.charge();
        }
        Ok(())
    }

    /// Forgets every message that waits and has not begun to go out: for a peer that has fallen too far
    /// behind. Does nothing once the connection is closing.
    pub fn discard_queue(&mut self) {
        self.sending.discard_queue();
        self.charge();
    }

    /// Lets go of the memory that only makes messages shorter: the window of our own compression. What the peer
    /// may refer to has to stay. For connections that rest, when memory is short.
    pub fn hibernate(&mut self) {
        self.sending.sender.hibernate();
        self.charge();
    }

    /// Whether the compressed form of a [`Prepared`] can go out here. Whoever writes such forms to the transport
    /// past this connection calls [`hibernate`](Connection::hibernate) before each message that is sent through
    /// it, which must not refer to what the peer has seen in between.
    pub fn takes_compressed(&self) -> bool {
        self.sending.sender.takes_compressed()
    }

    /// Octets that wait in the queue, not counting bytes that were handed out.
    pub fn queued(&self) -> usize {
        self.sending.sender.queued()
    }

    /// Whether `poll_transmit` has something to hand out.
    pub fn wants_transmit(&self) -> bool {
        self.sending.wants_transmit()
    }
}
