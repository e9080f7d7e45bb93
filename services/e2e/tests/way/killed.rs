use std::collections::BTreeSet;

use futures::future::join_all;
use redress_testkit::wait_until;

use crate::installation::{SETTLED, SOON, Way};

/// How often each service is killed.
const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn services_killed_twenty_times_each_under_load_lose_nothing_and_double_nothing() {
    let way = Way::prepare().await;
    let processes = way.serve_all().await;
    let load = way.load(2).start().unwrap();
    // Each at its own pace, so that a death meets the others at work, dead or just coming back.
    let lives = processes.into_iter().map(|(service, mut process)| {
        let (way, load) = (&way, &load);
        async move {
            for _ in 0..KILLS {
                process.kill9().await;
                process = way.serve(service).await;
                load.accepts(1, SOON).await;
            }
            process
        }
    });
    let _processes = join_all(lives).await;
    let sent = load.stop().await.unwrap();
    way.settles(&sent).await;
    way.each_is_there_once(&sent).await;
    // A letter whose server had it when notification died goes out again, under the same name: that is how a mail
    // system recognises it. None is missing.
    let addressees: BTreeSet<String> = way.outside.mail.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(addressees.len(), sent.len());
    // Later letters may still be on their way: equal in the end, and too many for ever if one had two names.
    let settled = async || {
        let sent = way.count("notification", "SELECT count(*) FROM notice WHERE state = 'sent'").await;
        let mails = way.outside.mail.mails();
        let names: BTreeSet<String> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
        (i64::try_from(names.len()).unwrap() == sent).then_some(())
    };
    wait_until("one name for each letter", SETTLED, settled).await;
}
