use std::ffi::OsString;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::{Cli, Command};
use crate::config::{AdminConfig, Layers, Loaded, Problems, effective, load};
use crate::telemetry::Telemetry;
use crate::{Service, Settings as _, serve};

/// The arguments or the configuration do not fit.
const USAGE: u8 = 2;

/// Runs a service as its command line and environment ask. The whole of a service's `main`.
///
/// Exit codes: 0 done, or left when asked to; 1 failed; 2 the arguments or the configuration do not fit.
pub fn run<S: Service>() -> ExitCode {
    run_with::<S>(std::env::args_os())
}

fn run_with<S: Service>(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Known only at run time from a const, and needed for as long as the process lives.
    let name: &'static str = String::leak(format!("redress-{}", S::NAME));
    let cli = match Cli::parse_as(name, arguments) {
        Ok(cli) => cli,
        Err(message) => {
            let _ = message.print();
            return if message.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let loaded =
        Layers::read(S::DEFAULT_CONFIG, cli.config.as_deref()).and_then(|layers| load::<S::Config>(&layers));
    match loaded {
        Ok(loaded) => command::<S>(name, cli.command_or_serve(), loaded),
        Err(problems) => refuse(&problems),
    }
}

fn command<S: Service>(name: &'static str, command: Command, loaded: Loaded<S::Config>) -> ExitCode {
    let outcome = match command {
        Command::Config => effective(&loaded.tree, &loaded.defaults)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(std::io::stdout().write_all(text.as_bytes())?)),
        Command::Healthcheck => healthcheck(&loaded.config.runtime().admin),
        Command::Serve | Command::Migrate | Command::Topics => {
            return long_running::<S>(name, command, loaded);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Commands with telemetry and a runtime of many threads.
fn long_running<S: Service>(name: &'static str, command: Command, loaded: Loaded<S::Config>) -> ExitCode {
    let config = Arc::new(loaded.config);
    let started = Telemetry::start(name, &config.runtime().telemetry).and_then(|telemetry| {
        Ok((telemetry, tokio::runtime::Builder::new_multi_thread().enable_all().build()?))
    });
    let (telemetry, runtime) = match started {
        Ok(started) => started,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{name}: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    log_panics();
    let outcome = runtime.block_on(async {
        match command {
            Command::Migrate => S::migrate(&config).await,
            Command::Topics => S::topics(&config).await,
            _ => serve::serve::<S>(Arc::clone(&config), telemetry.registry.clone()).await,
        }
    });
    // What still runs has had its time.
    runtime.shutdown_background();
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "failed");
    }
    telemetry.flush();
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn refuse(problems: &Problems) -> ExitCode {
    let _ = write!(std::io::stderr(), "{problems}");
    USAGE.into()
}

/// Asks the admin port of the process that was configured like this one.
fn healthcheck(admin: &AdminConfig) -> anyhow::Result<()> {
    let address = admin_address(admin)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let response = client.get(format!("http://{address}/readyz")).send().await?;
        let (status, body) = (response.status(), response.text().await?);
        anyhow::ensure!(status.is_success(), "not ready: {body}");
        Ok(())
    })
}

/// Where the admin port is: as configured, or from the ready file if the port was taken freely.
fn admin_address(admin: &AdminConfig) -> anyhow::Result<SocketAddr> {
    let mut address = admin.listen;
    if address.port() == 0 {
        let file =
            admin.ready_file.as_ref().context("port 0 tells no address; set runtime.admin.ready_file")?;
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let addresses: serde_json::Value = serde_json::from_str(&text)?;
        address = addresses["admin"].as_str().context("the ready file names no admin address")?.parse()?;
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

/// Panics become log lines. The message is left out: it may hold what a caller sent.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(panic.location = place, "a panic");
    }));
}
