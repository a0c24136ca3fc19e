//! What to do with one action: the decision, and the message that it leads to.

use crate::Deps;
use campaign::{
    Action, Caps, ChannelKind, Claim, Decision, DeliverySettings, Lane, Ledger, LedgerEntry, LedgerState,
    Message, MessageContext, Reason, Rendered, Sends, Situation, Utm, decide, local_day, time_zone,
};
use event::{Identifier, IdentifierKind, Identifiers, Key, PUSH_TOKEN, PortError, Purpose, Vault};
use jiff::tz::TimeZone;
use person::{Blob, MAX_SAID, Profile};
use std::collections::BTreeMap;
use token::MessageToken;

/// A decided action, not yet claimed.
pub(crate) struct Plan {
    /// Who the person is to the bus; none where nothing is known of them.
    pub identifiers: Identifiers,
    pub claim: Claim,
    pub verdict: Verdict,
}

pub(crate) enum Verdict {
    Send(Box<Letter>),
    Hold { until: i64 },
    Refuse(Reason),
}

/// A message that is ready to go.
pub(crate) struct Letter {
    pub kind: ChannelKind,
    pub to: String,
    pub rendered: Rendered,
    pub unsubscribe_url: Option<String>,
    pub token: Option<String>,
    pub personal: BTreeMap<String, String>,
}

/// Who a person is to the bus; none where nothing is known of them.
pub(crate) fn identifiers(blob: Option<&[u8]>) -> Identifiers {
    match blob.map(Blob::decode) {
        Some(Ok(Blob::Profile(profile))) => profile.strongest(),
        _ => Identifiers::default(),
    }
}

/// What a person agrees to who agrees to the messages of a lane.
fn purpose(lane: Lane) -> Purpose {
    match lane {
        Lane::Service => Purpose::Service,
        Lane::Marketing => Purpose::Marketing,
    }
}

impl Plan {
    /// Decides on one action for a person known as `person` now. An error concerns this action alone.
    pub async fn of<P, L: Ledger, V: Vault, B, H, E, W>(
        deps: &Deps<'_, P, L, V, B, H, E, W>,
        now: i64,
        action: &Action,
        (person, blob): (Key, Option<&[u8]>),
    ) -> Result<Plan, PortError> {
        let mut plan = Plan::new(now, action, person);
        let profile = match blob.map(Blob::decode) {
            None => None,
            Some(Ok(Blob::Profile(profile))) => Some(profile),
            Some(_) => {
                return Err(PortError::Failed { what: "the profile", reason: "it is damaged".to_owned() });
            }
        };
        if let Some(profile) = &profile {
            plan.identifiers = profile.strongest();
        }
        let Some(campaign) = deps.campaigns.version(&action.campaign, action.version) else {
            return Ok(plan.refuse(Reason::CampaignEnded, ""));
        };
        let Some(message) = campaign.message(&action.step) else {
            return Ok(plan.refuse(Reason::CampaignEnded, "the campaign no longer has this step"));
        };
        plan.claim.entry.channel.clone_from(&message.channel);
        let Some(profile) = profile else { return Ok(plan.refuse(Reason::NoProfile, "")) };

        let settings = deps.settings;
        let zone = profile.timezone().and_then(time_zone).unwrap_or_else(|| settings.zone.clone());
        plan.claim.caps = campaign.limits.caps(campaign.lane, &message.channel, &settings.caps);
        let sends = plan.counted(deps.ledger, &zone, now).await?;
        let decision = decide(&Situation {
            now,
            due_at: action.due_at,
            expires_after: settings.expires_after,
            lane: campaign.lane,
            person,
            campaign: &campaign.name,
            limits: &campaign.limits,
            channel: &message.channel,
            caps: &plan.claim.caps,
            global_holdout: settings.holdout,
            zone: &zone,
            consent: profile.agreed_by(&message.channel, purpose(campaign.lane)),
            refuses_analytics: profile.refuses_analytics(),
            suppressed: profile.is_suppressed(&message.channel)
                || profile.identifiers.iter().any(|id| settings.suppressed.contains(&id.key)),
            restricted: settings.privacy.is_restricted(&profile.strongest()),
            open_complaint: profile.open_complaint(),
            in_audience: campaign
                .audience
                .as_ref()
                .is_none_or(|audience| audience.matches_profile(&profile, now)),
            sends: &sends,
        });
        match decision {
            Decision::Refuse(reason) => Ok(plan.refuse(reason, "")),
            Decision::Hold { until } => Ok(plan.hold(until)),
            Decision::Send => plan.write(deps, now, action, campaign.lane, message, &profile).await,
        }
    }

