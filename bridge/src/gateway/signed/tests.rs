//! Good tokens, and every kind of bad one.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;

/// Seconds.
const NOW: i64 = 1_800_000_000;
const SECRET: [u8; 32] = [9; 32];
const SHARED: &[u8] = b"0123456789abcdef0123456789abcdef";
/// RFC 8037, appendix A.1.
const PRIVATE: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn keys() -> Vec<Key> {
    let key = |id: &str, algorithm, secret: Option<&[u8]>, public: Option<&str>| Key {
        id: id.to_owned(),
        algorithm,
        secret: secret.map(|secret| Secret::new(URL_SAFE_NO_PAD.encode(secret))),
        public_key: public.map(str::to_owned),
        added: String::new(),
    };
    vec![
        key("k1", Algorithm::Hs256, Some(SHARED), None),
        key("k2", Algorithm::Eddsa, None, Some(PUBLIC)),
        key("exported", Algorithm::Hs256, None, None),
    ]
}

fn header(alg: jsonwebtoken::Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.to_owned()), ..Header::new(alg) }
}

fn hs256(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SHARED);
    encode(&header(jsonwebtoken::Algorithm::HS256, "k1"), claims, &key).unwrap()
}

/// PKCS #8 of an Ed25519 key is a fixed beginning and the key (RFC 8410, section 7).
fn eddsa(claims: &Value, kid: &str) -> String {
    let begin = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = [&begin[..], &URL_SAFE_NO_PAD.decode(PRIVATE).unwrap()].concat();
    let key = EncodingKey::from_ed_der(&der);
    encode(&header(jsonwebtoken::Algorithm::EdDSA, kid), claims, &key).unwrap()
}

fn claims() -> Value {
    json!({
        "aud": "shop", "iss": "https://shop.example", "iat": NOW, "exp": NOW + 300, "jti": "t-1",
        "sub": "c-17", "name": "Ann Lee", "email": "ann@example.org", "order": 4711,
        "role": "not declared", "vip": true,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn check(token: &str) -> Result<Signed, TokenFault> {
    let declared = ["order".to_owned(), "vip".to_owned(), "note".to_owned()];
    let now = NOW.unsigned_abs() * 1000;
    let against = Against { site: "shop", keys: &keys(), declared: &declared, now };
    verify(token, against, &SECRET)
}

#[test]
fn a_good_token_of_either_algorithm_says_who_the_customer_is() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (token, key) in [(hs256(&claims()), "k1"), (eddsa(&claims(), "k2"), "k2")] {
        let signed = check(&token).unwrap();
        assert_eq!((signed.key.as_str(), signed.issuer.as_str()), (key, "https://shop.example"));
        assert_eq!(signed.until, (NOW + 300).unsigned_abs() * 1000);
        assert_eq!(
            signed.variables,
            [
                pair("name", "Ann Lee"),
                pair("email", "ann@example.org"),
                pair("order", "4711"),
                pair("vip", "yes"),
            ]
        );
        assert_eq!(signed.visitor.map(|hash| hash.len()), Some(64));
        assert_eq!(signed.token.len(), 64);
    }
}

#[test]
fn a_claim_out_of_order_makes_a_token_worthless() {
    for (claims, fault) in [
        (with("aud", json!("club")), TokenFault::WrongAudience),
        (with("aud", json!(["club"])), TokenFault::WrongAudience),
        (without("aud"), TokenFault::WrongAudience),
        (without("iss"), TokenFault::MissingClaim),
        (with("iss", json!("")), TokenFault::MissingClaim),
        (with("iss", json!("\u{202e}🔒")), TokenFault::MissingClaim),
        (without("exp"), TokenFault::MissingClaim),
        (with("exp", json!("soon")), TokenFault::Malformed),
        (without("jti"), TokenFault::MissingClaim),
        (with("jti", json!("x".repeat(257))), TokenFault::Malformed),
        (with("sub", json!(["c-17"])), TokenFault::Malformed),
        (with("exp", json!(NOW - 30)), TokenFault::Expired),
        (with("exp", json!(i64::MIN)), TokenFault::Expired),
        (with("exp", json!(NOW + 601)), TokenFault::TooLong),
        (with("exp", json!(u64::MAX)), TokenFault::TooLong),
        (with("exp", json!(1e300)), TokenFault::TooLong),
        (with("iat", json!(NOW - 301)), TokenFault::TooLong),
        (with("iat", json!(NOW + 31)), TokenFault::NotYet),
        (with("nbf", json!(NOW + 31)), TokenFault::NotYet),
    ] {
        assert_eq!(check(&hs256(&claims)), Err(fault), "{claims}");
        assert_eq!(check(&eddsa(&claims, "k2")), Err(fault), "{claims}");
    }
}

#[test]
fn clocks_may_differ_a_little() {
    let long = |exp: i64| {
        let mut claims = without("iat");
        claims["exp"] = exp.into();
        claims
    };
    for claims in [
        with("exp", json!(NOW - 29)),
        with("iat", json!(NOW + 30)),
        with("nbf", json!(NOW + 30)),
        with("aud", json!(["club", "shop"])),
        with("exp", json!(300.5 + 1_800_000_000.0)),
        long(NOW + 630),
    ] {
        assert!(check(&hs256(&claims)).is_ok(), "{claims}");
    }
    assert_eq!(check(&hs256(&long(NOW + 631))), Err(TokenFault::TooLong));
}

#[test]
fn the_key_says_which_algorithm_it_is_for() {
    use jsonwebtoken::Algorithm::{HS256, HS384, HS512};
    let raw = |header: &Value, signature: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(header), part(&claims()))
    };
    let signed = |alg, kid: &str, key: &[u8]| {
        encode(&header(alg, kid), &claims(), &EncodingKey::from_secret(key)).unwrap()
    };
    let public = URL_SAFE_NO_PAD.decode(PUBLIC).unwrap();
    let good = hs256(&claims());
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(with("name", json!("Mallory")).to_string());
    let swapped = format!("{}.{other}.{signature}", unsigned.split_once('.').unwrap().0);
    for (what, token, fault) in [
        ("none", raw(&json!({ "alg": "none", "kid": "k1" }), ""), TokenFault::WrongAlgorithm),
        ("None", raw(&json!({ "alg": "None", "kid": "k1" }), ""), TokenFault::WrongAlgorithm),
        ("another hash", signed(HS384, "k1", SHARED), TokenFault::WrongAlgorithm),
        ("another hash", signed(HS512, "k1", SHARED), TokenFault::WrongAlgorithm),
        ("public key as secret", signed(HS256, "k2", &public), TokenFault::WrongAlgorithm),
        ("the text of it", signed(HS256, "k2", PUBLIC.as_bytes()), TokenFault::WrongAlgorithm),
        ("shared secret's key", eddsa(&claims(), "k1"), TokenFault::WrongAlgorithm),
        ("another secret", signed(HS256, "k1", b"guessed"), TokenFault::BadSignature),
        ("no secret", signed(HS256, "k1", b""), TokenFault::BadSignature),
        ("no signature", format!("{unsigned}."), TokenFault::BadSignature),
        ("other claims", swapped, TokenFault::BadSignature),
        ("unknown key", signed(HS256, "k3", SHARED), TokenFault::UnknownKey),
        ("key without secret", signed(HS256, "exported", SHARED), TokenFault::UnknownKey),
        ("no kid", raw(&json!({ "alg": "HS256" }), signature), TokenFault::UnknownKey),
        (
            "extension",
            raw(&json!({ "alg": "HS256", "kid": "k1", "crit": ["b64"] }), signature),
            TokenFault::Malformed,
        ),
        ("nothing", String::new(), TokenFault::Malformed),
        ("two parts", unsigned.to_owned(), TokenFault::Malformed),
        ("four parts", format!("{good}.x"), TokenFault::Malformed),
        ("no base64", format!("é{good}"), TokenFault::Malformed),
        ("no object", hs256(&json!([1])), TokenFault::Malformed),
        ("long", hs256(&with("note", json!("x".repeat(MAX_TOKEN)))), TokenFault::Malformed),
    ] {
        assert_eq!(check(&token), Err(fault), "{what}: {token}");
    }
}

