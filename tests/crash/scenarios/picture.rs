//! Small pictures: four blocks, each of one shade of grey, which together say whose picture it is.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder};

/// A side of a block.
const BLOCK: usize = 60;
/// A side of a picture.
const SIDE: usize = 2 * BLOCK;

/// The picture of a request. A broken one begins well, so that only the work on it shows what is wrong.
pub(crate) fn draw(number: u64, broken: bool) -> Vec<u8> {
    let shades = (number as u32).to_le_bytes();
    let pixels: Vec<u8> = (0..SIDE * SIDE).map(|at| shades[block(at)]).collect();
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, SIDE as u32, SIDE as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    // Which request it is of stands in a text, too: of a broken picture nothing else can be read.
    encoder.add_text_chunk("number".into(), number.to_string()).expect("a short text");
    let mut writer = encoder.write_header().expect("a valid header");
    writer.write_image_data(&pixels).expect("as many pixels as there are");
    writer.finish().expect("memory to write to");
    if broken {
        let data = file.windows(4).position(|window| window == b"IDAT").expect("data");
        file[data + 8..data + 16].iter_mut().for_each(|byte| *byte ^= 0x5a);
    }
    file
}

/// The number of the request that a picture is of.
pub(crate) fn number(file: &[u8]) -> Option<u64> {
    let text = b"tEXtnumber\0";
    let at = file.windows(text.len()).position(|window| window == text)? + text.len();
    let digits = file[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    // The checksum behind the text may begin with what looks like a digit: the length says where the text ends.
    let length = u32::from_be_bytes(file[at - text.len() - 4..at - text.len()].try_into().ok()?) as usize;
    let digits = digits.min(length.checked_sub(text.len() - 4)?);
    std::str::from_utf8(&file[at..at + digits]).ok()?.parse().ok()
}

/// Whether a picture has the blocks of another one, in whatever order.
pub(crate) fn is_shuffled(original: &[u8], result: &[u8]) -> bool {
    let (Some(mut before), Some(mut after)) = (shades(original), shades(result)) else { return false };
    before.sort_unstable();
    after.sort_unstable();
    before == after
}

/// The shades of a picture's blocks, if each has one.
fn shades(file: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Decoder::new(Cursor::new(file)).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut pixels).ok()?;
    if reader.info().size() != (SIDE as u32, SIDE as u32) || pixels.len() != SIDE * SIDE {
        return None;
    }
    let shades = [0, BLOCK, BLOCK * SIDE, BLOCK * SIDE + BLOCK].map(|at| pixels[at]);
    let is_whole = pixels.iter().enumerate().all(|(at, shade)| *shade == shades[block(at)]);
    is_whole.then(|| shades.to_vec())
}

/// The block of a pixel.
fn block(at: usize) -> usize {
    at / SIDE / BLOCK * 2 + at % SIDE / BLOCK
}
