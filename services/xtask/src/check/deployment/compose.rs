//! `k8s/compose` against the code, for nothing here starts it: keys of the configuration, commands, images, files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::read;

const COMPOSE: &str = "k8s/compose/compose.yaml";
const DOCKERFILE: &str = "k8s/images/Dockerfile";
const TOOLCHAIN: &str = "rust-toolchain.toml";
const CLI: &str = "services/common/runtime/src/cli.rs";
/// Images of ours, by the name of their service.
const OURS: &str = "redress/";
const PREFIX: &str = "REDRESS__";

/// One line per fault.
pub(super) fn findings(root: &Path) -> anyhow::Result<Vec<String>> {
    let text = read(root, Path::new(COMPOSE))?;
    let compose: Value = serde_saphyr::from_str(&text).context(COMPOSE)?;
    let dockerfile = read(root, Path::new(DOCKERFILE))?;
    let mut found = Vec::new();
    let services = compose["services"].as_object().context("compose has services")?;
    for (name, service) in services {
        let mut wrong = files(root, service);
        for needed in service["depends_on"].as_object().into_iter().flat_map(|on| on.keys()) {
            if !services.contains_key(needed) {
                wrong.push(format!("there is no {needed} to wait for"));
            }
        }
        if let Some(image) = service["image"].as_str().and_then(|image| image.strip_prefix(OURS)) {
            let binary = image.split(':').next().unwrap_or_default();
            wrong.extend(of_ours(root, service, binary, &dockerfile)?);
        }
        found.extend(wrong.into_iter().map(|problem| format!("{COMPOSE}: {name}: {problem}")));
    }
    found.extend(toolchain(&dockerfile, &read(root, Path::new(TOOLCHAIN))?));
    Ok(found)
}

/// Files of ours that are mounted or read, and are not there. What a command makes is ignored by git.
fn files(root: &Path, service: &Value) -> Vec<String> {
    let folder = root.join(COMPOSE).parent().map(PathBuf::from).unwrap_or_default();
    let mounted = list(&service["volumes"]).filter_map(|volume| volume.split(':').next());
    let mounted = mounted.filter(|from| from.starts_with('.') && *from != "./secrets");
    let named = mounted.chain(list(&service["env_file"]));
    named.filter(|file| !folder.join(file).exists()).map(|file| format!("{file} is not there")).collect()
}

fn of_ours(root: &Path, service: &Value, binary: &str, dockerfile: &str) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let default = PathBuf::from("services").join(binary).join("config/default.toml");
    let tree: toml::Table = read(root, &default)?.parse()?;
    let mut keys: Vec<String> =
        service["environment"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    for file in list(&service["env_file"]) {
        let text = read(root, &Path::new(COMPOSE).with_file_name(file))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        keys.extend(lines.filter_map(|line| Some(line.split_once('=')?.0.to_owned())));
    }
    let unknown = keys
        .iter()
        .filter_map(|key| key.strip_prefix(PREFIX))
        .filter(|key| !super::objects::knows(&tree, key));
    wrong.extend(unknown.map(|key| format!("{} has no key for {PREFIX}{key}", default.display())));
    let cli = read(root, Path::new(CLI))?.to_lowercase();
    let commands = list(&service["command"]).chain(list(&service["healthcheck"]["test"]).skip(2));
    // As variants of an enumeration: a word with a comma.
    wrong.extend(
        commands
            .filter(|word| !cli.contains(&format!("    {word},\n")))
            .map(|word| format!("no service has a command {word}")),
    );
    if let Some(program) = list(&service["healthcheck"]["test"]).nth(1)
        && program != format!("redress-{binary}")
    {
        wrong.push(format!("its image has no program {program}"));
    }
    if let Some(target) = service["build"]["target"].as_str()
        && !dockerfile.contains(&format!(" AS {target}\n"))
    {
        wrong.push(format!("{DOCKERFILE} has no stage {target}"));
    }
    Ok(wrong)
}

/// The compiler of the images is the one that everything is tested with.
fn toolchain(dockerfile: &str, toolchain: &str) -> Option<String> {
    let version = toolchain.lines().find_map(|line| line.strip_prefix("channel = "))?.trim_matches('"');
    let wanted = format!("ARG BUILD_BASE=rust:{version}-");
    (!dockerfile.contains(&wanted))
        .then(|| format!("{DOCKERFILE} builds with another Rust than {TOOLCHAIN}: {version}"))
}

fn list(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn of(text: &str) -> Vec<String> {
        let service: Value = serde_json::from_str(text).unwrap();
        let mut found = files(&root(), &service);
        found.extend(of_ours(&root(), &service, "sla", "FROM runtime AS sla\n").unwrap());
        found
    }

    #[test]
    fn what_compose_says_that_the_code_does_not_bear_out_is_found() {
        let well = r#"{"environment": {"REDRESS__POSTGRES__URL": "x", "OTHER": "y"}, "command": ["topics"], "env_file": ["services.env"],
            "healthcheck": {"test": ["CMD", "redress-sla", "healthcheck"]}, "build": {"target": "sla"}, "volumes": ["./databases.sql:/x:ro", "data:/y"]}"#;
        assert_eq!(of(well), Vec::<String>::new());
        for (right, wrong) in [
            ("POSTGRES__URL", "POSTGRES__URI"),
            ("[\"topics\"]", "[\"topic\"]"),
            ("redress-sla", "redress-intake"),
            ("\"healthcheck\"]", "\"health\"]"),
            ("\"target\": \"sla\"", "\"target\": \"clock\""),
            ("./databases.sql", "./database.sql"),
        ] {
            assert_eq!(of(&well.replace(right, wrong)).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_build_with_another_compiler_is_found() {
        let channel = "[toolchain]\nchannel = \"1.95.0\"\n";
        assert_eq!(toolchain("ARG BUILD_BASE=rust:1.95.0-bookworm\n", channel), None);
        assert!(toolchain("ARG BUILD_BASE=rust:1.94.0-bookworm\n", channel).is_some());
    }
}
