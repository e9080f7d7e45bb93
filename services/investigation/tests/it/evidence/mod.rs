//! Evidence files: taken, refused, shown, proved, handed out.

mod bucket;
mod chain;
mod heard;
mod pack;
mod process;
mod refused;
mod samples;
mod shown;
mod taken;

use std::convert::Infallible;
use std::path::Path;

use futures::{StreamExt as _, stream};
use redress_domain::Principal;
use redress_investigation::Error;
use redress_investigation::app::evidence::{self, Files};
use redress_investigation::objects::EvidenceConfig;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::submit_evidence_request::Part;

use crate::bench::{Bench, id};

/// A bench with folders for files and an open case, 1.
pub(crate) struct Shelf {
    pub(crate) bench: Bench,
    pub(crate) files: Files,
    folder: tempfile::TempDir,
}

impl Shelf {
    pub(crate) async fn new() -> Self {
        let bench = Bench::new().await;
        bench.opened(1).await;
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(bench.desk.clone(), &EvidenceConfig::in_folder(folder.path())).unwrap();
        Self { bench, files, folder }
    }

    /// Brings a file in chunks of 1,000 bytes.
    pub(crate) async fn submit(
        &self,
        who: &Principal,
        header: wire::EvidenceHeader,
        bytes: &[u8],
    ) -> Result<wire::SubmitEvidenceResponse, Error> {
        let messages: Vec<_> = messages(header, bytes).into_iter().map(Ok::<_, Infallible>).collect();
        evidence::submit(&self.files, who, stream::iter(messages)).await
    }

    /// Brings a file that is taken, and gives its id.
    pub(crate) async fn kept(&self, who: &Principal, header: wire::EvidenceHeader, bytes: &[u8]) -> String {
        self.submit(who, header, bytes).await.unwrap().evidence.unwrap().evidence_id
    }

    /// Opens a file for the handling of the case.
    pub(crate) async fn get(
        &self,
        who: &Principal,
        evidence: &str,
    ) -> Result<(wire::EvidenceItem, Vec<u8>), Error> {
        let request = wire::GetEvidenceRequest {
            complaint_id: id(1),
            evidence_id: evidence.into(),
            purpose: "case_handling".into(),
            ..wire::GetEvidenceRequest::default()
        };
        let mut parts = evidence::get(&self.files, who, request).await?;
        let mut item = None;
        let mut bytes = Vec::new();
        while let Some(part) = parts.next().await {
            match part?.part {
                Some(wire::get_evidence_response::Part::Evidence(first)) => item = Some(first),
                Some(wire::get_evidence_response::Part::Chunk(chunk)) => bytes.extend(chunk),
                None => panic!("an empty part"),
            }
        }
        Ok((item.unwrap(), bytes))
    }

    pub(crate) async fn list(&self, who: &Principal) -> Vec<wire::EvidenceItem> {
        let request = wire::ListEvidenceRequest { complaint_id: id(1) };
        evidence::list(&self.files, who, &request).await.unwrap().evidence
    }

    pub(crate) async fn render(
        &self,
        who: &Principal,
        evidence: &str,
        audience: wire::Audience,
    ) -> Result<wire::Rendition, Error> {
        let request = wire::ProduceRenditionRequest {
            request_id: format!("render-{evidence}-{audience:?}"),
            complaint_id: id(1),
            evidence_id: evidence.into(),
            audience: audience.into(),
            ..wire::ProduceRenditionRequest::default()
        };
        evidence::produce(&self.files, who, request).await
    }

    pub(crate) async fn verify(&self, rehash: bool) -> wire::VerifyEvidenceChainResponse {
        let request = wire::VerifyEvidenceChainRequest { complaint_id: id(1), rehash };
        evidence::verify(&self.files, &crate::bench::staff("handler-1"), &request).await.unwrap()
    }

    /// Every file that lies in the folders.
    pub(crate) fn left(&self) -> Vec<String> {
        files_in(self.folder.path())
    }

    /// Where a piece lies.
    pub(crate) fn path(&self, place: &str, evidence: &str) -> std::path::PathBuf {
        self.folder.path().join(place).join("tenant-a").join(id(1)).join(evidence)
    }

    pub(crate) async fn refusals(&self) -> Vec<(String, String, i64)> {
        let sql = "SELECT reason, refused_for, received_bytes FROM evidence_refusal ORDER BY refusal_id";
        sqlx::query_as(sql).fetch_all(self.bench.db.pool()).await.unwrap()
    }

    /// Does to the rows what the service itself cannot.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        for table in ["evidence", "custody_link", "rendition"] {
            let sql = format!("ALTER TABLE {table} DISABLE TRIGGER USER");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(self.bench.db.pool()).await.unwrap();
        }
        assert_ne!(sqlx::query(sql).execute(self.bench.db.pool()).await.unwrap().rows_affected(), 0);
    }
}

pub(crate) fn files_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_in(&entry.path()));
        } else {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

pub(crate) fn messages(header: wire::EvidenceHeader, bytes: &[u8]) -> Vec<wire::SubmitEvidenceRequest> {
    let chunk = |chunk: &[u8]| wire::SubmitEvidenceRequest { part: Some(Part::Chunk(chunk.to_vec())) };
    let header = wire::SubmitEvidenceRequest { part: Some(Part::Header(header)) };
    std::iter::once(header).chain(bytes.chunks(1_000).map(chunk)).collect()
}

/// What a file is said to be.
pub(crate) fn header(request_id: &str, kind: wire::EvidenceType, media_type: &str) -> wire::EvidenceHeader {
    wire::EvidenceHeader {
        request_id: request_id.into(),
        complaint_id: id(1),
        r#type: kind.into(),
        media_type: media_type.into(),
        file_name: "张三的照片.jpg".into(),
        description: "缝线开了".into(),
        ..wire::EvidenceHeader::default()
    }
}

pub(crate) fn chat(request_id: &str) -> wire::EvidenceHeader {
    header(request_id, wire::EvidenceType::ChatLog, "text/plain")
}
