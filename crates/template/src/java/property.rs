//! What `\p{..}` and the classes of one letter stand for. What Unicode says of characters is known to the crate `regex-syntax`.

use std::collections::HashMap;

use regex_syntax::hir::{Class as HirClass, HirKind};

use super::class::{Class, Table};

/// Flags that change what a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Upper and lower case are the same.
    pub folds: bool,
    /// `\w` and the like have all of Unicode.
    pub unicode: bool,
}

/// Classes by name. A table is made once for a pattern.
#[derive(Debug, Default)]
pub(super) struct Properties {
    tables: HashMap<String, Option<Table>>,
}

/// A few of Unicode's blocks; the names without spaces, hyphens and underscores, in lower case.
const BLOCKS: &[(&str, u32, u32)] = &[
    ("basiclatin", 0x0000, 0x007F),
    ("latin1supplement", 0x0080, 0x00FF),
    ("latinextendeda", 0x0100, 0x017F),
    ("latinextendedb", 0x0180, 0x024F),
    ("ipaextensions", 0x0250, 0x02AF),
    ("spacingmodifierletters", 0x02B0, 0x02FF),
    ("combiningdiacriticalmarks", 0x0300, 0x036F),
    ("greek", 0x0370, 0x03FF),
    ("greekandcoptic", 0x0370, 0x03FF),
    ("cyrillic", 0x0400, 0x04FF),
    ("cyrillicsupplement", 0x0500, 0x052F),
    ("armenian", 0x0530, 0x058F),
    ("hebrew", 0x0590, 0x05FF),
    ("arabic", 0x0600, 0x06FF),
    ("devanagari", 0x0900, 0x097F),
    ("bengali", 0x0980, 0x09FF),
    ("thai", 0x0E00, 0x0E7F),
    ("georgian", 0x10A0, 0x10FF),
    ("hanguljamo", 0x1100, 0x11FF),
    ("latinextendedadditional", 0x1E00, 0x1EFF),
    ("greekextended", 0x1F00, 0x1FFF),
    ("generalpunctuation", 0x2000, 0x206F),
    ("superscriptsandsubscripts", 0x2070, 0x209F),
    ("currencysymbols", 0x20A0, 0x20CF),
    ("letterlikesymbols", 0x2100, 0x214F),
    ("numberforms", 0x2150, 0x218F),
    ("arrows", 0x2190, 0x21FF),
    ("mathematicaloperators", 0x2200, 0x22FF),
    ("boxdrawing", 0x2500, 0x257F),
    ("geometricshapes", 0x25A0, 0x25FF),
    ("miscellaneoussymbols", 0x2600, 0x26FF),
    ("dingbats", 0x2700, 0x27BF),
    ("cjksymbolsandpunctuation", 0x3000, 0x303F),
    ("hiragana", 0x3040, 0x309F),
    ("katakana", 0x30A0, 0x30FF),
    ("cjkunifiedideographs", 0x4E00, 0x9FFF),
    ("hangulsyllables", 0xAC00, 0xD7AF),
    ("privateusearea", 0xE000, 0xF8FF),
    ("halfwidthandfullwidthforms", 0xFF00, 0xFFEF),
    ("emoticons", 0x1F600, 0x1F64F),
];

/// The general categories that Java knows by these names.
const CATEGORIES: [&str; 38] = [
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs",
    "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf", "L", "M", "N", "Z", "C", "P", "S", "LC",
];

/// Methods of `java.lang.Character` that Java knows as `\p{java..}` and nothing here does ("Pattern", java.lang.Character classes).
const UNSUPPORTED: [&str; 5] = [
    "JavaIdentifierStart",
    "JavaIdentifierPart",
    "UnicodeIdentifierStart",
    "UnicodeIdentifierPart",
    "IdentifierIgnorable",
];

impl Properties {
    /// The class of one letter: `d`, `h`, `s`, `v` or `w`.
    pub(super) fn letter(&mut self, letter: char, reading: Reading) -> Class {
        match (letter, reading.unicode) {
            ('d', false) => Class::of(&[('0', '9')]),
            ('s', false) => Class::of(&[('\t', '\r'), (' ', ' ')]),
            ('w', false) => Class::of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            ('d', true) => self.known(r"\p{Nd}"),
            ('s', true) => self.known(r"\p{White_Space}"),
            ('w', true) => self.known(r"\w"),
            ('h', _) => Class::of(&[
                ('\t', '\t'),
                (' ', ' '),
                ('\u{A0}', '\u{A0}'),
                ('\u{1680}', '\u{1680}'),
                ('\u{180E}', '\u{180E}'),
                ('\u{2000}', '\u{200A}'),
                ('\u{202F}', '\u{202F}'),
                ('\u{205F}', '\u{205F}'),
                ('\u{3000}', '\u{3000}'),
            ]),
            _ => Class::of(&[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]),
        }
    }

