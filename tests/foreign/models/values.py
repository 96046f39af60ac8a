"""Values of a model's shapes: valid ones, and each with one thing wrong."""

import base64
import datetime
import re

# Longer texts and lists than this aren't sent to cross a bound.
LONGEST = 200_000
DEEPEST = 5
# Texts that one or the other pattern takes.
SAMPLES = [
    "a", "a1", "/", "/a/", "1", "123456789012", "2012-10-17", "arn:aws:iam::000000000000:role/r", "arn:aws:sns:us-east-1:000000000000:t",
    "arn:aws:s3:::b", "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000", "alias/a", "+12025550100",
    "AKIAIOSFODNN7EXAMPLE", "https://example.com", "autoscaling.amazonaws.com", "v1", "123456", "a.example.com", "A", "0" * 40,
    "sha256:" + "0" * 64, "log-group:*", "aaaaaaaa", "default", "00000000-0000-0000-0000-000000000000", "a-1", "UTC", "us-east-1",
    "jdbc:redshift://a:1/b", "https://a", "arn:aws:firehose:us-east-1:000000000000:deliverystream/s",
    "arn:aws:secretsmanager:us-east-1:000000000000:secret:s", "arn:aws:es:us-east-1:000000000000:domain/d", "a:1",
    ".json", "arn:aws:kinesis:us-east-1:000000000000:stream/s", "arn:aws:es:us-east-1:000000000000:domain/ddd", "s3://b/",
    "a.snowflakecomputing.com", "arn:aws:glue:us-east-1:000000000000:catalog", "a.b.vpce.c.vpce-svc-aaaaaaaaaaaaaaaaa",
    "jdbc:redshift://a.redshift.amazonaws.com:5439/d", "arn:aws:kafka:us-east-1:000000000000:cluster/c/u", "arn:aws:lambda:us-east-1:000000000000:function:f", "text", "Text",
]
WRONG = ["!", " ", "\u00a7", "a b", "!\u00a7$%&", "-", "\n", "a\nb", "\t", "\u0001", "\ud7ff\ue000"]


