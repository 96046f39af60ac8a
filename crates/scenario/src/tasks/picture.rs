//! randomize: the blocks of a picture in another order.
//!
//! A block is 60 x 60 pixels; what is left at the right and at the bottom stays as it is. The result has the size, the colour
//! type, the bit depth, the palette, the transparency and the colour space of what came in; it isn't interlaced, has no
//! texts, and of an animation only the picture that every viewer shows.

use std::borrow::Cow;
use std::io::{Cursor, Write};

use png::{BitDepth, ColorType, Decoder, DecodingError, Encoder, Info, Limits};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The side of a block, in pixels.
pub(super) const BLOCK: usize = 60;
/// What says that something is a PNG, and how large the picture is: the signature and the first chunk, in bytes.
pub(super) const HEADER: usize = 33;
/// How many bytes a PNG may have.
pub(super) const MAX_FILE: u64 = 20 << 20;
/// How many bytes its pixels may have: those of 3840 x 2160 with 8 bits for red, green, blue and transparency.
pub(super) const MAX_PIXELS: u64 = 32 << 20;
/// How many pixels a side may have.
pub(super) const MAX_SIDE: u32 = 16_384;
/// What a decoder may hold beside the pixels: rows, and a colour profile.
const MAX_BESIDE: usize = 4 << 20;

/// A picture of which all pixels are at hand.
pub(super) struct Picture {
    info: Info<'static>,
    /// Its pixels, row by row, each pixel in whole bytes.
    pixels: Vec<u8>,
    /// How many bytes a pixel has here.
    pixel: usize,
}

/// Looks at the first [`HEADER`] bytes of what should be a PNG: how many bytes its pixels need.
///
/// # Errors
/// It is none, or too large.
pub(super) fn check(head: &[u8]) -> Result<u64, String> {
    let mut decoder = Decoder::new(Cursor::new(head));
    let info = decoder.read_header_info().map_err(|why| match why {
        DecodingError::IoError(_) => "it isn't a PNG: it ends within the header".to_owned(),
        why => format!("it isn't a PNG: {why}"),
    })?;
    let (width, height) = (info.width, info.height);
    let pixels = u64::from(width) * u64::from(height) * pixel_bytes(info) as u64;
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(format!(
            "the picture is too large: it has {width} x {height} pixels of {} bytes; the sides may have {MAX_SIDE} \
             pixels, and all pixels together {} MiB",
            pixel_bytes(info),
            MAX_PIXELS >> 20
        ));
    }
    Ok(pixels)
}

/// The picture with its blocks in another order, as a PNG. The same seed gives the same order.
///
/// # Errors
/// It is no PNG, a broken one, or too large.
pub(super) fn randomize(png: &[u8], seed: [u8; 32]) -> Result<Vec<u8>, String> {
    let mut picture = Picture::decode(png)?;
    picture.shuffle(&mut StdRng::from_seed(seed));
    picture.encode()
}

impl Picture {
    /// Reads a PNG to its end.
    ///
    /// # Errors
    /// It is none, a broken one, or too large.
    pub(super) fn decode(png: &[u8]) -> Result<Self, String> {
        // Before anything is allocated.
        let bytes = check(&png[..png.len().min(HEADER)])? as usize;
        let broken = |why: DecodingError| match why {
            DecodingError::IoError(_) => "the PNG is broken: it ends too early".to_owned(),
            DecodingError::LimitsExceeded => "the PNG needs too much memory beside its pixels".to_owned(),
            why => format!("the PNG is broken: {why}"),
        };
        let mut decoder = Decoder::new_with_limits(Cursor::new(png), Limits { bytes: MAX_BESIDE });
        decoder.set_ignore_text_chunk(true);
        let mut reader = decoder.read_info().map_err(broken)?;
        let mut packed = vec![0; reader.output_buffer_size().unwrap_or(bytes)];
        reader.next_frame(&mut packed).map_err(broken)?;
        let info = reader.info().clone();
        reader.finish().map_err(broken)?;
        let pixel = pixel_bytes(&info);
        let pixels = match info.bit_depth {
            BitDepth::Eight | BitDepth::Sixteen => packed,
            depth => unpack(&packed, info.width as usize, depth as usize),
        };
        Ok(Self { info, pixels, pixel })
    }

    /// How many blocks lie side by side, and how many below each other.
    fn blocks(&self) -> (usize, usize) {
        (self.info.width as usize / BLOCK, self.info.height as usize / BLOCK)
    }

    /// Where a row of a block begins in the pixels; blocks are counted from left to right and from top to bottom.
    fn at(&self, block: usize, row: usize) -> usize {
        let across = self.blocks().0;
        ((block / across * BLOCK + row) * self.info.width as usize + block % across * BLOCK) * self.pixel
    }

    /// Puts the blocks into an order by chance, each as likely as any other: in place, so that no second picture is held.
    fn shuffle(&mut self, chance: &mut StdRng) {
        let (across, down) = self.blocks();
        for last in (1..across * down).rev() {
            let other = chance.random_range(0..=last);
            if other == last {
                continue;
            }
            for row in 0..BLOCK {
                let (first, second) = (self.at(other, row), self.at(last, row));
                let length = BLOCK * self.pixel;
                let (before, after) = self.pixels.split_at_mut(first.max(second));
                before[first.min(second)..][..length].swap_with_slice(&mut after[..length]);
            }
        }
    }

