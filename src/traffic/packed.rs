//! Latencies as text, as other programs read them too: HdrHistogram's V2 encoding, deflated, in base64.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer, V2Serializer};

use super::stats::Latencies;

/// How long the text of a histogram may be, and what it unpacks to: of ours the largest has some 24,000 counts of 9 bytes at most.
const MAX_TEXT: usize = 512 << 10;
const MAX_BYTES: u64 = 256 << 10;
/// The head before the deflated bytes: a cookie, and how many they are.
const COMPRESSED_HEAD: usize = 8;
/// The head before the counts: cookie, length, offset, digits, lowest, highest, ratio.
const HEAD: usize = 40;
/// The cookies of HdrHistogram's V2 encoding, plain and deflated, with a word size of one byte (its class `Histogram`).
const V2: [u8; 4] = [0x1c, 0x84, 0x93, 0x13];
const V2_DEFLATED: [u8; 4] = [0x1c, 0x84, 0x93, 0x14];

impl Latencies {
    /// As text.
    pub(crate) fn pack(&self) -> String {
        let mut bytes = Vec::new();
        // Into memory, and no count is above what fits.
        let packed = V2DeflateSerializer::new().serialize(&self.0, &mut bytes);
        packed.map(|_| STANDARD.encode(bytes)).unwrap_or_default()
    }

    /// What a text holds, which may be anybody's: nothing is unpacked, or made room for, beyond what our own need.
    ///
    /// # Errors
    /// Why it holds none of ours.
    pub(crate) fn unpack(text: &str) -> Result<Self, String> {
        let broken = || "no histogram in V2 encoding".to_owned();
        if text.len() > MAX_TEXT {
            return Err("a histogram that is too long".into());
        }
        let bytes = STANDARD.decode(text).map_err(|_| broken())?;
        if !bytes.starts_with(&V2_DEFLATED) || bytes.len() < COMPRESSED_HEAD {
            return Err(broken());
        }
        let mut plain = Vec::new();
        ZlibDecoder::new(&bytes[COMPRESSED_HEAD..])
            .take(MAX_BYTES + 1)
            .read_to_end(&mut plain)
            .map_err(|_| broken())?;
        if plain.len() as u64 > MAX_BYTES {
            return Err("a histogram that is too long".into());
        }
        let counts = u32::try_from(plain.len().saturating_sub(HEAD)).unwrap_or(0).to_be_bytes();
        if plain.len() < HEAD || plain[..4] != V2 || plain[4..8] != counts {
            return Err(broken());
        }
        let mut ours = Vec::new();
        V2Serializer::new().serialize(&Self::default().0, &mut ours).map_err(|_| broken())?;
        // All of the head but the length: offset, digits, bounds.
        if plain[8..HEAD] != ours[8..HEAD] {
            return Err("a histogram of other bounds than 1 µs to an hour in three digits".into());
        }
        Deserializer::new().deserialize(&mut plain.as_slice()).map(Self).map_err(|_| broken())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hdrhistogram::Histogram;

    use super::*;

    fn latencies(from: u64, to: u64) -> Latencies {
        let mut latencies = Latencies::default();
        (from..to).for_each(|us| latencies.record(Duration::from_micros(us * us)));
        latencies
    }

    #[test]
    fn what_is_packed_is_unpacked_and_adds_up() {
        let (mut one, other, both) = (latencies(0, 3_000), latencies(3_000, 9_000), latencies(0, 9_000));
        let unpacked = Latencies::unpack(&one.pack()).unwrap();
        assert_eq!(unpacked.0, one.0);
        assert_eq!(both.since(&one).unwrap().0, other.0);
        assert!(one.since(&unpacked).is_none());
        one.add(&Latencies::unpack(&other.pack()).unwrap());
        assert_eq!((&one.0, one.summary()), (&both.0, both.summary()));
        assert_eq!(Latencies::unpack(&Latencies::default().pack()).unwrap().summary(), None);
        let mut far = Latencies::default();
        far.record_n(Duration::from_secs(1 << 40), u64::from(u32::MAX));
        assert_eq!(Latencies::unpack(&far.pack()).unwrap().0, far.0);
    }

    /// A head of 16 bytes asks for gigabytes.
    #[test]
    fn what_is_no_histogram_of_ours_is_refused_before_there_is_room_for_it() {
        let deflated = |plain: &[u8]| {
            let mut zip = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut zip, plain).unwrap();
            let bytes = zip.finish().unwrap();
            STANDARD.encode([&V2_DEFLATED[..], &(bytes.len() as u32).to_be_bytes(), &bytes].concat())
        };
        let mut plain = Vec::new();
        V2Serializer::new().serialize(&latencies(1, 9).0, &mut plain).unwrap();
        assert!(Latencies::unpack(&deflated(&plain)).is_ok());
        let longer = [&plain[..4], &u32::MAX.to_be_bytes(), &plain[8..]].concat();
        let other = |low, high, digits| {
            let mut bytes = Vec::new();
            let histogram = Histogram::<u64>::new_with_bounds(low, high, digits).unwrap();
            V2DeflateSerializer::new().serialize(&histogram, &mut bytes).unwrap();
            STANDARD.encode(bytes)
        };
        for (text, why) in [
            (String::new(), "no histogram"),
            ("%%%".into(), "no histogram"),
            ("AAAA".into(), "no histogram"),
            (STANDARD.encode(&plain), "no histogram"),
            (deflated(&plain[..plain.len() - 1]), "no histogram"),
            (deflated(&longer), "no histogram"),
            (deflated(&vec![0; 1 << 20]), "too long"),
            ("A".repeat(1 << 20), "too long"),
            (other(1, u64::MAX / 2, 5), "other bounds"),
            (other(1, 1_000, 3), "other bounds"),
        ] {
            let refused = Latencies::unpack(&text).unwrap_err();
            assert!(refused.contains(why), "{why}: {refused}");
        }
    }
}
