//! The lines that a newcomer pastes from the README.

use std::process::Command;

use redress_domain::Role;
use redress_e2e::rpc;
use redress_proto::intake::v1::ListComplaintsRequest;
use serde_json::Value;

use crate::service::tenant;

const README: &str = include_str!("../../../../README.md");

/// The commands of the README that begin with `program`, with their continuation lines.
fn commands(program: &str) -> Vec<String> {
    let fenced = README.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let joined: Vec<String> = fenced.map(|block| block.replace("\\\n", "")).collect();
    let lines = joined.iter().flat_map(|block| block.lines());
    lines.filter(|line| line.starts_with(program)).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_curl_line_of_the_readme_works_as_it_stands() {
    let tenant = tenant().await;
    let owner = tenant.complainant();
    let [command] = &commands("curl ")[..] else { panic!("one curl line is expected in the README") };
    let mut shell = Command::new("bash");
    shell.args(["-euc", command]);
    shell.env("REDRESS_HTTP", format!("http://{}", tenant.service.at.http));
    shell.env("REDRESS_COMPLAINANT", &owner);
    let output = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = answer["complaintId"].as_str().unwrap();
    let seen = tenant.view(&owner, id).await;
    assert_eq!(seen["complaintNo"], answer["complaintNo"]);
}

/// grpcurl is not everybody's, so its line is taken apart: method, fields, header.
#[tokio::test]
async fn the_grpcurl_line_of_the_readme_names_a_method_and_fields_that_are() {
    let tenant = tenant().await;
    let [command] = &commands("grpcurl ")[..] else { panic!("one grpcurl line is expected in the README") };
    assert!(
        command.contains("-H \"authorization: Bearer $REDRESS_HANDLER\" -d '{\"page_size\": 5}'"),
        "{command}"
    );
    assert!(
        command.ends_with("\"$REDRESS_GRPC\" redress.intake.v1.IntakeService/ListComplaints"),
        "{command}"
    );
    let request = ListComplaintsRequest { page_size: 5, ..Default::default() };
    rpc::intake(&tenant.grpc, &tenant.token("handler-1", &[Role::Handler]))
        .unwrap()
        .list_complaints(request)
        .await
        .unwrap();
}
