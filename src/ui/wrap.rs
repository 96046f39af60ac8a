//! Text on a terminal: broken at spaces, never within words.

use console::measure_text_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// A line as lines of at most so many columns; those that follow are indented as the first. A word that is longer stays
/// whole: addresses and names are to be copied.
pub fn wrap(line: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|columns| measure_text_width(line) > *columns) else { return line.to_owned() };
    let spaces = line.len() - line.trim_start_matches(' ').len();
    // An indentation that leaves no room is none.
    let indent = if spaces * 2 < columns { &line[..spaces] } else { "" };
    let options = Options::new(columns)
        .initial_indent(indent)
        .subsequent_indent(indent)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::wrap(&line[spaces..], options).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "(http://127.0.0.1:4740, u" stood at the end of a row, and "s-east-1)" in the next.
    #[test]
    fn words_stay_whole_at_every_width() {
        let text =
            "  Publishing to arn:aws:sns:us-east-1:000000000000:created-consumer  on local (http://127.0.0.1:4740)";
        assert_eq!(wrap(text, None), text);
        assert_eq!(wrap(text, Some(200)), text);
        for columns in 1..110 {
            let wrapped = wrap(text, Some(columns));
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&wrapped), words(text));
            for line in wrapped.lines().filter(|line| line.trim().contains(' ')) {
                assert!(measure_text_width(line) <= columns, "{columns}: {line:?}");
            }
            if columns > 10 {
                assert!(wrapped.lines().all(|line| line.starts_with("  ")), "{columns}: {wrapped}");
            }
        }
    }

    /// What a colour takes is not seen.
    #[test]
    fn colours_have_no_width() {
        assert_eq!(wrap("\x1b[31mred\x1b[0m one", Some(7)), "\x1b[31mred\x1b[0m one");
        assert_eq!(wrap("\x1b[31mred\x1b[0m one two", Some(7)), "\x1b[31mred\x1b[0m one\ntwo");
    }
}
