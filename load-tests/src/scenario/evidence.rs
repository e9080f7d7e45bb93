//! Files into investigation, and the same streams into a bare server that hashes and writes them: A B A B …, so that a
//! neighbour's noise, and the disk's moods, meet both. Then large files, for the memory.
//!
//! Every file is told with its size and SHA-256 and is kept for good, as evidence is. At the end investigation reads all
//! of them again and verifies its chain of custody: a fast upload that lost a byte would be none.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use redress_domain::Role;
use redress_proto::intake::v1::SubmitComplaintRequest;
use redress_proto::investigation::v1 as wire;
use redress_proto::investigation::v1::investigation_service_client::InvestigationServiceClient;
use redress_proto::investigation::v1::submit_evidence_request::Part;
use tokio::time::Instant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

use super::Finding;
use super::spread::spread;
use crate::baseline::bare_upload::BareUpload;
use crate::driver::{Answer, Grpc};
use crate::procfs::{Memory, Meter, Named};
use crate::report::{Report, as_f64, megabytes, progress};
use crate::site::{IntakeRole, Neighbour, Site};
use crate::texts::Texts;

/// Bytes of one message, as clients send them.
const CHUNK: usize = 256 << 10;
/// How long investigation may take to hear of the complaint.
const KNOWN_LIMIT: Duration = Duration::from_secs(30);

/// How many files, and how large.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Files {
    /// Pairs of a bare round and one of investigation, after one that does not count.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Files of a round.
    #[arg(long = "files", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Mebibytes of each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4_095))]
    mib: u32,
    /// Files on their way at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    at_once: u32,
    /// Mebibytes of each of the large files, of which one round is sent for the memory.
    #[arg(long, default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=4_095))]
    large_mib: u32,
}

pub(crate) async fn run(site: &Site, files: Files) -> anyhow::Result<Finding> {
    let intake = site.serve(IntakeRole::Both, None).await?;
    let investigation = site.neighbour("investigation", &[]).await?;
    let bare = BareUpload::start(site).await?;
    let callers = site.callers()?;
    let caller = callers.first().context("a caller")?;
    let request = Texts::of_run(site.name()).request(0);
    let complaint = submitted(&Grpc::to(&intake.addresses.grpc)?, caller, request).await?;
    let token = site.token(&caller.tenant, "handler-1", Role::Handler)?;
    let mut kept = Uploads::to(investigation.grpc(), &token, &complaint)?;
    let mut raw = Uploads::to(&bare.grpc, &token, &complaint)?;
    kept.known().await?;

    let (small, large) = (File::of(files.mib), File::of(files.large_mib));
    let mut report = Report::of("evidence");
    for (name, value) in [("files", files.count), ("mib", files.mib), ("at_once", files.at_once)] {
        report.figure(name, value);
    }
    let memory = Memory::follow(investigation.named().pid);
    let (mut ratios, mut cpu_ratios) = (Vec::new(), Vec::new());
    for pair in 0..=files.pairs {
        progress(format_args!("pair {pair} of {}", files.pairs));
        let floor = Round::run(&mut raw, &bare.named(), &small, files).await?;
        bare.clear().await?;
        let round = Round::run(&mut kept, &investigation.named(), &small, files).await?;
        if pair > 0 {
            floor.report(&mut report, &format!("pair_{pair}_bare"));
            round.report(&mut report, &format!("pair_{pair}_investigation"));
            ratios.push(round.mib_per_s() / floor.mib_per_s());
            cpu_ratios.push(round.cpu_us_per_mib() / floor.cpu_us_per_mib());
        }
    }
    spread(&mut report, "throughput_ratio", ratios, "median >= 0.7");
    spread(&mut report, "cpu_ratio", cpu_ratios, "");
    let small_peak = memory.stop().1;
    progress(format_args!("files of {} MiB", files.large_mib));
    let memory = Memory::follow(investigation.named().pid);
    let few = Files { count: files.at_once, ..files };
    Round::run(&mut kept, &investigation.named(), &large, few).await?.report(&mut report, "large");
    let large_peak = memory.stop().1;
    report.figure("rss_peak_small_mb", megabytes(small_peak));
    report.figure("large_mib", files.large_mib);
    report.figure("rss_peak_large_mb", megabytes(large_peak));
    report.goal("rss_large_over_small", as_f64(large_peak) / as_f64(small_peak.max(1)), "<= 1.2");
    let sound = whole(&mut report, &mut kept, &investigation).await?;
    Ok(Finding { report, sound })
}

/// Every file is kept once, whole, and in the chain.
async fn whole(
    report: &mut Report,
    uploads: &mut Uploads,
    investigation: &Neighbour,
) -> anyhow::Result<bool> {
    progress("reading all files again");
    let verdict = uploads.verified().await?;
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM evidence").fetch_one(&investigation.pool).await?;
    let pending = "SELECT count(*) FROM pending_object";
    let pending: i64 = sqlx::query_scalar(pending).fetch_one(&investigation.pool).await?;
    report.goal("kept_of_sent", kept == uploads.sent, "true");
    report.goal("chain_intact", verdict.intact, "true");
    report.goal("chain_faults", verdict.faults.len(), "0");
    report.goal("left_over", pending, "0");
    Ok(kept == uploads.sent && verdict.intact && verdict.links >= kept && pending == 0)
}

async fn submitted(
    grpc: &Grpc,
    caller: &crate::driver::Caller,
    request: SubmitComplaintRequest,
) -> anyhow::Result<String> {
    match grpc.submit(0, caller, request).await {
        Answer::Accepted(id) => Ok(id),
        Answer::Rejected(error) | Answer::Unknown(error) => anyhow::bail!("the complaint: {error}"),
    }
}

