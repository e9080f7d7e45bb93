//! Many callers' commands as few pipelines.
//!
//! A command of its own costs a write, a read and two wake-ups; at thousands per second that is most of what Redis costs
//! its caller. So one pipeline is on its way at a time, and whatever is asked meanwhile goes with the next. Nobody waits
//! for company: on an idle connection a command leaves at once.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::answers::each_answer;
use crate::{Redis, RedisError};

/// Commands in one pipeline at most: an answer that takes long for one takes long for all.
const MOST: usize = 512;

/// Where commands are gathered. Clones share it; its task ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
    asks: mpsc::UnboundedSender<Ask>,
    limit: Duration,
}

#[derive(Debug)]
struct Ask {
    command: Cmd,
    answer: oneshot::Sender<Result<Value, RedisError>>,
}

impl Gather {
    /// To be called inside a tokio runtime.
    pub(crate) fn new(redis: Redis) -> Self {
        let (asks, waiting) = mpsc::unbounded_channel();
        let limit = redis.limit();
        tokio::spawn(carry(redis, waiting));
        Self { asks, limit }
    }

    /// The answer to one command, within the limit of a call.
    ///
    /// Safe to drop at any await: the command may or may not have reached Redis.
    pub(crate) async fn ask(&self, command: Cmd) -> Result<Value, RedisError> {
        let (answer, answered) = oneshot::channel();
        // The queue is as long as there are callers, and each waits no longer than the limit.
        let _ = self.asks.send(Ask { command, answer });
        match timeout(self.limit, answered).await {
            Ok(Ok(answer)) => answer,
            _ => Err(RedisError::Unavailable),
        }
    }
}

async fn carry(redis: Redis, mut waiting: mpsc::UnboundedReceiver<Ask>) {
    let mut asks = Vec::with_capacity(MOST);
    while waiting.recv_many(&mut asks, MOST).await > 0 {
        // Whoever has gone meanwhile wants no answer.
        asks.retain(|ask| !ask.answer.is_closed());
        let mut pipeline = Pipeline::with_capacity(asks.len());
        let mut callers = Vec::with_capacity(asks.len());
        for Ask { command, answer } in asks.drain(..) {
            pipeline.add_command(command);
            callers.push(answer);
        }
        if callers.is_empty() {
            continue;
        }
        match each_answer(&redis, "PIPELINE", pipeline).await {
            Ok(answers) => {
                for (caller, answer) in callers.into_iter().zip(answers) {
                    let _ = caller.send(answer.map_err(RedisError::Unexpected));
                }
            }
            Err(error) => callers.into_iter().for_each(|caller| drop(caller.send(Err(error.clone())))),
        }
    }
}
