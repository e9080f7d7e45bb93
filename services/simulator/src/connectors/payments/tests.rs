use redress_proto::resolution::v1::{PartyRef, RemedyTerms};
use redress_proto::types::v1::Money;

use super::*;

fn request(key: &str, payer: &str) -> ExecuteRequest {
    let payer = PartyRef { reference: payer.into(), ..PartyRef::default() };
    let amount = Some(Money { currency: "CNY".into(), amount_minor: 700 });
    ExecuteRequest {
        idempotency_key: key.into(),
        tenant: "tenant-a".into(),
        complaint_id: "c-1".into(),
        terms: Some(RemedyTerms { amount, payer: Some(payer), ..RemedyTerms::default() }),
        ..ExecuteRequest::default()
    }
}

fn key_of(payments: &Payments, fate: Fate) -> String {
    (0..200).map(|n| format!("key-{n}")).find(|key| payments.fate(key) == fate).unwrap()
}

fn query(payments: &Payments, key: &str) -> ExecutionState {
    payments.query(QueryRequest { idempotency_key: key.into(), tenant: "tenant-a".into() }).state()
}

#[test]
fn the_same_key_pays_once() {
    let payments = Payments::new(1);
    let key = key_of(&payments, Fate::Done);
    let first = payments.execute(request(&key, "shop-1")).unwrap();
    assert_eq!(first.state(), ExecutionState::Done);
    assert_eq!(payments.execute(request(&key, "shop-1")).unwrap(), first);
    let made = payments.made();
    assert_eq!(made.iter().map(|payment| payment.amount_minor).collect::<Vec<_>>(), [700]);
}

#[test]
fn who_is_refused_for_a_moment_has_begun_nothing_and_pays_at_the_next_call() {
    let payments = Payments::new(1);
    let key = key_of(&payments, Fate::RefusedForAMoment);
    assert_eq!(payments.execute(request(&key, "shop-1")).unwrap_err().code(), tonic::Code::Unavailable);
    assert_eq!(query(&payments, &key), ExecutionState::NotStarted);
    assert_eq!(payments.execute(request(&key, "shop-1")).unwrap().state(), ExecutionState::Done);
}

#[test]
fn what_is_only_begun_is_done_when_it_is_asked_about() {
    let payments = Payments::new(1);
    let key = key_of(&payments, Fate::OnlyBegun);
    assert_eq!(payments.execute(request(&key, "shop-1")).unwrap().state(), ExecutionState::Pending);
    assert!(payments.made().is_empty(), "not moved yet");
    assert_eq!(query(&payments, &key), ExecutionState::Done);
    assert_eq!(payments.made().len(), 1);
}

#[test]
fn who_has_no_money_pays_nothing() {
    let payments = Payments::new(1);
    let key = key_of(&payments, Fate::Done);
    let failed = payments.execute(request(&key, "sim-shop-broke-3")).unwrap();
    assert_eq!((failed.state(), failed.amount), (ExecutionState::Failed, None));
    assert!(payments.made().is_empty());
}

#[test]
fn what_is_taken_back_stays_in_the_books_as_that() {
    let payments = Payments::new(1);
    let key = key_of(&payments, Fate::Done);
    payments.execute(request(&key, "shop-1")).unwrap();
    let back = ReverseRequest { idempotency_key: key, tenant: "tenant-a".into(), reason: "appeal".into() };
    assert_eq!(payments.reverse(back).unwrap().state(), ExecutionState::Reversed);
    assert!(payments.made()[0].reversed);
}
