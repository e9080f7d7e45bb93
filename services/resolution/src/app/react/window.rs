//! The objection window of a result (T27): it passed in silence, and nothing is missing any more.

use redress_proto::resolution::v1 as wire;

use crate::app::out::Out;
use crate::domain::case::Case;
use crate::domain::state::State;

/// Tells that the window is over, where it is: when its clock ran out, and again once what was missing then has come.
pub fn end_if_over(case: &Case, out: &mut Out) {
    let course = &case.course;
    if case.state != State::ResultNotified || !course.window_over || course.result_answered {
        return;
    }
    let (outcome, cause) = case.closing().unwrap_or_default();
    out.push(&wire::ObjectionWindowEnded {
        notice_delivered: course.notice_delivered,
        report_issued: course.report_issued,
        outcome: outcome.to_owned(),
        cause: cause.to_owned(),
    });
}
