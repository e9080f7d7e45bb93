use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, ObservableGauge};
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::{DbError, PostgresConfig};

/// The service's database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    patience: Duration,
    telemetry: Arc<Telemetry>,
}

/// What the pool tells; alive as long as the pool is.
struct Telemetry {
    duration: Histogram<f64>,
    _connections: ObservableGauge<u64>,
}

impl Db {
    /// Prepares the pool; the first connection is opened by the first use, so this needs no server.
    ///
    /// Must be called within a tokio runtime. Errors: [`DbError::ConnectionString`].
    pub fn connect(config: &PostgresConfig, application_name: &str) -> Result<Self, DbError> {
        let options = config.connect_options(application_name)?;
        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(config.acquire_timeout())
            // Whatever left a transaction open, the next borrower does not run inside it.
            .after_release(|connection, _| {
                Box::pin(async move { sqlx::query("ROLLBACK").execute(connection).await.map(|_| true) })
            })
            .connect_lazy_with(options);
        Ok(Self {
            telemetry: Arc::new(Telemetry::of(&pool, application_name)),
            patience: config.patience(),
            pool,
        })
    }

    /// The pool. A transaction goes through [`Db::run_tx`]; a single statement runs on `&Db` itself, which bounds how
    /// long its answer is waited for.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Asks for a sign of life.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(self).await.map(|_| ())
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Closes all connections once their borrowers gave them back.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn record(&self, operation: &'static str, seconds: f64, error: Option<&sqlx::Error>) {
        let mut attributes = vec![
            KeyValue::new("db.system.name", "postgresql"),
            KeyValue::new("db.operation.name", operation),
        ];
        if let Some(error) = error {
            let state = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            attributes.push(match state {
                Some(state) => KeyValue::new("db.response.status_code", state.into_owned()),
                None => KeyValue::new("error.type", format!("{:?}", crate::kind_of(error))),
            });
        }
        self.telemetry.duration.record(seconds, &attributes);
    }
}

impl Telemetry {
    fn of(pool: &PgPool, name: &str) -> Self {
        let meter = opentelemetry::global::meter("redress-postgres");
        let observed = pool.clone();
        // A process may have two pools.
        let pool = KeyValue::new("db.client.connection.pool.name", name.to_owned());
        Self {
            duration: meter.f64_histogram("db.client.operation.duration").with_unit("s").build(),
            _connections: meter
                .u64_observable_gauge("db.client.connection.count")
                .with_callback(move |observer| {
                    let (all, idle) = (u64::from(observed.size()), observed.num_idle() as u64);
                    observer.observe(idle, &[pool.clone(), KeyValue::new("state", "idle")]);
                    observer
                        .observe(all.saturating_sub(idle), &[pool.clone(), KeyValue::new("state", "used")]);
                })
                .build(),
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("pool", &self.pool).finish_non_exhaustive()
    }
}
