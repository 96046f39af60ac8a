"""What a picture is, for schemathesis: of bytes by chance none is one.

    SCHEMATHESIS_HOOKS=tests/foreign/schemathesis/tasks.py schemathesis run http://127.0.0.1:PORT/openapi.json --checks all
"""

import re
import struct
import uuid
import zlib

import schemathesis
from hypothesis import strategies as st


def picture(width: int, height: int, pixels: bytes) -> bytes:
    """A gray PNG of some size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = (pixels * (width // len(pixels) + 1))[:width]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress((b"\0" + row) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


schemathesis.openapi.media_type(
    "image/png",
    st.builds(picture, st.integers(1, 200), st.integers(1, 200), st.binary(min_size=1, max_size=64)),
)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key that came with another file before is rightly refused: each request has its own."""
    headers = case.headers or {}
    if re.fullmatch(r"[!#-\[\]-~]{1,255}", str(headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
