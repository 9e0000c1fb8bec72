//! The tables in the file, which version of them it is, and the way from older ones.

use rusqlite::{Connection, TransactionBehavior};

use super::Options;
use super::error::trouble;
use crate::trouble::Trouble;

/// `Parl`: what says that a database is ours (<https://sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION: i64 = 0x5061_726c;

/// Step n leads from version n − 1 to version n. A step that was released is never changed.
///
/// That a row replaces another, and that a row without a value ends a statement in its middle, is said here and not in
/// the statements: SQLite keeps a copy of every page that a statement touches if the statement might have to be undone
/// by itself, and here it is always the whole batch that is undone.
const STEPS: &[&str] = &[
    "
    CREATE TABLE log (
        position INTEGER PRIMARY KEY ON CONFLICT REPLACE,
        entry BLOB NOT NULL ON CONFLICT FAIL
    );
    CREATE TABLE state (
        key BLOB NOT NULL ON CONFLICT FAIL PRIMARY KEY ON CONFLICT REPLACE,
        value BLOB NOT NULL ON CONFLICT FAIL
    ) WITHOUT ROWID;
",
    "
    CREATE TABLE pending (piece INTEGER PRIMARY KEY, rows BLOB NOT NULL);
",
];

/// Checks what is in the file and brings it to the present version.
pub(crate) fn prepare(connection: &mut Connection, options: &Options) -> Result<(), Trouble> {
    migrate(connection, STEPS)?;
    let octets = number(connection, "page_count")? * number(connection, "page_size")?;
    if u64::try_from(octets).unwrap_or_default() <= options.check_up_to {
        verify(connection)?;
    }
    Ok(())
}

/// Reads through the file and checks that it is in order.
pub(crate) fn verify(connection: &Connection) -> Result<(), Trouble> {
    let result: String =
        connection.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(trouble)?;
    if result == "ok" { Ok(()) } else { Err(Trouble::Corrupt(result)) }
}

/// Checks that the file is a database of ours that needs no step forward, without writing anything.
pub(crate) fn recognize(connection: &Connection) -> Result<(), Trouble> {
    match version(connection, STEPS)? {
        known if known == STEPS.len() => Ok(()),
        _ => Err(Trouble::Older),
    }
}

/// How many steps the file has taken.
fn version(connection: &Connection, steps: &[&str]) -> Result<usize, Trouble> {
    let application = number(connection, "application_id")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(trouble)?;
    if application != APPLICATION && (application != 0 || tables > 0) {
        return Err(Trouble::Corrupt("the file is a database of another program".into()));
    }
    let version = number(connection, "user_version")?;
    let known = usize::try_from(version).unwrap_or(usize::MAX);
    if known > steps.len() {
        let newest = steps.len();
        return Err(Trouble::Newer(format!(
            "its format is {version}, and this version knows up to {newest}"
        )));
    }
    Ok(known)
}

fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), Trouble> {
    let known = version(connection, steps)?;
    // All or nothing: a crash in between leaves the old version.
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(trouble)?;
    for step in &steps[known..] {
        transaction.execute_batch(step).map_err(trouble)?;
    }
    if known < steps.len() {
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(trouble)?;
        let newest = i64::try_from(steps.len()).expect("steps are few");
        transaction.pragma_update(None, "user_version", newest).map_err(trouble)?;
    }
    transaction.commit().map_err(trouble)
}

fn number(connection: &Connection, pragma: &str) -> Result<i64, Trouble> {
    connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(trouble)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_brought_forward_and_a_newer_one_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps =
            ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)", "BROKEN"];
        migrate(&mut connection, &steps[..1]).unwrap();
        assert!(matches!(migrate(&mut connection, &steps), Err(Trouble::Io(_))));
        assert_eq!(number(&connection, "user_version"), Ok(1), "a step that fails leaves the version before");
        migrate(&mut connection, &steps[..2]).unwrap();
        migrate(&mut connection, &steps[..2]).unwrap();
        let sum: i64 = connection.query_row("SELECT sum(y) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 2, "each step is taken once");
        let refusal = migrate(&mut connection, &steps[..1]).unwrap_err();
        assert_eq!(refusal, Trouble::Newer("its format is 2, and this version knows up to 1".into()));
        assert!(refusal.to_string().ends_with("start that version"));
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7"] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            assert!(matches!(migrate(&mut connection, STEPS), Err(Trouble::Corrupt(_))), "{sql}");
        }
    }
}
