//! Definitions of the objects that the chart makes for operators: from the operators' own modules and artifacts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::{go, required, set};
use crate::command;

/// A Go module of which some files are taken.
struct Source {
    module: &'static str,
    sum: &'static str,
    folder: &'static str,
    files: &'static [&'static str],
}

const SOURCES: &[Source] = &[
    Source {
        module: "github.com/kedacore/keda/v2@v2.21.0",
        sum: "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
        folder: "config/crd/bases",
        files: &["keda.sh_scaledobjects.yaml", "keda.sh_triggerauthentications.yaml"],
    },
    Source {
        module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        folder: "example/prometheus-operator-crd",
        files: &["monitoring.coreos.com_podmonitors.yaml", "monitoring.coreos.com_prometheusrules.yaml"],
    },
    Source {
        module: "github.com/external-secrets/external-secrets@v1.3.2",
        sum: "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
        folder: "config/crds/bases",
        files: &["external-secrets.io_externalsecrets.yaml"],
    },
    Source {
        module: "sigs.k8s.io/gateway-api@v1.6.3",
        sum: "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
        folder: "config/crd/standard",
        files: &["gateway.networking.k8s.io_httproutes.yaml", "gateway.networking.k8s.io_grpcroutes.yaml"],
    },
];

/// Strimzi ships its definitions inside an installation only; its own generator writes them from the types.
const STRIMZI: &str = "1.2.0";
const STRIMZI_TYPES: &[(&str, &str)] = &[
    ("topic.KafkaTopic", "kafkatopics.yaml"),
    ("user.KafkaUser", "kafkausers.yaml"),
    ("kafka.Kafka", "kafkas.yaml"),
    ("nodepool.KafkaNodePool", "kafkanodepools.yaml"),
];
/// What the generator is compiled for.
const JAVA: u32 = 21;

/// The folder with one file per definition.
pub(in crate::deploy_check) async fn crds() -> anyhow::Result<PathBuf> {
    let sources: Vec<_> = SOURCES.iter().map(|source| (source.sum, source.files)).collect();
    let lock = format!("{sources:?}{STRIMZI}{STRIMZI_TYPES:?}");
    let folder = set("crds", &lock, async |folder: &Path| {
        let crds = folder.join("crds");
        fs::create_dir_all(&crds)?;
        for source in SOURCES {
            let from = go::sources(source.module, source.sum).await?.join(source.folder);
            for file in source.files {
                fs::copy(from.join(file), crds.join(file))
                    .with_context(|| format!("{} {file}", source.module))?;
            }
        }
        strimzi(folder, &crds).await
    })
    .await?;
    Ok(folder.join("crds"))
}

async fn strimzi(folder: &Path, crds: &Path) -> anyhow::Result<()> {
    let maven = required("mvn", "run: apt-get install -y --no-install-recommends maven")?;
    let java = java()?;
    let repository = folder.join("maven");
    let mut jars = Vec::new();
    for artifact in ["crd-generator", "api"] {
        let mut get = Command::new(&maven);
        get.args(["-q", "-B", "dependency:get", "-Dtransitive=false"])
            .arg(format!("-Dartifact=io.strimzi:{artifact}:{STRIMZI}"))
            .arg(format!("-Dmaven.repo.local={}", repository.display()));
        get.current_dir(folder);
        command::run(get).await?;
        let place = format!("io/strimzi/{artifact}/{STRIMZI}/{artifact}-{STRIMZI}.jar");
        jars.push(repository.join(place).display().to_string());
    }
    let mut generate = Command::new(java);
    generate.args([
        "-cp",
        &jars.join(":"),
        "io.strimzi.crdgenerator.CrdGenerator",
        "--yaml",
        "--target-kube",
        "1.25+",
    ]);
    for (class, file) in STRIMZI_TYPES {
        // The path must have a folder, or the generator breaks.
        generate.arg(format!("io.strimzi.api.kafka.model.{class}={}", crds.join(file).display()));
    }
    command::run_named(generate, "Strimzi's generator of definitions").await?;
    Ok(fs::remove_dir_all(repository)?)
}

/// A Java that is new enough: the caller's, or one of those that Debian's packages lay down.
fn java() -> anyhow::Result<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let installed = installed.map(|entry| entry.path().join("bin/java"));
    let mut all = home.into_iter().chain(which::which("java").ok()).chain(installed);
    match all.find(|java| version(java).is_some_and(|version| version >= JAVA)) {
        Some(java) => Ok(java),
        None => bail!("not installed: a Java of version {JAVA} or newer; set JAVA_HOME to one"),
    }
}

/// The first number that `java -version` tells.
fn version(java: &Path) -> Option<u32> {
    let told = std::process::Command::new(java).arg("-version").output().ok()?;
    number(&String::from_utf8_lossy(&told.stderr))
}

fn number(told: &str) -> Option<u32> {
    told.split('"').nth(1)?.split(['.', '-']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_java_is_its_first_number() {
        assert_eq!(number("openjdk version \"17.0.15\" 2025-04-15\n"), Some(17));
        assert_eq!(number("openjdk version \"25-ea\" 2025-09-16\n"), Some(25));
        assert_eq!(number("no Java"), None);
    }
}
