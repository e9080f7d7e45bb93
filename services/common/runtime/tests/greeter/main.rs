//! A whole service as small as one can be: what the tests run, and where to look how the parts are put together.

use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use redress_domain::Role;
use redress_runtime::http::{Caller, ProblemResponse, RequestBody, authorized};
use redress_runtime::{Allow, Context, Criticality, Parts, Rpc, RuntimeConfig, Service, Settings, Task};
use secrecy::SecretString;
use serde::Deserialize;

use self::service::{Greeter, State};

mod service;

fn main() -> ExitCode {
    redress_runtime::run::<GreeterService>()
}

struct GreeterService;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    runtime: RuntimeConfig,
    greeter: GreeterConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GreeterConfig {
    greeting: String,
    #[expect(dead_code, reason = "stands for a secret in the tests of masking")]
    pepper: SecretString,
    times: u8,
    #[expect(dead_code, reason = "stands for a choice in the tests of configuration")]
    tone: Tone,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tone {
    Warm,
    Cool,
}

impl Settings for Config {
    fn runtime(&self) -> &RuntimeConfig {
        &self.runtime
    }

    fn problems(&self) -> Vec<String> {
        let fits = (1..10).contains(&self.greeter.times);
        if fits { Vec::new() } else { vec!["greeter.times must be 1 to 9".to_owned()] }
    }
}

const GREET: &str = "/redress.greeter.v1.GreeterService/Greet";
const STAY: &str = "/redress.greeter.v1.GreeterService/Stay";

/// `Unruled` is served too, but has no row.
const POLICY: &[Rpc] = &[
    Rpc { path: GREET, allow: Allow::AnyAuthenticated, criticality: Criticality::Accept },
    Rpc {
        path: "/redress.greeter.v1.GreeterService/Hold",
        allow: Allow::Roles(&[Role::Handler]),
        criticality: Criticality::Status,
    },
    Rpc { path: STAY, allow: Allow::AnyAuthenticated, criticality: Criticality::Status },
    Rpc {
        path: "/redress.greeter.v1.GreeterService/Crash",
        allow: Allow::Roles(&[Role::Admin]),
        criticality: Criticality::Staff,
    },
];

static DESCRIPTORS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let method = |name: &str| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".google.protobuf.StringValue".to_owned()),
        output_type: Some(".google.protobuf.StringValue".to_owned()),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("GreeterService".to_owned()),
        method: vec![method("Greet"), method("Hold"), method("Stay"), method("Crash")],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("redress/greeter/v1/greeter_service.proto".to_owned()),
        package: Some("redress.greeter.v1".to_owned()),
        service: vec![service],
        ..Default::default()
    };
    prost::Message::encode_to_vec(&FileDescriptorSet { file: vec![file] })
});

#[async_trait]
impl Service for GreeterService {
    const NAME: &'static str = "greeter";
    const DEFAULT_CONFIG: &'static str =
        concat!(include_str!("../../config/runtime.default.toml"), include_str!("greeter.default.toml"));
    type Config = Config;

    async fn migrate(_: &Config) -> anyhow::Result<()> {
        anyhow::bail!("there is no database")
    }

    async fn topics(_: &Config) -> anyhow::Result<()> {
        Ok(())
    }

    async fn build(config: Arc<Config>, context: Context) -> anyhow::Result<Parts> {
        let state = State::new(config.greeter.greeting.repeat(config.greeter.times.into()));
        let http = axum::Router::new().route(
            "/v1/greetings",
            post(
                async |caller: Result<Caller, ProblemResponse>,
                       body: Result<RequestBody, ProblemResponse>| {
                    let (Caller(caller), RequestBody(body)) = (caller?, body?);
                    Ok::<_, ProblemResponse>(format!("{} bytes of {}", body.len(), caller.subject))
                },
            )
            .layer(authorized(GREET)),
        );
        let stay = async || Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let http = http.route("/v1/stay", get(stay).layer(authorized(STAY)));
        let http = http.route("/v1/bare", post(async |Caller(caller): Caller| caller.subject));
        let task = Task::new("crashing task", state.crash(context.stop.clone()));
        Ok(Parts {
            grpc: tonic::service::Routes::new(Greeter(Arc::clone(&state))),
            http: Some(http),
            tasks: vec![task],
            policy: POLICY,
            descriptors: DESCRIPTORS.as_slice(),
            drain: vec![Task::new("farewell", async {
                tracing::info!("farewell");
                Ok(())
            })],
        })
    }
}
