//! Signatures, by which a receiver knows who posted a body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret can't be used: what is wrong with it, without any of it.
pub(crate) type WrongSecret = &'static str;

/// The header `webhook-signature` of the Standard Webhooks specification (1.0): for each secret, base64 of
/// HMAC-SHA-256 over id, time and body. The receiver accepts a body that one of them is right for.
pub(crate) fn standard(
    secrets: &[String],
    id: &str,
    seconds: i64,
    body: &str,
) -> Result<String, WrongSecret> {
    let signed = format!("{id}.{seconds}.{body}");
    let signatures: Result<Vec<String>, WrongSecret> = secrets
        .iter()
        .map(|secret| {
            let key = secret.trim().strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
            let key = key.filter(|key| !key.is_empty());
            let key =
                key.ok_or("a secret of a webhook is `whsec_` and base64; one of this webhook is not")?;
            Ok(format!("v1,{}", mac(&key, signed.as_bytes())))
        })
        .collect();
    Ok(signatures?.join(" "))
}

/// DingTalk's: the parameter `sign`, for the parameter `timestamp` of these milliseconds.
pub(crate) fn dingtalk(secret: &str, ms: i64) -> String {
    mac(secret.as_bytes(), format!("{ms}\n{secret}").as_bytes())
}

/// Feishu's: the field `sign`, for the field `timestamp` of these seconds. The text is the key, and nothing is signed.
pub(crate) fn feishu(secret: &str, seconds: i64) -> String {
    mac(format!("{seconds}\n{secret}").as_bytes(), b"")
}

fn mac(key: &[u8], text: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_specification() {
        // The example of the specification's own libraries.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}");
        let signature = standard(std::slice::from_ref(&secret), id, 1_614_265_330, body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = standard(&[secret, "whsec_b2xk".to_owned()], id, 1_614_265_330, body).unwrap();
        let (new, old) = two.split_once(' ').unwrap();
        assert_eq!(new, signature);
        assert_eq!(old, OLD);
        for wrong in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_%%", ""] {
            let error = standard(&[wrong.to_owned()], id, 0, body).unwrap_err();
            assert!(!error.contains("MfKQ"), "{error}");
        }
    }

    #[test]
    fn of_robots() {
        assert_eq!(dingtalk("SECabc", 1_600_000_000_000), DINGTALK);
        assert_eq!(feishu("demo", 1_599_360_473), FEISHU);
    }

    // By Python's hmac and base64.
    const OLD: &str = "v1,CcMrCYxu2nGkW3RMERBdyXGTc/4IIfNEPUPNJdo5PWg=";
    const DINGTALK: &str = "ABcUcMOwyGGKmiNbHqEbhvKpuIGkMXqT1gAGfAAmnk8=";
    const FEISHU: &str = "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=";
}
