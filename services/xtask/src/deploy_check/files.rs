//! Linters of what is neither Rust nor chart.

use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::install::{self, Programs};
use crate::steps::Steps;
use crate::{command, workspace};

/// The steps of this part.
pub(super) async fn check(steps: &mut Steps) {
    let Some(tools) = steps.run("tools: linters", install::python()).await else { return };
    steps.run("files: Dockerfile by hadolint", lint(&tools, "hadolint", &[], is_dockerfile)).await;
    steps.run("files: shell scripts by shellcheck", lint(&tools, "shellcheck", &[], is_script)).await;
    let by_schema =
        lint(&tools, "check-jsonschema", &["--builtin-schema", "vendor.compose-spec"], is_compose);
    steps.run("files: compose by its schema", by_schema).await;
    let schema = lint(&tools, "check-jsonschema", &["--check-metaschema"], is_schema);
    steps.run("files: the schema of values is one", schema).await;
    steps.run("files: YAML by yamllint", lint(&tools, "yamllint", &["--strict"], is_yaml)).await;
    steps
        .run(
            "files: spelling by typos",
            lint(&tools, "typos", &["--format", "brief", "--force-exclude"], |_| true),
        )
        .await;
}

async fn lint(
    tools: &Programs,
    program: &str,
    arguments: &[&str],
    wanted: impl Fn(&Path) -> bool,
) -> anyhow::Result<()> {
    let files: Vec<PathBuf> = workspace::files()?.into_iter().filter(|file| wanted(file)).collect();
    ensure!(!files.is_empty(), "there is nothing for {program} to look at");
    let mut lint = tools.command(program);
    lint.args(arguments).args(files);
    // The finding, not the thousand names of files, is the error.
    command::run_named(lint, program).await
}

fn is_dockerfile(file: &Path) -> bool {
    file.ends_with("k8s/images/Dockerfile")
}

fn is_compose(file: &Path) -> bool {
    file.ends_with("k8s/compose/compose.yaml")
}

fn is_schema(file: &Path) -> bool {
    file.ends_with("charts/redress/values.schema.json")
}

fn is_script(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "sh") || file.ends_with(".ci/run")
}

/// Templates are no YAML before they are rendered; what is rendered is judged by a control plane.
fn is_yaml(file: &Path) -> bool {
    let yaml = file.extension().is_some_and(|extension| extension == "yaml");
    let rendered = ["k8s/base/redress.yaml", "k8s/monitoring/redress.yaml", "k8s/kafka/topics.yaml"];
    yaml && !file.starts_with("charts/redress/templates") && !rendered.iter().any(|name| file.ends_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_rendered_files_are_not_linted_as_yaml() {
        assert!(is_yaml(Path::new("charts/redress/values.yaml")));
        assert!(!is_yaml(Path::new("charts/redress/templates/edge.yaml")));
        assert!(!is_yaml(Path::new("k8s/base/redress.yaml")));
        assert!(is_script(Path::new(".ci/run")) && !is_script(Path::new("README.md")));
    }
}
