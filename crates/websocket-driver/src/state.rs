//! The life of a connection as one table. It does not know which side it is on.

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Messages go both ways.
    Open,
    /// Our close frame is on its way; the peer's is awaited.
    CloseSent,
    /// Nothing more is delivered; what is queued, a close frame last, goes out.
    Draining,
    /// As `Draining`, and the peer has ended its direction of the transport.
    DrainingLast,
    /// Everything is out; the peer's end of the transport is awaited, and what arrives is thrown away. Closing
    /// at once would make the kernel reset the connection, and the peer might never read our close frame.
    Lingering,
    /// The transport can be dropped.
    Ended,
}

/// What can happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// We queued a close frame of our own accord.
    SendClose,
    /// The peer's close frame arrived.
    ReceiveClose,
    /// The peer broke the protocol.
    Fail,
    /// Everything queued was handed out.
    Flushed,
    /// The peer ended its direction of the transport.
    EndOfInput,
    /// The transport broke, or a deadline passed.
    Lost,
}

impl State {
    /// The table: each state's line says where each trigger leads.
    pub(crate) fn after(self, trigger: Trigger) -> State {
        use State::*;
        use Trigger::*;
        const ORDER: [Trigger; 6] = [SendClose, ReceiveClose, Fail, Flushed, EndOfInput, Lost];
        #[rustfmt::skip]
        let line = match self {
            //                SendClose     ReceiveClose  Fail          Flushed    EndOfInput    Lost
            Open         => [ CloseSent,    Draining,     Draining,     Open,      Ended,        Ended ],
            CloseSent    => [ CloseSent,    Draining,     Draining,     CloseSent, Ended,        Ended ],
            Draining     => [ Draining,     Draining,     Draining,     Lingering, DrainingLast, Ended ],
            DrainingLast => [ DrainingLast, DrainingLast, DrainingLast, Ended,     DrainingLast, Ended ],
            Lingering    => [ Lingering,    Lingering,    Lingering,    Lingering, Ended,        Ended ],
            Ended        => [ Ended,        Ended,        Ended,        Ended,     Ended,        Ended ],
        };
        line[ORDER.iter().position(|t| *t == trigger).expect("ORDER lists every trigger")]
    }

    /// Frames are still read: for messages, or for the peer's close frame.
    pub(crate) fn reads(self) -> bool {
        matches!(self, State::Open | State::CloseSent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 6] =
        [State::Open, State::CloseSent, State::Draining, State::DrainingLast, State::Lingering, State::Ended];
    const TRIGGERS: [Trigger; 6] = [
        Trigger::SendClose,
        Trigger::ReceiveClose,
        Trigger::Fail,
        Trigger::Flushed,
        Trigger::EndOfInput,
        Trigger::Lost,
    ];

    #[test]
    fn nothing_leads_back() {
        let rank = |state| STATES.iter().position(|s| *s == state).unwrap();
        for state in STATES {
            for trigger in TRIGGERS {
                assert!(rank(state.after(trigger)) >= rank(state), "{state:?} after {trigger:?}");
            }
        }
    }

    #[test]
    fn a_lost_transport_always_ends() {
        for state in STATES {
            assert_eq!(state.after(Trigger::Lost), State::Ended);
        }
    }

    #[test]
    fn after_the_peers_close_or_a_failure_nothing_is_read() {
        for state in STATES {
            assert!(!state.after(Trigger::ReceiveClose).reads());
            assert!(!state.after(Trigger::Fail).reads());
        }
    }
}
