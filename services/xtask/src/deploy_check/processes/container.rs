//! From a container to the process that a kubelet would start: its program, variables and files.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::pods::{Objects, Pod};
use super::stage::Stage;

/// Where the chart mounts what services read; a path below it must lead to a mounted file.
const OURS: &str = "/etc/redress/";
/// Variables that the caller may have and a pod has not.
const NOT_INHERITED: &[&str] = &["REDRESS", "OTEL_", "PG"];

/// The command, ready to be started.
pub(super) fn process(
    objects: &Objects,
    stage: &Stage,
    pod: &Pod,
    container: &Value,
) -> anyhow::Result<Command> {
    let mounts = mounts(stage, pod, container)?;
    let mut command = match words(&container["command"]).split_first() {
        Some((program, rest)) => {
            let mut command = Command::new(program);
            command.args(rest);
            command
        }
        None => Command::new(stage.entrypoint(container["image"].as_str().unwrap_or_default())?),
    };
    command.args(words(&container["args"]));
    for (name, _) in std::env::vars_os() {
        if NOT_INHERITED.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    for (name, value) in variables(objects, stage, pod, container)? {
        let here =
            on_this_machine(objects, pod, &mounts, &value).with_context(|| format!("{name}={value}"))?;
        // Commands that end share the configuration and get no keys: they must do without.
        if words(&container["args"]).contains(&"serve") {
            mounted(&mounts, &value).with_context(|| name.clone())?;
        }
        command.env(&name, here);
    }
    Ok(command)
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// As a kubelet makes them: from `ConfigMaps`, then the single ones over them, with `$(NAME)` of those before.
fn variables(
    objects: &Objects,
    stage: &Stage,
    pod: &Pod,
    container: &Value,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for from in container["envFrom"].as_array().into_iter().flatten() {
        let name = from["configMapRef"]["name"].as_str().context("envFrom names a ConfigMap")?;
        found.extend(objects.config_map(name)?);
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = variable["name"].as_str().context("a variable has a name")?;
        let from = &variable["valueFrom"];
        let value = if let Some(value) = variable["value"].as_str() {
            found
                .iter()
                .fold(value.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
        } else if from["fieldRef"]["fieldPath"] == "metadata.name" {
            pod.name.clone()
        } else if let Some(secret) = from["secretKeyRef"]["name"].as_str() {
            stage.secret(secret, from["secretKeyRef"]["key"].as_str().unwrap_or_default())?.to_owned()
        } else {
            bail!("{name} comes from nowhere: {variable}")
        };
        found.insert(name.to_owned(), value);
    }
    Ok(found)
}

/// Makes the files of the volumes and returns each mount's path with the folder that stands for it.
fn mounts(stage: &Stage, pod: &Pod, container: &Value) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let (name, path) = (&mount["name"], mount["mountPath"].as_str().context("a mount has a path")?);
        let mut volumes = pod.volumes.as_array().into_iter().flatten();
        let volume = volumes
            .find(|volume| volume["name"] == *name)
            .with_context(|| format!("there is no volume {name}"))?;
        let folder = match volume["persistentVolumeClaim"]["claimName"].as_str() {
            // Shared by all that claim it.
            Some(claim) => stage.folder().join("claims").join(claim),
            None => stage.folder().join("volumes").join(&pod.name).join(path.trim_start_matches('/')),
        };
        fs::create_dir_all(&folder)?;
        if let Some(secret) = volume["secret"]["secretName"].as_str() {
            files(&volume["secret"], &folder, |key| stage.secret(secret, key))?;
        }
        if let Some(map) = volume["configMap"]["name"].as_str() {
            files(&volume["configMap"], &folder, |key| stage.config_map(map, key))?;
        }
        found.push((path.to_owned(), folder));
    }
    Ok(found)
}

fn files<'a>(
    volume: &Value,
    folder: &Path,
    text_of: impl Fn(&str) -> anyhow::Result<&'a str>,
) -> anyhow::Result<()> {
    let mode = volume["defaultMode"].as_u64().context("a volume of files says its mode")?;
    for item in volume["items"].as_array().into_iter().flatten() {
        let [key, path] = [&item["key"], &item["path"]].map(|text| text.as_str().unwrap_or_default());
        let file = folder.join(path);
        // Several containers of a pod mount the same; a file that only its group reads is not written again.
        if !file.exists() {
            fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
            fs::write(&file, text_of(key)?)?;
            fs::set_permissions(&file, Permissions::from_mode(u32::try_from(mode)?))?;
        }
    }
    Ok(())
}

/// Fails if a value names a file of ours that no volume has.
fn mounted(mounts: &[(String, PathBuf)], value: &str) -> anyhow::Result<()> {
    if let Some((_, rest)) = value.split_once(OURS) {
        let path = format!("{OURS}{}", rest.split(['&', '?', ' ']).next().unwrap_or(rest));
        let file = mounts
            .iter()
            .find_map(|(mount, folder)| Some(folder.join(path.strip_prefix(&format!("{mount}/"))?)));
        ensure!(file.is_some_and(|file| file.is_file()), "no volume has the file {path}");
    }
    Ok(())
}

/// A variable's value with what only a pod has replaced: its address, its mounts, names of Services.
fn on_this_machine(
    objects: &Objects,
    pod: &Pod,
    mounts: &[(String, PathBuf)],
    value: &str,
) -> anyhow::Result<String> {
    let mut here = value.replace("0.0.0.0:", &format!("{}:", pod.address));
    // Not /tmp: every process has one.
    for (path, folder) in mounts.iter().filter(|(path, _)| path != "/tmp") {
        here = here.replace(&format!("{path}/"), &format!("{}/", folder.display()));
    }
    if let Some(rest) = value.strip_prefix("http://redress-") {
        let (name, port) = rest.split_once(':').context("a Service is called by its port")?;
        here = format!("http://{}", objects.service(&format!("redress-{name}"), port.parse()?)?);
    }
    Ok(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_mount_leads_to_our_folder_and_one_without_a_file_is_refused() {
        let objects = Objects::read("kind: Deployment\nmetadata: {name: a}\nspec: {template: {metadata: {labels: {}}, spec: {containers: [{name: a}]}}}\n").unwrap();
        let pod = &objects.pods().unwrap()[0];
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("vault.toml"), "").unwrap();
        let mounts = [("/etc/redress/vault".to_owned(), folder.path().to_owned())];
        let here = |value: &str| on_this_machine(&objects, pod, &mounts, value);
        mounted(&mounts, "/etc/redress/vault/vault.toml").unwrap();
        let file = here("/etc/redress/vault/vault.toml").unwrap();
        assert_eq!(file, folder.path().join("vault.toml").display().to_string());
        assert_eq!(here("0.0.0.0:7000").unwrap(), "127.0.1.1:7000");
        for absent in
            ["/etc/redress/vault/other.toml", "postgres://x/y?sslrootcert=/etc/redress/postgres/ca.crt"]
        {
            assert!(mounted(&mounts, absent).is_err(), "{absent}");
        }
    }
}
