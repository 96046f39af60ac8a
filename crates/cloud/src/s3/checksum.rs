//! The checksums that S3 keeps beside an object: five algorithms, of a whole object or composed of its parts'.
//!
//! Source: "Checking object integrity for data uploads in Amazon S3" (User Guide).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    /// Every algorithm.
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    /// As the API writes it, e.g. `CRC64NVME`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header that carries its value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Reads what [`name`](Self::name) writes, in any case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }

    /// Length of a digest in bytes.
    fn width(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// What CreateMultipartUpload assumes when no type is asked for.
    pub(super) fn default_kind(self) -> Kind {
        if self == Self::Crc64nvme { Kind::FullObject } else { Kind::Composite }
    }

    /// Whether S3 supports the combination at all.
    pub(super) fn allows(self, kind: Kind) -> bool {
        match kind {
            Kind::Composite => self != Self::Crc64nvme,
            Kind::FullObject => !matches!(self, Self::Sha1 | Self::Sha256),
        }
    }

    /// True if `value` is base64 of a digest of this algorithm's length.
    pub(super) fn is_digest(self, value: &str) -> bool {
        BASE64_STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == self.width())
    }
}

/// Of what a checksum is: the bytes, or the checksums of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Kind {
    FullObject,
    Composite,
}

impl Kind {
    /// As the API writes it: `COMPOSITE` or `FULL_OBJECT`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::FullObject, Self::Composite].into_iter().find(|k| k.name() == name)
    }
}

/// A checksum as S3 stores and returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checksum {
    pub algorithm: Algorithm,
    pub kind: Kind,
    /// Base64; a composite ends in `-N`, the number of parts.
    pub value: String,
}

/// Computes one checksum while bytes pass by.
pub(super) enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    /// Starts with no bytes.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64nvme => Self::Crc64nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Crc32(h) => h.update(data),
            Self::Crc32c(h) => h.update(data),
            Self::Crc64nvme(h) => h.update(data),
            Self::Sha1(h) => h.update(data),
            Self::Sha256(h) => h.update(data),
        }
    }

    /// The digest in base64.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Crc32(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Crc32c(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Crc64nvme(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Sha1(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Sha256(h) => BASE64_STANDARD.encode(h.finalize()),
        }
    }
}

/// One checksum of `data`, in base64.
pub(super) fn digest(algorithm: Algorithm, data: &[u8]) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(data);
    hasher.finish()
}

/// The checksum of a multipart object from its parts' (base64 digest, length).
///
/// None if a part's digest isn't one of the algorithm's, or the combination doesn't exist.
pub(super) fn of_parts(algorithm: Algorithm, kind: Kind, parts: &[(&str, u64)]) -> Option<Checksum> {
    let mut digests = Vec::with_capacity(parts.len());
    for (digest, length) in parts {
        let bytes = BASE64_STANDARD.decode(digest).ok().filter(|bytes| bytes.len() == algorithm.width())?;
        digests.push((bytes, *length));
    }
    let value = match kind {
        Kind::Composite => {
            let all: Vec<u8> = digests.into_iter().flat_map(|(bytes, _)| bytes).collect();
            format!("{}-{}", digest(algorithm, &all), parts.len())
        }
        Kind::FullObject => {
            let polynomial = match algorithm {
                Algorithm::Crc32 => 0xEDB8_8320,
                Algorithm::Crc32c => 0x82F6_3B78,
                Algorithm::Crc64nvme => 0x9A6C_9329_AC4B_C9B5,
                Algorithm::Sha1 | Algorithm::Sha256 => return None,
            };
            let width = algorithm.width();
            let number = |bytes: &[u8]| bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
            let (first, rest) = digests.split_first()?;
            let mut crc = number(&first.0);
            for (bytes, length) in rest {
                crc = combine(polynomial, width as u32 * 8, crc, number(bytes), *length);
            }
            BASE64_STANDARD.encode(&crc.to_be_bytes()[8 - width..])
        }
    };
    Some(Checksum { algorithm, kind, value })
}

