use jiff::SignedDuration;
use redress_domain::{ComplaintId, ErrorKind, Principal, Role, Violations};
use redress_proto::intake::v1::{GetComplaintRequest, ListComplaintsRequest};
use redress_proto::types::v1::ComplaintState;

use crate::bench::{Bench, caller, complainant, officer, submission};

fn by_number(number: &str) -> GetComplaintRequest {
    GetComplaintRequest { complaint_no: number.into(), ..Default::default() }
}

#[tokio::test]
async fn a_complaint_is_found_by_its_number_as_people_type_it_also_with_another_day_before_it() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let by_id = GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    let number = bench.queries.get(&officer(), by_id).await.unwrap().complaint_no;
    let typed = number.to_lowercase().replace('-', " ").replace('0', "o");
    let found = bench.queries.get(&officer(), by_number(&typed)).await.unwrap();
    assert_eq!(found.complaint_id, id.to_string());

    let day = jiff::civil::date(2026, 11, 26);
    let told_after_midnight = redress_domain::ComplaintNo::new(day, &id).to_string();
    let found = bench.queries.get(&officer(), by_number(&told_after_midnight)).await.unwrap();
    assert_eq!(found.complaint_no, number);

    let refused = bench.queries.get(&officer(), by_number("20261125-00000000000-1")).await.unwrap_err();
    assert_eq!(refused.into_problem().violations[0].field, "complaintNo");
}

#[tokio::test]
async fn personal_fields_are_absent_for_who_may_not_see_them_and_each_opening_is_recorded() {
    let bench = Bench::new().await;
    let id = bench.registered(&complainant("c1"), "k1").await;
    let request = || GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    let auditor = caller("tenant-a", "auditor-1", &[Role::Auditor]);
    let seen = bench.queries.get(&auditor, request()).await.unwrap();
    assert_eq!(seen.text, None);
    assert_eq!(seen.respondents[0].name, None);
    assert_eq!(seen.respondents[0].external_ref, "shop-1");
    assert_eq!(bench.count("SELECT count(*) FROM access_record").await, 0);

    let seen = bench.queries.get(&officer(), request()).await.unwrap();
    assert_eq!(seen.complainant.unwrap().name.as_deref(), Some("测试某甲"));
    assert_eq!(bench.count("SELECT count(*) FROM access_record WHERE purpose = 'case_handling'").await, 1);

    let admin = caller("tenant-a", "admin-1", &[Role::Admin]);
    for nobody in [admin, complainant("c2"), caller("tenant-b", "officer-1", &[Role::Handler])] {
        let refused = bench.queries.get(&nobody, request()).await.unwrap_err().into_problem();
        assert_eq!((refused.kind, refused.reason), (ErrorKind::NotFound, "NOT_FOUND"));
    }
}

#[tokio::test]
async fn what_is_on_its_way_is_told_to_staff_and_is_to_everybody_else_like_what_does_not_exist() {
    let bench = Bench::new().await;
    let who = complainant(&redress_testkit::unique_name("c"));
    let attempt = bench.attempt(&who, "k1", submission("a")).await;
    let id = ComplaintId::from_uuid(attempt.meta.subject);
    bench.queries.filter.confirm(&who.tenant, &id, [1; 32], 0).await.unwrap();
    let told = async |who: &Principal, id: ComplaintId| {
        let request = GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
        bench.queries.get(who, request).await.unwrap_err().into_problem()
    };
    let staff = told(&officer(), id).await;
    assert_eq!((staff.kind, staff.reason), (ErrorKind::NotFound, "BEING_REGISTERED"));
    assert!(staff.retry_after.is_some());

    let of_nobody = ComplaintId::from_uuid(uuid::Uuid::from_u128(7));
    let stranger = told(&complainant("c2"), id).await;
    assert_eq!(stranger.reason, "NOT_FOUND");
    assert!(stranger.retry_after.is_some(), "whoever has just submitted learns when to ask again");
    assert_eq!(told(&complainant("c2"), of_nobody).await, stranger);
    assert_eq!(told(&who, id).await, stranger);
    assert_eq!(told(&officer(), of_nobody).await.reason, "NOT_FOUND");

    bench.apply(&[attempt]).await.unwrap();
    assert_eq!(told(&complainant("c2"), id).await, stranger);
    let request = GetComplaintRequest { complaint_id: id.to_string(), ..Default::default() };
    assert!(bench.queries.get(&who, request).await.is_ok());
}

