//! People rewritten in one transaction, when a merge is undone.

use super::change::{head, incomplete};
use super::transaction::transact;
use super::{People, WHAT, log};
use crate::item::{Item, binary, number};
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use event::{Identifier, Key, PortError};
use person::attribute::{INTO, INTO_KIND, KIND, PERSON, PROFILE, VERSION};
use person::{IdentityRewrite, Owner, Rewrite, RewrittenIdentity, RewrittenProfile};
use std::collections::{BTreeMap, HashMap};

/// The most actions of a transaction.
const ACTIONS: usize = 100;

impl IdentityRewrite for People {
    /// # Errors
    /// Also more than a hundred items: they can't be written in one step.
    async fn rewrite(&self, rewrite: Rewrite) -> Result<bool, PortError> {
        let profiles: HashMap<Key, RewrittenProfile> =
            rewrite.profiles.into_iter().map(|changed| (changed.person, changed)).collect();
        let identities: BTreeMap<Key, RewrittenIdentity> =
            rewrite.identities.into_iter().map(|changed| (changed.identifier.key, changed)).collect();
        let mut actions = Vec::new();
        for (key, changed) in &profiles {
            actions.push(self.replaced(changed, identities.get(key))?);
        }
        for (key, changed) in &identities {
            if !profiles.contains_key(key) && changed.before != changed.after {
                actions.push(self.pointer(changed)?);
            }
        }
        let mut logs: BTreeMap<Key, Vec<_>> = BTreeMap::new();
        for (person, entry) in rewrite.log {
            logs.entry(person).or_default().push(entry);
        }
        for (person, entries) in logs {
            actions.extend(log::append(&self.table, person, &entries)?);
        }
        if actions.len() > ACTIONS {
            let reason = format!(
                "{} items would change, and one transaction writes {ACTIONS}: too many people are tied together",
                actions.len()
            );
            return Err(PortError::Failed { what: WHAT, reason });
        }
        let written = transact(&self.client, actions).await?;
        self.reads.written(written);
        Ok(written)
    }
}

impl People {
    /// The item of a profile or of what becomes of it, on the version that was loaded; where there was none, on there
    /// being none, or no more than the pointer of an identifier.
    fn replaced(
        &self,
        changed: &RewrittenProfile,
        identity: Option<&RewrittenIdentity>,
    ) -> Result<TransactWriteItem, PortError> {
        let elsewhere = |owner: Option<Owner>| owner.filter(|owner| owner.person != changed.person);
        let before = identity.and_then(|identity| elsewhere(identity.before));
        let after = identity.and_then(|identity| elsewhere(identity.after));
        let on = match (changed.version, before) {
            (0, None) => Condition::None,
            (0, Some(owner)) => Condition::Into(owner.person),
            (version, _) => Condition::Version(version),
        };
        if changed.blob.is_none() && after.is_none() {
            return self.deleted(changed.person, on);
        }
        let mut item = head(changed.person, changed.owner.kind, changed.version + 1);
        if let Some(blob) = &changed.blob {
            item.insert(PROFILE.to_owned(), binary(blob.as_ref()));
        }
        if let Some(owner) = after {
            point(&mut item, owner);
        }
        let (expression, names, values) = on.parts();
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The pointer of an identifier whose item is no profile, or stays the forwarding pointer that it is.
    fn pointer(&self, changed: &RewrittenIdentity) -> Result<TransactWriteItem, PortError> {
        let Identifier { kind, key } = changed.identifier;
        let on = changed.before.map_or(Condition::None, |owner| Condition::Into(owner.person));
        let Some(owner) = changed.after else { return self.deleted(key, on) };
        let (expression, mut names, mut values) = on.parts();
        for (name, attribute) in [("#k", KIND), ("#i", INTO), ("#ik", INTO_KIND), ("#v", VERSION)] {
            names.insert(name.to_owned(), attribute.to_owned());
        }
        values.insert(":k".to_owned(), number(kind as u8));
        values.insert(":to".to_owned(), binary(owner.person.0));
        values.insert(":ik".to_owned(), number(owner.kind as u8));
        values.insert(":one".to_owned(), number(1));
        let update = Update::builder()
            .table_name(&self.table)
            .key(PERSON, binary(key.0))
            .update_expression("SET #k = :k, #i = :to, #ik = :ik ADD #v :one")
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn deleted(&self, key: Key, on: Condition) -> Result<TransactWriteItem, PortError> {
        let (expression, names, values) = on.parts();
        let delete = Delete::builder()
            .table_name(&self.table)
            .key(PERSON, binary(key.0))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values((!values.is_empty()).then_some(values))
            .build()
            .map_err(incomplete)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

fn point(item: &mut Item, owner: Owner) {
    item.insert(INTO.to_owned(), binary(owner.person.0));
    item.insert(INTO_KIND.to_owned(), number(owner.kind as u8));
}

/// What an item has to be for its write to count.
enum Condition {
    None,
    Into(Key),
    Version(u64),
}

impl Condition {
    fn parts(&self) -> (&'static str, HashMap<String, String>, Item) {
        let named = |name: &str, attribute: &str| HashMap::from([(name.to_owned(), attribute.to_owned())]);
        match self {
            Condition::None => ("attribute_not_exists(#p)", named("#p", PERSON), Item::new()),
            Condition::Into(person) => {
                ("#i = :i", named("#i", INTO), Item::from([(":i".to_owned(), binary(person.0))]))
            }
            Condition::Version(version) => {
                ("#v = :v", named("#v", VERSION), Item::from([(":v".to_owned(), number(version))]))
            }
        }
    }
}
