use std::collections::{BTreeSet, HashMap, HashSet};

use prost::Message as _;
use prost_types::FileDescriptorSet;
use redress_domain::{Principal, Role};

/// What one RPC, and the HTTP route that mirrors it, asks of its caller, and how dear it is under overload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rpc {
    /// The full path, for example `/redress.intake.v1.IntakeService/SubmitComplaint`.
    pub path: &'static str,
    /// Who may call.
    pub allow: Allow,
    /// Where it stands in the order of shedding.
    pub criticality: Criticality,
}

impl Rpc {
    /// The method as telemetry names it: the path without its first slash.
    pub fn method(&self) -> &'static str {
        self.path.trim_start_matches('/')
    }
}

/// Who may call. There is no "anyone": a call without a valid token is refused before this is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// Callers with at least one of these roles.
    Roles(&'static [Role]),
    /// Every caller with a valid token.
    AnyAuthenticated,
}

impl Allow {
    /// Whether `principal` may call.
    pub fn permits(self, principal: &Principal) -> bool {
        match self {
            Self::Roles(roles) => principal.has_any(roles),
            Self::AnyAuthenticated => true,
        }
    }
}

/// The order of shedding under overload, from the first shed to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criticality {
    /// Figures and reports.
    Analytics,
    /// Somebody looks how things stand.
    Status,
    /// Staff at work on a case.
    Staff,
    /// A complaint comes in.
    Accept,
}

impl Criticality {
    /// Every class, from the first shed to the last.
    pub const ALL: [Self; 4] = [Self::Analytics, Self::Status, Self::Staff, Self::Accept];

    /// The label of metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Status => "status",
            Self::Staff => "staff",
            Self::Accept => "accept",
        }
    }
}

/// The rows of a service by path.
#[derive(Debug)]
pub(crate) struct Policy {
    rows: HashMap<&'static str, Rpc>,
    /// Methods whose callers send a stream.
    uploads: HashSet<String>,
}

impl Policy {
    pub(crate) fn new(rows: &'static [Rpc]) -> Self {
        Self { rows: rows.iter().map(|row| (row.path, *row)).collect(), uploads: HashSet::new() }
    }

    /// Learns from `descriptors` which methods take a stream from their caller: those need the time of the stream.
    pub(crate) fn with_uploads(mut self, descriptors: &[u8]) -> Result<Self, prost::DecodeError> {
        for file in &FileDescriptorSet::decode(descriptors)?.file {
            for service in &file.service {
                let streaming = service.method.iter().filter(|method| method.client_streaming());
                let path = |name: &str| format!("/{}.{}/{name}", file.package(), service.name());
                self.uploads.extend(streaming.map(|method| path(method.name())));
            }
        }
        Ok(self)
    }

    /// Whether callers of `rpc` send a stream.
    pub(crate) fn is_upload(&self, rpc: Rpc) -> bool {
        self.uploads.contains(rpc.path)
    }

    pub(crate) fn find(&self, path: &str) -> Option<Rpc> {
        self.rows.get(path).copied()
    }

    /// The names of the gRPC services that have rows.
    pub(crate) fn services(&self) -> BTreeSet<&'static str> {
        self.rows.values().filter_map(|row| Some(row.method().split_once('/')?.0)).collect()
    }

    /// What does not fit between the rows and the methods of their services in `descriptors`, in sentences.
    pub(crate) fn gaps(&self, descriptors: &[u8]) -> Result<Vec<String>, prost::DecodeError> {
        let services = self.services();
        let mut methods = BTreeSet::new();
        for file in &FileDescriptorSet::decode(descriptors)?.file {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                if services.contains(name.as_str()) {
                    methods.extend(service.method.iter().map(|method| format!("/{name}/{}", method.name())));
                }
            }
        }
        let unruled = methods.iter().filter(|path| !self.rows.contains_key(path.as_str()));
        let unknown = self.rows.keys().filter(|path| !methods.contains(**path));
        Ok(unruled
            .map(|path| format!("{path} has no policy row"))
            .chain(unknown.map(|path| format!("the policy row {path} names no method")))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};

    use super::*;

    const ROWS: &[Rpc] = &[
        Rpc { path: "/a.v1.A/Known", allow: Allow::AnyAuthenticated, criticality: Criticality::Accept },
        Rpc { path: "/a.v1.A/Gone", allow: Allow::AnyAuthenticated, criticality: Criticality::Accept },
    ];

    #[test]
    fn a_method_that_takes_a_stream_is_known_from_its_contract() {
        let method = |name: &str, streaming| MethodDescriptorProto {
            name: Some(name.into()),
            client_streaming: Some(streaming),
            ..Default::default()
        };
        let service = ServiceDescriptorProto {
            name: Some("A".into()),
            method: vec![method("Known", true), method("Gone", false)],
            ..Default::default()
        };
        let file = FileDescriptorProto {
            package: Some("a.v1".into()),
            service: vec![service],
            ..Default::default()
        };
        let set = FileDescriptorSet { file: vec![file] };
        let policy = Policy::new(ROWS).with_uploads(&set.encode_to_vec()).unwrap();
        assert!(policy.is_upload(ROWS[0]) && !policy.is_upload(ROWS[1]));
    }

    #[test]
    fn a_method_without_a_row_and_a_row_without_a_method_are_both_found() {
        let method = |name: &str| MethodDescriptorProto { name: Some(name.into()), ..Default::default() };
        let service = |name: &str, methods| ServiceDescriptorProto {
            name: Some(name.into()),
            method: methods,
            ..Default::default()
        };
        let set = FileDescriptorSet {
            file: vec![FileDescriptorProto {
                package: Some("a.v1".into()),
                service: vec![
                    service("A", vec![method("Known"), method("New")]),
                    service("OfAnotherProcess", vec![method("Other")]),
                ],
                ..Default::default()
            }],
        };
        assert_eq!(
            Policy::new(ROWS).gaps(&set.encode_to_vec()).unwrap(),
            ["/a.v1.A/New has no policy row", "the policy row /a.v1.A/Gone names no method"]
        );
    }
}
