use redress_domain::ErrorKind;
use redress_runtime::grpc::problem_of;
use redress_testkit::bearing;
use tonic::Code;

use crate::process::Greeter;

#[tokio::test]
async fn overload_is_answered_with_a_delay_while_dearer_calls_still_get_in() {
    // Of four, calls that look at the status may take three.
    let greeter = Greeter::start_with(&[
        ("REDRESS__RUNTIME__OVERLOAD__MAX_IN_FLIGHT", "4"),
        ("REDRESS__RUNTIME__OVERLOAD__QUEUE_WAIT_MS", "40"),
    ])
    .await;
    let token = greeter.issuer.token(&["handler"]);
    // On a connection that is there already the three go out before the question how many are held.
    greeter.greet("").await;
    let hold = async || greeter.call("Hold", Some(&token), "").await;
    let three = futures::future::join3(hold(), hold(), hold());
    let beyond = async {
        greeter.until_held(3).await;
        for _ in 0..10 {
            let status = hold().await.unwrap_err();
            let problem = problem_of(&status).unwrap();
            assert_eq!((problem.kind, problem.reason.as_str()), (ErrorKind::ResourceExhausted, "OVERLOADED"));
            assert!(problem.retry_after.is_some_and(|delay| !delay.is_zero()));
        }
        assert!((greeter.metric("redress_overload_shed_total", &["\"status\""]).await - 10.0).abs() < 0.5);
        greeter.greet("release").await;
    };
    let ((a, b, c), ()) = futures::future::join(three, beyond).await;
    assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], ["released"; 3]);
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_and_gives_its_room_back() {
    let greeter = Greeter::start_with(&[("REDRESS__RUNTIME__OVERLOAD__MAX_IN_FLIGHT", "4")]).await;
    let token = greeter.issuer.token(&["handler"]);
    for _ in 0..6 {
        let mut request = bearing(&token, String::new());
        request.metadata_mut().insert("grpc-timeout", "60m".parse().unwrap());
        let status = greeter.send("Hold", request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        assert_eq!(problem_of(&status).unwrap().reason, "DEADLINE_EXCEEDED");
    }
}

#[tokio::test]
async fn a_loud_tenant_is_slowed_down() {
    let greeter = Greeter::start_with(&[
        ("REDRESS__RUNTIME__OVERLOAD__TENANT_PER_SECOND", "1"),
        ("REDRESS__RUNTIME__OVERLOAD__TENANT_BURST", "2"),
    ])
    .await;
    let token = greeter.issuer.token(&[]);
    let mut refusals = Vec::new();
    for _ in 0..4 {
        refusals.extend(greeter.call("Greet", Some(&token), "").await.err());
    }
    let problem = problem_of(refusals.first().expect("nobody was slowed down")).unwrap();
    assert_eq!(problem.reason, "TENANT_RATE_EXCEEDED");
    assert!(problem.retry_after.is_some());
}
