//! What clients ask for before they send: settings and flags. There are none here; the answers let them go on.

use crate::answer::{accepted_nothing, plain, wrong_key};
use crate::given_keys::{Given, of_head};
use crate::route::Question;
use crate::{Request, Response, WriteKeys};
use serde_json::json;

pub(crate) fn answered(question: Question<'_>, keys: &WriteKeys, request: &Request<'_>) -> Response {
    match question {
        Question::ClientMetrics => accepted_nothing(),
        Question::PostHogLocalFlags => plain(&json!({"flags": [], "group_type_mapping": {}, "cohorts": {}})),
        Question::PostHogFlags => plain(&json!({
            "config": {"enable_collect_everything": false},
            "supportedCompression": ["gzip", "gzip-js"],
            "hasFeatureFlags": false,
            "flags": {}, "featureFlags": {}, "featureFlagPayloads": {},
            "errorsWhileComputingFlags": false,
            "sessionRecording": false, "surveys": false, "heatmaps": false, "capturePerformance": false,
            "captureDeadClicks": false, "autocaptureExceptions": false, "siteApps": [],
            "isAuthenticated": false, "toolbarParams": {}, "editorParams": {},
        })),
        Question::SegmentSettings(key) => match keys.source(key) {
            None => wrong_key(),
            Some(_) => plain(&json!({
                "integrations": {"Segment.io": {
                    "apiKey": key,
                    "apiHost": format!("{}/v1", request.header("host").unwrap_or_default()),
                    "unbundledIntegrations": [], "addBundledMetadata": true,
                }},
                "plan": {
                    "track": {"__default": {"enabled": true, "integrations": {}}},
                    "identify": {"__default": {"enabled": true}},
                    "group": {"__default": {"enabled": true}},
                },
                "edgeFunction": {}, "analyticsNextEnabled": true, "middlewareSettings": {},
                "enabledMiddleware": {}, "metrics": {"sampleRate": 0}, "remotePlugins": [],
            })),
        },
        Question::RudderSettings => match of_head(keys, request) {
            Given::Source(source) => plain(&json!({
                "isHosted": false,
                "source": {
                    "id": source, "name": source, "writeKey": "", "enabled": true, "workspaceId": "rondo",
                    "config": {"statsCollection": {"errors": {"enabled": false}, "metrics": {"enabled": false}}},
                    "destinations": [], "connections": [],
                },
            })),
            Given::Wrong | Given::None => wrong_key(),
        },
    }
}
