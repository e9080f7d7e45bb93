//! Rendered objects, read as a kubelet and a service proxy read them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// Everything that was rendered.
pub(super) struct Objects(Vec<Value>);

/// A pod of a Deployment, of a Job, or of `helm test`.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) labels: Value,
    /// In the order in which they run; of a Deployment without init containers the only one.
    pub(super) containers: Vec<Value>,
    pub(super) volumes: Value,
    /// An address of loopback that no other pod has.
    pub(super) address: String,
}

/// What a kubelet asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Probe {
    Startup,
    Readiness,
    Liveness,
}

impl Objects {
    pub(super) fn read(rendered: &str) -> anyhow::Result<Self> {
        // Kubernetes reads YAML 1.1: 0440 is a number of base eight.
        let options = serde_saphyr::options! { legacy_octal_numbers: true };
        let objects = serde_saphyr::from_multiple_with_options(rendered, options);
        Ok(Self(objects.context("helm rendered no YAML")?))
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// One pod per Deployment: what holds for one replica holds for all.
    pub(super) fn pods(&self) -> anyhow::Result<Vec<Pod>> {
        let deployments = self.of_kind("Deployment").zip(1_u8..);
        deployments
            .map(|(deployment, number)| pod(deployment, &deployment["spec"]["template"], number))
            .collect()
    }

    pub(super) fn jobs(&self) -> anyhow::Result<Vec<Pod>> {
        let jobs = self.of_kind("Job").zip(101_u8..);
        jobs.map(|(job, number)| pod(job, &job["spec"]["template"], number)).collect()
    }

    pub(super) fn test_pod(&self) -> anyhow::Result<Pod> {
        let object = self.of_kind("Pod").next().context("there is no pod of `helm test`")?;
        pod(object, object, 254)
    }

    /// The groups of which an autoscaler asks the lag, each with its topic, by the name of the Deployment that it scales.
    pub(super) fn scaled_on(&self) -> BTreeMap<&str, BTreeSet<(String, String)>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let scaled = self.of_kind("ScaledObject").filter_map(|object| {
            let triggers = object["spec"]["triggers"].as_array().into_iter().flatten();
            let asked = triggers.map(|trigger| &trigger["metadata"]);
            let asked = asked.map(|asked| (text(&asked["consumerGroup"]), text(&asked["topic"])));
            Some((object["spec"]["scaleTargetRef"]["name"].as_str()?, asked.collect()))
        });
        scaled.collect()
    }

    /// The data of a `ConfigMap`.
    pub(super) fn config_map(&self, name: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let found = self.of_kind("ConfigMap").find(|object| object["metadata"]["name"] == name);
        let found = found.with_context(|| format!("there is no ConfigMap {name}"))?;
        serde_json::from_value(found["data"].clone())
            .with_context(|| format!("ConfigMap {name} holds more than texts"))
    }

    /// Where a Service's port leads: the address of a pod that it selects.
    pub(super) fn service(&self, name: &str, port: u64) -> anyhow::Result<String> {
        let service = self.of_kind("Service").find(|object| object["metadata"]["name"] == name);
        let service = service.with_context(|| format!("there is no Service {name}"))?;
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let target = ports
            .clone()
            .find(|own| own["port"] == port)
            .with_context(|| format!("Service {name} has no port {port}"))?;
        let pods = self.pods()?;
        let pod = pods.iter().find(|pod| selects(&service["spec"]["selector"], &pod.labels));
        let pod = pod.with_context(|| format!("Service {name} selects no pod"))?;
        pod.port(&target["targetPort"]).with_context(|| format!("Service {name}"))
    }

    /// Fails with the first Service that leads nowhere.
    pub(super) fn services_lead_somewhere(&self) -> anyhow::Result<()> {
        let mut seen = 0;
        for service in self.of_kind("Service") {
            let name = service["metadata"]["name"].as_str().context("a Service has a name")?;
            for port in service["spec"]["ports"].as_array().into_iter().flatten() {
                self.service(name, port["port"].as_u64().context("a port is a number")?)?;
                seen += 1;
            }
        }
        ensure!(seen > 0, "there is no Service");
        Ok(())
    }
}

