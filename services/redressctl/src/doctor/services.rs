//! Whether each service answers and is ready.

use futures::future::try_join_all;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::finding::{Finding, Level};
use super::{LIMIT, operation};
use crate::context::Context;
use crate::failure::Failure;
use crate::installation::Service;

const CHECK: &str = "services";

/// Every service at once; what one says of its own operation comes behind its health.
pub(super) async fn look(context: &Context, services: &[Service]) -> Result<Vec<Finding>, Failure> {
    let found = try_join_all(services.iter().map(|service| of_one(context, *service))).await?;
    Ok(found.concat())
}

async fn of_one(context: &Context, service: Service) -> Result<Vec<Finding>, Failure> {
    let url = context.settings.url(service);
    let mut health = HealthClient::new(context.channel(service)?);
    let mut request = context.request(HealthCheckRequest { service: service.health_name().to_owned() });
    request.set_timeout(LIMIT);
    let name = service.name();
    let status = match health.check(request).await {
        Ok(answer) => answer.into_inner().status(),
        Err(status) if status.code() == Code::NotFound => {
            let finding =
                Finding::new(CHECK, name, Level::Problem, format!("what answers at {url} is no {name}"));
            return Ok(vec![finding.remedy(format!("Correct the address: --at {name}=URL."))]);
        }
        Err(status) => {
            let told = Failure::of_status(service, &url, &status);
            let finding = Finding::new(CHECK, name, Level::Problem, told.told().message.clone());
            return Ok(vec![finding.remedy(told.told().remedy.clone())]);
        }
    };
    if status != ServingStatus::Serving {
        return Ok(vec![not_ready(name, &failing(context, service).await)]);
    }
    let ready = Finding::new(CHECK, name, Level::Ok, format!("is ready at {url}"));
    Ok([vec![ready], operation::look(context, service).await?].concat())
}

/// `failing` are the conditions of `/readyz` that do not hold; none where the settings do not say where it is.
fn not_ready(name: &str, failing: &[String]) -> Finding {
    let message = match failing {
        [] => "answers and is not ready".to_owned(),
        conditions => format!("answers and is not ready: {}", conditions.join(", ")),
    };
    let lacks = |condition: &str| failing.iter().any(|failing| failing == condition);
    let remedy = if lacks("schema") {
        format!("Run `redress-{name} migrate`, and look whether its database answers.")
    } else if lacks("kafka") {
        format!("Run `redress-{name} topics`, and look whether the brokers answer.")
    } else if failing.is_empty() {
        format!(
            "Ask its probe, /readyz on the admin port, what is missing; probes.{name} in the settings lets doctor ask."
        )
    } else {
        "Look at the service's log for these conditions.".to_owned()
    };
    Finding::new(CHECK, name, Level::Problem, message).remedy(remedy)
}

/// What the probe says; nothing if it cannot be asked, since health has said the main thing.
async fn failing(context: &Context, service: Service) -> Vec<String> {
    let Some(probe) = context.settings.probes.get(&service) else { return Vec::new() };
    let url = format!("{}/readyz", probe.trim_end_matches('/'));
    let answer = async { reqwest::Client::new().get(url).timeout(LIMIT).send().await?.json().await };
    let body: Result<serde_json::Value, reqwest::Error> = answer.await;
    let conditions = body.ok().and_then(|body| body.get("failing")?.as_array().cloned()).unwrap_or_default();
    conditions.iter().filter_map(|condition| condition.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_decides_the_remedy() {
        let schema = not_ready("sla", &["kafka".to_owned(), "schema".to_owned()]);
        assert!(schema.is(Level::Problem) && schema.text().contains("`redress-sla migrate`"), "{schema:?}");
        assert!(not_ready("sla", &["kafka".to_owned()]).text().contains("`redress-sla topics`"));
        assert!(not_ready("sla", &[]).text().contains("probes.sla"));
    }
}
