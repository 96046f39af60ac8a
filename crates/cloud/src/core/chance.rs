//! Chance for what nobody may guess: the operating system's, or, where a run is to be the same each time, one that follows from its seed.

use rand_chacha::ChaCha20Rng;
use rsa::rand_core::{OsRng, RngCore, SeedableRng};
use sha2::{Digest, Sha256};

use crate::notification::signing::Key;

/// Where a secret comes from: from the operating system, or from this seed.
pub(crate) struct Chance(Option<[u8; 32]>);

impl Chance {
    /// Nobody can guess it.
    pub(super) const REAL: Self = Self(None);

    /// One that follows from a seed; each number has a stream of its own. Who knows both knows it.
    pub(super) fn of(seed: u128, number: u64) -> Self {
        let hash = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(number.to_le_bytes());
        Self(Some(hash.finalize().into()))
    }

    /// A new key that signs notifications.
    ///
    /// # Errors
    /// None could be made.
    pub(crate) fn signing_key(self) -> Result<Key, String> {
        self.0.map_or_else(Key::make, |seed| Key::make_by(&mut ChaCha20Rng::from_seed(seed)))
    }

    /// So many bytes.
    pub(super) fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        match self.0 {
            None => OsRng.fill_bytes(&mut bytes),
            Some(seed) => ChaCha20Rng::from_seed(seed).fill_bytes(&mut bytes),
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_secrets_and_nothing_else_does() {
        let bytes = |seed, number| Chance::of(seed, number).bytes::<80>();
        assert_eq!(bytes(1, 7), bytes(1, 7));
        assert!(bytes(1, 7) != bytes(1, 8) && bytes(1, 7) != bytes(2, 7) && bytes(1, 7)[..32] != bytes(1, 7)[32..64]);
        assert_ne!(Chance::REAL.bytes::<32>(), Chance::REAL.bytes::<32>());
        let key = |seed| Chance::of(seed, 0).signing_key().unwrap();
        assert_eq!((key(1).pkcs8(), key(1).pem()), (key(1).pkcs8(), key(1).pem()));
        assert_ne!(key(1).name(), key(2).name());
    }
}
