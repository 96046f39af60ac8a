//! Chance for what nobody may guess: the operating system's, or, where a run is to be the same each time, one that follows from its seed.

use rsa::rand_core::{CryptoRng, Error, OsRng, RngCore};
use sha2::{Digest, Sha256};

use crate::notification::signing::Key;

/// Where secrets come from.
pub(crate) enum Chance {
    Real,
    Seeded(Seeded),
}

/// A stream of bytes that follows from a seed and a number: who knows both knows it.
pub(crate) struct Seeded {
    from: (u128, u64),
    blocks: u64,
    block: [u8; 32],
    used: usize,
}

impl Chance {
    /// One that follows from a seed; each number has a stream of its own.
    pub(super) fn of(seed: u128, number: u64) -> Self {
        Self::Seeded(Seeded { from: (seed, number), blocks: 0, block: [0; 32], used: 32 })
    }

    /// A new key that signs notifications.
    ///
    /// # Errors
    /// None could be made.
    pub(crate) fn signing_key(mut self) -> Result<Key, String> {
        match &mut self {
            Self::Real => Key::make(),
            Self::Seeded(seeded) => Key::make_by(seeded),
        }
    }

    /// So many bytes.
    pub(super) fn bytes<const N: usize>(mut self) -> [u8; N] {
        let mut bytes = [0; N];
        match &mut self {
            Self::Real => OsRng.fill_bytes(&mut bytes),
            Self::Seeded(seeded) => seeded.fill_bytes(&mut bytes),
        }
        bytes
    }
}

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        for byte in to {
            if self.used == self.block.len() {
                let ((seed, number), mut hash) = (self.from, Sha256::new());
                hash.update(seed.to_le_bytes());
                hash.update(number.to_le_bytes());
                hash.update(self.blocks.to_le_bytes());
                (self.block, self.blocks, self.used) = (hash.finalize().into(), self.blocks + 1, 0);
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for Seeded {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_secrets_and_nothing_else_does() {
        let bytes = |seed, number| Chance::of(seed, number).bytes::<80>();
        assert_eq!(bytes(1, 7), bytes(1, 7));
        assert!(bytes(1, 7) != bytes(1, 8) && bytes(1, 7) != bytes(2, 7) && bytes(1, 7)[..32] != bytes(1, 7)[32..64]);
        assert_ne!(Chance::Real.bytes::<32>(), Chance::Real.bytes::<32>());
        let key = |seed| Chance::of(seed, 0).signing_key().unwrap();
        assert_eq!((key(1).pkcs8(), key(1).pem()), (key(1).pkcs8(), key(1).pem()));
        assert_ne!(key(1).name(), key(2).name());
    }
}
