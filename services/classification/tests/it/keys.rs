//! A key that is not there is the matter of the records that name it, and of nobody else's.

use std::sync::Arc;

use async_trait::async_trait;
use redress_classification::topics::LIFECYCLE;
use redress_domain::{Role, TenantId};
use redress_outbox::HandlerError;
use redress_proto::admin::v1::admin_service_client::AdminServiceClient;
use redress_proto::admin::v1::{ListParkedRequest, RedriveParkedRequest};
use redress_testkit::{bearing, wait_until};
use redress_vault::{DataKey, FileKeyProvider, IndexKey, KeyProvider, Vault, VaultError, WrappedKey};

use crate::bench::{Bench, Told, told};
use crate::world::{PATIENCE, World};

const PARCEL: &str = "下单十天了一直没发货,催了客服三次都没有用,订单还是待发货。";

/// A provider that answers every question with one failure.
struct Failing(fn(&TenantId) -> VaultError);

#[async_trait]
impl KeyProvider for Failing {
    async fn wrap(&self, tenant: &TenantId, _: &DataKey) -> Result<WrappedKey, VaultError> {
        Err(self.0(tenant))
    }
    async fn unwrap(&self, tenant: &TenantId, _: &WrappedKey) -> Result<DataKey, VaultError> {
        Err(self.0(tenant))
    }
    async fn blind_index_key(&self, tenant: &TenantId) -> Result<IndexKey, VaultError> {
        Err(self.0(tenant))
    }
}

fn no_such_key(tenant: &TenantId) -> VaultError {
    VaultError::UnknownKey { tenant: tenant.clone(), key_id: "k2".into() }
}

fn away(_: &TenantId) -> VaultError {
    VaultError::Unavailable("connection refused".into())
}

#[tokio::test]
async fn a_missing_key_is_the_records_own_fault_and_a_provider_that_is_down_is_away() {
    let bench = Bench::new().await;
    let delivery = bench.registered(told(1, PARCEL)).await;
    let bench = bench.with_keys(Arc::new(Failing(no_such_key)));
    let refused = bench.apply(std::slice::from_ref(&delivery)).await.unwrap_err();
    assert!(matches!(refused, HandlerError::Poison(_)), "{refused:?}");
    let bench = bench.with_keys(Arc::new(Failing(away)));
    let waits = bench.apply(&[delivery]).await.unwrap_err();
    assert!(matches!(waits, HandlerError::Unavailable(_)), "{waits:?}");
}

/// A key file in which its last tenant has another current key, `k2`, beside the one it had.
fn rotated(text: &str) -> String {
    let last = text.rfind("current = \"k1\"").unwrap();
    let (before, section) = text.split_at(last);
    let key = section.lines().find_map(|line| line.strip_prefix("k1 = ")).unwrap();
    format!("{before}{}k2 = {key}\n", section.replace("current = \"k1\"", "current = \"k2\""))
}

#[tokio::test]
async fn one_tenants_missing_key_stops_nobody_elses_complaints_and_its_own_follow_when_it_is_back() {
    let world = World::new().await;
    let text = std::fs::read_to_string(world.key_file()).unwrap();
    let new_keys = world.key_file().with_file_name("rotated.toml");
    std::fs::copy(world.key_file(), &new_keys).unwrap();
    std::fs::write(&new_keys, rotated(&text)).unwrap();
    let ahead = Vault::new(Arc::new(FileKeyProvider::open(&new_keys).unwrap()));
    let of_b = |n| Told { tenant: "tenant-b", ..told(n, PARCEL) };
    world.publish_sealed(&ahead, (1..=3).map(of_b).collect()).await;
    world.publish((11..=30).map(|n| told(n, PARCEL)).collect()).await;

    let running = world.serve().await;
    wait_until("the other tenant's complaints are assessed", PATIENCE, async || {
        (world.count("SELECT count(*) FROM complaint WHERE tenant = 'tenant-a'").await == 20).then_some(())
    })
    .await;
    wait_until("those that do not open are set aside", PATIENCE, async || {
        (world.count("SELECT count(*) FROM parked_event WHERE tenant = 'tenant-b'").await == 3).then_some(())
    })
    .await;
    drop(running);

    // The key is brought, and the process started again: it reads its file once.
    std::fs::copy(&new_keys, world.key_file()).unwrap();
    let running = world.serve().await;
    let token = world.token("tenant-b", &[Role::Admin]);
    let mut admin = AdminServiceClient::new(running.grpc.clone());
    let parked = admin.list_parked(bearing(&token, ListParkedRequest::default())).await.unwrap().into_inner();
    assert_eq!(parked.events.len(), 3);
    let request = RedriveParkedRequest {
        topic: LIFECYCLE.into(),
        reason: "the key is back".into(),
        ..RedriveParkedRequest::default()
    };
    let redriven = admin.redrive_parked(bearing(&token, request)).await.unwrap().into_inner();
    assert_eq!((redriven.applied, redriven.still_parked), (3, 0));
    assert_eq!(world.count("SELECT count(*) FROM complaint WHERE tenant = 'tenant-b'").await, 3);
    assert_eq!(world.count("SELECT count(*) FROM parked_event WHERE status = 'parked'").await, 0);
}
