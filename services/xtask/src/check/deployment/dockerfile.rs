//! `k8s/images/Dockerfile` against the workspace, for nothing here builds it: what it compiles, copies and starts, and whether
//! the builder is given every file that the compiler reads.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::{has_extension, read};

const DOCKERFILE: &str = "k8s/images/Dockerfile";
const IGNORED: &str = "k8s/images/Dockerfile.dockerignore";
const WORKLOADS: &str = "charts/redress/files/workloads.yaml";
/// Where the compilation puts binaries.
const RELEASE: &str = "target/release/";
/// Where the first stage leaves them for the others.
const OUT: &str = "/out/";
/// Debian's releases by name: a binary runs on no older one than it was linked on.
const RELEASES: &[(&str, &str)] = &[("bookworm", "12"), ("trixie", "13")];

/// One line per fault.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let lines = instructions(&read(root, Path::new(DOCKERFILE))?);
    let workloads: Value = serde_saphyr::from_str(&read(root, Path::new(WORKLOADS))?).context(WORKLOADS)?;
    let wanted = workloads.as_object().into_iter().flat_map(|all| all.values());
    let wanted: BTreeSet<&str> = wanted.filter_map(|workload| workload["binary"].as_str()).collect();
    let mut found = stages(&lines, &wanted);
    for package in built(&lines) {
        let folder = Path::new("services").join(package.trim_start_matches("redress-"));
        let manifest = std::fs::read_to_string(root.join(&folder).join("Cargo.toml")).unwrap_or_default();
        if !manifest.contains(&format!("name = \"{package}\"\n"))
            || !root.join(&folder).join("src/main.rs").is_file()
        {
            found.push(format!("{package} is no program of the workspace"));
        }
    }
    let ignored = read(root, Path::new(IGNORED))?;
    let given = given(&ignored);
    for (file, needed) in needed(root, files)? {
        if !given.iter().any(|folder| needed.starts_with(folder)) {
            found.push(format!("{IGNORED} keeps back {}, which {} needs", needed.display(), file.display()));
        }
    }
    Ok(found.into_iter().map(|problem| format!("{DOCKERFILE}: {problem}")).collect())
}

/// Its instructions, one a line, without comments.
fn instructions(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let words = joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    words.filter(|line| !line.is_empty()).collect()
}

/// The packages that are compiled.
fn built(lines: &[String]) -> BTreeSet<&str> {
    let compile = lines.iter().filter(|line| line.starts_with("RUN") && line.contains("cargo build"));
    let words: Vec<&str> = compile.flat_map(|line| line.split(' ')).collect();
    words.windows(2).filter(|pair| pair[0] == "-p").map(|pair| pair[1]).collect()
}

/// What stages say of each other and of the workloads.
fn stages(lines: &[String], wanted: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let built = built(lines);
    let words = lines.iter().flat_map(|line| line.split(' '));
    let kept: BTreeSet<&str> = words.filter_map(|word| word.strip_prefix(RELEASE)).collect();
    found.extend(
        built.symmetric_difference(&kept).map(|name| format!("{name} is compiled or copied, but not both")),
    );
    let mut named = BTreeSet::new();
    for (name, stage) in of_services(lines) {
        let program = program(name);
        let has = |line: String| stage.iter().any(|own| **own == line);
        if !has(format!("COPY --from=build {OUT}{program} /usr/local/bin/"))
            || !built.contains(program.as_str())
        {
            found.push(format!("stage {name} gets no {program}"));
        }
        if !has(format!("ENTRYPOINT [\"{program}\"]")) {
            found.push(format!("stage {name} does not start {program}"));
        }
        named.insert(name);
    }
    found.extend(wanted.difference(&named).map(|name| format!("there is no stage for {name}")));
    found.extend(bases(lines));
    found
}

/// What the stage `name` starts: a service, or the command line, whose name says whose it is.
fn program(name: &str) -> String {
    if name.starts_with("redress") { name.to_owned() } else { format!("redress-{name}") }
}

