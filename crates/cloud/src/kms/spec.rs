//! What kinds of keys there are: what each may be used for, and by which algorithms.
//!
//! Source: "CreateKey", KeySpec and KeyUsage (AWS KMS API Reference).

use super::error::{VALIDATION, absent, invalid};
use wire::{AwsError, check};

/// What a key is for unless it is told.
const ENCRYPT: &str = "ENCRYPT_DECRYPT";
const SIGN: &str = "SIGN_VERIFY";
const MAC: &str = "GENERATE_VERIFY_MAC";
const AGREE: &str = "KEY_AGREEMENT";
const ENCAPSULATE: &str = "ENCAPSULATE_DECAPSULATE";
const USAGES: &[&str] = &[SIGN, ENCRYPT, MAC, AGREE, ENCAPSULATE];

/// The kind of a key unless it is told.
const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

const RSA_ENCRYPTION: &[&str] = &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
const RSA_SIGNING: &[&str] = &[
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
];

/// Each kind, with what it may be used for and the algorithms of that use.
const KINDS: &[(&str, &[(&str, &[&str])])] = &[
    (SYMMETRIC, &[(ENCRYPT, &[SYMMETRIC])]),
    ("RSA_2048", &[(ENCRYPT, RSA_ENCRYPTION), (SIGN, RSA_SIGNING)]),
    ("RSA_3072", &[(ENCRYPT, RSA_ENCRYPTION), (SIGN, RSA_SIGNING)]),
    ("RSA_4096", &[(ENCRYPT, RSA_ENCRYPTION), (SIGN, RSA_SIGNING)]),
    ("ECC_NIST_P256", &[(SIGN, &["ECDSA_SHA_256"]), (AGREE, &["ECDH"])]),
    ("ECC_NIST_P384", &[(SIGN, &["ECDSA_SHA_384"]), (AGREE, &["ECDH"])]),
    ("ECC_NIST_P521", &[(SIGN, &["ECDSA_SHA_512"]), (AGREE, &["ECDH"])]),
    ("ECC_SECG_P256K1", &[(SIGN, &["ECDSA_SHA_256"])]),
    ("ECC_NIST_EDWARDS25519", &[(SIGN, &["ED25519_SHA_512", "ED25519_PH_SHA_512"])]),
    ("HMAC_224", &[(MAC, &["HMAC_SHA_224"])]),
    ("HMAC_256", &[(MAC, &["HMAC_SHA_256"])]),
    ("HMAC_384", &[(MAC, &["HMAC_SHA_384"])]),
    ("HMAC_512", &[(MAC, &["HMAC_SHA_512"])]),
    ("ML_DSA_44", &[(SIGN, &["ML_DSA_SHAKE_256"])]),
    ("ML_DSA_65", &[(SIGN, &["ML_DSA_SHAKE_256"])]),
    ("ML_DSA_87", &[(SIGN, &["ML_DSA_SHAKE_256"])]),
    ("ML_KEM_512", &[(ENCAPSULATE, &["ML_KEM"])]),
    ("ML_KEM_768", &[(ENCAPSULATE, &["ML_KEM"])]),
    ("ML_KEM_1024", &[(ENCAPSULATE, &["ML_KEM"])]),
];

/// The algorithms of a key, under the name of its use.
#[derive(Debug)]
pub(super) struct Algorithms {
    pub encryption: Option<&'static [&'static str]>,
    pub signing: Option<&'static [&'static str]>,
    pub mac: Option<&'static [&'static str]>,
    pub agreement: Option<&'static [&'static str]>,
    pub encapsulation: Option<&'static [&'static str]>,
}

/// Checks the kind of a new key and what it is for: the usual ones unless they are told.
///
/// # Errors
/// `ValidationException`; `NotImplemented` for what there is in AWS's Regions of China only.
pub(super) fn check(spec: Option<&str>, usage: Option<&str>) -> Result<(&'static str, &'static str), AwsError> {
    let wanted = spec.unwrap_or(SYMMETRIC);
    if wanted == "SM2" {
        return Err(absent("The key spec SM2"));
    }
    let Some((spec, usages)) = KINDS.iter().find(|(name, _)| *name == wanted) else {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let set = format!("Member must satisfy enum value set: [{}]", names.join(", "));
        return Err(check::failed(VALIDATION, wanted, "keySpec", set));
    };
    let usage = match usage {
        Some(usage) if !USAGES.contains(&usage) => {
            let set = format!("Member must satisfy enum value set: [{}]", USAGES.join(", "));
            return Err(check::failed(VALIDATION, usage, "keyUsage", set));
        }
        Some(usage) => usage,
        None if *spec == SYMMETRIC => ENCRYPT,
        None => {
            return Err(invalid(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ));
        }
    };
    match usages.iter().find(|(name, _)| *name == usage) {
        Some((usage, _)) => Ok((*spec, *usage)),
        None => Err(invalid(format!("KeyUsage {usage} is not compatible with KeySpec {spec}"))),
    }
}

/// The algorithms of a key of this kind and use.
pub(super) fn algorithms(spec: &str, usage: &str) -> Algorithms {
    let usages = KINDS.iter().find(|(name, _)| *name == spec).map(|(_, usages)| *usages);
    let found = usages.and_then(|usages| usages.iter().find(|(name, _)| *name == usage)).map(|(_, list)| *list);
    let of = |name: &str| found.filter(|_| usage == name);
    Algorithms {
        encryption: of(ENCRYPT),
        signing: of(SIGN),
        mac: of(MAC),
        agreement: of(AGREE),
        encapsulation: of(ENCAPSULATE),
    }
}

/// Whether keys of a kind can be rotated.
pub(super) fn is_symmetric(spec: &str) -> bool {
    spec == SYMMETRIC
}

/// The kind by its older name; none of a kind that is newer.
pub(super) fn older_name(spec: &str) -> Option<&str> {
    let newer = spec.starts_with("ML_") || spec == "ECC_NIST_EDWARDS25519";
    (!newer).then_some(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_a_use_fit_together() {
        assert_eq!(check(None, None).unwrap(), (SYMMETRIC, ENCRYPT));
        for (spec, usages) in KINDS {
            for usage in USAGES {
                let listed = usages.iter().any(|(name, _)| name == usage);
                assert_eq!(check(Some(spec), Some(usage)).is_ok(), listed, "{spec} {usage}");
            }
        }
        for (spec, usage, code) in [
            (Some("RSA_2048"), None, VALIDATION),
            (Some("HMAC_256"), None, VALIDATION),
            (Some("RSA_1"), None, VALIDATION),
            (None, Some("DOODLE"), VALIDATION),
            (Some("SM2"), Some(SIGN), "NotImplemented"),
        ] {
            assert_eq!(check(spec, usage).unwrap_err().code, code);
        }
        assert_eq!(algorithms("RSA_2048", SIGN).signing.unwrap().len(), 6);
    }
}