    /// The characters of words: letters and digits, or Unicode's `\w`.
    pub(super) fn word(&mut self, unicode: bool) -> Class {
        self.known(if unicode { r"\w" } else { r"[\p{L}\p{Nd}_]" })
    }

    /// What a name in `\p{..}` stands for.
    pub(super) fn named(&mut self, name: &str, reading: Reading) -> Result<Class, String> {
        if let Some((property, value)) = name.split_once('=') {
            let found = match property.to_ascii_lowercase().as_str() {
                "sc" | "script" => self.script(value),
                "blk" | "block" => return block(value),
                "gc" | "general_category" => self.category(value, reading.folds),
                _ => None,
            };
            return found
                .ok_or_else(|| format!("it has an unknown Unicode property {{name=<{property}>, value=<{value}>}}"));
        }
        if name.strip_prefix("java").is_some_and(|method| UNSUPPORTED.contains(&method)) {
            return Err(format!("it has the character property {{{name}}}, which is not supported here"));
        }
        let unknown = || format!("it has an unknown character property name {{{name}}}");
        if let Some(block_name) = name.strip_prefix("In") {
            return block(block_name);
        }
        if let Some(rest) = name.strip_prefix("Is") {
            let found = self.unicode(rest, reading.folds).or_else(|| self.plain(rest, reading.folds));
            return found.or_else(|| self.script(rest)).ok_or_else(unknown);
        }
        let posix = if reading.unicode { self.posix_of_unicode(name, reading.folds) } else { None };
        posix.or_else(|| self.plain(name, reading.folds)).ok_or_else(unknown)
    }

    /// Unicode's script.
    fn script(&mut self, name: &str) -> Option<Class> {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if plain { self.table(format!(r"\p{{sc={name}}}")) } else { None }
    }

    /// A general category of Unicode.
    fn category(&mut self, name: &str, folds: bool) -> Option<Class> {
        let class = match name {
            "Lu" | "Ll" | "Lt" if folds => r"[\p{Lu}\p{Ll}\p{Lt}]".to_owned(),
            "LC" => r"[\p{Lu}\p{Ll}\p{Lt}]".to_owned(),
            // No text has one.
            "Cs" => return Some(Class::of(&[])),
            "LD" => r"[\p{L}\p{Nd}]".to_owned(),
            _ if CATEGORIES.contains(&name) => format!(r"\p{{gc={name}}}"),
            _ => return None,
        };
        self.table(class)
    }

