//! The YAML of `k8s/`, the chart's values and what it renders: well formed, complete, and with no key of a configuration that
//! no service has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::{has_extension, read};
use crate::launch::SERVICES;

const CHART: &str = "charts/redress";
const ADMIN: &str = "services/common/runtime/src/health/admin.rs";
/// Keys without a default: the profile says them, or helm itself.
const OPTIONAL: &[&str] = &[".defaults.maxReplicas", ".defaults.replicas", ".defaults.resources", ".global"];
const PREFIX: &str = "REDRESS__";
const COMPONENT: &str = "/metadata/labels/app.kubernetes.io~1component";

/// One line per fault.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut found = values(root)?;
    for file in files.iter().filter(|file| file.starts_with("k8s") && has_extension(file, "yaml")) {
        let documents: Vec<Value> = serde_saphyr::from_multiple(&read(root, file)?)
            .with_context(|| format!("{} is no YAML", file.display()))?;
        let wrong = of_documents(root, file, &documents)?;
        found.extend(wrong.into_iter().map(|problem| format!("{}: {problem}", file.display())));
    }
    Ok(found)
}

/// The same of what the chart renders for some values.
pub(crate) fn of_rendering(root: &Path, rendered: &str) -> anyhow::Result<Vec<String>> {
    // Kubernetes reads YAML 1.1: 0440 is a number of base eight.
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(rendered, options)?;
    anyhow::ensure!(
        documents.iter().any(|document| document["kind"] == "Deployment"),
        "it renders no workload"
    );
    of_documents(root, Path::new(""), &documents)
}

/// Every key of values.yaml is in the schema and the other way round; a key of one alone would be refused, or unknown.
fn values(root: &Path) -> anyhow::Result<Vec<String>> {
    let values: Value = serde_saphyr::from_str(&read(root, &Path::new(CHART).join("values.yaml"))?)?;
    let schema: Value = serde_json::from_str(&read(root, &Path::new(CHART).join("values.schema.json"))?)?;
    let mut found = Vec::new();
    against(&values, &schema, &schema["definitions"], "", &mut found);
    Ok(found)
}

fn against(value: &Value, schema: &Value, definitions: &Value, path: &str, found: &mut Vec<String>) {
    let named = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    let schema = named.map_or(schema, |name| &definitions[name]);
    let Some(object) = value.as_object() else { return };
    let Some(properties) = schema["properties"].as_object() else { return };
    if schema["additionalProperties"] != false {
        found.push(format!("{CHART}/values.schema.json takes any key below `{path}`"));
    }
    for (key, inner) in object {
        match properties.get(key) {
            Some(schema) => against(inner, schema, definitions, &format!("{path}.{key}"), found),
            None => found.push(format!("{CHART}/values.schema.json does not know {path}.{key}")),
        }
    }
    // What has a name is used in several places, and each says only what it needs of it; an empty map may be filled.
    if named.is_none() && !object.is_empty() {
        let absent =
            properties.keys().filter(|key| !object.contains_key(*key)).map(|key| format!("{path}.{key}"));
        let absent = absent.filter(|path| !OPTIONAL.contains(&path.as_str()));
        found.extend(absent.map(|path| format!("{CHART}/values.yaml does not name {path}")));
    }
}

