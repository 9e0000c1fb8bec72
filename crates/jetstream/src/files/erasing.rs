//! Erasing a file: what it is first, so that nobody finds one that is not whole, and then its octets, which are overwritten.

use async_nats::jetstream::stream::Stream;
use parlor_chat::Trouble;

use super::SharedFiles;
use crate::settled;

impl SharedFiles {
    /// Erases all that there is of a file, whole or not. What is gone already is no matter, so several may do it at once.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if something may be left.
    pub fn erase(&self, name: &str) -> Result<(), Trouble> {
        let stream = self.stream()?;
        let all = [self.about(name), self.octets(name, ">")];
        all.iter().try_for_each(|subjects| self.erase_all(&stream, subjects))
    }

    /// Erases everything with these subjects.
    pub(super) fn erase_all(&self, stream: &Stream<()>, subjects: &str) -> Result<(), Trouble> {
        let mut from = 1;
        while let Some(message) = self.next(stream, subjects, from)? {
            self.connection.wait(settled::erase(stream, message.sequence))?;
            from = message.sequence + 1;
        }
        Ok(())
    }
}
