//! `Fn::Cidr` and `Fn::GetAZs`.

use std::net::IpAddr;

use crate::error::{Invalid, Result};

/// "Fn::Cidr": how many blocks one call may ask for.
const MAX_BLOCKS: u32 = 256;

/// Three zones of a region; which ones an account really has is not simulated.
pub(crate) fn zones(region: &str) -> Vec<String> {
    ["a", "b", "c"].iter().map(|zone| format!("{region}{zone}")).collect()
}

/// The first `count` blocks with `bits` host bits (8 or 64 unless told) inside a block such as `10.0.0.0/16`.
pub(crate) fn blocks(block: &str, count: &str, bits: Option<&str>) -> Result<Vec<String>> {
    let error = |message: String| Invalid::new(format!("Template error: {message}"));
    let (address, prefix) = block
        .split_once('/')
        .and_then(|(address, prefix)| Some((address.parse::<IpAddr>().ok()?, prefix.parse::<u32>().ok()?)))
        .ok_or_else(|| error(format!("Fn::Cidr ipBlock {block} is not a valid CIDR block")))?;
    let (width, start, default_bits) = match address {
        IpAddr::V4(v4) => (32, u128::from(u32::from(v4)), 8),
        IpAddr::V6(v6) => (128, u128::from(v6), 64),
    };
    if prefix > width {
        return Err(error(format!("Fn::Cidr ipBlock {block} is not a valid CIDR block")));
    }
    let count = count.parse::<u32>().ok().filter(|n| (1..=MAX_BLOCKS).contains(n));
    let bits = bits.map_or(Some(default_bits), |bits| bits.parse::<u32>().ok()).filter(|b| (1..width).contains(b));
    let (Some(count), Some(bits)) = (count, bits) else {
        return Err(error(format!(
            "Fn::Cidr count must be between 1 and {MAX_BLOCKS} and cidrBits between 1 and {}",
            width - 1
        )));
    };
    let room = (width - prefix).checked_sub(bits).map(|free| 1u128.checked_shl(free).unwrap_or(u128::MAX));
    if room.is_none_or(|room| u128::from(count) > room) {
        return Err(error(format!("Fn::Cidr cannot fit {count} blocks with {bits} CIDR bits in {block}")));
    }
    let base = if prefix == 0 { 0 } else { start >> (width - prefix) << (width - prefix) };
    Ok((0..u128::from(count))
        .map(|index| {
            let at = base + (index << bits);
            let address = match address {
                IpAddr::V4(_) => IpAddr::from((at as u32).to_be_bytes()),
                IpAddr::V6(_) => IpAddr::from(at.to_be_bytes()),
            };
            format!("{address}/{}", width - bits)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_block() {
        assert_eq!(blocks("192.168.0.0/24", "2", Some("5")).unwrap(), ["192.168.0.0/27", "192.168.0.32/27"]);
        assert_eq!(blocks("10.0.7.9/16", "2", None).unwrap(), ["10.0.0.0/24", "10.0.1.0/24"]);
        assert_eq!(
            blocks("2600:1f18:abc:de00::/56", "2", Some("64")).unwrap(),
            ["2600:1f18:abc:de00::/64", "2600:1f18:abc:de01::/64"]
        );
        for (block, count, bits) in [
            ("10.0.0.0/24", "9", Some("5")),
            ("10.0.0/16", "1", Some("8")),
            ("10.0.0.0/16", "0", Some("8")),
            ("10.0.0.0/99", "1", None),
            ("0.0.0.0/0", "256", Some("32")),
            ("::/0", "257", Some("127")),
            ("10.0.0.0/16", "1", Some("0")),
        ] {
            assert!(blocks(block, count, bits).is_err(), "{block} {count} {bits:?}");
        }
        assert!(blocks("::/0", "2", Some("127")).is_ok());
    }
}
