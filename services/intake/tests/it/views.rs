use std::sync::Arc;

use async_trait::async_trait;
use redress_domain::{ComplaintId, TenantId};
use redress_intake::app::queries::Queries;
use redress_intake::app::view::Views;
use redress_postgres::{Db, PostgresConfig};
use redress_proto::intake::v1::GetComplaintRequest;
use redress_vault::{DataKey, FileKeyProvider, IndexKey, KeyProvider, Vault, VaultError, WrappedKey};

use crate::bench::{Bench, complainant, officer, submission};

/// Keys that are asked for over the network and, on the way, want a connection for themselves.
struct Remote {
    keys: FileKeyProvider,
    db: Db,
}

impl Remote {
    async fn needs_a_connection(&self) {
        self.db.pool().acquire().await.expect("no connection is held while the vault is asked");
    }
}

#[async_trait]
impl KeyProvider for Remote {
    async fn wrap(&self, tenant: &TenantId, data_key: &DataKey) -> Result<WrappedKey, VaultError> {
        self.keys.wrap(tenant, data_key).await
    }

    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey, VaultError> {
        self.needs_a_connection().await;
        self.keys.unwrap(tenant, wrapped).await
    }

    async fn blind_index_key(&self, tenant: &TenantId) -> Result<IndexKey, VaultError> {
        self.needs_a_connection().await;
        self.keys.blind_index_key(tenant).await
    }
}

#[tokio::test]
async fn no_connection_is_held_while_the_vault_is_asked() {
    let bench = Bench::new().await;
    let first = bench.attempt(&complainant("c1"), "k1", submission("a")).await;
    let conflicting = bench.attempt(&complainant("c1"), "k1", submission("b")).await;
    let id = ComplaintId::from_uuid(first.meta.subject);
    bench.apply(&[first, conflicting]).await.unwrap();

    let config = PostgresConfig { max_connections: 1, ..PostgresConfig::at(bench.database.url.as_str()) };
    let db = Db::connect(&config, "intake-test").unwrap();
    let vault = Arc::new(Vault::new(Arc::new(Remote { keys: bench.provider(), db: db.clone() })));
    let queries =
        Queries { views: Views { db, vault, ..bench.queries.views.clone() }, ..bench.queries.clone() };
    let request = GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    let seen = queries.get(&officer(), request).await.unwrap();
    assert_eq!(seen.conflicts[0].text.as_deref(), Some("b"));
}
