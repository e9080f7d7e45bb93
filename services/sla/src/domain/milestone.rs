//! What happens outside of the services that are heard: which kinds there are is the contract's, what each needs stands here.

use jiff::{SignedDuration, Timestamp};
use redress_domain::Violations;
use redress_proto::sla::v1::MilestoneKind as Kind;

/// How far back something may be recorded.
const LONGEST_AGO: SignedDuration = SignedDuration::from_hours(24 * 366);
/// By how much a caller's clock may go before the database's.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Whether `kind` is about something within the complaint, so that clocks of several run side by side.
pub fn has_subject(kind: Kind) -> bool {
    match kind {
        Kind::Unspecified
        | Kind::ClassConfirmed
        | Kind::MeasureTaken
        | Kind::RevisitDone
        | Kind::DpoInformed => false,
        Kind::ChatIn
        | Kind::ChatReplied
        | Kind::MessageIn
        | Kind::MessageReplied
        | Kind::CallRang
        | Kind::CallAnswered
        | Kind::LeadChecked
        | Kind::AuthorityNoticeIn
        | Kind::ContactReminderSent
        | Kind::SanctionDecided
        | Kind::SanctionPublished
        | Kind::GoodsSignedFor
        | Kind::ReturnAsked
        | Kind::GoodsReturned
        | Kind::Refunded
        | Kind::CallbackAsked
        | Kind::CallbackDone
        | Kind::RequestReceived
        | Kind::RequestAnswered
        | Kind::IdentityAsked
        | Kind::IdentityProven => true,
    }
}

/// Notes what is wrong with what was told; a name for the subject says nothing of anybody.
pub fn check(kind: Kind, subject: &str, found: &mut Violations) {
    if kind == Kind::Unspecified {
        found.add_unless_known("kind", "REQUIRED", "what happened is missing");
        return;
    }
    let fits = subject.len() <= 64
        && subject.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
    match (has_subject(kind), subject.is_empty()) {
        (true, true) => found.add_unless_known("subjectId", "REQUIRED", "what it is about is missing"),
        (false, false) => {
            found.add_unless_known("subjectId", "NOT_ALLOWED", "it is about the complaint as a whole");
        }
        _ if !fits => {
            let form = "1 to 64 ASCII letters, digits and ._:- are expected";
            found.add_unless_known("subjectId", "MALFORMED", form);
        }
        _ => {}
    }
}

/// Whether something that happened at `at` can be recorded at `now`.
pub fn is_recordable(at: Timestamp, now: Timestamp) -> bool {
    (-SKEW..=LONGEST_AGO).contains(&now.duration_since(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(kind: Kind, subject: &str) -> Vec<String> {
        let mut found = Violations::default();
        check(kind, subject, &mut found);
        found.iter().map(|violation| format!("{} {}", violation.field, violation.reason)).collect()
    }

    #[test]
    fn a_kind_has_its_subject_or_none() {
        assert_eq!(wrong(Kind::Unspecified, "x"), ["kind REQUIRED"]);
        assert_eq!(wrong(Kind::MeasureTaken, ""), [""; 0]);
        assert_eq!(wrong(Kind::MeasureTaken, "x"), ["subjectId NOT_ALLOWED"]);
        assert_eq!(wrong(Kind::ChatIn, ""), ["subjectId REQUIRED"]);
        assert_eq!(wrong(Kind::ChatIn, "chat:2026-03.7_a"), [""; 0]);
        for malformed in ["\u{6d4b}\u{8bd5}", "a b", &"x".repeat(65)] {
            assert_eq!(wrong(Kind::ChatIn, malformed), ["subjectId MALFORMED"], "{malformed}");
        }
    }

    #[test]
    fn nothing_is_recorded_of_the_future_or_of_long_ago() {
        let now: Timestamp = "2026-03-09T10:00:00Z".parse().unwrap();
        let may = |seconds| is_recordable(now + SignedDuration::from_secs(seconds), now);
        assert!(may(0) && may(5) && may(-366 * 86_400));
        assert!(!may(6) && !may(-366 * 86_400 - 1));
    }
}
