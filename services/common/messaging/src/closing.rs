use std::ops::Deref;
use std::sync::mpsc;
use std::time::Duration;

/// How long a client may take to close. Normally it takes 0.1–0.2 s; with a frozen broker it never ends.
const LIMIT: Duration = Duration::from_millis(800);

/// A librdkafka client whose end is bounded.
///
/// Its own `drop` waits for brokers and has been seen to hang for good. Here it runs in a helper thread that is left
/// behind after [`LIMIT`]; everything that matters is durable before, so the exit of the process may cut it off.
pub(crate) struct Closing<T: Send + 'static>(Option<T>);

impl<T: Send> Closing<T> {
    pub(crate) fn new(client: T) -> Self {
        Self(Some(client))
    }
}

impl<T: Send> Deref for Closing<T> {
    type Target = T;
    fn deref(&self) -> &T {
        #[expect(clippy::expect_used, reason = "only `drop` takes the client out")]
        self.0.as_ref().expect("present until dropped")
    }
}

impl<T: Send> Drop for Closing<T> {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else { return };
        let (closed, waiting) = mpsc::channel();
        let helper = std::thread::Builder::new().name("kafka-close".to_owned()).spawn(move || {
            drop(client);
            closed.send(()).ok();
        });
        if helper.is_ok() && waiting.recv_timeout(LIMIT).is_err() {
            tracing::warn!(limit_ms = 800, "a Kafka client did not close in time and is left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    struct NeverCloses(mpsc::Receiver<()>);

    impl Drop for NeverCloses {
        fn drop(&mut self) {
            self.0.recv().ok();
        }
    }

    #[test]
    fn a_client_that_never_closes_is_left_behind() {
        let (_held_open, receiver) = mpsc::channel();
        #[expect(clippy::disallowed_methods, reason = "measures the real limit")]
        let began = Instant::now();
        drop(Closing::new(NeverCloses(receiver)));
        assert!(began.elapsed() >= LIMIT);
    }
}