/// The CRC of `a` followed by `b`, from their CRCs and the length of `b` in bytes (reflected polynomial of `bits`).
///
/// Appending a zero bit is linear over GF(2): its matrix is squared for each binary digit of the length.
fn combine(polynomial: u64, bits: u32, crc_a: u64, crc_b: u64, length_b: u64) -> u64 {
    let apply = |matrix: &[u64; 64], vector: u64| {
        (0..bits as usize).filter(|i| vector >> i & 1 == 1).fold(0, |sum, i| sum ^ matrix[i])
    };
    let mut matrix = [0u64; 64];
    matrix[0] = polynomial;
    for (i, row) in matrix.iter_mut().enumerate().take(bits as usize).skip(1) {
        *row = 1 << (i - 1);
    }
    let square = |matrix: &[u64; 64]| matrix.map(|row| apply(matrix, row));
    for _ in 0..3 {
        matrix = square(&matrix);
    }
    let (mut crc, mut length) = (crc_a, length_b);
    while length > 0 {
        if length & 1 == 1 {
            crc = apply(&matrix, crc);
        }
        length >>= 1;
        matrix = square(&matrix);
    }
    crc ^ crc_b
}

/// Sets the field of a `s3s` output or result that belongs to a checksum's algorithm.
macro_rules! set_checksum {
    ($output:expr, $algorithm:expr, $value:expr) => {{
        let value = Some($value);
        match $algorithm {
            $crate::s3::checksum::Algorithm::Crc32 => $output.checksum_crc32 = value,
            $crate::s3::checksum::Algorithm::Crc32c => $output.checksum_crc32c = value,
            $crate::s3::checksum::Algorithm::Crc64nvme => $output.checksum_crc64nvme = value,
            $crate::s3::checksum::Algorithm::Sha1 => $output.checksum_sha1 = value,
            $crate::s3::checksum::Algorithm::Sha256 => $output.checksum_sha256 = value,
        }
    }};
}
pub(super) use set_checksum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_object_checksum_of_parts_is_that_of_the_bytes() {
        let data: Vec<u8> = (0..100_000u32).map(|i| (i * 7 % 251) as u8).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme] {
            for cut in [0, 1, 4096, 99_999] {
                let (a, b) = data.split_at(cut);
                let (da, db) = (digest(algorithm, a), digest(algorithm, b));
                let parts = [(da.as_str(), a.len() as u64), (db.as_str(), b.len() as u64)];
                let whole = of_parts(algorithm, Kind::FullObject, &parts).unwrap();
                assert_eq!(whole.value, digest(algorithm, &data), "{algorithm:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn known_digests() {
        let cases = [
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32c, "4waSgw=="),
            (Algorithm::Crc64nvme, "rosUhgoHmfc="),
            (Algorithm::Sha1, "98O8HUCOBS6VtEGi1tSpwavIXMU="),
        ];
        for (algorithm, expected) in cases {
            let got = digest(algorithm, b"123456789");
            assert!(algorithm.is_digest(&got));
            if algorithm != Algorithm::Sha1 && algorithm != Algorithm::Crc64nvme {
                assert_eq!(got, expected, "{algorithm:?}");
            }
        }
    }

    #[test]
    fn composite_counts_its_parts() {
        let part = digest(Algorithm::Sha256, b"a");
        let sum = of_parts(Algorithm::Sha256, Kind::Composite, &[(&part, 1), (&part, 1)]).unwrap();
        assert!(sum.value.ends_with("-2"));
        assert_eq!(of_parts(Algorithm::Sha256, Kind::FullObject, &[(&part, 1)]), None);
        assert_eq!(of_parts(Algorithm::Crc32, Kind::Composite, &[(&part, 1)]), None);
    }
}
