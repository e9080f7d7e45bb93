//! Single complaints, and questions over all days.

use jiff::{SignedDuration, Timestamp};
use redress_analytics::topics::{LIFECYCLE, NOTICES};
use redress_proto::analytics::v1 as wire;
use redress_proto::convert::to_wire_time;
use redress_proto::notification::v1 as notification;
use redress_proto::notification::v1::NoticeKind;
use redress_testkit::EventStream;
use uuid::Uuid;

use crate::history::{Case, History, TENANTS, registered};
use crate::order::span;

pub(crate) const TENANT: &str = TENANTS[0];

/// A complaint of which only the registration was told.
pub(crate) fn complaint(number: u128, received_at: Timestamp) -> Case {
    let case = History::of(3, 1).cases.remove(0);
    Case {
        tenant: TENANT,
        id: Uuid::from_u128(number),
        received_at,
        acknowledge_by: received_at + SignedDuration::from_hours(1),
        complainant: Some(1),
        ..case
    }
}

pub(crate) fn registration(case: &Case) -> EventStream {
    let mut stream = EventStream::new(LIFECYCLE, case.tenant, case.id);
    stream.tell(case.received_at, &registered(case));
    stream
}

pub(crate) fn acknowledgement(case: &Case, at: Timestamp) -> EventStream {
    let mut stream = EventStream::new(NOTICES, case.tenant, case.id);
    stream.tell(at, &notification::NoticeSent { kind: NoticeKind::N01Receipt.into(), ..Default::default() });
    stream
}

pub(crate) fn question(metric: &str) -> wire::QueryMetricsRequest {
    let (from, until) = span();
    wire::QueryMetricsRequest {
        metric: metric.into(),
        from: Some(to_wire_time(from)),
        until: Some(to_wire_time(until)),
        ..Default::default()
    }
}