    /// As a PNG.
    ///
    /// # Errors
    /// It has something that no PNG may have.
    fn encode(&self) -> Result<Vec<u8>, String> {
        let failed = |why: png::EncodingError| format!("the PNG can't be written: {why}");
        let mut info = self.info.clone();
        info.trns = self.transparency();
        info.interlaced = false;
        (info.frame_control, info.animation_control, info.exif_metadata) = (None, None, None);
        let mut out = Vec::new();
        let mut writer = Encoder::with_info(&mut out, info).and_then(Encoder::write_header).map_err(failed)?;
        // In a stream: a compressed copy beside the written one would be one copy too many.
        let mut stream = writer.stream_writer().map_err(failed)?;
        let row = self.info.width as usize * self.pixel;
        for pixels in self.pixels.chunks_exact(row) {
            let packed = match self.info.bit_depth {
                BitDepth::Eight | BitDepth::Sixteen => Cow::Borrowed(pixels),
                depth => Cow::Owned(pack(pixels, depth as usize)),
            };
            stream.write_all(&packed).map_err(|why| failed(why.into()))?;
        }
        stream.finish().map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(out)
    }

    /// The transparent colour as a PNG has it, two bytes a sample: the decoder keeps one of them where one is enough.
    fn transparency(&self) -> Option<Cow<'static, [u8]>> {
        let given = self.info.trns.as_ref()?;
        let is_colour = matches!(self.info.color_type, ColorType::Grayscale | ColorType::Rgb);
        if is_colour && self.info.bit_depth != BitDepth::Sixteen {
            return Some(given.iter().flat_map(|sample| [0, *sample]).collect());
        }
        Some(given.clone())
    }

    /// Whether another picture has the same blocks, in whatever order, and the same edges; an error says what differs.
    pub(super) fn is_shuffled_from(&self, other: &Self) -> Result<(), String> {
        let kind = |it: &Self| (it.info.width, it.info.height, it.info.color_type, it.info.bit_depth);
        if kind(self) != kind(other) {
            return Err(format!("it is {:?} instead of {:?}", kind(self), kind(other)));
        }
        if (&self.info.palette, &self.info.trns) != (&other.info.palette, &other.info.trns) {
            return Err("its palette or its transparency differs".to_owned());
        }
        if self.sorted_blocks() != other.sorted_blocks() {
            return Err("its blocks aren't the original's".to_owned());
        }
        let (across, down) = self.blocks();
        let row = self.info.width as usize * self.pixel;
        let is_edge = |(at, _): &(usize, &u8)| at % row >= across * BLOCK * self.pixel || at / row >= down * BLOCK;
        let edges =
            |it: &'_ Self| -> Vec<u8> { it.pixels.iter().enumerate().filter(is_edge).map(|(_, byte)| *byte).collect() };
        if edges(self) == edges(other) { Ok(()) } else { Err("its edges aren't the original's".to_owned()) }
    }

    fn sorted_blocks(&self) -> Vec<Vec<u8>> {
        let (across, down) = self.blocks();
        let rows = |block| (0..BLOCK).map(move |row| self.at(block, row));
        let block = |n| rows(n).flat_map(|at| &self.pixels[at..at + BLOCK * self.pixel]).copied().collect();
        let mut blocks: Vec<Vec<u8>> = (0..across * down).map(block).collect();
        blocks.sort_unstable();
        blocks
    }
}

/// How many bytes a pixel has here: one where a PNG packs several of them into a byte.
fn pixel_bytes(info: &Info<'_>) -> usize {
    info.color_type.samples() * if info.bit_depth == BitDepth::Sixteen { 2 } else { 1 }
}

/// Rows of pixels of 1, 2 or 4 bits as a byte each. Each row begins with a byte of its own.
fn unpack(packed: &[u8], width: usize, depth: usize) -> Vec<u8> {
    let row = (width * depth).div_ceil(8);
    let sample = |bytes: &[u8], x: usize| {
        let bit = x * depth;
        bytes[bit / 8] >> (8 - depth - bit % 8) & ((1 << depth) - 1)
    };
    packed.chunks_exact(row).flat_map(|bytes| (0..width).map(move |x| sample(bytes, x))).collect()
}