    fn new(now: i64, action: &Action, person: Key) -> Plan {
        let entry = LedgerEntry {
            action: action.id,
            person,
            campaign: action.campaign.clone(),
            step: action.step.clone(),
            channel: String::new(),
            state: LedgerState::Claimed,
            reason: None,
            at: now,
            due_at: action.due_at,
            capped_on: None,
            receipt: String::new(),
            detail: String::new(),
            creative: Box::default(),
        };
        Plan {
            identifiers: Identifiers::default(),
            claim: Claim { entry, caps: Caps::default() },
            verdict: Verdict::Refuse(Reason::CampaignEnded),
        }
    }

    fn refuse(mut self, reason: Reason, detail: &str) -> Plan {
        let entry = &mut self.claim.entry;
        entry.state = LedgerState::Refused;
        entry.reason = Some(reason);
        entry.capped_on = None;
        detail.clone_into(&mut entry.detail);
        self.verdict = Verdict::Refuse(reason);
        self
    }

    fn hold(mut self, until: i64) -> Plan {
        let entry = &mut self.claim.entry;
        entry.state = LedgerState::Held;
        entry.capped_on = None;
        entry.due_at = until;
        self.verdict = Verdict::Hold { until };
        self
    }

    /// What counts against the caps already; and that this message does, on the person's calendar day.
    async fn counted(&mut self, ledger: &impl Ledger, zone: &TimeZone, now: i64) -> Result<Sends, PortError> {
        if !self.claim.caps.is_capped() {
            return Ok(Sends::default());
        }
        let entry = &mut self.claim.entry;
        entry.capped_on = Some(local_day(zone, now));
        ledger.sends(entry.person).await
    }

