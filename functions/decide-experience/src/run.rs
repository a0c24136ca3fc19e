//! From a request to what a visitor is shown.

use crate::asked::Asked;
use crate::hot::HotProfiles;
use crate::{ReadKeys, Request, Response, answer};
use campaign::placement::{Choice, DefaultOnly, Learned, Products, ShownArm, Visitor};
use campaign::{Campaigns, Creatives, OnSiteMessage, Placements, ProfileView, Share, Utm};
use event::{
    Arrival, Code, Event, EventType, Identifiers, Key, Parsed, Parser, ParserSettings, Rejection, names,
};
use person::{Blob, ON_SITE, PersonSource, Profile, SharedProfiles};
use serde_json::{Map, Value, json};

/// Where decisions are asked for.
pub const PATH: &str = "/v1/decide";

/// The name that its events come under.
const SOURCE: &str = "decide-experience";

/// What decisions are made by.
pub struct Deps<'d, S, C> {
    pub store: &'d S,
    /// What processes share of the store.
    pub shared: &'d C,
    pub hot: &'d HotProfiles,
    pub placements: &'d Placements,
    /// Those with messages that wait on site.
    pub campaigns: &'d Campaigns,
    /// What links are marked with, where a campaign does not say otherwise.
    pub utm: Option<&'d Utm>,
    /// What people look at; none until it was computed.
    pub products: Option<&'d Products>,
    /// What was learned of creatives.
    pub learned: &'d Creatives,
    /// Of [`visitor_parser`].
    pub parser: &'d Parser,
    pub keys: &'d ReadKeys,
    /// The share of people who get no marketing at all.
    pub holdout: Share,
}

/// The deployment's parser for visitors: it cleans, hashes and heeds consent as intake does, and holds nothing against a
/// tracking plan, since what is asked is no event.
pub fn visitor_parser(parser: &Parser) -> Parser {
    Parser::new(parser.hasher().clone(), ParserSettings { plan: None, ..parser.settings().clone() })
}

/// Answers one request. What goes wrong behind it never breaks a page: then there are defaults, and the reason.
pub async fn run<S: PersonSource, C: SharedProfiles>(
    deps: &Deps<'_, S, C>,
    request: &Request<'_>,
) -> Response {
    let response = match (request.path.trim_end_matches('/'), request.method) {
        (_, "OPTIONS") => answer::preflight(),
        ("/health", "GET") => answer::healthy(),
        (PATH, "GET" | "POST") => decide(deps, request).await,
        (PATH, _) => answer::wrong_method(),
        _ => answer::unknown_route(),
    };
    answer::for_any_origin(response)
}

async fn decide<S: PersonSource, C: SharedProfiles>(
    deps: &Deps<'_, S, C>,
    request: &Request<'_>,
) -> Response {
    let asked = match Asked::read(request) {
        Ok(asked) => asked,
        // Who has no key is told nothing else.
        Err(_) if deps.keys.source(request, None).is_none() => return answer::wrong_key(),
        Err(error) => return answer::misasked(&error),
    };
    let Some(source) = deps.keys.source(request, asked.key.as_deref()) else { return answer::wrong_key() };
    let now = request.now;
    let parsed = deps.parser.parse(asked.record.as_bytes(), source, Arrival::Live { now });
    let (event, default_only) = match parsed {
        Ok(Parsed { event, .. }) if event.is_withheld() => (event, Some(DefaultOnly::NoConsent)),
        Ok(Parsed { event, .. }) => (event, None),
        Err(Rejection { code: Code::NoConsent, .. }) => (nobody(now), Some(DefaultOnly::NoConsent)),
        Err(Rejection { code: Code::Erased | Code::Restricted, .. }) => {
            (nobody(now), Some(DefaultOnly::Restricted))
        }
        Err(Rejection { code, field, reason, .. }) => return answer::refused(code.as_str(), &field, &reason),
    };
    let mut seen = Seen { default_only, cause: None };
    let hot = match seen.default_only {
        // Of whom nothing may be looked at, nothing is.
        Some(_) => None,
        None => match deps.hot.find((deps.store, deps.shared), &event.identifiers, now).await {
            Ok(hot) => Some(hot),
            Err(error) => {
                seen.fail(error.to_string());
                None
            }
        },
    };
    let found = hot.as_ref().and_then(|hot| hot.found.as_ref());
    let profile = match found.map(|found| Blob::decode(&found.blob)) {
        None => Profile::default(),
        Some(Ok(Blob::Profile(profile))) => profile,
        Some(_) => {
            seen.fail("a stored profile is damaged".to_owned());
            Profile::default()
        }
    };
    if deps.parser.settings().privacy.is_restricted(&profile.strongest()) {
        seen.default_only = Some(DefaultOnly::Restricted);
    }
    let id =
        found.map(|found| found.person).or(event.identifiers.first().map(|id| id.key)).unwrap_or_default();
    let visitor = Visitor {
        now,
        profile: &profile,
        id,
        user_id: asked.user_id.as_deref(),
        anonymous_id: asked.anonymous_id.as_deref(),
        event: &event,
        default_only: seen.default_only,
        held_out: deps.holdout.holds_out(id),
    };
    let visitor = visitor.heed_profile();
    let view = ProfileView::new(&profile, now);
    // Who is known is exposed as whom they are known; a stranger as whom they say.
    let who = match found {
        Some(_) => profile.strongest(),
        None => event.identifiers,
    };
    let mut exposures = Vec::new();
    let mut ttl = i64::MAX;
    let mut placements = Map::with_capacity(asked.placements.len());
    for name in asked.placements {
        let answer = match deps.placements.get(&name) {
            Some(placement) => {
                let choice = placement.choose(&visitor, &view, deps.products, deps.learned);
                ttl = ttl.min(choice.ttl);
                let taking_part = choice.arms.iter().filter(|arm| arm.takes_part);
                let told = taking_part.map(|arm| exposure(arm, &name, (id, who), now));
                exposures.extend(told.filter(|exposure| deps.hot.is_first(exposure.hash)));
                let showings = |action| deps.hot.showings(action);
                let waiting = deps.campaigns.on_site(placement, &visitor, &view, deps.utm, showings);
                match &waiting {
                    Some(message) => {
                        // The next answer is another.
                        ttl = 0;
                        deps.hot.show(message.action, message.showing, now);
                        exposures.push(showing(message, &name, who, now));
                        shown_message(&choice, message)
                    }
                    None => {
                        let viewed = choice.learned.as_ref().map(|learned| viewed(learned, &name, who, now));
                        exposures.extend(viewed.filter(|exposure| deps.hot.is_first(exposure.hash)));
                        shown(&choice)
                    }
                }
            }
            None => {
                ttl = 0;
                json!({"creative": null, "content": null, "products": [], "experiments": {}, "reason": "unknown_placement", "ttl_s": 0})
            }
        };
        placements.insert(name, answer);
    }
    let mut response = answer::decided(request, &json!({"placements": placements}), ttl);
    response.exposures = exposures;
    response.cause = seen.cause;
    response
}