/// The reverse of a row of [`unpack`].
fn pack(pixels: &[u8], depth: usize) -> Vec<u8> {
    let byte =
        |some: &[u8]| some.iter().enumerate().fold(0, |byte, (n, pixel)| byte | pixel << (8 - depth - n * depth));
    pixels.chunks(8 / depth).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [7; 32];

    /// A picture of which no two blocks are alike.
    fn picture(width: u32, height: u32, color_type: ColorType, bit_depth: BitDepth) -> Vec<u8> {
        let mut info = Info::with_size(width, height);
        (info.color_type, info.bit_depth) = (color_type, bit_depth);
        info.palette = (color_type == ColorType::Indexed).then(|| (0..48).collect());
        info.trns = match color_type {
            ColorType::Indexed => Some(Cow::Borrowed(&[0, 128])),
            ColorType::Grayscale => Some(Cow::Borrowed(&[0, 1])),
            _ => None,
        };
        let row = (width as usize * color_type.samples() * bit_depth as usize).div_ceil(8);
        let mut chance = StdRng::seed_from_u64(1);
        let mut pixels: Vec<u8> = (0..row * height as usize).map(|_| chance.random()).collect();
        if color_type == ColorType::Indexed && bit_depth == BitDepth::Eight {
            pixels.iter_mut().for_each(|index| *index %= 16);
        }
        let mut out = Vec::new();
        let mut writer = Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn every_kind_of_picture_keeps_its_kind_its_blocks_and_its_edges() {
        use BitDepth::*;
        use ColorType::*;
        let all = [
            (Grayscale, vec![One, Two, Four, Eight, Sixteen]),
            (Indexed, vec![One, Two, Four, Eight]),
            (Rgb, vec![Eight, Sixteen]),
            (GrayscaleAlpha, vec![Eight, Sixteen]),
            (Rgba, vec![Eight, Sixteen]),
        ];
        for (kind, depth) in all.into_iter().flat_map(|(kind, depths)| depths.into_iter().map(move |d| (kind, d))) {
            let before = picture(197, 133, kind, depth);
            let after = randomize(&before, SEED).unwrap_or_else(|why| panic!("{kind:?} {depth:?}: {why}"));
            let (old, new) = (Picture::decode(&before).unwrap(), Picture::decode(&after).unwrap());
            new.is_shuffled_from(&old).unwrap_or_else(|why| panic!("{kind:?} {depth:?}: {why}"));
            assert_ne!(old.pixels, new.pixels, "{kind:?} {depth:?}");
            assert_eq!(after, randomize(&before, SEED).unwrap(), "a retry gives the same");
            assert_ne!(after, randomize(&before, [8; 32]).unwrap());
        }
    }

    #[test]
    fn pictures_without_two_blocks_stay_as_they_are() {
        for (width, height) in [(1, 1), (59, 200), (60, 60), (119, 61)] {
            let before = picture(width, height, ColorType::Rgb, BitDepth::Eight);
            let after = Picture::decode(&randomize(&before, SEED).unwrap()).unwrap();
            assert_eq!(after.pixels, Picture::decode(&before).unwrap().pixels);
        }
    }

    #[test]
    fn an_interlaced_picture_is_read() {
        // 8 x 8 pixels, gray, interlaced: made by another program.
        let png = hex::decode(concat!(
            "89504e470d0a1a0a0000000d4948445200000008000000080800000001e06f78ca",
            "0000001a49444154789c636040014c60c0c8c8c8c4c4c4cccccccacac000000d200041"
        ));
        // Its data is cut off: that must be told, and not be a panic.
        assert!(Picture::decode(&png.unwrap()).is_err());
    }

    #[test]
    fn what_is_no_picture_is_told_apart() {
        let good = picture(120, 120, ColorType::Rgb, BitDepth::Eight);
        for (bytes, why) in [
            (b"".to_vec(), "ends within the header"),
            (good[..20].to_vec(), "ends within the header"),
            (b"GIF89a and then so much more of it".to_vec(), "isn't a PNG"),
            (good[..good.len() / 2].to_vec(), "ends too early"),
        ] {
            let told = Picture::decode(&bytes).err().unwrap_or_default();
            assert!(told.contains(why), "{told}");
        }
        let mut wrong = good.clone();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 0x55;
        assert!(Picture::decode(&wrong).err().unwrap_or_default().contains("broken"));
        // The header's checksum.
        let mut wrong = good;
        wrong[17] ^= 1;
        assert!(check(&wrong[..HEADER]).is_err());
    }

    #[test]
    fn too_large_pictures_are_refused_before_anything_is_allocated() {
        for (width, height) in [(1, 1_000_000), (1_000_000, 1), (100_000, 100_000), (6_000, 6_000)] {
            // Nothing but a header with such a size: the pixels would follow.
            let mut out = Vec::new();
            let mut encoder = Encoder::new(&mut out, width, height);
            encoder.set_color(ColorType::Rgb);
            drop(encoder.write_header().unwrap());
            assert!(check(&out[..HEADER]).unwrap_err().contains("too large"), "{width} x {height}");
        }
    }

    #[test]
    fn a_profile_that_unpacks_to_gigabytes_is_refused() {
        let mut out = Vec::new();
        let mut info = Info::with_size(1, 1);
        info.icc_profile = Some(Cow::Owned(vec![0; 64 << 20]));
        let mut writer = Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
        writer.write_image_data(&[0]).unwrap();
        drop(writer);
        assert!(out.len() < 1 << 20, "{}", out.len());
        // The decoder leaves it away, or refuses the picture; memory is bounded by its limits.
        if let Ok(picture) = Picture::decode(&out) {
            assert!(picture.info.icc_profile.is_none_or(|profile| profile.len() <= MAX_BESIDE));
        }
    }
}
