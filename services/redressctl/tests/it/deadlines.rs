use redress_domain::Role;
use redress_testkit::{Addresses, wait_until};
use serde_json::Value;

use crate::complaints::submitted;
use crate::world::{Ended, PATIENCE, World};

const OFFICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sla/data/calendars/cn-office.json");

#[tokio::test]
async fn clocks_of_a_complaint_are_listed_and_explained_and_calendars_checked_and_published() {
    let world = World::start("intake", 1, &[]).await;
    let tenant = world.tenant();
    let (installed, sla) = (world.site.install("sla").await.unwrap(), Addresses::claim());
    let _sla = installed.serve("sla", &sla, &[]).await.unwrap();
    let at = format!("intake=http://{},sla=http://{}", world.at.grpc, sla.grpc);
    let ctl = async |token: &str, arguments: &[&str]| -> Ended {
        tenant.ctl(token, arguments).with("REDRESSCTL_AT", &at).run().await
    };
    let (caller, officer) =
        (tenant.token("c-1", Role::Complainant), tenant.token("officer-1", Role::IntakeOfficer));
    let supervisor = tenant.token("supervisor-1", Role::Supervisor);
    let (id, _) = submitted(&tenant, &caller, &["--text", "x"]).await;

    let running = async || {
        let clocks =
            ctl(&officer, &["clocks", "list", &id, "-o", "json"]).await.json()["clocks"].as_array()?.clone();
        assert!(clocks.iter().all(|clock| clock["complaintId"] == *id), "{clocks:#?}");
        clocks.into_iter().find(|clock| clock["state"] == "CLOCK_STATE_RUNNING")
    };
    let running = wait_until("a clock of the complaint runs", PATIENCE, running).await;
    let clock = running["clockId"].as_str().unwrap();
    let table = ctl(&officer, &["clocks", "list", &id, "--state", "running"]).await;
    assert!(table.out.starts_with("DEFINITION") && table.out.contains(clock), "{}", table.out);

    let english = ctl(&officer, &["clocks", "explain", clock]).await;
    assert_eq!(english.code, 0, "{english:?}");
    assert!(english.out.contains(clock) && english.out.contains("\n- "), "{}", english.out);
    let chinese = ctl(&officer, &["clocks", "explain", clock, "--language", "zh"]).await;
    let is_chinese = |line: &str| line.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
    let mut sentences = chinese.out.lines().filter(|line| line.starts_with("- "));
    assert!(sentences.any(is_chinese), "{}", chinese.out);
    let unknown = ctl(&officer, &["clocks", "explain", &id]).await;
    assert_eq!(unknown.code, 1, "{unknown:?}");

    let checked = ctl(&caller, &["calendar", "check", OFFICE]).await;
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("cn-office can be counted in"), "{}", checked.out);
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let mut calendar: Value = serde_json::from_str(&std::fs::read_to_string(OFFICE).unwrap()).unwrap();
    calendar["zone"] = "Mars/Olympus".into();
    std::fs::write(file.path(), calendar.to_string()).unwrap();
    let refused = ctl(&caller, &["calendar", "check", path]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.told.contains("zone"), "{}", refused.told);

    let newest = ctl(&officer, &["calendar", "get", "cn-office", "-o", "json"]).await;
    assert_eq!(newest.code, 0, "{newest:?}");
    let mut next = newest.json();
    let before: u32 = next["version"].as_str().unwrap().parse().unwrap();
    next["version"] = "".into();
    std::fs::write(file.path(), next.to_string()).unwrap();
    let weak = ctl(&officer, &["calendar", "publish", path]).await;
    assert_eq!(weak.code, 1, "{weak:?}");
    assert!(weak.told.contains("role supervisor"), "{}", weak.told);
    let published = ctl(&supervisor, &["calendar", "publish", path]).await;
    assert_eq!(published.code, 0, "{published:?}");
    assert_eq!(published.out, format!("published cn-office version {}\n", before + 1));
}