/// What the images share, and what they start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ImageStage {
    /// The runtime base's release of Debian, by name.
    pub(crate) release: String,
    /// What is run on the base, as a shell reads it.
    pub(crate) commands: Vec<String>,
    /// `user:group` by number.
    pub(crate) user: String,
    /// What the images start.
    pub(crate) programs: Vec<String>,
}

/// Reads the text of the Dockerfile.
pub(crate) fn image_stages(text: &str) -> anyhow::Result<ImageStage> {
    let lines = instructions(text);
    let base = lines.iter().find_map(|line| line.strip_prefix("ARG RUNTIME_BASE=debian:"));
    let base = base.context("the runtime's base is no Debian")?;
    let release = RELEASES.iter().find(|(name, number)| {
        base.starts_with(&format!("{number}.")) || base.starts_with(&format!("{name}-"))
    });
    let runtime = lines.iter().skip_while(|line| *line != "FROM ${RUNTIME_BASE} AS runtime").skip(1);
    let runtime: Vec<&String> = runtime.take_while(|line| !line.starts_with("FROM ")).collect();
    let of =
        |word: &str| runtime.iter().filter_map(|line| line.strip_prefix(word)).map(str::to_owned).collect();
    let (commands, users): (Vec<String>, Vec<String>) = (of("RUN "), of("USER "));
    Ok(ImageStage {
        release: release.with_context(|| format!("{base} is no release that is known here"))?.0.to_owned(),
        commands,
        user: users.last().context("the runtime stage names no user")?.clone(),
        programs: of_services(&lines).into_iter().map(|(name, _)| program(name)).collect(),
    })
}

/// The stages that become images, each with its lines.
fn of_services(lines: &[String]) -> Vec<(&str, Vec<&String>)> {
    let mut found: Vec<(&str, Vec<&String>)> = Vec::new();
    for line in lines {
        if let Some(from) = line.strip_prefix("FROM ") {
            found.push((from.strip_prefix("runtime AS ").unwrap_or_default(), Vec::new()));
        } else if let Some((_, stage)) = found.last_mut() {
            stage.push(line);
        }
    }
    found.retain(|(name, _)| !name.is_empty());
    found
}

/// Both bases are the same release of Debian, and neither floats.
fn bases(lines: &[String]) -> Option<String> {
    let of = |name: &str| lines.iter().find_map(|line| line.strip_prefix(&format!("ARG {name}=")));
    let (build, runtime) = (of("BUILD_BASE").unwrap_or_default(), of("RUNTIME_BASE").unwrap_or_default());
    let fit = |(name, number): &(&str, &str)| {
        build.ends_with(&format!("-{name}"))
            && (runtime.starts_with(&format!("debian:{number}."))
                || runtime.starts_with(&format!("debian:{name}-")))
    };
    (!RELEASES.iter().any(fit)).then(|| format!("{build} and {runtime} are not the same release of Debian"))
}

/// What the builder gets: the exceptions from "nothing".
fn given(ignored: &str) -> Vec<&str> {
    ignored.lines().filter_map(|line| line.strip_prefix('!')).collect()
}

/// Files that cargo and the compiler read, with who reads them: manifests, and what sources include.
fn needed(root: &Path, files: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
    let mut found = vec![(PathBuf::from("cargo"), PathBuf::from("Cargo.lock"))];
    for file in files.iter().filter(|file| file.ends_with("Cargo.toml")) {
        found.push((PathBuf::from("cargo"), file.clone()));
    }
    for file in files.iter().filter(|file| is_compiled(file)) {
        let folder = file.parent().unwrap_or(Path::new(""));
        for included in included(&read(root, file)?) {
            found.push((file.clone(), normal(&folder.join(included))));
        }
    }
    Ok(found)
}

/// Sources of programs that are images, and of what they consist of: tests and this command are not.
fn is_compiled(file: &Path) -> bool {
    let is_source = has_extension(file, "rs") && file.iter().any(|part| part == "src");
    is_source && file.starts_with("services") && !file.starts_with("services/xtask")
}

