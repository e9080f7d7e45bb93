use tokio::sync::OnceCell;

use crate::{Endpoints, Stack, StackError, StackOptions};

/// The environment variable that names a running stack: [`Endpoints`] as JSON.
pub const STACK_VARIABLE: &str = "REDRESS_STACK";

/// The stack for tests: the one named by [`STACK_VARIABLE`], else one per process, started at the first call.
///
/// It ends with the process, in whatever way that ends. Since all tests share it, nobody kills or pauses its parts: a
/// test of faults starts a [`Stack`] of its own.
///
/// # Panics
/// When there is no stack and none can be started: no test that asked for it can go on.
pub async fn shared() -> &'static Endpoints {
    static SHARED: OnceCell<Shared> = OnceCell::const_new();
    match SHARED.get_or_try_init(Shared::find_or_start).await {
        Ok(shared) => shared.endpoints(),
        Err(error) => panic!("no stack to test on: {error}"),
    }
}

/// In a static, so never dropped: the guard ends the stack with the process.
enum Shared {
    Named(Endpoints),
    Started(Box<Stack>),
}

impl Shared {
    async fn find_or_start() -> Result<Self, StackError> {
        match std::env::var(STACK_VARIABLE) {
            Ok(json) => serde_json::from_str(&json).map(Self::Named).map_err(|error| StackError::Io {
                what: format!("read {STACK_VARIABLE}"),
                source: error.into(),
            }),
            Err(_) => Ok(Self::Started(Box::new(Stack::start(StackOptions::default()).await?))),
        }
    }

    fn endpoints(&self) -> &Endpoints {
        match self {
            Self::Named(endpoints) => endpoints,
            Self::Started(stack) => stack.endpoints(),
        }
    }
}
