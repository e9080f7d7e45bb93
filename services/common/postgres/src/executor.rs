use std::io;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::Db;

/// Single statements, each on a connection of the pool.
///
/// The server's `statement_timeout` ends a statement that is slow. Where the server's host is gone without a word, or
/// packets vanish, nobody answers, and the library waits for minutes or for ever: its socket has neither keepalive nor
/// a limit. Here an answer that has not come five seconds after the server would have given up is given up too, as
/// [`io::ErrorKind::TimedOut`], and its connection is thrown away. Results are collected before they are handed on.
impl<'p> Executor<'p> for &'p Db {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = async move {
            let mut connection = self.pool().acquire().await?;
            let answer = connection.fetch_many(query).try_collect::<Vec<_>>();
            let answer = timeout(self.patience(), answer).await;
            in_time(connection, answer)
        };
        stream::once(all).map_ok(|all| stream::iter(all).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            let mut connection = self.pool().acquire().await?;
            let answer = timeout(self.patience(), connection.fetch_optional(query)).await;
            in_time(connection, answer)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move {
            let mut connection = self.pool().acquire().await?;
            let answer = timeout(self.patience(), connection.prepare_with(sql, parameters)).await;
            in_time(connection, answer)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        Box::pin(async move {
            let mut connection = self.pool().acquire().await?;
            let answer = timeout(self.patience(), connection.describe(sql)).await;
            in_time(connection, answer)
        })
    }
}

/// The answer, if it came. Else nobody will ask on this connection again.
fn in_time<T>(
    connection: PoolConnection<Postgres>,
    answer: Result<Result<T, Error>, Elapsed>,
) -> Result<T, Error> {
    answer.unwrap_or_else(|_| {
        drop(connection.detach());
        Err(Error::Io(io::ErrorKind::TimedOut.into()))
    })
}
