//! The checksums that S3 keeps beside an object: ten algorithms, of a whole object or composed of its parts'.
//!
//! Source: "Checking object integrity for data uploads in Amazon S3" (User Guide).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha512};
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};
use wire::xml::Writer;

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    Xxhash128,
    Xxhash3,
    Xxhash64,
}

impl Algorithm {
    /// Every algorithm, in the order in which S3 names them.
    pub(super) const ALL: [Self; 10] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64nvme,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Xxhash128,
        Self::Xxhash3,
        Self::Xxhash64,
    ];

    /// As the API writes it, e.g. `CRC64NVME`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Xxhash128 => "XXHASH128",
            Self::Xxhash3 => "XXHASH3",
            Self::Xxhash64 => "XXHASH64",
        }
    }

    /// The header that carries its value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Md5 => "x-amz-checksum-md5",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
            Self::Sha512 => "x-amz-checksum-sha512",
            Self::Xxhash128 => "x-amz-checksum-xxhash128",
            Self::Xxhash3 => "x-amz-checksum-xxhash3",
            Self::Xxhash64 => "x-amz-checksum-xxhash64",
        }
    }

    /// The element of XML that carries its value.
    pub(super) fn element(self) -> &'static str {
        match self {
            Self::Crc32 => "ChecksumCRC32",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc64nvme => "ChecksumCRC64NVME",
            Self::Md5 => "ChecksumMD5",
            Self::Sha1 => "ChecksumSHA1",
            Self::Sha256 => "ChecksumSHA256",
            Self::Sha512 => "ChecksumSHA512",
            Self::Xxhash128 => "ChecksumXXHASH128",
            Self::Xxhash3 => "ChecksumXXHASH3",
            Self::Xxhash64 => "ChecksumXXHASH64",
        }
    }

    /// The algorithm whose value an element carries.
    pub(super) fn of_element(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.element().as_bytes() == name)
    }

    /// Reads what [`name`](Self::name) writes, in any case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }

    /// Length of a digest in bytes.
    fn width(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64nvme | Self::Xxhash3 | Self::Xxhash64 => 8,
            Self::Md5 | Self::Xxhash128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The polynomial (reflected) of a CRC: what is no CRC has none.
    fn polynomial(self) -> Option<u64> {
        match self {
            Self::Crc32 => Some(0xEDB8_8320),
            Self::Crc32c => Some(0x82F6_3B78),
            Self::Crc64nvme => Some(0x9A6C_9329_AC4B_C9B5),
            _ => None,
        }
    }

    /// Whether an upload has to be made for it: the five of 2026, unlike those before them, aren't passed over by
    /// CompleteMultipartUpload otherwise.
    pub(super) fn is_declared(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha512 | Self::Xxhash128 | Self::Xxhash3 | Self::Xxhash64)
    }

    /// What CreateMultipartUpload assumes when no type is asked for.
    pub(super) fn default_kind(self) -> Kind {
        if self == Self::Crc64nvme { Kind::FullObject } else { Kind::Composite }
    }

    /// Whether S3 supports the combination for an object in parts: only a CRC of the whole follows from those of the parts.
    pub(super) fn allows(self, kind: Kind) -> bool {
        match kind {
            Kind::Composite => self != Self::Crc64nvme,
            Kind::FullObject => self.polynomial().is_some(),
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

impl Checksum {
    /// Says it in the headers of an answer, without its kind.
    pub(super) fn put_header(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::try_from(&self.value) {
            headers.insert(HeaderName::from_static(self.algorithm.header()), value);
        }
    }

    /// Says it in a document, without its kind.
    pub(super) fn write(&self, xml: &mut Writer) {
        xml.element(self.algorithm.element(), &self.value);
    }
}

/// Computes one checksum while bytes pass by. What keeps much state lies in a box.
pub(super) enum Hasher {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64nvme(Crc64Nvme),
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Box<Sha512>),
    Xxhash128(Box<XxHash3_128>),
    Xxhash3(Box<XxHash3_64>),
    Xxhash64(XxHash64),
}

impl Hasher {
    /// Starts with no bytes.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64nvme => Self::Crc64nvme(Crc64Nvme::new()),
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Box::default()),
            Algorithm::Xxhash128 => Self::Xxhash128(Box::new(XxHash3_128::new())),
            Algorithm::Xxhash3 => Self::Xxhash3(Box::new(XxHash3_64::new())),
            Algorithm::Xxhash64 => Self::Xxhash64(XxHash64::with_seed(0)),
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, data: &[u8]) {
        use std::hash::Hasher as _;
        match self {
            Self::Crc32(h) => h.update(data),
            Self::Crc32c(h) => h.update(data),
            Self::Crc64nvme(h) => h.update(data),
            Self::Md5(h) => h.update(data),
            Self::Sha1(h) => h.update(data),
            Self::Sha256(h) => h.update(data),
            Self::Sha512(h) => h.update(data),
            Self::Xxhash128(h) => h.write(data),
            Self::Xxhash3(h) => h.write(data),
            Self::Xxhash64(h) => h.write(data),
        }
    }

    /// The digest in base64; numbers with the most significant byte first.
    pub(super) fn finish(self) -> String {
        use std::hash::Hasher as _;
        match self {
            Self::Crc32(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Crc32c(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Crc64nvme(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Md5(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Sha1(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Sha256(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Sha512(h) => BASE64_STANDARD.encode(h.finalize()),
            Self::Xxhash128(h) => BASE64_STANDARD.encode(h.finish_128().to_be_bytes()),
            Self::Xxhash3(h) => BASE64_STANDARD.encode(h.finish().to_be_bytes()),
            Self::Xxhash64(h) => BASE64_STANDARD.encode(h.finish().to_be_bytes()),
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
            let polynomial = algorithm.polynomial()?;
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

    /// The vectors that their authors publish: the check values of the catalogue of CRCs, RFC 1321, FIPS 180-4's examples, and
    /// the sanity checks of xxHash (of no bytes, in its canonical order), with what AWS's own runtime says of the same bytes.
    #[test]
    fn known_digests() {
        let hex = |digest: &str| hex::encode(BASE64_STANDARD.decode(digest).unwrap());
        let cases: [(Algorithm, &[u8], &str); 20] = [
            (Algorithm::Crc32, b"123456789", "cbf43926"),
            (Algorithm::Crc32c, b"123456789", "e3069283"),
            (Algorithm::Crc64nvme, b"123456789", "ae8b14860a799888"),
            (Algorithm::Md5, b"", "d41d8cd98f00b204e9800998ecf8427e"),
            (Algorithm::Md5, b"abc", "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Sha1, b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Algorithm::Sha512,
                b"abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e\
                 2a9ac94fa54ca49f",
            ),
            (Algorithm::Xxhash64, b"", "ef46db3751d8e999"),
            (Algorithm::Xxhash64, b"a", "d24ec4f1a98c6e5b"),
            (Algorithm::Xxhash64, b"abc", "44bc2cf5ad770999"),
            (Algorithm::Xxhash64, b"123456789", "8cb841db40e6ae83"),
            (Algorithm::Xxhash3, b"", "2d06800538d394c2"),
            (Algorithm::Xxhash3, b"a", "e6c632b61e964e1f"),
            (Algorithm::Xxhash3, b"abc", "78af5f94892f3950"),
            (Algorithm::Xxhash3, b"123456789", "72dcb18b67a17dff"),
            (Algorithm::Xxhash128, b"", "99aa06d3014798d86001c324468d497f"),
            (Algorithm::Xxhash128, b"a", "a96faf705af16834e6c632b61e964e1f"),
            (Algorithm::Xxhash128, b"abc", "06b05ab6733a618578af5f94892f3950"),
            (Algorithm::Xxhash128, b"123456789", "33119477ede5dcd5e9716427681d5860"),
        ];
        for (algorithm, data, expected) in cases {
            let got = digest(algorithm, data);
            assert!(algorithm.is_digest(&got), "{algorithm:?}");
            assert_eq!(hex(&got), expected, "{algorithm:?} of {data:?}");
        }
    }

    /// What comes in pieces has the digest of the whole, also where an algorithm has another way for long inputs.
    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let data: Vec<u8> = (0..8 * 256u32).map(|i| i as u8).collect();
        for algorithm in Algorithm::ALL {
            for size in [1, 7, 240, 1024] {
                let mut hasher = Hasher::new(algorithm);
                data.chunks(size).for_each(|piece| hasher.update(piece));
                assert_eq!(hasher.finish(), digest(algorithm, &data), "{algorithm:?} in pieces of {size}");
            }
        }
        let of = |algorithm| hex::encode(BASE64_STANDARD.decode(digest(algorithm, &data)).unwrap());
        assert_eq!(of(Algorithm::Xxhash64), "68534a48b7bf5f4d");
        assert_eq!(of(Algorithm::Xxhash3), "dd420471ff96bd00");
        assert_eq!(of(Algorithm::Xxhash128), "df73e0768dd183fadd420471ff96bd00");
    }

    /// Documents of the log name them.
    #[test]
    fn names_are_those_of_the_api() {
        for algorithm in Algorithm::ALL {
            let name = algorithm.name();
            assert_eq!(serde_json::to_string(&algorithm).unwrap(), format!("\"{name}\""));
            assert_eq!(Algorithm::parse(&name.to_ascii_lowercase()), Some(algorithm));
            assert_eq!(algorithm.element(), format!("Checksum{name}"));
            assert_eq!(algorithm.header(), format!("x-amz-checksum-{}", name.to_ascii_lowercase()));
            assert_eq!(Algorithm::of_element(algorithm.element().as_bytes()), Some(algorithm));
        }
    }

    /// A CRC of the whole follows from those of the parts; of no other digest does.
    #[test]
    fn which_type_goes_with_which_algorithm() {
        for algorithm in Algorithm::ALL {
            let crc = algorithm.name().starts_with("CRC");
            assert_eq!(algorithm.allows(Kind::FullObject), crc, "{algorithm:?}");
            assert_eq!(algorithm.allows(Kind::Composite), algorithm != Algorithm::Crc64nvme, "{algorithm:?}");
            assert!(algorithm.allows(algorithm.default_kind()), "{algorithm:?}");
            let part = digest(algorithm, b"a");
            assert_eq!(of_parts(algorithm, Kind::FullObject, &[(&part, 1)]).is_some(), crc, "{algorithm:?}");
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
