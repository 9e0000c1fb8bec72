//! Full-text search: an index beside the log, kept by a thread of its own in a database file of its own.
//!
//! *The index proposes, the text decides.* The index has no texts and no order of words: for each word (and beginning
//! of a word, pair of letters of a script without spaces, room, author, …) it has the messages that it is in. A query
//! asks it for messages that may be meant, newest first; each of them is read, analysed and matched as it is now.
//! That match alone says what is found and what is highlighted, so that an index that lags behind, or says too much,
//! never shows what is not there.
//!
//! *Bounded.* A page costs one budget of steps (25 ms on a machine of 2026), however many messages there are and
//! however common the words. When the budget ends, the page says where to go on. The results are ranked by
//! relevance and age in pools of [`POOL`], newest pool first.
//!
//! *Never in the way.* The [`Indexer`] reads the log through a [`Feed`] in batches, stores its position with what it
//! took in, and merges, cleans and erases between batches in slices. Nothing of it is ever part of a commit of the log.
//! The file can be deleted at any time while the server is stopped: it is built anew.
//!
//! *Erasure reaches it.* What is deleted or edited cannot be found from the transaction on that learns of it; its words
//! leave the postings right after that, and the file's free space with them.
//!
//! ```no_run
//! use parlor_chat::search::*;
//! use parlor_chat::{Place, Timestamp};
//! # fn show(feed: impl Feed + 'static, directory: &dyn Directory, texts: &dyn Texts, readable: &Readable)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let (indexer, search) = Indexer::start(Options::new("search.db"), feed)?;
//! indexer.wake(); // after each commit of the log
//!
//! let clock = Clock { now: Timestamp::now(), ahead: 60 };
//! let query = Query::parse("dinner from:anna", directory, &clock)?;
//! let request = Request { query: &query, readable, now: clock.now, limit: 20, cursor: None };
//! for hit in search.find(request, texts)?.hits {
//!     println!("{}: {}", hit.message.sequence, hit.snippet.text);
//! }
//! # Ok(())
//! # }
//! ```

mod analysis;
mod blocks;
mod change;
mod cursor;
mod date;
mod erasure;
mod error;
mod find;
mod fold;
mod gaps;
mod indexer;
mod language;
mod matching;
mod merge;
mod pages;
mod places;
mod plan;
mod query;
mod script;
mod snippet;
mod store;
mod terms;
mod update;
mod walk;

pub use change::{Batch, Change, Feed};
pub use cursor::Cursor;
pub use date::Clock;
pub use error::SearchError;
pub use find::{Hit, PAGE, POOL, Page, Request, Texts};
pub use indexer::{AT_ONCE, Indexer, Options, PAUSE, Search};
pub use language::{Directory, QUERY, QueryError, WORDS};
pub use plan::{Bounds, Readable};
pub use query::Query;
pub use snippet::{SNIPPET, Snippet};
