//! What is deployed, as far as the bill depends on it.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

const DEFAULT: &str = include_str!("../../../cost/deployment.yaml");

/// The deployment that `template.yaml` describes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Of a month.
    pub hours: f64,
    pub functions: BTreeMap<String, Function>,
    /// Shards of the profile table's change stream.
    pub change_shards: f64,
    pub kinesis: Kinesis,
    pub queue: Polling,
    /// The queues that are polled, by the bus.
    pub queues: BTreeMap<Bus, Vec<String>>,
    pub alarms: BTreeMap<Bus, f64>,
    pub secrets: f64,
    /// Keys of KMS that the deployment has of its own.
    pub kms_keys: f64,
    pub key_requests: KeyRequests,
    /// Whether functions write metrics.
    pub metric_lines: bool,
    pub log_line_bytes: f64,
    /// How long a call takes, by service.
    pub latency_ms: BTreeMap<String, f64>,
}

/// What carries events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    Kinesis,
    Sqs,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    pub memory_mb: f64,
    pub invoked_by: Invoked,
    #[serde(default)]
    pub window_s: f64,
    /// Most records of a batch.
    #[serde(default)]
    pub batch: f64,
    #[serde(default)]
    pub every_s: f64,
    /// Seconds between two lines of metrics of a process; 0 writes one with each invocation.
    #[serde(default)]
    pub line_every_s: f64,
    #[serde(default)]
    pub config: bool,
    pub metrics: f64,
}

