//! The custom resources that the chart and `k8s/` use, as their operators publish them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::{required, set};
use crate::command;

/// Modules with files: `module@version`, then files in it.
const MODULES: &[(&str, &[&str])] = &[
    (
        "github.com/kedacore/keda/v2@v2.21.0",
        &[
            "config/crd/bases/keda.sh_scaledobjects.yaml",
            "config/crd/bases/keda.sh_triggerauthentications.yaml",
        ],
    ),
    (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        &[
            "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        ],
    ),
    (
        "github.com/external-secrets/external-secrets@v1.3.2",
        &["config/crds/bases/external-secrets.io_externalsecrets.yaml"],
    ),
    (
        "sigs.k8s.io/gateway-api@v1.4.0",
        &[
            "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
            "config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml",
        ],
    ),
];

/// Strimzi publishes no file by a registry: its own generator makes them of its classes.
const STRIMZI: &str = "1.2.0";
const STRIMZI_CLASSES: &[&str] = &[
    "io.strimzi.api.kafka.model.topic.KafkaTopic",
    "io.strimzi.api.kafka.model.user.KafkaUser",
    "io.strimzi.api.kafka.model.kafka.Kafka",
    "io.strimzi.api.kafka.model.nodepool.KafkaNodePool",
];
const OLDEST_JAVA: u32 = 21;

/// The folder with a file per custom resource.
pub(in crate::deploy_check) async fn custom_resources() -> anyhow::Result<PathBuf> {
    let lock = format!("{MODULES:?}{STRIMZI}{STRIMZI_CLASSES:?}");
    let folder = set("crds", &lock, async |folder| {
        let crds = folder.join("crds");
        fs::create_dir(&crds)?;
        for (module, files) in MODULES {
            let source = module_folder(module, folder).await?;
            for file in *files {
                let name = Path::new(file).file_name().context("a file has a name")?;
                let text = fs::read(source.join(file)).with_context(|| format!("{module}: {file}"))?;
                fs::write(crds.join(name), text)?;
            }
        }
        strimzi(&crds).await
    })
    .await?;
    Ok(folder.join("crds"))
}

/// Where Go keeps a module's source; fetched if need be.
async fn module_folder(module: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut download = Command::new(required("go", "install Go 1.26 or newer")?);
    download.args(["mod", "download", "-json", module]).current_dir(folder);
    let told: serde_json::Value = serde_json::from_str(&command::output(download).await?)?;
    let folder = told["Dir"].as_str().with_context(|| format!("{module} has no folder: {told}"))?;
    Ok(PathBuf::from(folder))
}

async fn strimzi(crds: &Path) -> anyhow::Result<()> {
    const ARTIFACTS: [&str; 2] = ["crd-generator", "api"];
    let java = java().await?;
    let maven = required("mvn", "run: apt-get install -y maven")?;
    let repository = crds.with_file_name("maven");
    for artifact in ARTIFACTS {
        let mut get = Command::new(&maven);
        get.args(["-q", "-B", "dependency:get", "-Dtransitive=false"]);
        get.arg(format!("-Dartifact=io.strimzi:{artifact}:{STRIMZI}"));
        get.arg(format!("-Dmaven.repo.local={}", repository.display()));
        command::run(get).await?;
    }
    let jar = |artifact| {
        format!("{}/io/strimzi/{artifact}/{STRIMZI}/{artifact}-{STRIMZI}.jar", repository.display())
    };
    let mut generate = Command::new(java);
    generate.args(["-cp", &ARTIFACTS.map(jar).join(":"), "io.strimzi.crdgenerator.CrdGenerator"]);
    generate.args(["--yaml", "--target-kube", "1.25+"]);
    for class in STRIMZI_CLASSES {
        let name = class.rsplit('.').next().unwrap_or(class).to_lowercase();
        generate.arg(format!("{class}={}", crds.join(format!("strimzi_{name}.yaml")).display()));
    }
    command::run(generate).await?;
    Ok(fs::remove_dir_all(repository)?)
}

/// A Java that reads Strimzi's classes; the machine's usual one is often older.
async fn java() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    let debian = fs::read_dir("/usr/lib/jvm")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/java")));
    for java in named.into_iter().chain(which::which("java")).chain(debian) {
        let mut version = Command::new(&java);
        // This form tells it on the standard output.
        version.arg("--version");
        let told = command::output(version).await.unwrap_or_default();
        let major =
            told.split_whitespace().nth(1).and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        if major.is_some_and(|major| major >= OLDEST_JAVA) {
            return Ok(java);
        }
    }
    bail!("not installed: a Java of version {OLDEST_JAVA} or newer; install one and set JAVA_HOME")
}
