//! [`Vault`].

use crate::samples::identifier;
use event::{Identifier, IdentifierKind, Secret, Vault, VaultStore};

/// Values that no file may show.
pub const PLAIN: [&str; 3] = ["ann.vault@example.com", "+8613800138000", "Annabella"];

fn secret(identifier: Identifier, field: &str, value: &str) -> Secret {
    Secret { identifier, field: field.to_owned(), value: value.to_owned() }
}

pub fn secrets() -> Vec<Secret> {
    let (email, phone) = (identifier(IdentifierKind::Email, 1), identifier(IdentifierKind::Phone, 1));
    vec![
        secret(email, "email", PLAIN[0]),
        secret(phone, "phone", PLAIN[1]),
        secret(email, "first_name", PLAIN[2]),
    ]
}

pub async fn holds_secrets(vault: &impl Vault) {
    for secret in secrets() {
        assert_eq!(vault.get(secret.identifier, &secret.field).await.unwrap(), Some(secret.value));
    }
}

pub async fn suite<V: Vault>(vault: &V) {
    let [email, phone, _] = secrets().try_into().unwrap_or_else(|_| panic!());
    assert_eq!(vault.get(email.identifier, "email").await.unwrap(), None);
    vault.put(&[]).await.unwrap();
    vault.put(&secrets()).await.unwrap();
    vault.put(&secrets()).await.unwrap();
    holds_secrets(vault).await;
    // Fields and kinds are told apart, even where one name begins with the other.
    assert_eq!(vault.get(email.identifier, "phone").await.unwrap(), None);
    assert_eq!(vault.get(email.identifier, "first").await.unwrap(), None);
    assert_eq!(vault.get(email.identifier, "").await.unwrap(), None);
    assert_eq!(vault.get(phone.identifier, "email").await.unwrap(), None);
    // A value is replaced; other people's stay.
    let other = identifier(IdentifierKind::Email, 2);
    vault
        .put(&[secret(other, "email", "安@example.cn"), secret(email.identifier, "email", "new@example.com")])
        .await
        .unwrap();
    assert_eq!(vault.get(other, "email").await.unwrap().as_deref(), Some("安@example.cn"));
    assert_eq!(vault.get(email.identifier, "email").await.unwrap().as_deref(), Some("new@example.com"));
    assert_eq!(vault.get(email.identifier, "first_name").await.unwrap().as_deref(), Some(PLAIN[2]));
}

/// More than one call of a service takes, and one field twice: the later value stays.
pub async fn many<V: Vault>(vault: &V) {
    let field = |n: usize| format!("field_{n}");
    let person = identifier(IdentifierKind::Email, 3);
    let mut many: Vec<Secret> = (0..60).map(|n| secret(person, &field(n), &format!("value {n}"))).collect();
    many.push(secret(person, &field(7), "the later"));
    vault.put(&many).await.unwrap();
    for n in [0, 24, 25, 59] {
        assert_eq!(vault.get(person, &field(n)).await.unwrap(), Some(format!("value {n}")));
    }
    assert_eq!(vault.get(person, &field(7)).await.unwrap().as_deref(), Some("the later"));
}

/// All values of an identifier, read and removed at once.
pub async fn whole<V: VaultStore>(vault: &V) {
    // Neighbours by their keys: one number before, and one after, and the same number of another kind.
    let [before, ann, after] = [6, 7, 8].map(|n| identifier(IdentifierKind::Email, n));
    let phone = identifier(IdentifierKind::Phone, 7);
    assert_eq!(vault.fields(ann).await.unwrap(), []);
    assert_eq!(vault.remove(&[ann]).await.unwrap(), 0);
    let values: Vec<Secret> = (0..40).map(|n| secret(ann, &format!("field_{n:02}"), "Ann")).collect();
    vault.put(&values).await.unwrap();
    for neighbour in [before, after, phone] {
        vault.put(&[secret(neighbour, "first_name", "Ben")]).await.unwrap();
    }
    assert_eq!(vault.fields(ann).await.unwrap(), values);
    assert_eq!(vault.remove(&[ann, phone, ann]).await.unwrap(), 41);
    assert_eq!(vault.fields(ann).await.unwrap(), []);
    assert_eq!(vault.get(ann, "field_07").await.unwrap(), None);
    for (identifier, kept) in [(before, true), (after, true), (phone, false)] {
        let found = vault.fields(identifier).await.unwrap();
        assert_eq!(found, Vec::from_iter(kept.then(|| secret(identifier, "first_name", "Ben"))));
    }
}