#[tokio::test]
async fn a_condition_that_cannot_be_followed_is_refused_with_all_else_and_never_left_out() {
    let bench = Bench::new().await;
    let request = ListComplaintsRequest {
        received_from: Some(pbjson_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        respondent: "\0".into(),
        live_room: "room\n".into(),
        page_size: -1,
        page_token: "of nobody".into(),
        ..Default::default()
    };
    // As an edge found it in the form.
    let mut found = Violations::default();
    found.add("state", "UNKNOWN_ENUM_VALUE", "");
    let refused = bench.queries.list(&officer(), request, found).await.unwrap_err().into_problem();
    let told: Vec<_> = refused.violations.iter().map(|v| (v.field.as_str(), v.reason)).collect();
    assert_eq!(
        told,
        [
            ("state", "UNKNOWN_ENUM_VALUE"),
            ("receivedFrom", "MALFORMED_TIME"),
            ("respondent", "CONTROL_CHARACTER"),
            ("liveRoom", "CONTROL_CHARACTER"),
            ("pageSize", "OUT_OF_RANGE"),
        ]
    );
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition_and_a_token_is_bound_to_its_query() {
    let bench = Bench::new().await;
    let officer = officer();
    for number in 0..7 {
        // Pairs share an instant, so the id must decide too.
        if number % 2 == 0 {
            bench.clock.advance(SignedDuration::from_secs(1));
        }
        bench.registered(&complainant(&format!("c{number}")), "k").await;
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let request = ListComplaintsRequest { page_size: 3, page_token: token, ..Default::default() };
        let page = bench.queries.list(&officer, request, Violations::default()).await.unwrap();
        seen.extend(page.complaints.into_iter().map(|complaint| complaint.complaint_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let state = ComplaintState::Closed.into();
        let other = ListComplaintsRequest { page_token: token.clone(), state, ..Default::default() };
        let refused =
            bench.queries.list(&officer, other, Violations::default()).await.unwrap_err().into_problem();
        assert_eq!(refused.violations[0].field, "pageToken");
    }
    assert_eq!(seen.len(), 7);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[tokio::test]
async fn lists_are_filtered_and_complainants_see_their_own_alone() {
    let bench = Bench::new().await;
    let mut live = submission("直播间里说的与实际不符");
    live.live = Some(redress_proto::types::v1::LiveRef { room_id: "room-1".into(), ..Default::default() });
    let attempt = bench.attempt(&complainant("c1"), "k1", live).await;
    bench.apply(&[attempt]).await.unwrap();
    bench.registered(&complainant("c2"), "k1").await;
    let ids = |request: ListComplaintsRequest, who| {
        let bench = &bench;
        async move { bench.queries.list(&who, request, Violations::default()).await.unwrap().complaints.len() }
    };
    let all = ListComplaintsRequest::default;
    assert_eq!(ids(all(), officer()).await, 2);
    assert_eq!(ids(ListComplaintsRequest { live_room: "room-1".into(), ..all() }, officer()).await, 1);
    assert_eq!(ids(ListComplaintsRequest { respondent: "shop-1".into(), ..all() }, officer()).await, 2);
    assert_eq!(ids(ListComplaintsRequest { respondent: "shop-2".into(), ..all() }, officer()).await, 0);
    let closed = ListComplaintsRequest { state: ComplaintState::Closed.into(), ..all() };
    assert_eq!(ids(closed, officer()).await, 0);
    assert_eq!(ids(all(), complainant("c1")).await, 1);
    assert_eq!(ids(all(), caller("tenant-b", "officer-1", &[Role::Handler])).await, 0);
}