    /// Finds the address and writes the message.
    async fn write<P, L, V: Vault, B, H, E, W>(
        mut self,
        deps: &Deps<'_, P, L, V, B, H, E, W>,
        now: i64,
        action: &Action,
        lane: Lane,
        message: &Message,
        profile: &Profile<'_>,
    ) -> Result<Plan, PortError> {
        let Deps { settings, vault, .. } = *deps;
        let token = token_of(settings, now, action, message, profile);
        let unsubscribe_url = match lane {
            Lane::Marketing => settings.unsubscribe_link(action.id, token.as_deref()),
            Lane::Service => None,
        };
        let (to, allowed) = match message.kind {
            ChannelKind::Email => (address(vault, profile, IdentifierKind::Email, "email").await?, &[][..]),
            ChannelKind::Sms => (address(vault, profile, IdentifierKind::Phone, "phone").await?, &[][..]),
            ChannelKind::Push => {
                (address(vault, profile, IdentifierKind::Device, PUSH_TOKEN).await?, &[][..])
            }
            ChannelKind::Webhook => match settings.webhooks.get(&message.channel) {
                Some(webhook) if webhook.url.is_empty() => (None, &[][..]),
                Some(webhook) => (Some(webhook.url.clone()), webhook.personal.as_slice()),
                None => (None, &[][..]),
            },
            // It waits for the person, wherever they come from.
            ChannelKind::OnSite => (Some(String::new()), &[][..]),
        };
        let Some(to) = to else {
            let detail = match message.kind {
                ChannelKind::Email => "the vault holds no e-mail address of the person",
                ChannelKind::Sms => "the vault holds no telephone number of the person",
                ChannelKind::Push => "the vault holds no token of a device of the person",
                ChannelKind::Webhook | ChannelKind::OnSite => "no webhook of that name is set up with a URL",
            };
            return Ok(self.refuse(Reason::NoAddress, detail));
        };
        let shown = fields(vault, &profile.identifiers, message.person_fields()).await?;
        let creative = message.creative();
        let chosen = creative.map(|one| one.choose(&settings.creatives, profile, now, action.id));
        let context = MessageContext {
            profile: &profile.to_json(now),
            kept: &serde_json::from_str(&action.kept).unwrap_or_default(),
            key: &action.key,
            person: &shown,
            unsubscribe_url: unsubscribe_url.as_deref().unwrap_or_default(),
        };
        if let Some(chosen) = &chosen {
            self.claim.entry.creative = chosen.to_json().to_string().into();
        }
        if let Some(on_site) = message.on_site() {
            let bytes = on_site.said(action, now, &self.claim.entry.creative).to_string().len();
            if bytes > MAX_SAID {
                let detail = format!(
                    "what waits on site takes {bytes} bytes, more than {MAX_SAID}; let the campaign keep less of its event"
                );
                return Ok(self.refuse(Reason::TemplateError, &detail));
            }
        }
        let marks = deps.campaigns.version(&action.campaign, action.version).and_then(|campaign| {
            let own = campaign.utm.as_ref();
            Utm::of(settings.utm.as_ref(), own, &campaign.name, &action.step, &message.channel)
        });
        let rendered = match message.render_chosen(&context, &chosen.unwrap_or_default()) {
            Ok(rendered) => match &marks {
                Some(marks) => {
                    rendered.with_marked_links(marks, unsubscribe_url.as_deref().unwrap_or_default())
                }
                None => rendered,
            },
            Err(error) => return Ok(self.refuse(Reason::TemplateError, &error.to_string())),
        };
        if !rendered.missing.is_empty() {
            self.claim.entry.detail =
                format!("the templates look up what is not there: {}", rendered.missing.join(", "));
        }
        let personal = fields(vault, &profile.identifiers, allowed.iter().map(String::as_str)).await?;
        let letter = Letter { kind: message.kind, to, rendered, unsubscribe_url, token, personal };
        self.verdict = Verdict::Send(Box::new(letter));
        Ok(self)
    }
}

/// What the message is known by when something comes back of it: a click on its link, a bounce.
fn token_of(
    settings: &DeliverySettings,
    now: i64,
    action: &Action,
    message: &Message,
    profile: &Profile<'_>,
) -> Option<String> {
    let token = MessageToken {
        person: *profile.identifiers.first()?,
        action: action.id,
        channel: message.channel.clone(),
        campaign: action.campaign.clone(),
        sent_at: now,
    };
    Some(settings.tokens.as_ref()?.seal(&token))
}

/// The first address of a kind that the vault still holds of a person: an e-mail address, a telephone number, a device.
async fn address(
    vault: &impl Vault,
    profile: &Profile<'_>,
    kind: IdentifierKind,
    field: &str,
) -> Result<Option<String>, PortError> {
    for identifier in profile.identifiers.iter().filter(|id| id.kind == kind) {
        if let Some(address) = vault.get(*identifier, field).await? {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// Fields of the vault, each from the strongest identifier that has it.
async fn fields<'f>(
    vault: &impl Vault,
    identifiers: &[Identifier],
    names: impl Iterator<Item = &'f str>,
) -> Result<BTreeMap<String, String>, PortError> {
    let mut found = BTreeMap::new();
    for name in names {
        for identifier in identifiers {
            if let Some(value) = vault.get(*identifier, name).await? {
                found.insert(name.to_owned(), value);
                break;
            }
        }
    }
    Ok(found)
}
