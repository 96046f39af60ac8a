//! Random numbers of a seed: the same on every machine.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

/// xoshiro256++, whose sequence is fixed by its definition.
pub(crate) type Dice = Xoshiro256PlusPlus;

/// The dice of publisher number `publisher` under `seed`, for one purpose: what is drawn for another doesn't change theirs.
pub(crate) fn dice(purpose: &str, seed: u64, publisher: u32) -> Dice {
    // Through a hash: seeds that are close to each other would begin with numbers that are, too.
    let seed = Sha256::new()
        .chain_update(purpose)
        .chain_update(seed.to_le_bytes())
        .chain_update(publisher.to_le_bytes())
        .finalize();
    Dice::from_seed(seed.into())
}

/// The dice of one attempt at the event with an id, for one purpose: the same whoever makes it, and whenever.
pub(crate) fn attempt_dice(purpose: &str, seed: u64, id: &str, attempt: u32) -> Dice {
    let seed = Sha256::new()
        .chain_update(purpose)
        .chain_update(seed.to_le_bytes())
        .chain_update(attempt.to_le_bytes())
        .chain_update(id)
        .finalize();
    Dice::from_seed(seed.into())
}
