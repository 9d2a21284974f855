"""Paths to properties of events, such as `content.m\\.relates_to.rel_type`.

Spec: Appendices, Dot-separated property paths.
"""

from collections.abc import Mapping
from typing import Final

Path = tuple[str, ...]


class Absent:
    """The type of `ABSENT`: what stands at a path that leads nowhere (a value may be null)."""


ABSENT: Final = Absent()


def parse_path(text: str) -> Path:
    r"""The names of a path. `\.` and `\\` stand for a dot and a backslash in a name; other escapes for themselves."""
    names, name, escaped = [], "", False
    for sign in text:
        if escaped:
            name += sign if sign in ".\\" else "\\" + sign
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == ".":
            names.append(name)
            name = ""
        else:
            name += sign
    return (*names, name + "\\" * escaped)


def value_at(value: object, path: Path) -> object:
    """What stands at `path` below `value`, or ABSENT."""
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return ABSENT
        value = value[name]
    return value
