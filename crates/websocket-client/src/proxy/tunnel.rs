//! Asking a proxy for a way to a server: a negotiation that does no I/O, and the loop that does it for any.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::ProxyError;

/// What a negotiation needs next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send these bytes.
    Write(Vec<u8>),
    /// Receive some bytes, at most so many: what comes after the negotiation is not its own.
    Read(usize),
    /// From here on the bytes are the server's.
    Done,
}

/// One side of a conversation with a proxy.
pub(super) trait Negotiation {
    /// What to do next. Each step is given out once, apart from reading, which is asked for until enough came.
    fn step(&mut self) -> Result<Step, ProxyError>;

    /// Takes bytes that were asked for.
    fn receive(&mut self, bytes: &[u8]);
}

/// Goes through a negotiation.
pub(super) async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    mut negotiation: impl Negotiation,
) -> Result<(), ProxyError> {
    loop {
        match negotiation.step()? {
            Step::Write(bytes) => {
                stream.write_all(&bytes).await.map_err(ProxyError::Io)?;
                stream.flush().await.map_err(ProxyError::Io)?;
            }
            Step::Read(at_most) => {
                let mut bytes = Vec::new();
                let read = stream.take(at_most as u64).read_buf(&mut bytes).await.map_err(ProxyError::Io)?;
                if read == 0 {
                    return Err(ProxyError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                negotiation.receive(&bytes);
            }
            Step::Done => return Ok(()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Plays the proxy by a table of what it expects and what it answers, `piece` octets at a time, and gives
    /// back how the negotiation ends and what of the answers was not asked for.
    pub(crate) fn play(
        mut negotiation: impl Negotiation,
        script: &[(&[u8], &[u8])],
        piece: usize,
    ) -> (Result<(), ProxyError>, Vec<u8>) {
        let mut script = script.iter();
        let mut answer: Vec<u8> = Vec::new();
        loop {
            match negotiation.step() {
                Ok(Step::Write(bytes)) => {
                    let (expected, said) = script.next().expect("the proxy's script is over");
                    assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
                    answer.extend_from_slice(said);
                }
                Ok(Step::Read(at_most)) => {
                    let len = at_most.min(piece).min(answer.len());
                    assert!(len > 0, "asked for {at_most} octets of {answer:?}");
                    let bytes: Vec<u8> = answer.drain(..len).collect();
                    negotiation.receive(&bytes);
                }
                Ok(Step::Done) => return (Ok(()), answer),
                Err(error) => return (Err(error), answer),
            }
        }
    }
}
