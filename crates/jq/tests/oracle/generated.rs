//! Queries and inputs that nobody thought of: put together at random from what jq has, from a seed.

use super::Case;

/// Random numbers enough for this.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "3.5",
    "1e3",
    "-0.25",
    "1e17",
    "123456789",
    "\"\"",
    "\"a\"",
    "\"abc\"",
    "\"a,b\"",
    "\"é😀\"",
    "\"12\"",
    "\"2015-03-05T23:51:47Z\"",
    "\"[1,2]\"",
    "\"a b\\n\"",
    "1425599621",
    "\"<&'>\"",
];
const KEYS: &[&str] = &["a", "b", "c", "key", "name", "value"];

/// Functions without an argument.
const PLAIN: &[&str] = &[
    "length",
    "keys",
    "keys_unsorted",
    "not",
    "type",
    "add",
    "any",
    "all",
    "flatten",
    "floor",
    "sqrt",
    "sort",
    "unique",
    "reverse",
    "min",
    "max",
    "tostring",
    "tojson",
    "fromjson",
    "tonumber",
    "ascii_downcase",
    "ascii_upcase",
    "explode",
    "implode",
    "first",
    "last",
    "to_entries",
    "from_entries",
    "recurse",
    "transpose",
    "paths",
    "leaf_paths",
    "tostream",
    "utf8bytelength",
    "values",
    "nulls",
    "booleans",
    "numbers",
    "strings",
    "arrays",
    "objects",
    "iterables",
    "scalars",
    "isnan",
    "isinfinite",
    "isnormal",
    "error",
    "todate",
    "fromdate",
    "gmtime",
    "mktime",
    "combinations",
    "finites",
    "normals",
    "ceil",
    "round",
    "fabs",
    "trunc",
    "significand",
    "logb",
    "frexp",
    "modf",
    "input_line_number",
    "empty",
    "infinite",
    "nan",
    "@csv",
    "@tsv",
    "@html",
    "@uri",
    "@sh",
    "@base64",
    "@base64d",
    "@json",
    "@text",
    "..",
    ".[]",
    ".[]?",
    ".[0]",
    ".[-1]",
    ".[1:]",
    ".[:1]",
    ".[:-1]",
    ".a",
    ".b",
    ".a?",
    ".[\"c\"]",
    ".a.b",
    ".[0]?",
    "recurse_down",
    "scalars_or_empty",
    "todateiso8601",
    "isfinite",
];

/// Functions with an argument that is a filter of the input.
const OF_FILTER: &[&str] = &[
    "map",
    "select",
    "map_values",
    "sort_by",
    "group_by",
    "unique_by",
    "min_by",
    "max_by",
    "path",
    "del",
    "first",
    "last",
    "any",
    "all",
    "isempty",
    "walk",
    "paths",
    "with_entries",
    "tojson|tojson|fromjson|[.]|map",
    "recurse(.[]?)|select",
    "range",
    "to_entries|map",
    "limit(2; .[]?)|select",
];

/// Functions with an argument that is a value.
const OF_VALUE: &[&str] = &[
    "has",
    "contains",
    "inside",
    "index",
    "rindex",
    "indices",
    "join",
    "split",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
    "flatten",
    "getpath",
    "delpaths",
    "bsearch",
    "test",
    "strftime",
    "strptime",
    "nth",
    "error",
    "splits",
    "IN",
    "in",
    "scan",
    "combinations",
    "format",
];

const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//", ",", "|"];
const UPDATES: &[&str] = &["=", "|=", "+=", "-=", "*=", "//="];

fn value(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth == 0 { 4 } else { 8 }) {
        0..=3 => dice.of(SCALARS).to_owned(),
        4 | 5 => {
            let items: Vec<String> = (0..dice.below(4)).map(|_| value(dice, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let members: Vec<String> =
                (0..dice.below(4)).map(|_| format!("\"{}\":{}", dice.of(KEYS), value(dice, depth - 1))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn filter(dice: &mut Dice, depth: usize, variables: usize) -> String {
    if depth == 0 {
        return match dice.below(6) {
            0 => dice.of(SCALARS).to_owned(),
            1 if variables > 0 => format!("$v{}", dice.below(variables)),
            1 => ".".into(),
            _ => dice.of(PLAIN).to_owned(),
        };
    }
    let inner = |dice: &mut Dice| filter(dice, depth - 1, variables);
    match dice.below(22) {
        0..=2 => format!("{}|{}", inner(dice), inner(dice)),
        3 | 4 => {
            let (left, operator, right) = (inner(dice), dice.of(OPERATORS), inner(dice));
            format!("({left}) {operator} ({right})")
        }
        5 => format!("[{}]", inner(dice)),
        6 => format!("{{a: ({}), ({}|tostring): 1, \"b\\({})\": 2}}", inner(dice), inner(dice), inner(dice)),
        7 | 8 => format!("{}({})", dice.of(OF_FILTER), inner(dice)),
        9 | 10 => format!("{}({})", dice.of(OF_VALUE), value(dice, 2)),
        11 => format!("if {} then {} else {} end", inner(dice), inner(dice), inner(dice)),
        12 => format!("try ({}) catch .", inner(dice)),
        13 => format!("({})?", inner(dice)),
        14 => format!("reduce .[]? as $v{variables} ({}; {})", inner(dice), filter(dice, depth - 1, variables + 1)),
        15 => format!(
            "foreach .[]? as $v{variables} ({}; {}; {})",
            inner(dice),
            filter(dice, depth - 1, variables + 1),
            filter(dice, depth - 1, variables + 1)
        ),
        16 => format!("({}) as $v{variables} | {}", inner(dice), filter(dice, depth - 1, variables + 1)),
        17 => {
            let target = dice.of(&[
                ".a",
                ".b",
                ".[]?",
                ".[0]",
                ".[1:]",
                ".a.b",
                "..",
                ".[-1]",
                "first",
                ".a[1]?",
                "getpath([\"a\",\"b\"])",
            ]);
            format!("{target} {} ({})", dice.of(UPDATES), inner(dice))
        }
        18 => format!("\"x\\({})y\"", inner(dice)),
        19 => format!("def f(g): {}; f({})", inner(dice).replace("type", "g"), inner(dice)),
        20 => format!("[limit(3; {})]", inner(dice)),
        _ => format!(
            ". as [$v{variables}, {{a: $v{}}}] ?// $v{variables} | {}",
            variables + 1,
            filter(dice, depth - 1, variables + 2)
        ),
    }
}

/// So many cases of a seed.
pub(crate) fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    (0..count)
        .map(|_| {
            let depth = 1 + dice.below(3);
            Case { query: filter(&mut dice, depth, 0), input: value(&mut dice, 3) }
        })
        .collect()
}
