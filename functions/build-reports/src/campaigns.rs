//! What campaigns brought.

use crate::gather::{Gathered, Purchase};
use crate::report::CampaignResult;
use event::DAY;
use std::collections::BTreeMap;

/// The results of every campaign that sent or refused a message, by name. An order counts for a campaign
/// where it happened within `window_days` after a message of it to the same person (last touch is not
/// singled out: it may count for several).
pub(crate) fn campaigns(gathered: &Gathered, window_days: u32) -> Vec<CampaignResult> {
    let mut results: Vec<CampaignResult> =
        gathered.campaigns.all().iter().map(|name| CampaignResult::new(name)).collect();
    for ((campaign, reason), count) in &gathered.refused {
        results[*campaign as usize].refused.insert(reason.clone(), *count);
    }
    let window = i64::from(window_days) * DAY;
    let currencies = gathered.currencies.all();
    for sends in gathered.sends.chunk_by(|a, b| (a.person, a.campaign) == (b.person, b.campaign)) {
        let result = &mut results[sends[0].campaign as usize];
        result.sent += sends.len() as u64;
        result.people += 1;
        let mut converted = false;
        for purchase in orders_of(gathered, sends[0].person) {
            let after = sends.partition_point(|send| send.at <= purchase.at);
            let Some(send) = after.checked_sub(1).map(|latest| sends[latest]) else { continue };
            if purchase.at - send.at <= window {
                converted = true;
                result.orders += 1;
                let currency = currencies[usize::from(purchase.currency)].clone();
                let revenue = result.revenue_minor.entry(currency).or_default();
                *revenue = revenue.saturating_add(purchase.amount.unwrap_or(0));
            }
        }
        result.converted += u64::from(converted);
    }
    for result in &mut results {
        result.conversion_rate = share(result.converted, result.people);
    }
    results.sort_by(|a, b| a.campaign.cmp(&b.campaign));
    results
}

/// `part` of `whole`, 0 to 1.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn orders_of(gathered: &Gathered, person: u32) -> impl Iterator<Item = &Purchase> {
    let start = gathered.purchases.partition_point(|purchase| purchase.person < person);
    gathered.purchases[start..].iter().take_while(move |p| p.person == person).filter(|p| !p.is_refund)
}

impl CampaignResult {
    fn new(campaign: &str) -> CampaignResult {
        CampaignResult {
            campaign: campaign.to_owned(),
            sent: 0,
            refused: BTreeMap::new(),
            people: 0,
            converted: 0,
            conversion_rate: 0.0,
            orders: 0,
            revenue_minor: BTreeMap::new(),
        }
    }
}
