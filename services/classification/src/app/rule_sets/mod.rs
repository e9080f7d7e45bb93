//! Rule sets: tested before they take effect, published as a whole, compared with the running one.
//!
//! A caller names the files that change; the others are those of the running set. What is published is the whole, so a
//! version stands for itself whatever was changed before it. A set passes if it loads, if its own examples hold, and if
//! no example fails that holds under the running set.

mod history;
mod verdict;

pub use history::list;

use std::collections::HashMap;
use std::sync::Arc;

use prost::Name;
use redress_domain::{ErrorKind, Principal, Problem, Violations};
use redress_outbox::{Call, Seen};
use redress_proto::classification::v1 as wire;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;

use super::Desk;
use super::engine::{Engine, Engines};
use crate::domain::published;
use crate::domain::rules::problem::Problems;
use crate::error::Error;
use crate::store::rule_set::{self, Files};
use verdict::{Judged, judge};

/// Bytes of a call that brings a whole rule set, at the most. The one that comes with the service has two million, most of
/// them weights of words.
pub const MAX_RULE_SET_BYTES: usize = 4 * 1024 * 1024;

/// Problems that are told as violations of a call; all of them stand in the answer of `TestRuleSet`.
const TOLD: usize = 100;

/// The running set with its files.
struct Running {
    engine: Arc<Engine>,
    files: Files,
    /// The newest that was published, which may be one that this process cannot load.
    newest: i32,
}

/// Checks a rule set and tells what it would change.
pub async fn test_set(
    desk: &Desk,
    engines: &Engines,
    caller: &Principal,
    request: wire::TestRuleSetRequest,
) -> Result<wire::TestRuleSetResponse, Error> {
    let running = running(desk, engines, caller).await?;
    let name = running.engine.name.clone();
    let files = over(&running.files, &request.files);
    let own = request.files.into_iter().collect();
    let judged = Judged { running: running.engine, running_files: running.files, files, own };
    let verdict = judge(judged).await?;
    Ok(wire::TestRuleSetResponse {
        passed: verdict.passed(),
        problems: verdict.problems.iter().map(ToString::to_string).collect(),
        failed_examples: verdict.failed,
        changed_examples: verdict.changed,
        running: name,
    })
}

/// Publishes a rule set that passes.
pub async fn publish(
    desk: &Desk,
    engines: &Engines,
    caller: &Principal,
    request: wire::PublishRuleSetRequest,
) -> Result<wire::PublishRuleSetResponse, Error> {
    let own: Files = request.files.clone().into_iter().collect();
    let call = Call::new(caller, &request.request_id, fingerprint(&own))?;
    let mut conn = desk.db.pool().acquire().await?;
    match call.seen(&mut conn).await? {
        Seen::Same(rule_set) => {
            return Ok(wire::PublishRuleSetResponse { rule_set, changed_examples: Vec::new() });
        }
        Seen::Other => return Err(Call::reused().into()),
        Seen::New => drop(conn),
    }
    let running = running(desk, engines, caller).await?;
    let before = Arc::clone(&running.engine);
    let base = running.newest;
    let files = over(&running.files, &request.files);
    let judged = Judged { running: running.engine, running_files: running.files, files: files.clone(), own };
    let verdict = judge(judged).await?;
    let passed = verdict.passed();
    let (Some(rules), true) = (verdict.loaded, passed) else {
        return Err(refused(&verdict.problems, &verdict.failed).into());
    };
    let engine = before.published(base + 1, rules);
    let name = engine.name.clone();
    let work = Arc::new(Publication { desk: desk.clone(), caller: caller.clone(), call, files, base, name });
    let name = work.name.clone();
    desk.db
        .run_tx("publish_rule_set", move |conn| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.write(conn).await })
        })
        .await?;
    // This process at once, the others when they look.
    engines.take(caller.tenant.to_string(), engine);
    Ok(wire::PublishRuleSetResponse { rule_set: name, changed_examples: verdict.changed })
}

/// Of a publication's files. The message's map has no order of its own, and the receipt must not depend on it.
fn fingerprint(files: &Files) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(wire::PublishRuleSetRequest::full_name().as_bytes());
    for part in files.iter().flat_map(|(path, content)| [path, content]) {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

struct Publication {
    desk: Desk,
    caller: Principal,
    call: Call,
    files: Files,
    base: i32,
    name: String,
}

impl Publication {
    async fn write(&self, conn: &mut PgConnection) -> Result<(), Error> {
        match self.call.seen(conn).await? {
            Seen::Same(_) => return Ok(()),
            Seen::Other => return Err(Call::reused().into()),
            Seen::New => {}
        }
        let now = self.desk.now();
        let (tenant, subject) = (&self.caller.tenant, &self.caller.subject);
        let version = rule_set::publish(conn, tenant, &self.name, &self.files, subject, now).await?;
        if version != self.base + 1 {
            let problem = Problem::new(
                ErrorKind::Aborted,
                "CONCURRENT_CHANGE",
                "another rule set was published meanwhile; test against it and repeat",
            );
            return Err(problem.into());
        }
        Ok(self.call.record(conn, &self.name, now).await?)
    }
}

async fn running(desk: &Desk, engines: &Engines, caller: &Principal) -> Result<Running, Error> {
    // Whatever another process has published is what runs, also before this process looked for it.
    engines.refresh(&desk.db).await?;
    let engine = engines.current(&caller.tenant);
    let newest = engines.seen(caller.tenant.as_str()).max(engine.version);
    let files = if engine.version == 0 {
        built_in()
    } else {
        let mut conn = desk.db.pool().acquire().await?;
        rule_set::files(&mut conn, caller.tenant.as_str(), engine.version)
            .await?
            .ok_or_else(Problem::internal)?
    };
    Ok(Running { engine, files, newest })
}

fn built_in() -> Files {
    published::files()
        .into_iter()
        .chain(published::examples())
        .map(|file| (file.path, file.content))
        .collect()
}

/// The running files with those told put over them; an empty one takes its file out.
fn over(running: &Files, told: &HashMap<String, String>) -> Files {
    let mut files = running.clone();
    files.extend(told.iter().map(|(path, content)| (path.clone(), content.clone())));
    files.retain(|_, content| !content.trim().is_empty());
    files
}

fn refused(problems: &Problems, failed: &[String]) -> Problem {
    let mut found = Violations::default();
    for problem in problems.iter().take(TOLD) {
        found.add(format!("files[{}]", problem.file), "RULE_SET_BROKEN", problem.to_string());
    }
    for example in failed.iter().take(TOLD) {
        found.add("files", "EXAMPLE_FAILS", example.clone());
    }
    Problem {
        reason: "RULE_SET_REFUSED",
        message: "the rule set does not pass; the running one stays".into(),
        ..Problem::invalid(found)
    }
}
