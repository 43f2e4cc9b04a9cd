"""What web/replay/src/data.js does, in Python: an independent reading of what pack.py writes."""

import base64
import json
import re
import struct
import zlib
from typing import Any

import numpy as np


def unpacked(content_zlib: bytes) -> dict[str, Any]:
    """Header with every array in its place."""
    content = zlib.decompress(content_zlib)
    (length,) = struct.unpack("<I", content[:4])
    return _restored(json.loads(content[4 : 4 + length]), content[4 + length :])


def from_page(text: str) -> dict[str, Any]:
    """The same of an HTML page."""
    match = re.search(r'<script type="text/plain" id="data">([^<]*)</script>', text)
    assert match
    return unpacked(base64.b64decode(match[1]))


def _restored(value: Any, body: bytes) -> Any:
    if isinstance(value, list):
        return [_restored(item, body) for item in value]
    if not isinstance(value, dict):
        return value
    if "at" not in value:
        return {key: _restored(item, body) for key, item in value.items()}
    dtype, count = np.dtype(f"<{value['kind']}"), int(np.prod(value["shape"]))
    planes = np.frombuffer(body, np.uint8, count * dtype.itemsize, value["at"]).reshape(
        dtype.itemsize, count
    )
    array = np.frombuffer(planes.T.tobytes(), dtype).reshape(value["shape"])
    for _ in range(value["differences"]):
        array = np.cumsum(array, axis=0, dtype=dtype)
    return array * value["step"]
