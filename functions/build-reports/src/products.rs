//! What people look at, and what the same people look at besides: by what decide-experience recommends.
//!
//! Nearness is the cosine of the two sets of people who looked at two products (Linden, Smith and York, "Amazon.com
//! Recommendations: Item-to-Item Collaborative Filtering", IEEE Internet Computing 7(1), 2003).

use crate::gather::Gathered;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many popular products are listed.
const POPULAR: usize = 100;
/// How many products are listed near one.
const RELATED: usize = 20;
/// How many products of one person are looked at, the newest: more would be a robot's, or a shop's own.
const OF_ONE: usize = 50;
/// What fewer people than this did together is nobody's business.
const PEOPLE: u32 = 3;

/// The products of the lake, as decide-experience reads them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Products {
    /// UTC ms.
    pub computed_at: i64,
    /// Product ids, that of most people first.
    pub popular: Vec<String>,
    /// By product: those that the same people look at, nearest first.
    pub related: BTreeMap<String, Vec<Related>>,
}

/// A product near another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Related {
    pub product_id: String,
    /// 0 to 1, to four places.
    pub cosine: f64,
}

/// Counts what settled events say of products. `now` is UTC ms.
pub(crate) fn products(gathered: &Gathered, now: i64) -> Products {
    let names = gathered.products.all();
    let of_people = of_people(gathered);
    let mut who: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
    for (person, products) in of_people.iter().enumerate() {
        products.iter().for_each(|product| who[*product as usize].push(person as u32));
    }
    let people = |product: u32| who[product as usize].len() as f64;

    let mut popular: Vec<u32> =
        (0..names.len() as u32).filter(|product| people(*product) >= f64::from(PEOPLE)).collect();
    popular.sort_by(|a, b| {
        people(*b).total_cmp(&people(*a)).then_with(|| names[*a as usize].cmp(&names[*b as usize]))
    });

    let mut related = BTreeMap::new();
    let mut together = vec![0u32; names.len()];
    for product in popular.iter().copied() {
        let mut met: Vec<u32> = Vec::new();
        for person in &who[product as usize] {
            for other in of_people[*person as usize].iter().filter(|other| **other != product) {
                if together[*other as usize] == 0 {
                    met.push(*other);
                }
                together[*other as usize] += 1;
            }
        }
        let mut near: Vec<Related> = met
            .iter()
            .filter(|other| together[**other as usize] >= PEOPLE)
            .map(|other| {
                let cosine = f64::from(together[*other as usize]) / (people(product) * people(*other)).sqrt();
                let cosine = (cosine * 1e4).round() / 1e4;
                Related { product_id: names[*other as usize].clone(), cosine }
            })
            .collect();
        met.iter().for_each(|other| together[*other as usize] = 0);
        near.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then_with(|| a.product_id.cmp(&b.product_id)));
        near.truncate(RELATED);
        if !near.is_empty() {
            related.insert(names[product as usize].clone(), near);
        }
    }
    let popular = popular.iter().take(POPULAR).map(|product| names[*product as usize].clone()).collect();
    Products { computed_at: now, popular, related }
}

/// The different products of each person, the newest of many.
fn of_people(gathered: &Gathered) -> Vec<Vec<u32>> {
    let mut looks: Vec<(u32, u32)> = Vec::with_capacity(gathered.looks.len());
    // The newest first, so that they are the ones that stay; people in order.
    looks.extend(gathered.looks.iter().rev().map(|look| (look.person, look.product)));
    looks.sort_by_key(|(person, _)| *person);
    looks
        .chunk_by(|a, b| a.0 == b.0)
        .map(|of_one| {
            let mut products: Vec<u32> = Vec::new();
            for (_, product) in of_one {
                if products.len() < OF_ONE && !products.contains(product) {
                    products.push(*product);
                }
            }
            products
        })
        .collect()
}