fn of_documents(root: &Path, file: &Path, documents: &[Value]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for document in documents.iter().filter(|document| document.get("kind").is_some()) {
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        if matches!(kind, "Kustomization" | "Component") {
            found.extend(absent(root, file, document));
            found.extend(unknown_settings(root, file, document)?);
            continue;
        }
        if text("/apiVersion").is_empty() || name.is_empty() {
            found.push(format!("a {kind} without apiVersion or name"));
        }
        if !names.insert((kind, text("/metadata/namespace"), name)) {
            found.push(format!("{kind} {name} is there twice"));
        }
        match kind {
            "ConfigMap" => {
                let keys = document["data"].as_object().into_iter().flatten().map(|(key, _)| key.as_str());
                found.extend(unknown_keys(root, text(COMPONENT), keys)?);
            }
            "Deployment" | "Job" => {
                found.extend(of_containers(root, name, document)?);
                found.extend(unknown_keys(root, text(COMPONENT), variables(document))?);
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Files that a kustomization names and that are not there.
fn absent(root: &Path, file: &Path, kustomization: &Value) -> Vec<String> {
    let folder = root.join(file).parent().map(Path::to_owned).unwrap_or_default();
    let listed =
        ["resources", "components"].into_iter().filter_map(|key| kustomization[key].as_array()).flatten();
    let named = listed.filter_map(Value::as_str).chain(settings(kustomization));
    named.filter(|name| !folder.join(name).exists()).map(|name| format!("{name} is not there")).collect()
}

/// Files of variables from which a kustomization generates `ConfigMap`s.
fn settings(kustomization: &Value) -> impl Iterator<Item = &str> {
    let generated = kustomization["configMapGenerator"].as_array().into_iter().flatten();
    generated.filter_map(|map| map["envs"].as_array()).flatten().filter_map(Value::as_str)
}

/// Variables in such files that are no key. A file that is named after a service is read by it, another by all of them, and
/// each refuses what it does not know.
fn unknown_settings(root: &Path, file: &Path, kustomization: &Value) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for named in settings(kustomization) {
        let place = file.with_file_name(named);
        // That it is not there has been told.
        let Ok(text) = read(root, &place) else { continue };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let keys: Vec<&str> = lines.filter_map(|line| Some(line.split_once('=')?.0)).collect();
        let own = named.trim_end_matches(".env");
        let readers: Vec<&str> = SERVICES.iter().copied().filter(|service| *service == own).collect();
        for service in if readers.is_empty() { SERVICES.to_vec() } else { readers } {
            found.extend(unknown_keys(root, service, keys.iter().copied())?);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Names of all variables that the containers of a pod are given one by one, from secrets or not.
fn variables(object: &Value) -> impl Iterator<Item = &str> {
    let spec = &object["spec"]["template"]["spec"];
    let containers =
        ["initContainers", "containers"].into_iter().filter_map(|key| spec[key].as_array()).flatten();
    let given = containers.filter_map(|container| container["env"].as_array()).flatten();
    given.filter_map(|variable| variable["name"].as_str())
}

/// Variables of a workload that are no key of its service's configuration.
fn unknown_keys<'a>(
    root: &Path,
    workload: &str,
    keys: impl Iterator<Item = &'a str>,
) -> anyhow::Result<Vec<String>> {
    let service = workload.split('-').next().unwrap_or_default();
    let default = Path::new("services").join(service).join("config/default.toml");
    if service.is_empty() || !root.join(&default).is_file() {
        return Ok(Vec::new());
    }
    let tree: toml::Table = read(root, &default)?.parse()?;
    let unknown =
        keys.filter_map(|key| Some((key, key.strip_prefix(PREFIX)?))).filter(|(_, rest)| !knows(&tree, rest));
    Ok(unknown.map(|(key, _)| format!("{workload}: {} has no key for {key}", default.display())).collect())
}

/// Whether a configuration has the key of a variable, `SECTION__KEY`.
pub(super) fn knows(tree: &toml::Table, variable: &str) -> bool {
    let mut parts = variable.split("__").map(str::to_lowercase);
    let first = parts.next().and_then(|part| tree.get(&part));
    parts.try_fold(first, |at, part| at.map(|value| value.get(&part))).flatten().is_some()
}

/// Probes that the runtime does not answer, and variables that a container is given twice.
fn of_containers(root: &Path, name: &str, deployment: &Value) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let admin = read(root, Path::new(ADMIN))?;
    let spec = &deployment["spec"]["template"]["spec"];
    let containers = ["initContainers", "containers"].into_iter();
    for container in containers.filter_map(|key| spec[key].as_array()).flatten() {
        let mut variables = BTreeSet::new();
        for variable in container["env"].as_array().into_iter().flatten() {
            if !variables.insert(variable["name"].as_str()) {
                found.push(format!("{name}: {} is there twice", variable["name"]));
            }
        }
        let ours = container["args"][0].as_str() == Some("serve");
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"].into_iter().filter(|_| ours) {
            match container[probe]["httpGet"]["path"].as_str() {
                Some(path) if admin.contains(&format!("\"{path}\"")) => {}
                path => found.push(format!("{name}: {probe} asks {path:?}, which {ADMIN} does not answer")),
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn a_variable_that_is_no_key_of_the_service_is_found() {
        let keys = ["REDRESS__KAFKA__BROKERS", "REDRESS__KAFKA__BROKER", "OTEL_X"];
        let found = unknown_keys(&root(), "intake-accept", keys.into_iter()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("REDRESS__KAFKA__BROKER"), "{found:?}");
    }

    #[test]
    fn a_probe_that_nobody_answers_and_a_variable_given_twice_are_found() {
        let probe = |path: &str| json!({"httpGet": {"path": path}});
        let deployment = json!({"spec": {"template": {"spec": {"containers": [{
            "args": ["serve"],
            "env": [{"name": "A"}, {"name": "A"}],
            "startupProbe": probe("/livez"),
            "livenessProbe": probe("/healthz"),
            "readinessProbe": probe("/readyz"),
        }]}}}});
        let found = of_containers(&root(), "x", &deployment).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn what_only_one_of_values_and_schema_knows_is_found() {
        let closed = |properties: Value| json!({"properties": properties, "additionalProperties": false});
        let mut schema = closed(json!({"a": {"$ref": "#/definitions/b"}, "e": {}}));
        schema["definitions"] = json!({"b": closed(json!({"c": {}, "optional": {}}))});
        let mut found = Vec::new();
        against(&json!({"a": {"c": 1, "d": 2}}), &schema, &schema["definitions"], "", &mut found);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("does not know .a.d") && found[1].contains("does not name .e"),
            "{found:?}"
        );
    }

    #[test]
    fn an_object_of_the_schema_that_takes_any_key_is_found() {
        let mut found = Vec::new();
        against(&json!({"a": 1}), &json!({"properties": {"a": {}}}), &json!({}), "", &mut found);
        assert!(found[0].contains("takes any key"), "{found:?}");
    }

    #[test]
    fn a_variable_from_a_secret_that_is_no_key_is_found_in_deployments_and_jobs() {
        let pod = |name: &str| json!({"containers": [{"args": ["migrate"]}], "initContainers": [{"env": [{"name": name, "valueFrom": {}}]}]});
        for kind in ["Deployment", "Job"] {
            let object = |name: &str| {
                let metadata = json!({"name": "x", "labels": {"app.kubernetes.io/component": "sla"}});
                json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": {"template": {"spec": pod(name)}}})
            };
            let of = |name: &str| of_documents(&root(), Path::new(""), &[object(name)]).unwrap();
            assert_eq!(of("REDRESS__KAFKA__SECURITY__SASL_PASSWORD"), Vec::<String>::new(), "{kind}");
            assert_eq!(of("REDRESS__KAFKA__SECURITY__PASSWORD").len(), 1, "{kind}");
        }
    }

    #[test]
    fn a_setting_of_an_overlay_that_one_of_its_readers_does_not_know_is_found() {
        let folder = tempfile::tempdir().unwrap();
        for service in SERVICES {
            let place = folder.path().join("services").join(service).join("config");
            std::fs::create_dir_all(&place).unwrap();
            let own = if service == "sla" { "[sla]\nown = 1\n" } else { "" };
            std::fs::write(place.join("default.toml"), format!("[kafka]\nbrokers = \"\"\n{own}")).unwrap();
        }
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("sla.env", "REDRESS__SLA__OWN=1\n");
        write("settings.env", "# words\nREDRESS__KAFKA__BROKERS=k\nREDRESS__SLA__OWN=1\n");
        let of = |name: &str| {
            let kustomization = json!({"configMapGenerator": [{"name": "x", "envs": [name]}]});
            unknown_settings(folder.path(), Path::new("kustomization.yaml"), &kustomization).unwrap()
        };
        assert_eq!(of("sla.env"), Vec::<String>::new());
        assert_eq!(of("settings.env").len(), SERVICES.len() - 1, "every service but sla refuses it");
    }
}