/// What invocations grow with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Invoked {
    Events,
    Window,
    Schedule,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinesis {
    pub shards: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polling {
    pub pollers: f64,
    pub poll_s: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequests {
    pub every_s: f64,
    pub idle_tables: f64,
    pub busy_tables: f64,
}

impl Deployment {
    /// The one that the program brings.
    pub fn built_in() -> Result<Deployment> {
        serde_saphyr::from_str(DEFAULT).context("reading the built-in deployment")
    }

    /// Seconds of a month.
    pub fn seconds(&self) -> f64 {
        self.hours * 3_600.0
    }

    /// How many gather batches of their own of what a function takes.
    pub fn consumers(&self, function: &str, bus: Bus) -> f64 {
        match (function, bus) {
            ("evaluate-triggers", _) => self.change_shards,
            (_, Bus::Kinesis) => self.kinesis.shards,
            (_, Bus::Sqs) => self.queue.pollers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The resources of the template: name, and everything below it.
    fn resources() -> Vec<(&'static str, &'static str)> {
        let template = include_str!("../../../../template.yaml");
        let start = template.find("\nResources:").unwrap();
        let end = template.find("\nOutputs:").unwrap();
        let mut resources = Vec::new();
        let mut rest = &template[start..end];
        while let Some(at) = rest.find("\n  ").filter(|_| !rest.is_empty()) {
            rest = &rest[at + 3..];
            let line = rest.lines().next().unwrap_or_default();
            if line.starts_with(' ') || line.starts_with('#') || !line.ends_with(':') {
                continue;
            }
            let body = &rest[line.len()..];
            let lines = body.match_indices("\n  ").find(|(at, _)| {
                body[at + 3..].chars().next().is_some_and(|first| first.is_ascii_alphabetic())
            });
            resources.push((line.trim_end_matches(':'), &body[..lines.map_or(body.len(), |(at, _)| at)]));
        }
        resources
    }

    fn of_type(wanted: &str) -> Vec<(&'static str, &'static str)> {
        let wanted = format!("Type: {wanted}\n");
        resources().into_iter().filter(|(_, body)| body.contains(&wanted)).collect()
    }

    #[test]
    fn memory_and_schedules_are_those_of_the_template() {
        let deployment = Deployment::built_in().unwrap();
        let functions = of_type("AWS::Serverless::Function");
        let names = [
            ("CollectEvents", "collect-events"),
            ("UpdateProfiles", "update-profiles"),
            ("ArchiveEvents", "archive-events"),
            ("EvaluateTriggers", "evaluate-triggers"),
            ("FireTimers", "fire-timers"),
            ("RunCampaigns", "run-campaigns"),
            ("DeliverService", "deliver-messages"),
            ("DeliverMarketing", "deliver-messages"),
        ];
        for (resource, name) in names {
            let (_, body) = functions.iter().find(|(found, _)| *found == resource).unwrap();
            let memory = format!("MemorySize: {}\n", deployment.functions[name].memory_mb);
            assert!(body.contains(&memory), "{resource}: {memory}");
        }
        let body = |name: &str| functions.iter().find(|(found, _)| *found == name).unwrap().1;
        assert!(body("FireTimers").contains("rate(1 minute)"));
        assert!(body("RunCampaigns").contains("rate(1 minute)"));
        assert!(body("DeliverService").contains("rate(1 hour)"));
    }

    #[test]
    fn queues_and_alarms_are_those_of_the_template() {
        let deployment = Deployment::built_in().unwrap();
        let on = |bus: Bus, body: &str| match bus {
            Bus::Kinesis => !body.contains("Condition: UseQueues"),
            Bus::Sqs => !body.contains("Condition: UseKinesis"),
        };
        for bus in [Bus::Kinesis, Bus::Sqs] {
            let alarms = of_type("AWS::CloudWatch::Alarm").into_iter().filter(|(_, body)| {
                on(bus, body)
                    && !body.contains("Condition: AllAlarms")
                    && !body.contains("Condition: HasPartnerInbox")
                    && !body.contains("Condition: Decides")
            });
            assert_eq!(alarms.count() as f64, deployment.alarms[&bus], "{bus:?}");
            let polled: BTreeSet<&str> = of_type("AWS::Lambda::EventSourceMapping")
                .into_iter()
                .filter(|(_, body)| on(bus, body) && !body.contains("Condition: HasPartnerInbox"))
                .filter_map(|(_, body)| {
                    body.split("EventSourceArn: !GetAtt ").nth(1)?.split("Queue.Arn").next()
                })
                .filter(|name| !name.contains('\n'))
                .collect();
            assert_eq!(polled.len(), deployment.queues[&bus].len(), "{bus:?}: {polled:?}");
        }
        let without_kms = |(_, body): &(&str, &str)| !body.contains("Condition: UseKms");
        let count = |wanted| of_type(wanted).iter().filter(|found| without_kms(found)).count() as f64;
        assert_eq!(count("AWS::SecretsManager::Secret"), deployment.secrets);
        assert_eq!(count("AWS::KMS::Key"), deployment.kms_keys);
    }

    #[test]
    fn windows_and_batches_are_those_of_the_template() {
        let deployment = Deployment::built_in().unwrap();
        let template = include_str!("../../../../template.yaml");
        let default = |parameter: &str| {
            let at = template.find(&format!("\n  {parameter}:\n")).unwrap();
            let text = template[at..].split("Default: ").nth(1).unwrap().lines().next().unwrap();
            text.parse::<f64>().unwrap()
        };
        let metrics = template.split("\n  MetricsNamespace:\n").nth(1).unwrap();
        let asked_for = !metrics.split("Default: ").nth(1).unwrap().starts_with("none\n");
        assert_eq!(asked_for, deployment.metric_lines);
        let windows = [
            ("ProfileWindow", "update-profiles"),
            ("LakeWindow", "archive-events"),
            ("TriggerWindow", "evaluate-triggers"),
        ];
        for (parameter, function) in windows {
            assert_eq!(default(parameter), deployment.functions[function].window_s, "{parameter}");
        }
        let mappings = of_type("AWS::Lambda::EventSourceMapping");
        let batches = [
            ("UpdateProfilesFromStream", "update-profiles"),
            ("UpdateProfilesFromQueue", "update-profiles"),
            ("ArchiveEventsFromStream", "archive-events"),
            ("ArchiveEventsFromQueue", "archive-events"),
            ("EvaluateTriggersFromProfiles", "evaluate-triggers"),
        ];
        for (mapping, function) in batches {
            let (_, body) = mappings.iter().find(|(name, _)| *name == mapping).unwrap();
            let batch = format!("BatchSize: {}\n", deployment.functions[function].batch);
            assert!(body.contains(&batch), "{mapping}: {batch}");
        }
        assert_eq!(default("StreamShards"), deployment.kinesis.shards);
    }
}