#[test]
fn who_the_customer_is_depends_on_site_issuer_and_subject_alone() {
    let visitor = |claims: &Value| check(&hs256(claims)).unwrap().visitor;
    let first = visitor(&claims());
    assert_eq!(visitor(&with("jti", json!("t-2"))), first);
    assert_eq!(visitor(&with("email", json!("other@example.org"))), first);
    assert_ne!(visitor(&with("sub", json!("c-18"))), first);
    assert_ne!(visitor(&with("iss", json!("https://club.example"))), first);
    assert_eq!(visitor(&without("sub")), None);
    assert_eq!(visitor(&with("sub", json!(17))), visitor(&with("sub", json!("17"))));
    let elsewhere =
        Against { site: "club", keys: &keys(), declared: &[], now: NOW.unsigned_abs() * 1000 };
    let there = verify(&hs256(&with("aud", json!("club"))), elsewhere, &SECRET).unwrap();
    assert_ne!(there.visitor, first);
    assert_ne!(there.token, check(&hs256(&claims())).unwrap().token);
    assert!(there.variables.iter().all(|(name, _)| name != "order"), "not declared there");
}

#[test]
fn signed_values_are_clean_as_well() {
    let signed = check(&hs256(&with("name", json!("🔒 Ann\u{202e}\n🗝")))).unwrap();
    assert_eq!(signed.variables[0].1, "Ann");
    let signed = check(&hs256(&with("email", json!("none")))).unwrap();
    assert!(signed.variables.iter().all(|(name, _)| name != "email"));
    let shown = format!("{signed:?}");
    assert!(!shown.contains("Ann") && !shown.contains("c-17"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn a_changed_token_is_refused(at: proptest::sample::Index, by in 1_u8..=63) {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut token = hs256(&claims()).into_bytes();
        // The very last digit has bits to spare, and another form of the same is refused as well.
        let at = at.index(token.len());
        if let Some(digit) = DIGITS.iter().position(|digit| *digit == token[at]) {
            token[at] = DIGITS[(digit + usize::from(by)) % 64];
            proptest::prop_assert!(check(&String::from_utf8(token).unwrap()).is_err());
        }
    }
}
