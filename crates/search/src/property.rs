//! What `\p{..}` and the classes of one letter stand for. What Unicode says of characters is known to the crate `regex-syntax`.

use std::collections::HashMap;

use regex_syntax::hir::{Class as HirClass, HirKind};

use crate::class::{Class, Table};

/// Flags that change what a name stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Upper and lower case are the same.
    pub folds: bool,
    /// `\w` and the like have all of Unicode.
    pub unicode: bool,
}

/// Classes by name. A table is made once for a pattern.
#[derive(Debug)]
pub(crate) struct Properties {
    tables: HashMap<String, Option<Table>>,
    /// The version of Unicode: later characters are unassigned.
    version: &'static str,
}

/// The blocks of Unicode 13: names without spaces, hyphens and underscores, in lower case, each with its first and its last
/// character.
const BLOCKS: &str = include_str!("blocks.txt");

/// Other names of blocks.
const OTHER_NAMES: [(&str, &str); 3] = [
    ("greekandcoptic", "greek"),
    ("combiningdiacriticalmarksforsymbols", "combiningmarksforsymbols"),
    ("cyrillicsupplement", "cyrillicsupplementary"),
];

/// Letters and what goes with them, without marks that became such in later versions of Unicode.
const ALPHABETIC: &str = r"[\p{Alphabetic}--[\u{363}-\u{36F}\u{1DD3}-\u{1DE6}]]";
const ALNUM: &str = r"[\p{Alphabetic}\p{Nd}--[\u{363}-\u{36F}\u{1DD3}-\u{1DE6}]]";

/// The general categories that Java knows by these names.
const CATEGORIES: [&str; 38] = [
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs",
    "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf", "L", "M", "N", "Z", "C", "P", "S", "LC",
];

impl Properties {
    /// The properties of a version of Unicode.
    pub(crate) fn of(version: &'static str) -> Self {
        Self { tables: HashMap::new(), version }
    }