/// Paths that a source includes at compile time, relative to its folder.
fn included(source: &str) -> Vec<String> {
    let calls = ["include_str!(\"", "include_bytes!(\""];
    let found = calls.iter().flat_map(|call| source.split(call).skip(1));
    found.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// Without `..`; the files need not be there.
fn normal(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            found.pop();
        } else {
            found.push(part);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = "
ARG BUILD_BASE=rust:1.95.0-bookworm
ARG RUNTIME_BASE=debian:12.12-slim
FROM ${BUILD_BASE} AS build
# Words.
RUN --mount=type=cache,target=/x \\
    cargo build --release -p redress-sla -p redress-intake \\
    && cp target/release/redress-sla target/release/redress-intake /out/
FROM ${RUNTIME_BASE} AS runtime
USER 65532
FROM runtime AS sla
COPY --from=build /out/redress-sla /usr/local/bin/
ENTRYPOINT [\"redress-sla\"]

FROM runtime AS intake
COPY --from=build /out/redress-intake /usr/local/bin/
ENTRYPOINT [\"redress-intake\"]
";

    #[test]
    fn a_stage_that_lacks_its_program_and_a_program_that_nobody_copies_are_found() {
        let of = |text: &str| stages(&instructions(text), &BTreeSet::from(["intake", "sla"]));
        assert_eq!(of(DOCKERFILE), Vec::<String>::new());
        for (right, wrong) in [
            (" target/release/redress-intake", ""),
            ("COPY --from=build /out/redress-sla", "COPY --from=build /out/redress-sl"),
            ("ENTRYPOINT [\"redress-sla\"]", "ENTRYPOINT [\"redress-intake\"]"),
            ("debian:12.12", "debian:11.11"),
            ("debian:12.12", "debian:13.1"),
            ("rust:1.95.0-bookworm", "rust:1.95.0"),
        ] {
            assert_eq!(of(&DOCKERFILE.replace(right, wrong)).len(), 1, "{wrong}");
        }
        let tool = "FROM runtime AS redressctl\nCOPY --from=build /out/redressctl /usr/local/bin/\nENTRYPOINT [\"redressctl\"]\n";
        let with_tool = DOCKERFILE.replace("-p redress-intake", "-p redress-intake -p redressctl");
        let with_tool = with_tool.replace(" /out/\n", " target/release/redressctl /out/\n") + tool;
        assert_eq!(of(&with_tool), Vec::<String>::new());
        let less = DOCKERFILE.replace("AS intake", "AS intakes");
        assert!(of(&less).iter().any(|it| it == "there is no stage for intake"), "{:?}", of(&less));
    }

    #[test]
    fn the_runtime_stage_is_read_with_its_commands_and_its_user() {
        let text = DOCKERFILE.replace("USER 65532", "RUN a \\\n && b\nUSER 65532:65532");
        let expected = ImageStage {
            release: "bookworm".to_owned(),
            commands: vec!["a && b".to_owned()],
            user: "65532:65532".to_owned(),
            programs: vec!["redress-sla".to_owned(), "redress-intake".to_owned()],
        };
        assert_eq!(image_stages(&text).unwrap(), expected);
    }

    #[test]
    fn a_file_that_a_source_includes_is_needed_by_the_builder() {
        assert_eq!(included("include_str!(\"../a.toml\"); include_bytes!(\"b\")"), ["../a.toml", "b"]);
        assert_eq!(normal(Path::new("services/x/src/../../../charts/a")), Path::new("charts/a"));
        assert_eq!(given("*\n!services\n!Cargo.toml\n"), ["services", "Cargo.toml"]);
    }

    #[test]
    fn the_builder_gets_what_it_needs_and_without_a_folder_that_is_told() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("services/sla/src/main.rs", "include_str!(\"../../../charts/values.yaml\")");
        let files = ["services/sla/src/main.rs", "load-tests/Cargo.toml", "services/e2e/tests/a.rs"]
            .map(PathBuf::from);
        let needed: Vec<_> =
            needed(root.path(), &files).unwrap().into_iter().map(|(_, needed)| needed).collect();
        let expected = ["Cargo.lock", "load-tests/Cargo.toml", "charts/values.yaml"].map(PathBuf::from);
        assert_eq!(needed, expected);
    }
}
