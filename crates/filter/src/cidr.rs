//! Addresses and CIDR blocks as filter rules know them.

use std::net::Ipv6Addr;

/// A range of addresses of one family, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IpRange {
    v4: bool,
    low: u128,
    high: u128,
}

impl IpRange {
    /// Parses `address/bits`; the error is AWS's text.
    pub(super) fn parse(cidr: &str) -> Result<Self, String> {
        let mut parts: Vec<&str> = cidr.split('/').collect();
        while parts.last().is_some_and(|p| p.is_empty()) {
            parts.pop();
        }
        let [address, bits] = parts[..] else {
            return Err("Malformed CIDR, one '/' required".into());
        };
        let bits: i32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer")?;
        let bits = u32::try_from(bits).map_err(|_| "Malformed CIDR, mask bits must not be negative")?;
        if !looks_like_address(address) {
            return Err(format!("Nonstandard IP address: {address}"));
        }
        let Some((v4, value)) = parse_address(address) else {
            return Err(format!("Invalid IP address: {address}"));
        };
        let width = match v4 {
            true if bits > 31 => return Err("IPv4 mask bits must be < 32".into()),
            true => 32,
            false if bits > 127 => return Err("IPv6 mask bits must be < 128".into()),
            false => 128,
        };
        let free = if bits == 0 && !v4 { u128::MAX } else { (1 << (width - bits)) - 1 };
        Ok(Self { v4, low: value & !free, high: value | free })
    }

    /// The one address that a plain string is, if it is one: `::1` and `0:0:0:0:0:0:0:1` are the same to AWS.
    pub(super) fn single(text: &str) -> Option<Self> {
        let (v4, value) = parse_address(text)?;
        Some(Self { v4, low: value, high: value })
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        parse_address(text).is_some_and(|(v4, value)| v4 == self.v4 && (self.low..=self.high).contains(&value))
    }
}

/// Digits and dots, or hex digits and colons: what AWS tries to read as an address at all.
fn looks_like_address(text: &str) -> bool {
    let dotted = text.split('.').count() == 4
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    dotted || (text.contains(':') && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'))
}

/// Whether it is IPv4, and its value. Leading zeros are decimal, as in Java.
fn parse_address(text: &str) -> Option<(bool, u128)> {
    // Most strings are no address: the first byte tells.
    if !text.bytes().next().is_some_and(|b| b.is_ascii_hexdigit() || b == b':') || !looks_like_address(text) {
        return None;
    }
    if text.contains(':') {
        let address: Ipv6Addr = text.parse().ok()?;
        return Some(match address.to_ipv4_mapped() {
            Some(v4) => (true, u32::from(v4).into()),
            None => (false, address.into()),
        });
    }
    let mut value = 0u128;
    for part in text.split('.') {
        let part = part.trim_start_matches('0');
        let byte: u8 = if part.is_empty() { 0 } else { part.parse().ok()? };
        value = value << 8 | u128::from(byte);
    }
    Some((true, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_awss() {
        let cases = [
            ("office", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/", "Malformed CIDR, one '/' required"),
            ("office/64", "Nonstandard IP address: office"),
            ("10.0.0.0/all", "Malformed CIDR, mask bits must be an integer"),
            ("1.2.3/8", "Nonstandard IP address: 1.2.3"),
            ("fe80::zz/64", "Nonstandard IP address: fe80::zz"),
            ("10.0.0.256/8", "Invalid IP address: 10.0.0.256"),
            ("10.0.0.1/-1", "Malformed CIDR, mask bits must not be negative"),
            ("10.0.0.1/32", "IPv4 mask bits must be < 32"),
            ("::1/128", "IPv6 mask bits must be < 128"),
        ];
        for (text, error) in cases {
            assert_eq!(IpRange::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn blocks_hold_their_addresses() {
        let cases = [
            ("10.0.0.0/24", "10.0.0.255", true),
            ("10.0.0.0/24", "10.0.1.0", false),
            ("10.0.0.0/24", "10.0.0.256", false),
            ("10.0.0.7/0", "255.1.2.3", true),
            ("10.0.0.0/8", "010.000.000.009", true),
            ("fe80:0:0:7::/64", "fe80:0000:0000:0007::0001", true),
            ("fe80:0:0:7::/64", "fe80::8:0:0:0:1", false),
            ("::/0", "ffff::", true),
            ("::/0", "10.0.0.1", false),
        ];
        for (block, address, inside) in cases {
            assert_eq!(IpRange::parse(block).unwrap().contains(address), inside, "{block} {address}");
        }
    }
}
