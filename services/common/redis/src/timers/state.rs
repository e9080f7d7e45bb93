use std::time::Duration;

use redis::Pipeline;
use tokio::time::sleep;

use super::{TimerIndex, malformed, read};
use crate::answers::each_answer;
use crate::{RedisError, keys};

/// How often a loss is looked for: it is noticed within a second.
const WATCH: Duration = Duration::from_millis(400);

/// How a mark of a shard that is whole begins; the run id of the server follows, or a restart with old data would pass.
pub(super) const WHOLE: char = 'r';
/// How a mark of a shard that is being rebuilt begins.
pub(super) const BUILDING: char = 'b';

/// Whether the index can be relied on to know what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    /// It was filled since this server started, and not emptied since.
    Whole,
    /// Somebody is filling it.
    Rebuilding,
    /// It was never filled, or was emptied, or this is another server, or the same one started again.
    Lost,
}

impl TimerIndex {
    /// How the index stands. An error means that Redis cannot be asked, which is no loss yet.
    pub async fn state(&self) -> Result<IndexState, RedisError> {
        let (run_id, marks) = self.marks().await?;
        let whole = whole_mark(&run_id);
        let is_whole = |mark: &Option<String>| mark.as_deref() == Some(&whole);
        let is_built = |mark: &Option<String>| mark.as_deref().is_some_and(|mark| mark.starts_with(BUILDING));
        Ok(if marks.iter().all(is_whole) {
            IndexState::Whole
        } else if marks.iter().all(|mark| is_whole(mark) || is_built(mark)) {
            IndexState::Rebuilding
        } else {
            IndexState::Lost
        })
    }

    /// Returns when the index is lost, within a second of it: at once if it is lost already. While Redis cannot be asked
    /// it waits on.
    ///
    /// Safe to drop at any await.
    pub async fn lost(&self) {
        while !matches!(self.state().await, Ok(IndexState::Lost)) {
            sleep(WATCH).await;
        }
    }

    /// The server's run id, and the mark of each shard.
    pub(super) async fn marks(&self) -> Result<(String, Vec<Option<String>>), RedisError> {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("INFO").arg("server");
        for shard in 0..self.shards {
            pipeline.cmd("GET").arg(keys::timers_mark(self.prefix, shard));
        }
        let mut answers = each_answer(&self.redis, "timers.state", pipeline).await?.into_iter();
        let info: String = read(answers.next().ok_or_else(malformed)?)?;
        let run_id = info.lines().find_map(|line| line.strip_prefix("run_id:")).ok_or_else(malformed)?;
        Ok((run_id.trim().to_owned(), answers.map(read).collect::<Result<_, _>>()?))
    }
}

pub(super) fn whole_mark(run_id: &str) -> String {
    format!("{WHOLE}{run_id}")
}
