"""Canonical JSON: strict in and out. Spec: Appendices, Canonical JSON.

`orjson` does the work: its sorted output is canonical, its parser refuses NaN and lone surrogates. It passes floats and
turns integers beyond 64 bits into floats; both are met here.
"""

import json
from typing import Any, Final

import orjson

from homeserver.protocol.errors import BadJson

MAX_INT: Final = 2**53 - 1
MAX_DEPTH: Final = 127
"""Levels of objects and lists that one event may have; peers drop what goes deeper."""

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def encode(value: Any) -> bytes:
    """The canonical bytes. Raises BadJson on floats, integers beyond 2^53 - 1 and lone surrogates."""
    check_strict(value)
    return encode_checked(value)


def encode_checked(value: Any) -> bytes:
    """As `encode`, for what has passed `check_strict` before: spares the walk that looks for floats."""
    try:
        return orjson.dumps(value, option=_CANONICAL)
    except TypeError as error:
        raise BadJson(f"not canonical JSON: {error}") from error


def encode_lenient(value: Any) -> bytes:
    """As `encode`, for room versions 3 to 5 that also take floats and any integer."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
        return text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadJson(f"not JSON: {error}") from error


def decode(data: bytes | str) -> Any:
    """Parse JSON; integers of any size stay exact. Raises BadJson (not JSON, NaN, lone surrogates, nested too deep)."""
    try:
        value = orjson.loads(data)
        return json.loads(data) if _has_float(value) else value
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not JSON: {error}") from error


def check_strict(value: Any, depth: int = MAX_DEPTH) -> None:
    """Raises BadJson unless `value` is canonical JSON at most `depth` levels deep: no floats, integers within 2^53 - 1."""
    kind = type(value)
    if kind is str:
        return
    if kind is int:
        if not -MAX_INT <= value <= MAX_INT:
            raise BadJson("an integer is out of range")
    elif kind is float:
        raise BadJson("a number is not an integer")
    elif kind is dict or kind is list:
        if depth == 0:
            raise BadJson("nested too deep")
        for item in value.values() if kind is dict else value:
            if type(item) is not str:
                check_strict(item, depth - 1)


def check_depth(value: Any, depth: int = MAX_DEPTH) -> None:
    """Raises BadJson if `value` has more than `depth` levels of objects and lists."""
    if isinstance(value, dict | list):
        if depth == 0:
            raise BadJson("nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            check_depth(item, depth - 1)


def _has_float(value: Any) -> bool:
    """Without recursion: what was parsed may be nested deeper than Python calls may."""
    pending = [value]
    while pending:
        match pending.pop():
            case float():
                return True
            case dict() as obj:
                pending.extend(obj.values())
            case list() as items:
                pending.extend(items)
    return False
