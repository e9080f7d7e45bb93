//! Sealing the personal fields of one complaint through the vault; and the record that carries them.

use std::time::Duration;

use anyhow::Context as _;
use prost::{Message as _, Name as _};
use redress_domain::{ComplaintId, TenantId};
use redress_messaging::EventMeta;
use redress_proto::convert::to_wire_time;
use redress_proto::intake::v1::SubmissionAccepted;
use redress_proto::types::v1::{Complainant, Sealed, SealedField, Submission};
use redress_vault::{FileKeyProvider, Vault};
use uuid::Uuid;

use crate::procfs::own_cpu;
use crate::report::microseconds_each;
use crate::site::Site;
use crate::texts::Texts;

/// How many are sealed between two looks at the clock.
const ROUND: u64 = 100;

/// A vault with fresh keys.
pub(super) struct Sealing {
    vault: Vault,
    tenant: TenantId,
    submission: Submission,
}

impl Sealing {
    pub(super) fn new(site: &Site) -> anyhow::Result<Self> {
        let tenant: TenantId = "raw".parse()?;
        let key_file = site.dir().join(format!("{}.toml", redress_testkit::unique_name("raw-vault")));
        FileKeyProvider::create(&key_file, std::slice::from_ref(&tenant))?;
        let submission = Texts::of_run("raw").request(0).submission.context("a request has a submission")?;
        Ok(Self {
            vault: Vault::new(std::sync::Arc::new(FileKeyProvider::open(&key_file)?)),
            tenant,
            submission,
        })
    }

    /// Processor time per complaint, microseconds: a data key, its wrapping and the fields that intake seals.
    pub(super) async fn measure(&self, lasting: Duration) -> anyhow::Result<f64> {
        let (before, mut times) = (own_cpu(), 0);
        while own_cpu().saturating_sub(before) < lasting {
            for _ in 0..ROUND {
                std::hint::black_box(self.seal(complaint(times)).await?);
                times += 1;
            }
        }
        Ok(microseconds_each(own_cpu().saturating_sub(before), times))
    }

    async fn seal(&self, complaint: ComplaintId) -> anyhow::Result<Sealed> {
        let sealer = self.vault.sealer(&self.tenant, complaint).await?;
        let complainant =
            self.submission.complainant.as_ref().map(Complainant::encode_to_vec).unwrap_or_default();
        let plain = [("text", self.submission.text.as_bytes()), ("complainant", complainant.as_slice())];
        let fields = plain
            .into_iter()
            .map(|(name, plain)| Ok(SealedField { name: name.to_owned(), value: sealer.seal(name, plain)? }))
            .collect::<anyhow::Result<_>>()?;
        Ok(Sealed { wrapped_key: sealer.wrapped_key().to_bytes(), fields })
    }

    /// Value and headers of a record as intake writes it.
    pub(super) async fn record(&self) -> anyhow::Result<(Vec<u8>, EventMeta)> {
        let (id, at) = (complaint(0), jiff::Timestamp::UNIX_EPOCH);
        let kind = self.submission.complainant.as_ref().map_or(0, |complainant| complainant.kind);
        let public = Submission {
            text: String::new(),
            complainant: Some(Complainant { kind, ..Complainant::default() }),
            ..self.submission.clone()
        };
        let message = SubmissionAccepted {
            complaint_no: "20261125-0000000000-0".to_owned(),
            received_at: Some(to_wire_time(at)),
            acknowledge_by: Some(to_wire_time(at)),
            submitted_by: "platform-raw".to_owned(),
            submission: Some(public),
            sealed: Some(self.seal(id).await?),
            fingerprint: vec![0; 32],
            complainant_index: vec![0; 16],
            submitted_as: "adapter".to_owned(),
        };
        let meta = EventMeta {
            event_id: Uuid::nil(),
            event_type: SubmissionAccepted::full_name().into(),
            source: "/redress/intake".into(),
            tenant: self.tenant.clone(),
            subject: *id.as_uuid(),
            version: None,
            occurred_at: at,
            recorded_at: None,
            actor: Some("platform-raw".to_owned()),
            decided_by: None,
            causation: None,
            correlation: None,
            traceparent: None,
            tracestate: None,
        };
        Ok((message.encode_to_vec(), meta))
    }
}

fn complaint(number: u64) -> ComplaintId {
    ComplaintId::from_uuid(Uuid::from_u64_pair(0, number))
}
