"""Values as bytes: a header of JSON, then plain little-endian arrays. No pickle, so bytes from anywhere can be read safely.

Layout: MAGIC, length of the header (8 bytes, little-endian), header (UTF-8 JSON; its "arrays" lists name, type and shape), arrays.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float16] | NDArray[np.float32]

MAGIC: Final = b"UCC matcher 1\n"
_TYPES: Final = {"<f2": 2, "<f4": 4}


def packed(header: Mapping[str, object], arrays: Mapping[str, Array]) -> bytes:
    """The same bytes for the same values on every machine."""
    listed = [[name, array.dtype.newbyteorder("<").str, list(array.shape)] for name, array in arrays.items()]
    head = json.dumps({**header, "arrays": listed}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    body = b"".join(a.astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays.values())
    return MAGIC + len(head).to_bytes(8, "little") + head + body


def unpacked(data: bytes) -> tuple[dict[str, object], dict[str, Array]]:
    """What `packed` was given. Raises ValueError when `data` is anything else, cut short or too long."""
    if not data.startswith(MAGIC):
        raise ValueError("not a matcher model of this version")
    at = len(MAGIC) + 8
    size = int.from_bytes(data[len(MAGIC) : at], "little")
    loaded: object = json.loads(data[at : at + size].decode())
    if not isinstance(loaded, dict):
        raise ValueError("the header is not an object")
    header = cast(dict[str, object], loaded)
    at += size
    arrays: dict[str, Array] = {}
    for name, kind, shape in cast(list[tuple[str, str, list[int]]], header.pop("arrays", [])):
        if kind not in _TYPES or any(n < 0 for n in shape):
            raise ValueError("an array of an unknown type or shape")
        length = math.prod(shape) * _TYPES[kind]
        if at + length > len(data):
            raise ValueError("the bytes end too early")
        arrays[name] = np.frombuffer(data[at : at + length], dtype=kind).reshape(shape)
        at += length
    if at != len(data):
        raise ValueError("there are bytes too many")
    return header, arrays