/// What is known of a request so far.
struct Seen {
    default_only: Option<DefaultOnly>,
    cause: Option<String>,
}

impl Seen {
    fn fail(&mut self, cause: String) {
        self.default_only = Some(DefaultOnly::Unavailable);
        self.cause = Some(cause);
    }
}

/// That a visitor is shown an arm. It is the same event however often it is made, so that it counts once.
fn exposure(
    shown: &ShownArm<'_>,
    placement: &str,
    (person, who): (Key, Identifiers),
    now: i64,
) -> Event<'static> {
    let message_id = format!("exposed-{}-{}-{person}", shown.experiment, shown.arm);
    let properties =
        json!({"experiment_id": shown.experiment, "variation_id": shown.arm, "placement": placement});
    Event::reported(message_id, names::EXPERIMENT_VIEWED, who, now, properties.to_string(), SOURCE)
}

/// That a visitor is shown a creative that is learned from: the same event on the same day, however often it is made.
fn viewed(learned: &Learned, placement: &str, who: Identifiers, now: i64) -> Event<'static> {
    let action = learned.action.to_string();
    let message_id = format!("viewed-{action}");
    let properties =
        json!({"placement": placement, "creative": learned.chosen.to_json(), "action_id": action});
    Event::reported(message_id, names::CREATIVE_VIEWED, who, now, properties.to_string(), SOURCE)
}

/// That a visitor is shown a message for the n-th time: the same event however often it is made.
fn showing(message: &OnSiteMessage<'_>, placement: &str, who: Identifiers, now: i64) -> Event<'static> {
    let mut properties = json!({
        "campaign": message.campaign,
        "step": message.step,
        "placement": placement,
        "channel": ON_SITE,
        "action_id": message.action.to_string(),
        "showing": message.showing,
    });
    if let Some(chosen) = &message.chosen {
        properties["creative"] = chosen.clone();
    }
    let message_id = format!("shown-{}-{}", message.action, message.showing);
    Event::reported(message_id, names::MESSAGE_SHOWN, who, now, properties.to_string(), SOURCE)
}

/// A message in the place of the creative; the page sends `message` back when the visitor clicks or closes it.
fn shown_message(choice: &Choice<'_>, message: &OnSiteMessage<'_>) -> Value {
    let mut shown = shown(choice);
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("action_id");
    }
    shown["creative"] = format!("{}/{}", message.campaign, message.step).into();
    shown["content"] = message.content.clone();
    shown["message"] = json!({
        "campaign": message.campaign,
        "step": message.step,
        "channel": ON_SITE,
        "action_id": message.action.to_string(),
    });
    shown["reason"] = "message".into();
    shown["ttl_s"] = 0.into();
    shown
}

fn shown(choice: &Choice<'_>) -> Value {
    let arms: Map<String, Value> = choice
        .arms
        .iter()
        .map(|arm| {
            let shown = json!({"arm": arm.arm, "index": arm.index, "takes_part": arm.takes_part});
            (arm.experiment.to_owned(), shown)
        })
        .collect();
    let mut shown = json!({
        "creative": choice.creative,
        "content": choice.content,
        "products": choice.products,
        "experiments": arms,
        "reason": choice.why.as_str(),
        "ttl_s": choice.ttl / 1_000,
    });
    if let Some(learned) = &choice.learned {
        // What a click names it by.
        shown["action_id"] = learned.action.to_string().into();
    }
    shown
}

/// The event of somebody of whom nothing may be looked at.
fn nobody(now: i64) -> Event<'static> {
    let event = Event::reported(String::new(), "", Identifiers::default(), now, String::new(), "");
    Event { kind: EventType::Track, ..event }
}
