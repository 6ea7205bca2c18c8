//! Opening the database and bringing its schema up to date.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{Result, StoreError, private};

/// How long SQLite itself waits for a lock before the connection thread tries again.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 128;

/// Each entry brings the schema from its index to the next version, in one transaction.
/// Entries are never changed once they were released; a new one is added.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Makes the state directory, readable by its owner alone, and refuses one that others may enter.
///
/// # Errors
///
/// When it cannot be made, or others may enter it.
pub fn prepare_directory(directory: &Path) -> Result<()> {
    let failed = |source| StoreError::Directory {
        path: directory.to_owned(),
        source,
    };
    if !directory.exists() {
        private::create_directory(directory).map_err(failed)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(directory)
            .map_err(failed)?
            .permissions()
            .mode()
            & 0o777;
        if mode & 0o077 != 0 {
            return Err(StoreError::Permissions {
                path: directory.to_owned(),
                mode,
            });
        }
    }
    Ok(())
}

/// Opens the connection that writes, after the schema was checked and migrated.
pub(super) fn open(path: &Path) -> Result<Connection> {
    // SQLite gives its WAL and shared-memory files the mode of the database, so it is made first.
    private::create_file(path).map_err(|source| StoreError::Directory {
        path: path.to_owned(),
        source,
    })?;
    let mut db = Connection::open(path)?;
    keep_statements(&db)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = user_version(&db)?;
    if found > known {
        return Err(StoreError::FromTheFuture {
            path: path.to_owned(),
            found,
            known,
        });
    }
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten at once. It costs nothing that could be measured.
    db.pragma_update(None, "secure_delete", true)?;
    if found < known {
        migrate(&mut db)?;
    }
    Ok(db)
}

/// Opens the connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    keep_statements(&db)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    Ok(db)
}

/// Lets a connection keep each statement that it has prepared, as to prepare one costs more than to run it.
///
/// Where there are partial indexes, SQLite prepares a statement anew for each value that is bound, in case the
/// value makes one of them fit; no query here depends on that.
/// Source: <https://www.sqlite.org/queryplanner-ng.html#qpstab>
pub(super) fn keep_statements(db: &Connection) -> Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn user_version(db: &Connection) -> Result<i64> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the schema of a database up to date.
pub(super) fn migrate(db: &mut Connection) -> Result<()> {
    // The version is read again under the lock: another process may migrate at the same time.
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = usize::try_from(user_version(&transaction)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}