fn pod(owner: &Value, template: &Value, number: u8) -> anyhow::Result<Pod> {
    let name = owner["metadata"]["name"].as_str().context("an object has a name")?.to_owned();
    let spec = &template["spec"];
    let containers =
        ["initContainers", "containers"].into_iter().filter_map(|key| spec[key].as_array()).flatten();
    let containers: Vec<Value> = containers.cloned().collect();
    ensure!(!containers.is_empty(), "{name} has no container");
    Ok(Pod {
        name,
        labels: template["metadata"]["labels"].clone(),
        containers,
        volumes: spec["volumes"].clone(),
        address: format!("127.0.1.{number}"),
    })
}

/// Whether all of `selector` is among `labels`; an empty one selects nothing of ours.
fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object().into_iter().flatten();
    selector.as_object().is_some_and(|selector| !selector.is_empty())
        && wanted.into_iter().all(|(key, value)| labels[key] == *value)
}

impl Pod {
    /// The last one, which the others prepare.
    pub(super) fn main(&self) -> &Value {
        self.containers.last().unwrap_or(&Value::Null)
    }

    /// `address:port` of a port that the main container declares, by name or number.
    pub(super) fn port(&self, wanted: &Value) -> anyhow::Result<String> {
        let mut ports = self.main()["ports"].as_array().into_iter().flatten();
        let found = ports.find(|port| port["name"] == *wanted || port["containerPort"] == *wanted);
        let Some(number) = found.and_then(|port| port["containerPort"].as_u64()) else {
            bail!("{} declares no port {wanted}", self.name)
        };
        Ok(format!("{}:{number}", self.address))
    }

    /// Address and path of a probe.
    pub(super) fn probe(&self, probe: Probe) -> anyhow::Result<(String, String)> {
        let key = match probe {
            Probe::Startup => "startupProbe",
            Probe::Readiness => "readinessProbe",
            Probe::Liveness => "livenessProbe",
        };
        let asked = &self.main()[key]["httpGet"];
        let path = asked["path"].as_str().with_context(|| format!("{} has no {key} over HTTP", self.name))?;
        Ok((self.port(&asked["port"])?, path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENDERED: &str = "
kind: Deployment
metadata: {name: a}
spec:
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
        - name: a
          ports: [{name: http, containerPort: 8000}]
          livenessProbe: {httpGet: {path: /livez, port: http}}
          readinessProbe: {httpGet: {path: /readyz, port: admin}}
---
kind: Service
metadata: {name: good}
spec: {selector: {app: a}, ports: [{port: 80, targetPort: http}]}
";

    #[test]
    fn a_service_leads_to_the_port_of_the_pod_that_it_selects() {
        let objects = Objects::read(RENDERED).unwrap();
        assert_eq!(objects.service("good", 80).unwrap(), "127.0.1.1:8000");
        objects.services_lead_somewhere().unwrap();
        assert!(objects.service("good", 81).is_err());
    }

    #[test]
    fn a_service_that_selects_nobody_and_a_port_that_is_not_declared_are_found() {
        for (from, to) in
            [("selector: {app: a}", "selector: {app: b}"), ("targetPort: http", "targetPort: grpc")]
        {
            let objects = Objects::read(&RENDERED.replace(from, to)).unwrap();
            assert!(objects.services_lead_somewhere().is_err(), "{to}");
        }
    }

    #[test]
    fn numbers_are_read_as_kubernetes_reads_them() {
        let objects = Objects::read("mode: 0440\nother: 288\n").unwrap();
        assert_eq!((objects.0[0]["mode"].as_u64(), objects.0[0]["other"].as_u64()), (Some(0o440), Some(288)));
    }

    #[test]
    fn probes_go_by_declared_ports_only() {
        let pods = Objects::read(RENDERED).unwrap().pods().unwrap();
        assert_eq!(pods[0].probe(Probe::Liveness).unwrap(), ("127.0.1.1:8000".into(), "/livez".into()));
        assert!(pods[0].probe(Probe::Readiness).is_err());
        assert!(pods[0].probe(Probe::Startup).is_err());
    }
}
