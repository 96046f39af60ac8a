# The functions of jq 1.6 that run filters, each defined so that it gives what jq 1.6 gives, also where that surprises.

def not: if . then false else true end;
def map(f): [.[] | f];
def select(f): if f then . else empty end;
def recurse(f): def deeper: ., (f | deeper); deeper;
def recurse(f; cond): def deeper: ., (f | select(cond) | deeper); deeper;
def recurse: recurse(.[]?);
def recurse_down: recurse;
def add: reduce .[] as $item (null; . + $item);

# Assignment: each path in turn. What an update gives first is taken; where it gives nothing, the path goes.
def _assign(paths; values): values as $value | reduce path(paths) as $path (.; setpath($path; $value));
def _modify(paths; update):
  reduce path(paths) as $path (.; label $first | (setpath($path; getpath($path) | update) | ., break $first), delpaths([$path]));
def _add(paths; values): values as $value | _modify(paths; . + $value);
def _subtract(paths; values): values as $value | _modify(paths; . - $value);
def _multiply(paths; values): values as $value | _modify(paths; . * $value);
def _divide(paths; values): values as $value | _modify(paths; . / $value);
def _modulo(paths; values): values as $value | _modify(paths; . % $value);
def _alternative(paths; values): values as $value | _modify(paths; . // $value);
def map_values(f): _modify(.[]; f);
def del(f): delpaths([path(f)]);

# Kinds of values.
def isfinite: type == "number" and (isinfinite | not);
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def finites: select(isfinite);
def normals: select(isnormal);
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: arrays, objects;
def scalars: select(type | . != "array" and . != "object");
def scalars_or_empty: select((type | . != "array" and . != "object") or length == 0);

# Paths.
def paths: path(recurse(if type | . == "array" or . == "object" then .[] else empty end)) | select(length > 0);
def paths(f): . as $whole | paths | select(. as $path | $whole | getpath($path) | f);
def leaf_paths: paths(scalars);

# Conditions over many. The next result is asked for before the answer is given.
def any(generator; condition):
  [label $out | foreach generator as $item (false; if . then break $out elif $item | condition then true else . end; if . then . else empty end)]
  | length == 1;
def any(f): any(.[]; f);
def any: any(.);
def all(generator; condition):
  [label $out | foreach generator as $item (true; if . | not then break $out elif $item | condition then . else false end; if . then empty else . end)]
  | length == 0;
def all(f): all(.[]; f);
def all: all(.);
def isempty(g): 0 == ((label $out | g | (1, break $out)) // 0);

# Counting results.
def first(f): label $out | f | ., break $out;
def first: .[0];
def last(f): reduce f as $item (null; $item);
def last: .[-1];
def limit($n; f):
  if $n < 0 then f
  else label $out | foreach f as $item ($n; . - 1; $item, if . <= 0 then break $out else empty end) end;
def nth($n; f): if $n < 0 then error("nth doesn't support negative indices") else last(limit($n + 1; f)) end;
def nth($n): .[$n];
def range($upto): range(0; $upto);
def range($from; $upto; $by):
  def inside: ($by > 0 and . < $upto) or ($by < 0 and . > $upto);
  def on: if inside then ., (. + $by | on) else . end;
  if $by == 0 then $from else $from | on end | select(inside);
def while(cond; update): def on: if cond then ., (update | on) else empty end; on;
def until(cond; update): def on: if cond then . else update | on end; on;
def repeat(f): def on: f, on; on;
def combinations:
  if length == 0 then [] else .[0][] as $head | (.[1:] | combinations) as $tail | [$head] + $tail end;
def combinations(n): . as $whole | [range(n) | $whole] | combinations;

# Lists and objects.
def in(where): . as $key | where | has($key);
def inside(whole): . as $part | whole | contains($part);
def to_entries: [keys_unsorted[] as $key | {key: $key, value: .[$key]}];
def from_entries:
  map({(.key // .Key // .name // .Name): (if has("value") then .value else .Value end)}) | add | . //= {};
def with_entries(f): to_entries | map(f) | from_entries;
def reverse: [.[length - 1 - range(0; length)]];
def sort_by(f): _sort_by_impl(map([f]));
def group_by(f): _group_by_impl(map([f]));
def unique_by(f): group_by(f) | map(.[0]);
def unique: unique_by(.);
def min_by(f): _min_by_impl(map([f]));
def max_by(f): _max_by_impl(map([f]));
def join($separator): reduce .[] as $item (null; (if . == null then "" else . + $separator end) + ($item | if type == "boolean" or type == "number" then tojson else . // "" end)) // "";
def _flatten($depth):
  reduce .[] as $item ([]; if ($item | type) == "array" and $depth != 0 then . + ($item | _flatten($depth - 1)) else . + [$item] end);
def flatten($depth): if $depth < 0 then error("flatten depth must not be negative") else _flatten($depth) end;
def flatten: _flatten(-1);
def indices($part):
  if type == "array" and ($part | type) == "array" then .[$part]
  elif type == "array" then .[[$part]]
  elif type == "string" and ($part | type) == "string" then _strindices($part)
  else .[$part] end;
def index($part): indices($part) | .[0];
def rindex($part): indices($part) | .[-1:][0];
def transpose:
  if . == [] then []
  else . as $rows | (map(length) | max) as $width
    | reduce range(0; $width) as $column ([]; . + [reduce range(0; $rows | length) as $row ([]; . + [$rows[$row][$column]])]) end;
def walk(f):
  . as $whole
  | if type == "object" then reduce keys_unsorted[] as $key ({}; . + {($key): ($whole[$key] | walk(f))}) | f
    elif type == "array" then map(walk(f)) | f
    else f end;
def bsearch(wanted):
  if length == 0 then -1
  elif length == 1 then (if wanted == .[0] then 0 elif wanted < .[0] then -1 else -2 end)
  else . as $list
    | [0, length - 1, null]
    | until(.[0] > .[1];
        if .[2] != null then .[1] = -1
        else (((.[0] + .[1]) / 2) | floor) as $middle
          | $list[$middle] as $found
          | if $found == wanted then .[2] = $middle
            elif .[0] == .[1] then .[1] = -1
            elif $found < wanted then .[0] = $middle + 1
            else .[1] = $middle - 1 end end)
    | if .[2] != null then .[2]
      elif $list[.[0]] < wanted then -2 - .[0]
      else -1 - .[0] end
  end;
def INDEX(rows; f): reduce rows as $row ({}; .[$row | f | if type != "string" then tojson else . end] |= $row);
def INDEX(f): INDEX(.[]; f);
def JOIN($index; f): [.[] | [., $index[f]]];
def JOIN($index; rows; f): rows | [., $index[f]];
def JOIN($index; rows; f; joined): rows | [., $index[f]] | joined;
def IN(s): reduce (first(select(. == s)) | true) as $found (false; if . or $found then true else false end);
def IN(source; s): reduce (source | IN(s)) as $found (false; if . or $found then true else false end);

# Streams of paths and leaves.
def tostream:
  def events($path):
    if (type | . != "array" and . != "object") or length == 0 then [$path, .]
    else keys_unsorted as $keys
      | ($keys[] as $key | .[$key] | events($path + [$key])), [$path + [$keys[-1]]] end;
  events([]);
def fromstream(events):
  foreach events as $event ([null, false];
    (if .[1] then [null, false] else . end)
    | if ($event | length) > 1 then
        if ($event[0] | length) == 0 then [$event[1], true] else [(.[0] | setpath($event[0]; $event[1])), false] end
      else [.[0], ($event[0] | length) == 1] end;
    if .[1] then .[0] else empty end);
def truncate_stream(events):
  . as $depth | null | events | . as $event
  | if (.[0] | length) > $depth then setpath([0]; $event[0][$depth:]) else empty end;

# Dates.
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todate: todateiso8601;
def fromdate: fromdateiso8601;
def pow10: error("Error: pow10/0 not found at build time");

# Regular expressions.
def match(pattern; flags): _match_impl(pattern; flags; false) | .[];
def match($given):
  ($given | type) as $kind
  | if $kind == "string" then match($given; null)
    elif $kind == "array" and ($given | length) > 1 then match($given[0]; $given[1])
    elif $kind == "array" and ($given | length) > 0 then match($given[0]; null)
    else error($kind + " not a string or array") end;
def test(pattern; flags): _match_impl(pattern; flags; true);
def test($given):
  ($given | type) as $kind
  | if $kind == "string" then test($given; null)
    elif $kind == "array" and ($given | length) > 1 then test($given[0]; $given[1])
    elif $kind == "array" and ($given | length) > 0 then test($given[0]; null)
    else error($kind + " not a string or array") end;
def _named: reduce (.captures[] | select(.name != null) | {(.name): .string}) as $pair ({}; . + $pair);
def capture(pattern; flags): match(pattern; flags) | _named;
def capture($given):
  ($given | type) as $kind
  | if $kind == "string" then capture($given; null)
    elif $kind == "array" and ($given | length) > 1 then capture($given[0]; $given[1])
    elif $kind == "array" and ($given | length) > 0 then capture($given[0]; null)
    else error($kind + " not a string or array") end;
def scan(pattern): match(pattern; "g") | if (.captures | length) > 0 then [.captures[].string] else .string end;
def _pairs: if length <= 2 then . else .[0:2], (.[2:] | _pairs) end;
def splits($pattern; flags):
  . as $text
  | [match($pattern; "g" + flags) | .offset, .offset + .length]
  | [0] + . + [$text | length]
  | _pairs
  | $text[.[0]:.[1]];
def splits($pattern): splits($pattern; null);
def split($pattern; flags): [splits($pattern; flags)];
def sub($pattern; replacement; flags):
  def replaced($flags; $again):
    . as $text
    | [match($pattern; $flags)]
    | if length == 0 then $text
      else .[0] as $found
        | ($found.offset + $found.length) as $behind
        | ($found | _named)
        | $text[0:$found.offset] + replacement + ($text[$behind:] | if length > 0 and $again then replaced($flags; $again) else . end) end;
  (flags | index("g")) as $again
  | (flags | if $again then [explode[] | select(. != 103)] | implode else . end) as $once
  | replaced($once; $again);
def sub($pattern; replacement): sub($pattern; replacement; "");
def gsub($pattern; replacement; flags): sub($pattern; replacement; flags + "g");
def gsub($pattern; replacement): sub($pattern; replacement; "g");
