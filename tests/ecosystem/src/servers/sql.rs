//! `sqlx` with SQLite: connections that tasks share, transactions, and rows in parallel loops.

use crate::{in_task, scratch};
use manyhands::prelude::*;
use manyhands::task::JoinSet;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{Error, Row};
use std::time::Duration;

const TASKS: i64 = 8;
const ROWS: i64 = 25;

/// Rows of one task, in a transaction; those of odd tasks are taken back.
async fn insert(pool: SqlitePool, task: i64) -> Result<(), Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    for row in 0..ROWS {
        sqlx::query("INSERT INTO numbers (task, n) VALUES (?, ?)")
            .bind(task)
            .bind(row)
            .execute(&mut *transaction)
            .await?;
    }
    if task % 2 == 0 {
        transaction.commit().await
    } else {
        drop(transaction);
        Ok(())
    }
}

async fn test() -> Result<(), Error> {
    let folder = scratch();
    std::fs::create_dir(&folder)?;
    let options = SqliteConnectOptions::new()
        .filename(folder.join("numbers.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(60));
    let pool = SqlitePoolOptions::new()
        .max_connections(3)
        .connect_with(options)
        .await?;
    sqlx::query("CREATE TABLE numbers (task INTEGER, n INTEGER, UNIQUE (task, n))")
        .execute(&pool)
        .await?;

    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(insert(pool.clone(), task));
    }
    for result in tasks.join_all().await {
        result?;
    }

    let rows = sqlx::query("SELECT task, n FROM numbers")
        .fetch_all(&pool)
        .await?;
    assert_eq!(rows.len() as i64, TASKS / 2 * ROWS);
    let sum = rows
        .par_iter()
        .map(|row| row.get::<i64, _>("n"))
        .sum::<i64>();
    assert_eq!(sum, TASKS / 2 * (ROWS * (ROWS - 1) / 2));
    assert!(
        rows.par_iter()
            .all(|row| row.get::<i64, _>("task") % 2 == 0)
    );

    // An error of the database is an error, and the connection goes on.
    let twice = sqlx::query("INSERT INTO numbers VALUES (0, 0)")
        .execute(&pool)
        .await;
    assert!(
        twice
            .unwrap_err()
            .as_database_error()
            .unwrap()
            .is_unique_violation()
    );
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM numbers")
        .fetch_one(&pool)
        .await?;
    assert_eq!(count, TASKS / 2 * ROWS);
    pool.close().await;
    assert!(matches!(pool.acquire().await, Err(Error::PoolClosed)));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

#[test]
fn sqlx_with_sqlite() {
    in_task(async || test().await.unwrap());
}