    /// The class of one letter: `d`, `h`, `s`, `v` or `w`.
    pub(crate) fn letter(&mut self, letter: char, reading: Reading) -> Class {
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
    pub(crate) fn word(&mut self, unicode: bool) -> Class {
        self.known(if unicode { r"\w" } else { r"[\p{L}\p{Nd}_]" })
    }

    /// What a name in `\p{..}` stands for.
    pub(crate) fn named(&mut self, name: &str, reading: Reading) -> Result<Class, String> {
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
        let unknown = || format!("it has an unknown character property name {{{name}}}");
        if let Some(block_name) = name.strip_prefix("In") {
            return block(block_name);
        }
        if let Some(rest) = name.strip_prefix("Is") {
            let found = self.unicode(rest, reading.folds).or_else(|| self.plain(rest, reading.folds));
            let found = found.or_else(|| self.posix_of_unicode(rest, reading.folds));
            return found.or_else(|| self.script(rest)).ok_or_else(unknown);
        }
        let posix = if reading.unicode { self.posix_of_unicode(name, reading.folds) } else { None };
        posix.or_else(|| self.plain(name, reading.folds)).ok_or_else(unknown)
    }

    /// What Oniguruma knows by a name: a class of POSIX, a category, a script or another property, however it is spelled.
    pub(crate) fn of_unicode(&mut self, name: &str) -> Option<Class> {
        let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
        let plain = plain.to_ascii_lowercase();
        Some(match plain.as_str() {
            "any" => Class::of(&[('\0', char::MAX)]),
            "ascii" => Class::of(&[('\0', '\u{7F}')]),
            "xdigit" => Class::of(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
            "punct" => self.known(r"[\p{P}$+<=>^`|~]"),
            "alnum" => self.known(ALNUM),
            "blank" => self.known(r"[\p{Zs}\t]"),
            "cntrl" => self.known(r"\p{Cc}"),
            "digit" => self.known(r"\p{Nd}"),
            "graph" => self.known(r"[^\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]"),
            "print" => self.known(r"[[^\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]\p{Zs}]"),
            "space" => self.known(r"\p{White_Space}"),
            "word" => self.known(r"\w"),
            "alpha" => self.known(ALPHABETIC),
            "lower" => self.known(r"\p{Lowercase}"),
            "upper" => self.known(r"\p{Uppercase}"),
            _ => {
                let named = plain.bytes().all(|b| b.is_ascii_alphanumeric()) && !plain.is_empty();
                return if named { self.table(format!(r"\p{{{plain}}}")) } else { None };
            }
        })
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
            "Alphabetic" => ALPHABETIC,
            "Ideographic" => r"\p{Ideographic}",
            "Digit" => r"\p{Nd}",
            "Defined" => r"[^\p{Cn}]",
            "Letter" => r"\p{L}",
            "LetterOrDigit" => r"[\p{L}\p{Nd}]",
            "SpaceChar" => r"\p{Z}",
            "Whitespace" => r"[\p{Z}\t-\r\x1C-\x1F&&[^\u{A0}\u{2007}\u{202F}]]",
            "ISOControl" => r"\p{Cc}",
            "Mirrored" => r"\p{Bidi_Mirrored}",
            "JavaIdentifierStart" => r"[\p{L}\p{Nl}\p{Sc}\p{Pc}]",
            "JavaIdentifierPart" => r"[\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mc}\p{Mn}\p{Cf}\x00-\x08\x0E-\x1B\x7F-\x9F]",
            "UnicodeIdentifierStart" => r"\p{ID_Start}",
            "UnicodeIdentifierPart" => r"[\p{ID_Continue}\p{Cf}\x00-\x08\x0E-\x1B\x7F-\x9F--\u{30FB}\u{FF65}]",
            "IdentifierIgnorable" => r"[\p{Cf}\x00-\x08\x0E-\x1B\x7F-\x9F]",
            _ => return None,
        }))
    }

    /// A property of Unicode, as `\p{Is..}` names it.
    fn unicode(&mut self, name: &str, folds: bool) -> Option<Class> {
        Some(self.known(match name.to_ascii_uppercase().as_str() {
            "LOWERCASE" | "UPPERCASE" | "TITLECASE" if folds => r"[\p{Lowercase}\p{Uppercase}\p{Lt}]",
            "ALPHABETIC" => ALPHABETIC,
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
            "ALNUM" => ALNUM,
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
    pub(crate) fn known(&mut self, class: &str) -> Class {
        self.table(class.to_owned()).unwrap_or_else(|| Class::of(&[]))
    }

    /// The table of a class in the syntax of `regex-syntax`.
    fn table(&mut self, class: String) -> Option<Class> {
        let version = self.version;
        let made = self.tables.entry(class).or_insert_with_key(|class| {
            let unassigned = matches!(class.as_str(), r"\p{gc=Cn}" | r"\p{gc=C}");
            let class = if unassigned {
                format!(r"[{class}[^\p{{Age={version}}}]]")
            } else {
                format!(r"[{class}&&\p{{Age={version}}}]")
            };
            match regex_syntax::parse(&class).ok()?.into_kind() {
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
    let plain = plain.to_ascii_lowercase();
    let plain = OTHER_NAMES.iter().find(|(other, _)| *other == plain).map_or(plain.as_str(), |(_, name)| name);
    let number = |text: Option<&str>| text.and_then(|text| u32::from_str_radix(text, 16).ok());
    let ranges: Vec<(u32, u32)> = BLOCKS
        .lines()
        .filter_map(|line| {
            let mut parts = line.split(' ');
            if parts.next() != Some(plain) {
                return None;
            }
            number(parts.next()).zip(number(parts.next()))
        })
        .collect();
    if ranges.is_empty() {
        return Err(format!("it has an unknown character block name {{{name}}}"));
    }
    Ok(Class::Table(ranges.into()))
}
