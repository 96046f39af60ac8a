"""Sends a request as it is written: no client looks at its parameters first."""

import base64
import http.client
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import botocore.serialize

from . import answers

SIGNATURE = ("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, "
             "Signature=0000000000000000000000000000000000000000000000000000000000000000")


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def error(self):
        """Code and message of a refusal."""
        return answers.error(self.body)

    @property
    def refusal(self):
        """Code and message of a refusal, be it of a batch's entry alone; empty texts if there is none."""
        if self.status >= 300:
            return self.error
        failed = json.loads(self.body).get("Failed") if self.body.startswith(b"{") else None
        return (failed[0].get("Code", ""), failed[0].get("Message", "")) if failed and isinstance(failed[0], dict) else ("", "")


class Wire:
    """One kept connection to a server."""

    def __init__(self, endpoint):
        self.address = urllib.parse.urlparse(endpoint).netloc
        self.endpoint = endpoint
        self.connection = http.client.HTTPConnection(self.address, timeout=60)
        self.sent = 0

    def send(self, model, operation, parameters):
        """One request of an operation with these parameters, whatever they are."""
        protocol = model.metadata["protocol"]
        headers = {"Authorization": SIGNATURE.format(model.signing_name)}
        if protocol == "json":
            headers["Content-Type"] = f"application/x-amz-json-{model.metadata['jsonVersion']}"
            headers["X-Amz-Target"] = f"{model.metadata['targetPrefix']}.{operation}"
            return self.exchange("POST", "/", headers, json.dumps(parameters).encode())
        if protocol == "query":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            form = [("Action", operation), ("Version", model.metadata["apiVersion"])]
            flatten(parameters, model.operation_model(operation).input_shape, "", form)
            return self.exchange("POST", "/", headers, urllib.parse.urlencode(form).encode())
        made = rest(model, operation, parameters)
        headers |= made["headers"]
        headers.setdefault("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        # What a client sends as it comes, a header can't hold as it is.
        headers = {name: str(value).encode("utf-8") for name, value in headers.items()}
        return self.exchange(made["method"], made["url_path"], headers, made["body"])

    def exchange(self, method, path, headers, body):
        """One request; on a connection of its own if the server has closed this one."""
        self.sent += 1
        for _ in range(2):
            try:
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                return Answer(response.status, response.headers, response.read())
            except (ConnectionError, http.client.HTTPException):
                self.connection.close()
        raise ConnectionError(f"{method} {path}: the server closes the connection")


def text(value):
    """A scalar of the query protocol."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def flatten(value, shape, prefix, form):
    """The query protocol's form of a value. What isn't of its shape's type is written as it is."""
    kind = shape.type_name if shape is not None else None
    if isinstance(value, dict) and kind == "map":
        if not value:
            form.append((prefix, ""))
        for number, (key, item) in enumerate(value.items(), 1):
            entry = f"{prefix}.entry.{number}"
            form.append((f"{entry}.{shape.key.serialization.get('name', 'key')}", key))
            flatten(item, shape.value, f"{entry}.{shape.value.serialization.get('name', 'value')}", form)
    elif isinstance(value, dict):
        members = shape.members if kind == "structure" else {}
        for name, item in value.items():
            member = members.get(name)
            written = member.serialization.get("name", name) if member is not None else name
            flatten(item, member, f"{prefix}.{written}" if prefix else written, form)
    elif isinstance(value, list):
        if not value:
            form.append((prefix, ""))
        element = shape.member if kind == "list" else None
        name = element.serialization.get("name", "member") if element is not None else "member"
        for number, item in enumerate(value, 1):
            flatten(item, element, f"{prefix}.{name}.{number}", form)
    elif value is not None:
        form.append((prefix, text(value)))


class Lax(botocore.serialize.RestXMLSerializer):
    """S3's serializer, which also writes what isn't of its shape's type."""

    def _serialize_type_timestamp(self, xmlnode, params, shape, name):
        if isinstance(params, str):
            return self._default_serialize(xmlnode, params, shape, name)
        return super()._serialize_type_timestamp(xmlnode, params, shape, name)

    def _serialize_type_boolean(self, xmlnode, params, shape, name):
        if isinstance(params, str):
            return self._default_serialize(xmlnode, params, shape, name)
        return super()._serialize_type_boolean(xmlnode, params, shape, name)

    def _serialize_type_list(self, xmlnode, params, shape, name):
        if isinstance(params, str):
            return self._default_serialize(xmlnode, params, shape, name)
        return super()._serialize_type_list(xmlnode, params, shape, name)

    def _serialize_type_structure(self, xmlnode, params, shape, name):
        if isinstance(params, str):
            return self._default_serialize(xmlnode, params, shape, name)
        known = {key: value for key, value in params.items() if key in shape.members}
        made = super()._serialize_type_structure(xmlnode, known, shape, name)
        for key in params.keys() - known.keys():
            ElementTree.SubElement(xmlnode.findall(f".//{name}")[-1] if xmlnode.tag != name else xmlnode, key).text = "x"
        return made

    def _convert_timestamp_to_str(self, value, timestamp_format=None):
        return value if isinstance(value, str) else super()._convert_timestamp_to_str(value, timestamp_format)

    def _convert_header_value(self, shape, value):
        if isinstance(value, str):
            return value
        return super()._convert_header_value(shape, value)


def rest(model, operation, parameters):
    """An HTTP request of S3's: method, path with its query, headers, body."""
    serializer = Lax()
    operation = model.operation_model(operation)
    made = serializer.serialize_to_request(parameters, operation)
    made["url_path"] = made["url_path"].replace("{Bucket}", urllib.parse.quote(str(parameters.get("Bucket", "")), safe=""))
    query = made["query_string"]
    pairs = []
    for name, value in (query.items() if isinstance(query, dict) else query):
        for one in value if isinstance(value, list) else [value]:
            pairs.append((name, text(one)))
    if pairs:
        joint = "&" if "?" in made["url_path"] else "?"
        made["url_path"] += joint + urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)
    made["headers"] = {name: value for name, value in made["headers"].items()}
    return made
