//! Which crate may depend on which. The table below is the whole truth; a new crate needs a row.

use std::path::Path;

use super::manifests::{Dependency, Member};

/// The shared crates, each with the shared crates that its code may use. Rows depend on earlier rows only, so there is
/// no circle.
const COMMON: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("proto", &["domain"]),
    ("postgres", &["domain"]),
    ("redis", &["domain"]),
    ("runtime", &["domain"]),
    ("vault", &["domain"]),
    ("messaging", &["domain", "proto"]),
    ("outbox", &["domain", "proto", "messaging", "postgres", "runtime"]),
    ("devstack", &[]),
    ("testkit", &["domain", "proto", "messaging", "postgres", "vault", "devstack"]),
];
/// Shared crates for development: tests of every crate may use them, and the code of the tools.
const DEVELOPMENT: &[&str] = &["devstack", "testkit"];
/// Crates that are no service: they may use everything shared.
const TOOLS: &[&str] = &["services/e2e", "services/xtask", "load-tests"];
/// The world outside of the services: like a tool it may use everything shared, and tools may play with it.
const SIMULATOR: &str = "services/simulator";
/// What the pure crate must not name in its manifest, and the pure modules of a service not in their code.
pub(super) const INPUT_OUTPUT: &[&str] =
    &["axum", "hyper", "rdkafka", "redis", "reqwest", "sqlx", "tokio", "tokio-util", "tonic"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Common(&'a str),
    Service(&'a str),
    Simulator,
    Tool,
}

/// The name of the service that lives in `folder`, if one does.
pub(super) fn service(folder: &Path) -> Option<&str> {
    match place(folder)? {
        Place::Service(name) => Some(name),
        Place::Common(_) | Place::Simulator | Place::Tool => None,
    }
}

fn place(folder: &Path) -> Option<Place<'_>> {
    let folder = folder.to_str()?;
    if TOOLS.contains(&folder) {
        return Some(Place::Tool);
    }
    if folder == SIMULATOR {
        return Some(Place::Simulator);
    }
    let inside = folder.strip_prefix("services/")?;
    match inside.strip_prefix("common/") {
        Some(name) => COMMON.iter().any(|(row, _)| *row == name).then_some(Place::Common(name)),
        None => (!inside.contains('/')).then_some(Place::Service(inside)),
    }
}

/// One line per dependency that points the wrong way.
pub(super) fn findings(members: &[Member]) -> Vec<String> {
    let of = |member: &Member| {
        let problems: Vec<String> = match place(&member.folder) {
            None => vec![
                "stands in no row of services/xtask/src/check/edges.rs; say there what it may use".to_owned(),
            ],
            Some(from) => member.dependencies.iter().filter_map(|to| refusal(from, to)).collect(),
        };
        let manifest = member.folder.join("Cargo.toml");
        problems
            .into_iter()
            .map(move |problem| format!("{}: {problem}", manifest.display()))
            .collect::<Vec<_>>()
    };
    members.iter().flat_map(of).collect()
}

fn refusal(from: Place<'_>, to: &Dependency) -> Option<String> {
    let name = &to.name;
    let Some(folder) = &to.folder else {
        let pure = from == Place::Common("domain") && INPUT_OUTPUT.contains(&name.as_str());
        return pure.then(|| {
            format!("`{name}` does input or output; the domain is pure: move that code to another crate")
        });
    };
    let allowed = match (from, place(folder)) {
        (_, Some(Place::Common(shared))) if to.dev && DEVELOPMENT.contains(&shared) => true,
        (Place::Tool | Place::Simulator, Some(Place::Common(_))) | (Place::Tool, Some(Place::Simulator)) => {
            true
        }
        (Place::Service(_), Some(Place::Common(shared))) => !DEVELOPMENT.contains(&shared),
        (Place::Common(user), Some(Place::Common(used))) => {
            COMMON.iter().any(|(row, may_use)| *row == user && may_use.contains(&used))
        }
        // Services talk by their contract; nobody links a service, a tool, or a crate without a row.
        _ => false,
    };
    (!allowed).then(|| {
        format!("must not depend on `{name}`; dependencies point one way: see the table in services/xtask/src/check/edges.rs")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str, dev: bool) -> Vec<String> {
        let dependency = Dependency { name: to.to_owned(), dev, folder: Some(to.into()) };
        findings(&[Member { folder: from.into(), dependencies: vec![dependency] }])
    }

    #[test]
    fn edges_along_the_direction_are_allowed() {
        for (from, to) in [
            ("services/common/proto", "services/common/domain"),
            ("services/common/messaging", "services/common/proto"),
            ("services/common/outbox", "services/common/runtime"),
            ("services/intake", "services/common/outbox"),
            ("services/e2e", "services/common/devstack"),
            ("services/xtask", "services/common/testkit"),
            ("load-tests", "services/common/testkit"),
            ("services/simulator", "services/common/testkit"),
            ("services/xtask", "services/simulator"),
            ("services/common/testkit", "services/common/devstack"),
        ] {
            assert_eq!(edge(from, to, false), [] as [String; 0]);
        }
        assert_eq!(edge("services/common/domain", "services/common/testkit", true), [] as [String; 0]);
    }

    #[test]
    fn edges_against_the_direction_are_refused_with_the_manifest_and_the_remedy() {
        for (from, to) in [
            ("services/common/domain", "services/common/proto"),
            ("services/common/proto", "services/common/messaging"),
            ("services/common/messaging", "services/common/outbox"),
            ("services/common/redis", "services/common/postgres"),
            ("services/common/runtime", "services/common/devstack"),
            ("services/common/outbox", "services/intake"),
            ("services/intake", "services/sla"),
            ("services/intake", "services/common/testkit"),
            ("services/intake", "services/xtask"),
            ("services/xtask", "services/intake"),
            ("services/intake", "services/simulator"),
            ("services/simulator", "services/intake"),
            ("services/simulator", "services/xtask"),
        ] {
            let found = edge(from, to, false);
            assert_eq!(found.len(), 1, "{from} → {to}");
            assert!(
                found[0].starts_with(&format!("{from}/Cargo.toml: must not depend on `{to}`")),
                "{found:?}"
            );
        }
        assert_eq!(edge("services/common/domain", "services/common/proto", true).len(), 1);
        assert_eq!(edge("services/intake", "services/sla", true).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_is_told_where_to_get_one() {
        let found = findings(&[Member { folder: "services/common/cache".into(), dependencies: vec![] }]);
        assert!(found[0].contains("edges.rs"), "{found:?}");
    }

    #[test]
    fn the_domain_names_no_crate_that_does_input_or_output() {
        let tokio = || Dependency { name: "tokio".to_owned(), dev: false, folder: None };
        let member = |folder: &str| Member { folder: folder.into(), dependencies: vec![tokio()] };
        assert_eq!(findings(&[member("services/common/domain")]).len(), 1);
        assert_eq!(findings(&[member("services/common/redis")]).len(), 0);
    }

    #[test]
    fn the_table_has_no_circle() {
        for (at, (row, may_use)) in COMMON.iter().enumerate() {
            let earlier = |used: &&str| COMMON[..at].iter().any(|(name, _)| name == used);
            assert!(may_use.iter().all(earlier), "{row} uses a later row");
        }
    }
}
