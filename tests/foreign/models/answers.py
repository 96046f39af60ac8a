"""Holds an answer, as it came, against the shape that AWS's model gives it."""

import base64
import binascii
import json
import re
import xml.etree.ElementTree as ElementTree

# Errors of every operation of a service: "Common Errors" of its API reference, and what stands before its operations
# (signatures, the protocol). `NotImplemented` is this cloud's own, for what it doesn't simulate.
COMMON = {
    "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "IncompleteSignatureException", "InternalFailure", "InvalidAction", "InvalidClientTokenId", "InvalidParameterCombination",
    "InvalidParameterValue", "InvalidSignatureException", "MalformedInput", "MalformedQueryString", "MissingAction",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "MissingParameter", "NotImplemented", "OptInRequired",
    "RequestEntityTooLarge", "RequestExpired", "SerializationException", "ServiceUnavailable", "SignatureDoesNotMatch", "Throttling",
    "ThrottlingException", "UnknownOperationException", "UnrecognizedClientException", "ValidationError", "ValidationException",
}
# "Common error types" of a service beyond these, and errors that its guide has and its model hasn't.
OF_SERVICE = {
    # Of the description of 2023 the operations' errors lack what every operation may say.
    "sqs": {"AWS.SimpleQueueService.NonExistentQueue", "InvalidAttributeValue", "InvalidAddress", "InvalidAttributeName", "MissingRequiredParameterException", "InvalidParameterValueException", "ResourceNotFoundException"},
    "sns": {"InvalidParameter", "NotFound", "AuthorizationError", "ParameterValueInvalid"},
    # What breaks a constraint of the model, of operations too whose errors don't list it.
    "logs": {"InvalidParameterException"},
    "ecr": {"InvalidParameterException"},
    "cloudformation": {"InsufficientCapabilitiesException", "AlreadyExistsException", "ChangeSetNotFound"},
    # Of what a request names beside its own subject: "Scope ARN: .. does not exist or is not attachable."
    "iam": {"NoSuchEntity"},
    # Errors of the service, of operations whose errors don't list them.
    "kms": {"InvalidMarkerException"},
    "ssm": {"TooManyTagsError"},
}
# Members that are required in a model, and that AWS leaves out where they are empty: what was recorded of SQS's batches in JSON has
# `Failed` only where an entry failed, and `Successful` only where one didn't.
LEFT_OUT = {("sqs", "Failed"), ("sqs", "Successful")}
# Words that AWS has beyond a model's: a stack that a change set made is REVIEW_IN_PROGRESS, and so is its first event; S3 gives the names
# of a notification's rules back with a capital (recorded on AWS); a permissions boundary is a "Policy" in the examples of "get-role" and
# "get-user" (AWS CLI Command Reference).
ALSO = {"ResourceStatus": {"REVIEW_IN_PROGRESS"}, "FilterRuleName": {"Prefix", "Suffix"}, "PermissionsBoundaryAttachmentType": {"Policy"}}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
RFC = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


class Found(list):
    """What differs: a line each."""

    def at(self, path, what):
        self.append(f"{path or 'the answer'}: {what}")


def wrong_text(shape, text):
    """What is wrong with a text of the model's, if anything is."""
    if shape.enum and text not in shape.enum and text not in ALSO.get(shape.name, ()):
        return f"{text!r} is none of {shape.enum}"
    return None


def check_json(shape, value, path, found):
    """Holds a JSON value against its shape."""
    kind = shape.type_name
    if value is None:
        return found.at(path, "null")
    wanted = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "blob": str, "character": str}.get(kind)
    if wanted and not isinstance(value, wanted):
        return found.at(path, f"{type(value).__name__} instead of {kind}")
    if kind in ("integer", "long") and (isinstance(value, bool) or not isinstance(value, int)):
        return found.at(path, f"{value!r} instead of {kind}")
    if kind in ("float", "double", "timestamp") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return found.at(path, f"{value!r} instead of {kind}")
    if kind == "string":
        if wrong := wrong_text(shape, value):
            found.at(path, wrong)
    elif kind == "blob":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            found.at(path, "no base64")
    elif kind == "list":
        for number, item in enumerate(value):
            check_json(shape.member, item, f"{path}[{number}]", found)
    elif kind == "map":
        for key, item in value.items():
            if wrong := wrong_text(shape.key, key):
                found.at(path, wrong)
            check_json(shape.value, item, f"{path}[{key!r}]", found)
    elif kind == "structure":
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, item in value.items():
            if name not in names:
                found.at(path, f"has {name}, which its shape hasn't")
            else:
                check_json(names[name], item, f"{path}.{name}".lstrip("."), found)
        for name in shape.required_members:
            if shape.members[name].serialization.get("name", name) not in value:
                found.at(path, f"lacks {name}")


def tag(element):
    return element.tag.split("}")[-1]


def check_scalar(shape, text, path, found):
    """Holds a text of XML or of a header against its shape."""
    kind = shape.type_name
    if kind == "string":
        if text and (wrong := wrong_text(shape, text)):
            found.at(path, wrong)
    elif kind in ("integer", "long") and not re.fullmatch(r"-?\d+", text):
        found.at(path, f"{text!r} instead of {kind}")
    elif kind == "boolean" and text not in ("true", "false"):
        found.at(path, f"{text!r} instead of a boolean")
    elif kind == "timestamp" and not (ISO.fullmatch(text) or RFC.fullmatch(text)):
        found.at(path, f"{text!r} instead of a timestamp")


