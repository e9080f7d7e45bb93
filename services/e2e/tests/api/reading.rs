//! How complaints and their trail are found and read.

use redress_e2e::rpc;
use redress_e2e::submissions::{plain, whole};
use redress_proto::intake::v1 as wire;
use redress_testkit::Canary;

use crate::journey::{acceptance, decide};
use crate::service::tenant;

#[tokio::test]
async fn personal_fields_are_absent_for_an_auditor() {
    let tenant = tenant().await;
    let (owner, canary) = (tenant.complainant(), Canary::new());
    let id = tenant.registered(&owner, "k-1", &whole(&canary)).await;
    let own = tenant.view(&owner, &id).await.to_string();
    assert_eq!(canary.found_in(own.as_bytes()).len(), 9, "the owner sees all of it");
    let seen = tenant.view(&tenant.auditor(), &id).await;
    assert_eq!(canary.found_in(seen.to_string().as_bytes()), [] as [&str; 0]);
    assert_eq!(seen["respondents"][0]["externalRef"], "shop-1");
}

#[tokio::test]
async fn a_number_as_people_type_it_leads_to_the_complaint_over_http_and_grpc() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let id = tenant.registered(&owner, "k-1", &plain("x")).await;
    let number = tenant.view(&owner, &id).await["complaintNo"].as_str().unwrap().to_owned();
    let typed = number.to_lowercase().replace('-', "").replace('0', "o").replace('1', "l");
    let found = tenant.http.get(&owner, &format!("/v1/complaints/{typed}")).await.unwrap();
    assert_eq!((found.status, found.text("complaintId")), (200, id.as_str()));
    let request = wire::GetComplaintRequest { complaint_no: typed.clone(), ..Default::default() };
    let found = rpc::intake(&tenant.grpc, &owner).unwrap().get_complaint(request).await.unwrap();
    assert_eq!(found.into_inner().complaint.unwrap().complaint_id, id);

    // One character mistyped is noticed, not searched for.
    let at = number.len() - 3;
    let other = if number.as_bytes()[at] == b'7' { "8" } else { "7" };
    let mistyped = format!("{}{other}{}", &number[..at], &number[at + 1..]);
    let refused = tenant.http.get(&owner, &format!("/v1/complaints/{mistyped}")).await.unwrap();
    assert_eq!((refused.status, refused.violations()[0].0.as_str()), (400, "complaintNo"));
}

#[tokio::test]
async fn pages_of_a_list_follow_each_other_newest_first() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(tenant.registered(&owner, &format!("k-{n}"), &plain("x")).await);
    }
    ids.reverse();
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("/v1/complaints?pageSize=2&pageToken={token}");
        let page = tenant.http.get(&owner, &path).await.unwrap();
        let complaints = page.body["complaints"].as_array().unwrap().clone();
        seen.extend(complaints.iter().map(|c| c["complaintId"].as_str().unwrap().to_owned()));
        token = page.text("nextPageToken").to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn an_auditor_reads_the_trail_and_verifies_that_nobody_changed_it() {
    let tenant = tenant().await;
    let id = tenant.registered(&tenant.complainant(), "k-1", &plain("x")).await;
    decide(&tenant, &id, "d-1", &acceptance()).await;
    let mut auditor = rpc::intake(&tenant.grpc, &tenant.auditor()).unwrap();
    let request = wire::QueryAuditRequest { complaint_id: id.clone(), page_size: 2, ..Default::default() };
    let first = auditor.query_audit(request.clone()).await.unwrap().into_inner();
    let rest = wire::QueryAuditRequest { page_token: first.next_page_token.clone(), ..request };
    let rest = auditor.query_audit(rest).await.unwrap().into_inner();
    let actions: Vec<_> =
        first.entries.iter().chain(&rest.entries).map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["ComplaintRegistered", "AdmissibilityReviewStarted", "ComplaintAccepted"]);

    let before =
        auditor.verify_audit_chain(wire::VerifyAuditChainRequest::default()).await.unwrap().into_inner();
    assert!(before.intact);
    assert_eq!((before.entries, before.heads.len()), (3, 1));
    // The end of the chain is cut off as only a superuser can, past the triggers.
    let mut database = tenant.service.database().await;
    let cut = format!(
        "BEGIN; SET LOCAL session_replication_role = replica;
         DELETE FROM audit_entry WHERE tenant = '{0}' AND seq = 3;
         UPDATE audit_head h SET seq = 2, hash = e.hash FROM audit_entry e
         WHERE h.tenant = '{0}' AND e.tenant = '{0}' AND e.chain = h.chain AND e.seq = 2; COMMIT",
        tenant.id
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(cut.as_str())).execute(&mut database).await.unwrap();
    let unaware =
        auditor.verify_audit_chain(wire::VerifyAuditChainRequest::default()).await.unwrap().into_inner();
    assert!(unaware.intact, "within the database nothing shows it");
    let known = wire::VerifyAuditChainRequest { known_heads: before.heads, ..Default::default() };
    let after = auditor.verify_audit_chain(known).await.unwrap().into_inner();
    let found = after.first_break.unwrap();
    assert_eq!((after.intact, found.seq, found.cause.as_str()), (false, 3, "CUT_SHORT"));
}
