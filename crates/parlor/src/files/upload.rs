//! A file on its way to the disk: it is there whole, with what is known of it, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use parlor_chat::{PersonId, Position, RoomId, Timestamp};

use super::Files;
use super::about::{About, HEAD};
use super::counted::Share;
use super::error::FilesError;
use super::id::FileId;
use super::jpeg::Stripping;
use super::kind::{FIRST, OCTETS, is_jpeg, kind_of};
use super::name::cleaned;
use super::shared::{self, Shared};
use super::unfit::Unfit;

/// Octets that files leave free on the disk, so that people can go on talking when it is full.
pub(super) const KEPT_FREE: u64 = 64 << 20;

/// What somebody wants to bring.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) owner: PersonId,
    pub(crate) room: RoomId,
    /// As its sender calls it.
    pub(crate) name: String,
    /// What its sender says that it is.
    pub(crate) said: String,
    /// Its octets, if that is said before.
    pub(crate) length: Option<u64>,
    /// The log ended here when it began.
    pub(crate) after: Position,
}

/// How the octets are written.
#[derive(Debug)]
enum Writing {
    /// Too few have come to say.
    Undecided(Vec<u8>),
    Plain,
    Photograph(Stripping),
}

/// A file that comes. Dropped before its end, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Upload {
    files: Arc<Files>,
    wish: Wish,
    id: FileId,
    share: Share,
    part: Part,
    at: Timestamp,
    first: Vec<u8>,
    writing: Writing,
    came: u64,
    written: u64,
}

/// The unfinished file, which is removed with this.
#[derive(Debug)]
struct Part {
    file: File,
    path: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        // The next start removes it if this fails; once it has its name, it is not there.
        let _ = fs::remove_file(&self.path);
    }
}

impl Upload {
    /// Begins a file. It blocks for a moment, as all of this does.
    pub(super) fn begin(files: Arc<Files>, wish: Wish) -> Result<Self, Unfit> {
        let (largest, at) = (files.options.largest, Timestamp::now());
        if largest == 0 {
            return Err(Unfit::Off);
        }
        if wish.length.is_some_and(|length| length > largest) {
            return Err(Unfit::TooLarge(largest));
        }
        let share = files.counted.begin(wish.owner, wish.length, at)?;
        let id = FileId::random();
        let path = files.part(id);
        let mut options = File::options();
        let file = options.create_new(true).write(true).mode(crate::data::PRIVATE_FILE).open(&path)?;
        let part = Part { file, path };
        leave_room(&part.file, wish.length.unwrap_or_default())?;
        (&part.file).write_all(&[b' '; HEAD])?;
        let writing = Writing::Undecided(Vec::new());
        Ok(Upload { files, wish, id, share, part, at, first: Vec::new(), writing, came: 0, written: 0 })
    }

    /// Takes octets that came.
    pub(crate) fn write(&mut self, octets: &[u8]) -> Result<(), Unfit> {
        let count = octets.len() as u64;
        self.came += count;
        if self.came > self.files.options.largest {
            return Err(Unfit::TooLarge(self.files.options.largest));
        }
        self.share.add(count, Timestamp::now())?;
        leave_room(&self.part.file, count)?;
        let missing = FIRST - self.first.len();
        self.first.extend_from_slice(&octets[..missing.min(octets.len())]);
        if let Writing::Undecided(held) = &mut self.writing {
            held.extend_from_slice(octets);
            if self.first.len() < FIRST {
                return Ok(());
            }
            return self.decide();
        }
        self.put(octets)
    }

    /// Writes what was held until it was known what it is.
    fn decide(&mut self) -> Result<(), Unfit> {
        let is_photograph = is_jpeg(&self.first);
        let writing = if is_photograph { Writing::Photograph(Stripping::default()) } else { Writing::Plain };
        match std::mem::replace(&mut self.writing, writing) {
            Writing::Undecided(held) => self.put(&held),
            Writing::Plain | Writing::Photograph(_) => Ok(()),
        }
    }

    fn put(&mut self, octets: &[u8]) -> Result<(), Unfit> {
        let mut stripped = Vec::new();
        let octets = match &mut self.writing {
            Writing::Photograph(stripping) => {
                stripping.push(octets, &mut stripped)?;
                &stripped
            }
            Writing::Undecided(_) | Writing::Plain => octets,
        };
        (&self.part.file).write_all(octets)?;
        self.written += octets.len() as u64;
        Ok(())
    }

    /// All has come: the file is there from now on.
    pub(crate) fn finish(mut self) -> Result<(FileId, About), Unfit> {
        if self.wish.length.is_some_and(|length| length != self.came) {
            return Err(Unfit::CutShort);
        }
        if matches!(self.writing, Writing::Undecided(_)) {
            self.decide()?;
        }
        if let Writing::Photograph(stripping) = &self.writing {
            stripping.finish()?;
        }
        let kind = kind_of(&self.wish.said, &self.first);
        let about = About {
            owner: self.wish.owner,
            room: self.wish.room,
            name: cleaned(&self.wish.name, kind),
            r#type: kind.map_or(OCTETS, |kind| kind.name).to_owned(),
            size: self.written,
            at: self.at,
            after: self.wish.after,
        };
        self.part.file.write_all_at(&about.head(), 0)?;
        self.part.file.sync_all()?;
        if let Err(error) = self.store(&about) {
            // Nobody has been told of it, so it is not there.
            let _ = fs::remove_file(self.files.path(self.id));
            self.files.abandon(self.id)?;
            return Err(error.into());
        }
        let Upload { share, id, .. } = self;
        share.keep(about.size);
        Ok((id, about))
    }

    /// Gives it to the other nodes, if there are any, and its name to what is complete on the disk.
    fn store(&self, about: &About) -> Result<(), FilesError> {
        if let Some(common) = &self.files.shared {
            let about = Shared { about: about.clone(), is_late: false };
            shared::put(common, self.id, &about, &self.part.path)?;
        }
        fs::rename(&self.part.path, self.files.path(self.id))?;
        self.files.note(self.id, about, self.share.spent())
    }
}

fn leave_room(file: &File, octets: u64) -> Result<(), Unfit> {
    if leaves_room(file, octets)? { Ok(()) } else { Err(Unfit::DiskFull) }
}

/// Whether so many octets more leave enough room on the disk of a file.
pub(super) fn leaves_room(file: &File, octets: u64) -> io::Result<bool> {
    let disk = rustix::fs::fstatvfs(file)?;
    Ok(has_room(disk.f_bavail.saturating_mul(disk.f_frsize), octets))
}

fn has_room(free: u64, octets: u64) -> bool {
    free >= octets.saturating_add(KEPT_FREE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_leaves_room_on_the_disk() {
        for (free, octets, has) in [
            (KEPT_FREE, 0, true),
            (KEPT_FREE, 1, false),
            (KEPT_FREE - 1, 0, false),
            (2 * KEPT_FREE, KEPT_FREE, true),
            (2 * KEPT_FREE, KEPT_FREE + 1, false),
            (u64::MAX, u64::MAX, true),
            (u64::MAX - 1, u64::MAX, false),
        ] {
            assert_eq!(has_room(free, octets), has, "{octets} of {free}");
        }
    }
}