def check_xml(shape, element, path, found, ignored=()):
    """Holds an element against its shape."""
    kind = shape.type_name
    if kind == "structure":
        check_members(shape, list(element), path, found, ignored)
    elif kind == "list":
        name = shape.member.serialization.get("name", "member")
        for number, item in enumerate(element):
            if tag(item) != name:
                found.at(path, f"has {tag(item)} instead of {name}")
            else:
                check_xml(shape.member, item, f"{path}[{number}]", found)
    elif kind == "map":
        for entry in element:
            check_entry(shape, entry, path, found)
    else:
        if len(element):
            found.at(path, f"has elements instead of a {kind}")
        check_scalar(shape, element.text or "", path, found)


def check_entry(shape, entry, path, found):
    """An entry of a map."""
    names = (shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value"))
    parts = {tag(part): part for part in entry}
    if set(parts) != set(names):
        return found.at(path, f"an entry has {sorted(parts)} instead of {names}")
    key = parts[names[0]].text or ""
    check_scalar(shape.key, key, path, found)
    check_xml(shape.value, parts[names[1]], f"{path}[{key!r}]", found)


def check_members(shape, elements, path, found, ignored=()):
    """The members of a structure, in XML: flattened lists and maps are elements beside the others."""
    members = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") or member.serialization.get("xmlAttribute"):
            continue
        flat = member.serialization.get("flattened")
        if flat and member.type_name == "list":
            written = member.member.serialization.get("name", member.serialization.get("name", name))
            if written == "member":
                written = member.serialization.get("name", name)
        else:
            written = member.serialization.get("name", name)
        members[written] = (name, member, flat)
    seen = set()
    for element in elements:
        known = members.get(tag(element))
        if known is None:
            if tag(element) not in ignored:
                found.at(path, f"has {tag(element)}, which its shape hasn't")
            continue
        name, member, flat = known
        inner = f"{path}.{name}".lstrip(".")
        if flat and member.type_name == "list":
            check_xml(member.member, element, inner, found)
        elif flat and member.type_name == "map":
            check_entry(member, element, inner, found)
        else:
            if name in seen:
                found.at(path, f"has {name} twice")
            check_xml(member, element, inner, found)
        seen.add(name)
    for name in shape.required_members:
        member = shape.members[name]
        missing = name not in seen and not member.serialization.get("location")
        # An empty list that is flattened has no elements.
        if missing and not member.serialization.get("xmlAttribute") and not member.serialization.get("flattened"):
            found.at(path, f"lacks {name}")


def check_headers(shape, headers, found):
    """What a REST answer tells in its headers."""
    for name, member in shape.members.items():
        if member.serialization.get("location") != "header":
            continue
        value = headers.get(member.serialization["name"])
        # S3 gives this one back as it was put, a time or not: botocore has the member ExpiresString for it.
        as_put = member.serialization["name"] == "Expires"
        if value is not None and member.type_name != "list" and not as_put:
            check_scalar(member, value, name, found)


def check_output(operation, status, headers, body):
    """What differs in a successful answer from the operation's output shape. `body` may be None where it streams."""
    found, shape, model = Found(), operation.output_shape, operation.service_model
    protocol = model.metadata["protocol"]
    if shape is None:
        text = (body or b"").strip()
        if protocol == "query":
            check_query(operation, None, text, found)
        elif text not in (b"", b"{}"):
            found.at("", f"has a body where the operation has no output: {text[:80]!r}")
        return found
    if protocol == "json":
        check_json(shape, json.loads(body or b"{}"), "", found)
        left_out = {f"the answer: lacks {name}" for service, name in LEFT_OUT if service == model.service_name}
        found[:] = [line for line in found if line not in left_out]
    elif protocol == "query":
        check_query(operation, shape, body, found)
    else:
        check_headers(shape, headers, found)
        payload = shape.serialization.get("payload")
        inner = shape.members[payload] if payload else shape
        if body is None or inner.type_name in ("blob", "string") or not body.strip():
            return found
        root = ElementTree.fromstring(body)
        check_xml(inner, root, "", found)
    return found


def check_query(operation, shape, body, found):
    """The query protocol's frame, and what it holds."""
    root = ElementTree.fromstring(body)
    if tag(root) != f"{operation.name}Response":
        found.at("", f"is a {tag(root)}")
    names = [tag(child) for child in root]
    result = next((child for child in root if tag(child) == f"{operation.name}Result"), None)
    if "ResponseMetadata" not in names:
        found.at("", "has no ResponseMetadata")
    if shape is None:
        if result is not None and len(result):
            found.at("", "has a result where the operation has no output")
    elif result is None:
        if shape.members:
            found.at("", f"has no {operation.name}Result")
    else:
        check_xml(shape, result, "", found)


def codes(operation):
    """The codes of the errors that an operation may have."""
    model = operation.service_model
    shapes = list(operation.error_shapes)
    named = {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes} | {shape.name for shape in shapes}
    return named | COMMON | OF_SERVICE.get(model.service_name, set())


def check_error(operation, headers, body):
    """What is wrong with an error's code. S3's model has next to no errors, and an answer to HEAD has no body."""
    if operation.service_model.metadata["protocol"] == "rest-xml":
        return []
    code, message = error(body)
    known = code in codes(operation)
    return [] if known else [f"the error {code} isn't one of its own ({message[:80]})"]


def error(body):
    """Code and message of a refusal."""
    text = body.decode("utf-8", "replace")
    if text.startswith("{"):
        found = json.loads(text)
        return found.get("__type", "").split("#")[-1], found.get("message", found.get("Message", "")) or ""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return "", text[:200]
    values = {tag(element): element.text or "" for element in root.iter()}
    return values.get("Code", ""), values.get("Message", "")
