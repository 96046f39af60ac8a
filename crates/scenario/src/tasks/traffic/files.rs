//! The files that clients send: pictures and texts by chance, and what must come of them.

use bytes::Bytes;
use png::{BitDepth, ColorType, Encoder};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use crate::tasks::picture::Picture;
use crate::tasks::sum::Summary;

/// Between the words of a text.
const SEPARATORS: [&str; 6] = ["\n", " ", "\r\n", ",", "; ", "\t"];
/// Words that are no numbers.
const NOT_NUMBERS: [&str; 4] = ["12a", "-", "0x1f", "3.5"];

/// A file, and what its task must give.
pub(super) enum File {
    /// A picture: the result has its blocks.
    Picture(Bytes, Picture),
    /// A text, its sum, and what is counted beside.
    Text(Bytes, Summary),
}

impl File {
    /// Its bytes.
    pub(super) fn bytes(&self) -> &Bytes {
        match self {
            Self::Picture(bytes, _) | Self::Text(bytes, _) => bytes,
        }
    }
}

/// A picture of some size and kind.
///
/// # Errors
/// It can't be made: that is a mistake in here.
pub(super) fn picture(chance: &mut StdRng) -> Result<File, String> {
    let kinds = [
        (ColorType::Rgb, BitDepth::Eight),
        (ColorType::GrayscaleAlpha, BitDepth::Eight),
        (ColorType::Grayscale, BitDepth::Sixteen),
        (ColorType::Grayscale, BitDepth::One),
        (ColorType::Indexed, BitDepth::Four),
    ];
    let (color_type, bit_depth) = kinds[chance.random_range(0..kinds.len())];
    let (width, height) = (chance.random_range(120..200_u32), chance.random_range(120..200_u32));
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(color_type);
    encoder.set_depth(bit_depth);
    if color_type == ColorType::Indexed {
        encoder.set_palette((0..48).collect::<Vec<u8>>());
    }
    let row = (width as usize * color_type.samples() * bit_depth as usize).div_ceil(8);
    // Every block is another one.
    let mut pixels = vec![0; row * height as usize];
    chance.fill_bytes(&mut pixels);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&pixels)?;
        writer.finish()
    });
    written.map_err(|why| why.to_string())?;
    let read = Picture::decode(&out)?;
    Ok(File::Picture(Bytes::from(out), read))
}

/// A text of so many words, of which nearly all are numbers.
pub(super) fn text(chance: &mut StdRng, words: usize) -> File {
    let mut text = String::new();
    let (mut sum, mut even, mut odd, mut not_numbers) = (0_i128, 0, 0, 0);
    for _ in 0..words {
        if chance.random_ratio(1, 200) {
            text += NOT_NUMBERS[chance.random_range(0..NOT_NUMBERS.len())];
            not_numbers += 1;
        } else {
            // As many of each length, from 1 to 19 digits.
            let digits = chance.random_range(1..20);
            let number = i128::from(chance.random_range(0..10_u64.pow(digits)));
            let number = if chance.random_ratio(1, 3) { -number } else { number };
            text += &number.to_string();
            if number % 2 == 0 {
                sum += number;
                even += 1;
            } else {
                odd += 1;
            }
        }
        text += SEPARATORS[chance.random_range(0..SEPARATORS.len())];
    }
    let summary = Summary { sum: sum.to_string(), even, odd, not_numbers, first_not_numbers: Vec::new() };
    File::Text(Bytes::from(text), summary)
}

/// A picture that looks like one at its begin, and ends in the middle.
pub(super) fn broken(file: &File) -> Bytes {
    file.bytes().slice(..file.bytes().len() / 2)
}

/// The begin of a picture that is a million pixels high.
pub(super) fn too_large() -> Bytes {
    let mut out = Vec::new();
    // The header is all that is needed, and it is written before anything else.
    drop(Encoder::new(&mut out, 1, 1_000_000).write_header());
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_files() {
        let make = || {
            let mut chance = StdRng::seed_from_u64(5);
            [picture(&mut chance).unwrap(), text(&mut chance, 100)].map(|file| file.bytes().clone())
        };
        assert_eq!(make(), make());
        assert!(crate::tasks::picture::check(&too_large()[..33]).unwrap_err().contains("too large"));
    }
}
