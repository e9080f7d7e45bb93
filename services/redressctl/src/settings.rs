//! Where the services are and as whom they are asked: arguments and environment over a small file over defaults.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use redress_messaging::{KafkaConfig, KafkaSecurity, SecurityProtocol};
use redress_runtime::grpc::ClientTls;
use secrecy::SecretString;
use serde::Deserialize;

use crate::cli::Global;
use crate::failure::Failure;
use crate::installation::Service;

/// The file's place in the folder of settings.
const PLACE: &str = "redress/redressctl.toml";

/// `SERVICE=URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At(Service, String);

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, url) = text.split_once('=').ok_or("SERVICE=URL is expected")?;
        Ok(Self(service(name)?, url.to_owned()))
    }
}

/// A service by its name; as an argument and as a key of the file.
pub(crate) fn service(name: &str) -> Result<Service, String> {
    Service::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Service::ALL.iter().map(|service| service.name()).collect();
        format!("there is no service {name}; there are {}", names.join(", "))
    })
}

/// What the process's environment says, beside what arguments take from it.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) token: Option<SecretString>,
    pub(crate) token_file: Option<PathBuf>,
    /// The folder of settings.
    pub(crate) settings: Option<PathBuf>,
    /// Where OpenTelemetry's own variable says that the collector is.
    pub(crate) collector: Option<String>,
}

impl Environment {
    /// Read once, at the edge.
    pub(crate) fn of_process() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = || text("HOME").map(|home| PathBuf::from(home).join(".config"));
        Self {
            token: text("REDRESSCTL_TOKEN").map(SecretString::from),
            token_file: text("REDRESSCTL_TOKEN_FILE").map(PathBuf::from),
            settings: text("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home),
            collector: text("OTEL_EXPORTER_OTLP_ENDPOINT"),
        }
    }
}

/// What commands need to know.
#[derive(Debug)]
pub(crate) struct Settings {
    urls: BTreeMap<Service, String>,
    pub(crate) probes: BTreeMap<Service, String>,
    pub(crate) token: Option<SecretString>,
    pub(crate) tls: ClientTls,
    pub(crate) kafka: Option<Kafka>,
    pub(crate) redis: Option<SecretString>,
    pub(crate) postgres: BTreeMap<Service, SecretString>,
    pub(crate) collector: Option<String>,
}

/// The file, all of it optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    token_file: Option<PathBuf>,
    services: BTreeMap<String, String>,
    probes: BTreeMap<String, String>,
    tls: Tls,
    kafka: Option<Kafka>,
    redis: Option<Redis>,
    postgres: BTreeMap<String, SecretString>,
    collector: Option<Collector>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tls {
    ca_file: Option<PathBuf>,
    domain_name: String,
    allow_plaintext: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Redis {
    url: SecretString,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Collector {
    url: String,
}

/// How `doctor` reaches Kafka; keys as in the services' configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kafka {
    brokers: String,
    #[serde(default)]
    topic_prefix: String,
    /// How many partitions the topics should have; without it they should be alike.
    #[serde(default)]
    pub(crate) partitions: Option<i32>,
    security: Option<Security>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Security {
    protocol: SecurityProtocol,
    #[serde(default)]
    ca_file: String,
    #[serde(default)]
    certificate_file: String,
    #[serde(default)]
    key_file: String,
    #[serde(default)]
    sasl_mechanism: String,
    #[serde(default)]
    sasl_username: String,
    #[serde(default)]
    sasl_password: SecretString,
}

impl Kafka {
    /// As the shared crate takes it.
    pub(crate) fn config(&self) -> KafkaConfig {
        let mut config = KafkaConfig::at(self.brokers.as_str(), "redressctl");
        config.topic_prefix.clone_from(&self.topic_prefix);
        if let Some(security) = &self.security {
            config.security = KafkaSecurity {
                protocol: security.protocol,
                ca_file: security.ca_file.clone(),
                certificate_file: security.certificate_file.clone(),
                key_file: security.key_file.clone(),
                sasl_mechanism: security.sasl_mechanism.clone(),
                sasl_username: security.sasl_username.clone(),
                sasl_password: security.sasl_password.clone(),
            };
        }
        config
    }
}

impl Settings {
    /// Arguments win over the environment, the environment over the file.
    pub(crate) fn read(global: &Global, environment: &Environment) -> Result<Self, Failure> {
        let file = match (&global.config, &environment.settings) {
            (Some(named), _) => parse(named, &read(named)?)?,
            (None, Some(folder)) if folder.join(PLACE).is_file() => {
                let usual = folder.join(PLACE);
                parse(&usual, &read(&usual)?)?
            }
            _ => Written::default(),
        };
        let mut urls = by_service(file.services)?;
        urls.extend(global.at.iter().map(|At(service, url)| (*service, url.clone())));
        Ok(Self {
            urls,
            probes: by_service(file.probes)?,
            token: token(global, environment, file.token_file.as_deref())?,
            tls: ClientTls {
                ca_file: global.ca_file.clone().or(file.tls.ca_file),
                domain_name: file.tls.domain_name,
                allow_plaintext: global.allow_plaintext || file.tls.allow_plaintext,
            },
            kafka: file.kafka,
            redis: file.redis.map(|redis| redis.url),
            postgres: by_service(file.postgres)?,
            collector: file
                .collector
                .map(|collector| collector.url)
                .or_else(|| environment.collector.clone()),
        })
    }

    /// Where the service answers gRPC.
    pub(crate) fn url(&self, service: Service) -> String {
        self.urls.get(&service).cloned().unwrap_or_else(|| service.default_url())
    }
}

fn by_service<T>(named: BTreeMap<String, T>) -> Result<BTreeMap<Service, T>, Failure> {
    let known = |(name, value): (String, T)| {
        let service = service(&name).map_err(|problem| {
            Failure::usage(format!("settings: {problem}"), "Correct the name in the settings file.")
        })?;
        Ok((service, value))
    };
    named.into_iter().map(known).collect()
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read the settings file {}: {error}", path.display());
        Failure::usage(message, "Check --config or REDRESSCTL_CONFIG.")
    })
}