def pattern(text):
    """A model's pattern, which is Java's, as Python reads it; None if it can't."""
    for java, python in [
        (r"\p{L}", r"^\W\d_"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d"), (r"\p{IsLetter}", r"^\W\d_"), (r"\p{Graph}", r"!-~"),
        (r"\p{ASCII}", r"\x00-\x7f"), (r"\p{P}", r"!-/:-@"), (r"\p{S}", r"$+<=>^`|~"), (r"\p{LD}", r"\w"), ("&&", ""), (r"\p{Alnum}", "a-zA-Z0-9"),
        (r"\p{Alpha}", "a-zA-Z"), (r"\p{Print}", " -~"), (r"\x{10FFFF}", "\U0010ffff"), (r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff"),
        (r"\p{M}", "\u0300-\u036f"), (r"\p{Blank}", " \t"),
    ]:
        if java == r"\p{L}" or java == r"\p{IsLetter}":
            text = text.replace(java, "a-zA-Z\u00aa-\ud7ff")
        else:
            text = text.replace(java, python)
    try:
        return re.compile(text)
    except re.error:
        return None


def bounds(shape):
    """The least and the greatest length or value."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    return least, most


def fits(text, shape):
    least, most = bounds(shape)
    told = shape.metadata.get("pattern")
    known = pattern(told) if told else None
    if told and known is None:
        return None
    length = len(text)
    return (least or 0) <= length <= (most if most is not None else length) and (known is None or bool(known.fullmatch(text)))


def written(shape):
    """A valid text; None where none is known."""
    if shape.enum:
        return shape.enum[0]
    least, _ = bounds(shape)
    for sample in [*SAMPLES, *(sample * (least or 1) for sample in "a10A"), *("a" * n for n in range(2, 40))]:
        if fits(sample, shape):
            return sample
    return None


def stretched(shape, length):
    """A text of this many characters that breaks nothing but perhaps a bound; None where none is known."""
    told = shape.metadata.get("pattern")
    if not told:
        return "a" * length
    known = pattern(told)
    if known is None:
        return None
    # A pattern that counts is crossed with its bound.
    for start in ["", *SAMPLES, "arn:aws:iam::aws:policy/", "/aws/"]:
        for letter in "a1A/":
            text = (start + letter * length)[:length]
            if known.fullmatch(text):
                return text
    return None


def valid(shape, deep=0, json=True):
    """A valid value of a shape, with the members that it needs."""
    kind = shape.type_name
    if kind == "structure":
        needed = list(shape.required_members)
        # In a form a structure without any member isn't there.
        if not needed and not json:
            needed = [name for name, member in shape.members.items() if member.type_name == "string"][:1]
        return {name: valid(shape.members[name], deep + 1, json) for name in needed}
    if kind == "list":
        return [valid(shape.member, deep + 1, json) for _ in range(max(1, bounds(shape)[0] or 0))]
    if kind == "map":
        key = written(shape.key)
        return {"k" if key is None else key: valid(shape.value, deep + 1, json)}
    if kind == "string":
        text = written(shape)
        return "a" if text is None else text
    if kind in ("integer", "long", "float", "double"):
        least, most = bounds(shape)
        return least if least is not None and least > 0 else min(1, most if most is not None else 1)
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 1_700_000_000 if json else datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
    return "YQ==" if json else b"a"


class Case:
    """One thing to break: where, how, with which value. `taken` where the value is at a bound and not beyond it."""

    def __init__(self, path, kind, value=None, taken=False):
        self.path, self.kind, self.value, self.taken = path, kind, value, taken

    def member(self):
        """The name of the innermost member that the path names."""
        names = [step for step in self.path if isinstance(step, str) and not step.startswith("{")]
        return names[-1] if names else ""

    def where(self):
        return ".".join(str(step) for step in self.path)


def textual(shape, path):
    """Cases of a text."""
    least, most = bounds(shape)
    if shape.enum:
        yield Case(path, "enum", "NoSuchValue")
        return
    told = shape.metadata.get("pattern")
    if least:
        short = stretched(shape, least - 1)
        yield Case(path, "short", "a" * (least - 1) if short is None else short)
        exact = stretched(shape, least)
        if exact is not None:
            yield Case(path, "least", exact, taken=True)
    else:
        yield Case(path, "empty", "")
    if most is not None and most < LONGEST:
        long = stretched(shape, most + 1)
        yield Case(path, "long", "a" * (most + 1) if long is None else long)
        exact = stretched(shape, most)
        if exact is not None:
            yield Case(path, "most", exact, taken=True)
    if told:
        known = pattern(told)
        size = max(1, least or 0)
        for wrong in WRONG if known is not None else []:
            text = (wrong * size)[: max(size, len(wrong))]
            if (most is None or len(text) <= most) and not known.fullmatch(text):
                yield Case(path, "pattern", text)
                break


def counted(shape, path, json, items):
    """Cases of a list's or a map's number of items."""
    least, most = bounds(shape)
    nothing = [] if shape.type_name == "list" else {}
    yield Case(path, "short" if least else "empty", nothing)
    if least and least > 1 or most is not None and most < 2000:
        if least and least > 1:
            yield Case(path, "short", items(least - 1))
        yield Case(path, "long", items(most + 1))
        yield Case(path, "most", items(most), taken=True)


def distinct(shape, number):
    """A text like another, but its own."""
    if shape.enum:
        return shape.enum[number % len(shape.enum)]
    base = written(shape)
    for text in (f"{base}{number}", f"a{number}", f"{number:012}", f"{number:040}", f"v{number}", f"+1202555{number:04}", f"arn:aws:iam::aws:policy/a{number}"):
        if fits(text, shape):
            return text
    return base


def items_of(shape, json):
    if shape.type_name == "map":
        return lambda number: {distinct(shape.key, n): valid(shape.value, json=json) for n in range(number)}

    def make(number):
        made = []
        for n in range(number):
            item = valid(shape.member, json=json)
            if shape.member.type_name == "string":
                item = distinct(shape.member, n)
            elif shape.member.type_name == "structure":
                for name in ("Key", "TagKey", "key", "Id"):
                    if name in item and shape.member.members[name].type_name == "string":
                        item[name] = distinct(shape.member.members[name], n)
                        break
            made.append(item)
        return made
    return make


def typed(shape, path, protocol):
    """Cases of a wrong type."""
    kind = shape.type_name
    if protocol == "json":
        wrong = {
            "string": [1, True, [], {}], "integer": ["x", [], {}, True, 1 << 40], "long": ["x", [], {}, True, 1 << 70],
            "float": ["x", [], {}], "double": ["x", [], {}], "boolean": ["x", 7, [], {}], "timestamp": ["x", [], {}, True],
            "blob": [1, [], {}, "!"], "list": ["x", 1, {}, True], "map": ["x", 1, [], True], "structure": ["x", 1, [], True],
        }[kind]
    elif protocol == "query":
        wrong = {
            "integer": ["x", "1.5", str(1 << 40)], "long": ["x", "1.5", str(1 << 70)], "boolean": ["perhaps", "7"], "timestamp": ["x"],
            "list": ["x"], "map": ["x"], "structure": ["x"], "string": [{"x": "y"}], "blob": [{"x": "y"}],
        }.get(kind, [])
    elif shape.serialization.get("location") in ("header", "querystring", "headers"):
        wrong = {"integer": ["x", "1.5", str(1 << 40)], "long": ["x", "1.5", str(1 << 70)], "boolean": ["perhaps"], "timestamp": ["x"]}.get(kind, [])
    elif shape.serialization.get("location") or path[-1] in ("Body",):
        wrong = []
    else:
        wrong = {"integer": ["x", "1.5"], "long": ["x", "1.5"], "boolean": ["perhaps"], "timestamp": ["x"]}.get(kind, [])
    for value in wrong:
        yield Case(path, "type", value)


def cases(shape, path, protocol, given, deep=0, seen=()):
    """All cases of a value of this shape. `given` is what stands there in the valid request, if something does."""
    if deep > DEEPEST:
        return
    kind, json = shape.type_name, protocol == "json"
    if path:
        yield from typed(shape, path, protocol)
    if kind == "string":
        yield from textual(shape, path)
    elif kind in ("integer", "long", "float", "double"):
        least, most = bounds(shape)
        if least is not None:
            yield Case(path, "short", least - 1)
            yield Case(path, "least", least, taken=True)
        if most is not None and most < 1 << 31:
            yield Case(path, "long", most + 1)
            yield Case(path, "most", most, taken=True)
    elif kind == "blob" and not shape.serialization.get("location") and json:
        _, most = bounds(shape)
        if most is not None and most < 2_000_000:
            yield Case(path, "long", base64.b64encode(b"a" * (most + 1)).decode())
    elif kind == "list":
        yield from counted(shape, path, json, items_of(shape, json))
        inner = given[0] if isinstance(given, list) and given else None
        yield from cases(shape.member, (*path, 0), protocol, inner, deep + 1, seen)
    elif kind == "map":
        yield from counted(shape, path, json, items_of(shape, json))
        key = next(iter(given)) if isinstance(given, dict) and given else None
        for case in textual(shape.key, (*path, "{key}")):
            yield case
        inner = given[key] if key is not None else None
        yield from cases(shape.value, (*path, "{value}"), protocol, inner, deep + 1, seen)
    elif kind == "structure":
        if shape.name in seen:
            return
        # A header or a parameter of a URL that no operation has says nothing.
        if path or protocol != "rest-xml":
            yield Case((*path, "WalkedUnknown"), "unknown", "x", taken=True)
        for name, member in shape.members.items():
            # Another path is another operation, and another length is no HTTP.
            if member.serialization.get("location") == "uri" or member.serialization.get("name") == "Content-Length":
                continue
            at = (*path, name)
            # Without a parameter of its URL, or without a source, S3's request is another operation.
            tells = member.serialization.get("location") == "querystring" or name == "CopySource"
            if name in shape.required_members and not tells:
                yield Case(at, "missing")
                if json:
                    yield Case(at, "null")
            inner = given.get(name) if isinstance(given, dict) else None
            if inner is None and name not in shape.required_members:
                yield Case(at, "there", valid(member, json=json), taken=True)
            yield from cases(member, at, protocol, inner, deep + 1, (*seen, shape.name))


def broken(request, shape, case, json):
    """The valid request with one thing broken. Around the broken member stands what is needed for it to be there."""
    request = dict(request)
    place, at, steps = request, shape, list(case.path)
    for number, step in enumerate(steps[:-1]):
        inner = at.members[step] if at.type_name == "structure" else at.member if at.type_name == "list" else at.value
        following = steps[number + 1]
        if at.type_name == "map" and step == "{value}":
            step = next(iter(place))
        held = place.get(step) if isinstance(place, dict) else place[step] if len(place) > step else None
        # A copy: the next case begins with the valid request again.
        held = dict(held) if isinstance(held, dict) and held else list(held) if isinstance(held, list) and held else valid(inner, json=json)
        if inner.type_name == "structure" and following not in inner.members and case.kind != "unknown":
            return None
        if isinstance(place, list) and len(place) <= step:
            place.append(held)
        else:
            place[step] = held
        place, at = held, inner
    step = steps[-1]
    if case.kind == "missing":
        place.pop(step, None)
        if not place and not json and len(steps) > 1:
            return None
    elif case.kind == "null":
        place[step] = None
    elif step == "{key}":
        value = place.pop(next(iter(place)))
        place[case.value] = value
    elif step == "{value}":
        place[next(iter(place))] = case.value
    else:
        place[step] = case.value
    return request
