//! Pipelines whose commands are answered one by one.

use redis::{Cmd, ErrorKind, Pipeline, RedisResult, Script, ServerErrorKind, Value};

use crate::error::is_outage;
use crate::{Redis, RedisError};

/// The server was restarted or flushed since it learnt the script.
pub(crate) const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// One answer per command, or why there is none at all.
pub(crate) async fn each_answer(
    redis: &Redis,
    operation: &'static str,
    mut pipeline: Pipeline,
) -> Result<Vec<RedisResult<Value>>, RedisError> {
    // An empty one is an error to the library, and nothing to do here.
    if pipeline.is_empty() {
        return Ok(Vec::new());
    }
    pipeline.ignore_errors();
    redis
        .call(operation, |mut connection| async move {
            let answers: Vec<RedisResult<Value>> = pipeline.query_async(&mut connection).await?;
            // A server that is still loading says so to each command: that is an outage, and the breaker's to know.
            match answers.iter().find_map(|answer| answer.as_ref().err().filter(|error| is_outage(error))) {
                Some(error) => Err(error.clone()),
                None => Ok(answers),
            }
        })
        .await
}

/// A script that is run for many keys at once.
#[derive(Debug)]
pub(crate) struct PipelinedScript {
    operation: &'static str,
    code: &'static str,
    hash: String,
}

/// Keys and arguments of one run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) keys: Vec<String>,
    pub(crate) arguments: Vec<String>,
}

impl PipelinedScript {
    /// A script from its file; `operation` names it for the metrics.
    pub(crate) fn new(operation: &'static str, code: &'static str) -> Self {
        Self { operation, code, hash: Script::new(code).get_hash().to_owned() }
    }

    /// One answer per run, in their order. A server that does not know the script is taught it on the way.
    pub(crate) async fn run(
        &self,
        redis: &Redis,
        runs: &[Run],
    ) -> Result<Vec<RedisResult<Value>>, RedisError> {
        let by_hash = pipelined(runs.iter().map(|run| run.command("EVALSHA", &self.hash)));
        let mut answers = each_answer(redis, self.operation, by_hash).await?;
        let unknown =
            |answer: &RedisResult<Value>| answer.as_ref().is_err_and(|error| error.kind() == NO_SCRIPT);
        let again: Vec<usize> = (0..answers.len()).filter(|&at| unknown(&answers[at])).collect();
        if !again.is_empty() {
            let in_full = pipelined(again.iter().map(|&at| runs[at].command("EVAL", self.code)));
            for (at, answer) in again.iter().zip(each_answer(redis, self.operation, in_full).await?) {
                answers[*at] = answer;
            }
        }
        Ok(answers)
    }
}

impl Run {
    fn command(&self, how: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(how);
        command.arg(script).arg(self.keys.len()).arg(&self.keys).arg(&self.arguments);
        command
    }
}

fn pipelined(commands: impl Iterator<Item = Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    commands.for_each(|command| _ = pipeline.add_command(command));
    pipeline
}