/// A film as far as its first bytes go, and then noise: what is stored is the same for everybody who takes it.
struct File {
    first: Vec<u8>,
    block: Vec<u8>,
    chunks: usize,
    sha256: String,
}

impl File {
    fn of(mib: u32) -> Self {
        let chunks = usize::try_from(mib).unwrap_or(0) * (1 << 20) / CHUNK;
        // Not to be compressed by a disk or a network that would.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let block: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(CHUNK / 8)
        .flatten()
        .collect();
        let mut first = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
        first.extend_from_slice(&block[first.len()..]);
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&first);
        (1..chunks).for_each(|_| hash.update(&block));
        Self { first, block, chunks, sha256: hex::encode(hash.finish()) }
    }

    fn size(&self) -> i64 {
        i64::try_from(self.chunks * CHUNK).unwrap_or(i64::MAX)
    }

    fn chunk(&self, number: usize) -> Vec<u8> {
        if number == 0 { self.first.clone() } else { self.block.clone() }
    }
}

/// Sends files to one server, as a member of staff brings what came by post.
struct Uploads {
    client: InvestigationServiceClient<Channel>,
    token: MetadataValue<Ascii>,
    complaint: String,
    sent: i64,
}

impl Uploads {
    fn to(address: &str, token: &str, complaint: &str) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        Ok(Self {
            client: InvestigationServiceClient::new(endpoint.connect_lazy()),
            token: format!("Bearer {token}").parse()?,
            complaint: complaint.to_owned(),
            sent: 0,
        })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }

    /// Waits until the server knows the complaint.
    async fn known(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let message = wire::ListEvidenceRequest { complaint_id: self.complaint.clone() };
            match self.client.list_evidence(self.request(message)).await {
                Ok(_) => return Ok(()),
                Err(status) => {
                    let unknown = status.code() == Code::NotFound;
                    ensure!(unknown && start.elapsed() < KNOWN_LIMIT, "the case is not there: {status}");
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn verified(&mut self) -> anyhow::Result<wire::VerifyEvidenceChainResponse> {
        let message = wire::VerifyEvidenceChainRequest { complaint_id: self.complaint.clone(), rehash: true };
        Ok(self.client.verify_evidence_chain(self.request(message)).await?.into_inner())
    }

    fn header(&self, file: &File) -> wire::EvidenceHeader {
        wire::EvidenceHeader {
            request_id: format!("file-{}", self.sent),
            complaint_id: self.complaint.clone(),
            r#type: wire::EvidenceType::ComplainantVideo.into(),
            media_type: "video/mp4".to_owned(),
            size: Some(file.size()),
            sha256: file.sha256.clone(),
            ..wire::EvidenceHeader::default()
        }
    }

    /// One file, whose answer must tell what was sent.
    fn send(&mut self, file: &File) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let part = |part| wire::SubmitEvidenceRequest { part: Some(part) };
        let header = part(Part::Header(self.header(file)));
        let (first, block, chunks) = (file.chunk(0), file.chunk(1), file.chunks);
        let mut first = Some(first);
        let content =
            (0..chunks).map(move |_| part(Part::Chunk(first.take().unwrap_or_else(|| block.clone()))));
        let request = self.request(stream::iter([header].into_iter().chain(content)));
        self.sent += 1;
        let (mut client, expected) = (self.client.clone(), (file.sha256.clone(), file.size()));
        async move {
            let item = client.submit_evidence(request).await?.into_inner().evidence.context("evidence")?;
            ensure!((item.sha256, item.size) == expected, "another file was kept than was sent");
            Ok(())
        }
    }
}

/// What a round gave.
struct Round {
    mib: f64,
    elapsed: Duration,
    cpu: Duration,
}

impl Round {
    async fn run(uploads: &mut Uploads, server: &Named, file: &File, files: Files) -> anyhow::Result<Self> {
        let (meter, start) = (Meter::start(std::slice::from_ref(server))?, Instant::now());
        let sends: Vec<_> = (0..files.count).map(|_| uploads.send(file)).collect();
        stream::iter(sends).buffer_unordered(files.at_once as usize).try_collect::<()>().await?;
        let elapsed = start.elapsed();
        let cpu = meter.stop()?.into_iter().map(|(_, used)| used).sum();
        let bytes = u64::try_from(file.size())? * u64::from(files.count);
        Ok(Self { mib: as_f64(bytes >> 20), elapsed, cpu })
    }

    fn mib_per_s(&self) -> f64 {
        self.mib / self.elapsed.as_secs_f64()
    }

    fn cpu_us_per_mib(&self) -> f64 {
        self.cpu.as_secs_f64() * 1_000_000.0 / self.mib
    }

    fn report(&self, report: &mut Report, name: &str) {
        report.figure(format!("{name}_mib_per_s"), self.mib_per_s());
        report.figure(format!("{name}_cpu_us_per_mib"), self.cpu_us_per_mib());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_size_and_the_hash_that_are_told_of_it() {
        let file = File::of(1);
        let whole: Vec<u8> = (0..file.chunks).flat_map(|number| file.chunk(number)).collect();
        assert_eq!((whole.len(), file.size()), (1 << 20, 1 << 20));
        assert_eq!(hex::encode(digest::digest(&digest::SHA256, &whole)), file.sha256);
        assert_eq!(&whole[4..12], b"ftypisom");
    }
}