    /// A category, a class of POSIX, or one of Java's own.
    fn plain(&mut self, name: &str, folds: bool) -> Option<Class> {
        let letters = &[('A', 'Z'), ('a', 'z')];
        Some(match name {
            "L1" => Class::of(&[('\0', '\u{FF}')]),
            "all" => Class::of(&[('\0', char::MAX)]),
            "ASCII" => Class::of(&[('\0', '\u{7F}')]),
            "Alpha" => Class::of(letters),
            "Lower" | "Upper" if folds => Class::of(letters),
            "Lower" => Class::of(&[('a', 'z')]),
            "Upper" => Class::of(&[('A', 'Z')]),
            "Digit" => Class::of(&[('0', '9')]),
            "Alnum" => Class::of(&[('0', '9'), ('A', 'Z'), ('a', 'z')]),
            "Punct" => Class::of(&[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
            "Graph" => Class::of(&[('!', '~')]),
            "Print" => Class::of(&[(' ', '~')]),
            "Blank" => Class::of(&[('\t', '\t'), (' ', ' ')]),
            "Cntrl" => Class::of(&[('\0', '\u{1F}'), ('\u{7F}', '\u{7F}')]),
            "XDigit" => Class::of(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
            "Space" => Class::of(&[('\t', '\r'), (' ', ' ')]),
            _ => match name.strip_prefix("java") {
                Some(method) => return self.java(method, folds),
                None => return self.category(name, folds),
            },
        })
    }

    /// What a method of `java.lang.Character` says, e.g. `LowerCase` of `isLowerCase`.
    fn java(&mut self, method: &str, folds: bool) -> Option<Class> {
        Some(self.known(match method {
            "LowerCase" | "UpperCase" | "TitleCase" if folds => r"[\p{Lowercase}\p{Uppercase}\p{Lt}]",
            "LowerCase" => r"\p{Lowercase}",
            "UpperCase" => r"\p{Uppercase}",
            "TitleCase" => r"\p{Lt}",
            "Alphabetic" => r"\p{Alphabetic}",
            "Ideographic" => r"\p{Ideographic}",
            "Digit" => r"\p{Nd}",
            "Defined" => r"[^\p{Cn}]",
            "Letter" => r"\p{L}",
            "LetterOrDigit" => r"[\p{L}\p{Nd}]",
            "SpaceChar" => r"\p{Z}",
            "Whitespace" => r"[\p{Z}\t-\r\x1C-\x1F&&[^\u{A0}\u{2007}\u{202F}]]",
            "ISOControl" => r"\p{Cc}",
            "Mirrored" => r"\p{Bidi_Mirrored}",
            _ => return None,
        }))
    }

    /// A property of Unicode, as `\p{Is..}` names it.
    fn unicode(&mut self, name: &str, folds: bool) -> Option<Class> {
        Some(self.known(match name.to_ascii_uppercase().as_str() {
            "LOWERCASE" | "UPPERCASE" | "TITLECASE" if folds => r"[\p{Lowercase}\p{Uppercase}\p{Lt}]",
            "ALPHABETIC" => r"\p{Alphabetic}",
            "LETTER" => r"\p{L}",
            "IDEOGRAPHIC" => r"\p{Ideographic}",
            "LOWERCASE" => r"\p{Lowercase}",
            "UPPERCASE" => r"\p{Uppercase}",
            "TITLECASE" => r"\p{Lt}",
            "WHITE_SPACE" | "WHITESPACE" => r"\p{White_Space}",
            "CONTROL" => r"\p{Cc}",
            "PUNCTUATION" => r"\p{P}",
            "HEX_DIGIT" | "HEXDIGIT" => r"[\p{Nd}0-9A-Fa-f\u{FF10}-\u{FF19}\u{FF21}-\u{FF26}\u{FF41}-\u{FF46}]",
            "ASSIGNED" => r"[^\p{Cn}]",
            "NONCHARACTER_CODE_POINT" | "NONCHARACTERCODEPOINT" => r"\p{Noncharacter_Code_Point}",
            "DIGIT" => r"\p{Nd}",
            "ALNUM" => r"[\p{Alphabetic}\p{Nd}]",
            "BLANK" => r"[\p{Zs}\t]",
            "GRAPH" => r"[^\p{White_Space}\p{Cc}\p{Cn}]",
            "PRINT" => r"[^\p{Zl}\p{Zp}\t-\r\x{85}\p{Cc}\p{Cn}]",
            "WORD" => r"\w",
            "JOIN_CONTROL" | "JOINCONTROL" => r"\p{Join_Control}",
            _ => return None,
        }))
    }

    /// A class of POSIX with flag `U`: all of Unicode.
    fn posix_of_unicode(&mut self, name: &str, folds: bool) -> Option<Class> {
        let property = match name.to_ascii_lowercase().as_str() {
            "alpha" => "ALPHABETIC",
            "lower" => "LOWERCASE",
            "upper" => "UPPERCASE",
            "space" => "WHITE_SPACE",
            "punct" => "PUNCTUATION",
            "xdigit" => "HEX_DIGIT",
            "alnum" => "ALNUM",
            "cntrl" => "CONTROL",
            "digit" => "DIGIT",
            "blank" => "BLANK",
            "graph" => "GRAPH",
            "print" => "PRINT",
            _ => return None,
        };
        self.unicode(property, folds)
    }

    /// A class of Unicode that is there for certain.
    fn known(&mut self, class: &str) -> Class {
        self.table(class.to_owned()).unwrap_or_else(|| Class::of(&[]))
    }

    /// The table of a class in the syntax of `regex-syntax`.
    fn table(&mut self, class: String) -> Option<Class> {
        let made = self.tables.entry(class).or_insert_with_key(|class| {
            match regex_syntax::parse(class).ok()?.into_kind() {
                HirKind::Class(HirClass::Unicode(found)) => {
                    Some(found.iter().map(|range| (range.start().into(), range.end().into())).collect())
                }
                // A class of one character is a literal to that crate.
                HirKind::Literal(literal) => {
                    let text = std::str::from_utf8(&literal.0).ok()?;
                    Some(text.chars().map(|c| (c.into(), c.into())).collect())
                }
                _ => None,
            }
        });
        made.clone().map(Class::Table)
    }
}

/// One of Unicode's blocks.
fn block(name: &str) -> Result<Class, String> {
    let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
    let found = BLOCKS.iter().find(|(block, ..)| plain.eq_ignore_ascii_case(block));
    match found {
        Some((_, from, to)) => Ok(Class::Table([(*from, *to)].into())),
        None => Err(format!("it has the block {{{name}}}, which is unknown or not supported here")),
    }
}
