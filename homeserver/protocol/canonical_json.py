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


def encode(value: object) -> bytes:
    """The canonical bytes. Raises BadJson on floats, integers beyond 2^53 - 1 and lone surrogates."""
    check_strict(value)
    return encode_checked(value)


def encode_checked(value: object) -> bytes:
    """As `encode`, for what has passed `check_strict` before: spares the walk that looks for floats."""
    try:
        return orjson.dumps(value, option=_CANONICAL)
    except TypeError as error:
        raise BadJson(f"not canonical JSON: {error}") from error


def encode_lenient(value: object) -> bytes:
    """As `encode`, for room versions 3 to 5 that also take floats and any integer."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
        return text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise BadJson(f"not JSON: {error}") from error


def decode(data: bytes | str) -> Any:  # noqa: ANN401 - the JSON border
    """Parse JSON; integers of any size stay exact. Raises BadJson (not JSON, NaN, lone surrogates, nested too deep)."""
    try:
        value = orjson.loads(data)
        return json.loads(data) if _has_float(value) else value
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not JSON: {error}") from error


def check_strict(value: object, depth: int = MAX_DEPTH) -> None:
    """Raises BadJson unless `value` is canonical JSON of at most `depth` levels: no floats, integers below 2^53."""
    if isinstance(value, dict | list):
        if depth == 0:
            raise BadJson("nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            # Most values are texts: not to call for them halves the time.
            if type(item) is not str:
                check_strict(item, depth - 1)
    elif isinstance(value, float):
        raise BadJson("a number is not an integer")
    elif isinstance(value, int) and not -MAX_INT <= value <= MAX_INT:
        raise BadJson("an integer is out of range")


def check_depth(value: object, depth: int = MAX_DEPTH) -> None:
    """Raises BadJson if `value` has more than `depth` levels of objects and lists."""
    if isinstance(value, dict | list):
        if depth == 0:
            raise BadJson("nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            check_depth(item, depth - 1)


def _has_float(value: object) -> bool:
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