/// The library's message without the text around the mistake, which may be a secret.
fn parse(path: &Path, text: &str) -> Result<Written, Failure> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        let message = error.message();
        // It quotes a value of a wrong type; what was expected instead comes from the code.
        let message = match message.rsplit_once(", expected ") {
            Some((told, expected)) if told.starts_with("invalid") => format!("must be {expected}"),
            _ => message.to_owned(),
        };
        Failure::usage(
            format!("settings file {}, line {line}: {message}", path.display()),
            "services/redressctl/README.md lists the keys.",
        )
    })
}

fn token(
    global: &Global,
    environment: &Environment,
    of_file: Option<&Path>,
) -> Result<Option<SecretString>, Failure> {
    if let Some(file) = &global.token_file {
        return token_in(file).map(Some);
    }
    match (&environment.token, environment.token_file.as_deref().or(of_file)) {
        (Some(token), _) => Ok(Some(token.clone())),
        (None, Some(file)) => token_in(file).map(Some),
        (None, None) => Ok(None),
    }
}

fn token_in(file: &Path) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let outcome = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    let refuse = |problem: String| Failure::usage(format!("token file {}: {problem}", file.display()), "");
    outcome.map_err(|error| refuse(error.to_string()))?;
    let token = text.trim();
    if token.is_empty() { Err(refuse("is empty".to_owned())) } else { Ok(token.into()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use secrecy::ExposeSecret as _;

    use super::*;

    const SECRET: &str = "hunter2-of-nobody";

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        global: Global,
    }

    fn settings(file: &str, line: &[&str], environment: &Environment) -> Result<Settings, Failure> {
        let written = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(written.path(), file).unwrap();
        let mut arguments = vec!["redressctl", "--config", written.path().to_str().unwrap()];
        arguments.extend(line);
        Settings::read(&Line::parse_from(arguments).global, environment)
    }

    #[test]
    fn arguments_win_over_the_file_and_the_file_over_the_default() {
        let file = "[services]\nintake = 'http://file'\nsla = 'http://file'";
        let settings = settings(file, &["--at", "intake=http://argument"], &Environment::default()).unwrap();
        assert_eq!(settings.url(Service::Intake), "http://argument");
        assert_eq!(settings.url(Service::Sla), "http://file");
        assert_eq!(settings.url(Service::Analytics), "http://127.0.0.1:7004");
    }

    #[test]
    fn the_token_comes_from_the_first_place_that_has_one() {
        let (argument, named) =
            (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
        std::fs::write(argument.path(), "of-argument\n").unwrap();
        std::fs::write(named.path(), "of-file\n").unwrap();
        let file = format!("token_file = {:?}", named.path());
        let token = |line: &[&str], variable: Option<&str>| {
            let environment = Environment { token: variable.map(Into::into), ..Environment::default() };
            settings(&file, line, &environment).unwrap().token.unwrap().expose_secret().to_owned()
        };
        let line = ["--token-file", argument.path().to_str().unwrap()];
        assert_eq!(token(&line, Some("of-variable")), "of-argument");
        assert_eq!(token(&[], Some("of-variable")), "of-variable");
        assert_eq!(token(&[], None), "of-file");
    }

    #[test]
    fn a_mistake_in_the_file_is_told_with_its_line_and_without_its_values() {
        for file in [
            format!("[redis]\nurl = 'redis://x'\npassword = '{SECRET}'"),
            format!("[postgres]\nintake = ['{SECRET}']"),
            format!("token_file = 'x'\n[tls]\nallow_plaintext = '{SECRET}'"),
            format!("[tls]\n[kafka]\nbrokers = '{SECRET}"),
            "token = 'hunter2-of-nobody'".to_owned(),
        ] {
            let told = settings(&file, &[], &Environment::default()).unwrap_err();
            assert_eq!(told.told().kind.exit(), 2);
            assert!(told.to_string().contains("line "), "{told}");
            assert!(!told.to_string().contains(SECRET), "{told}");
        }
        let told = settings("[services]\nnobody = 'x'", &[], &Environment::default()).unwrap_err();
        assert!(told.to_string().contains("no service nobody; there are intake, "), "{told}");
    }

    #[test]
    fn secrets_are_in_no_debug_output() {
        let file =
            format!("[redis]\nurl = 'redis://:{SECRET}@h'\n[postgres]\nintake = 'postgres://u:{SECRET}@h/d'");
        let environment = Environment { token: Some(SECRET.into()), ..Environment::default() };
        let settings = settings(&file, &[], &environment).unwrap();
        assert!(!format!("{settings:?}").contains(SECRET));
    }

    #[test]
    fn the_example_of_the_readme_is_a_settings_file() {
        let readme = include_str!("../README.md");
        let example = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let file: Written = toml::from_str(example).unwrap();
        assert_eq!(by_service(file.services).unwrap().len(), Service::ALL.len());
        assert!(file.kafka.is_some() && file.redis.is_some() && file.collector.is_some());
    }
}
