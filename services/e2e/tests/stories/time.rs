//! Time that is moved on: what it does, what it does not, and where it is refused.

use jiff::SignedDuration;
use prost::{Message as _, Name as _};
use redress_domain::Role;
use redress_proto::notification::v1::NoticeKind;
use redress_proto::sla::v1::{ClockBreached, ClockState};
use redress_proto::types::v1 as types;
use redress_proto::types::v1::ComplaintState as State;
use redress_testkit::wait_until;

use crate::case::{Case, SOON, at};
use crate::people::Cast;
use crate::platform::{SERVICES, on_the_platform};
use crate::steps::{complainant, respondent};

#[test]
fn a_jump_fires_a_deadline_once_and_leaves_alone_what_is_not_due() {
    on_the_platform(|platform| async move {
        let cast = Cast::of(platform, "time");
        let caller = cast.person("caller-time", Role::Complainant);
        let answer = caller
            .submits(types::Submission {
                channel: types::Channel::App.into(),
                text: "买的台灯用了一个月就不亮了，灯罩也裂了，是质量问题。".into(),
                complainant: Some(complainant("caller-time")),
                respondents: vec![respondent(types::PartyKind::Merchant, "shop-time")],
                order: Some(types::OrderRef { order_no: "ORDER-TIME".into(), ..Default::default() }),
                ..Default::default()
            })
            .await;
        let case = Case::of(&cast, &answer.complaint_id);
        case.stands(State::AdmissibilityReview).await;
        case.told(NoticeKind::N01Receipt, "complainant").await;
        let decision = case.clock("C06", ClockState::Running).await;
        assert!(decision.warned.is_empty(), "nothing passes by itself");

        platform.until(at(decision.due_at.as_ref())).await;
        let missed = case.clock("C06", ClockState::Breached).await;
        let late = at(missed.breached_at.as_ref()).duration_since(at(decision.due_at.as_ref()));
        assert_eq!(late, SignedDuration::ZERO, "it is breached when it was due");
        let told = async || {
            let log = platform.log("redress.sla.clocks.v1").await.into_iter();
            let of_case = log.filter(|told| told.key == case.id);
            let breaches = of_case.filter(|told| told.header("ce_type") == ClockBreached::full_name());
            let breaches = breaches.map(|told| ClockBreached::decode(&*told.payload).unwrap());
            let of_clock = breaches.filter(|breach| breach.clock.as_ref().unwrap().definition == "C06");
            Some(of_clock.count()).filter(|breaches| *breaches > 0)
        };
        assert_eq!(wait_until("the breach is told", SOON, told).await, 1, "once");
        case.clock("C14", ClockState::Running).await;
        case.clock("C05", ClockState::Met).await;
    });
}

#[test]
fn no_service_starts_with_moved_time_unless_it_is_for_tests() {
    on_the_platform(|platform| async move {
        for service in SERVICES {
            let [_, (variable, file)] = platform.time.settings();
            let output = platform.command(service, "serve").env(variable, file).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{service}: {told}");
            assert!(told.contains("moves deadlines of real cases"), "{service}: {told}");
        }
    });
}
