"""Matching of globs (`*`: any run of characters, `?`: one character) in time bounded by text length x pattern length.

A pattern is cut at its stars into parts of fixed length; parts are found one after another from the left, which never
needs a second try. So no pattern, whoever wrote it, can make a match explode. Matching ignores case: the text handed in
must be lower case already (`str.lower`), since many patterns are tried on one text.
Spec: Appendices, Glob-style matching.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

MAX_PATTERN: Final = 1024
"""Longer patterns match nothing: identifiers and words that people ask to be told of are far shorter."""

_BOUNDARY: Final = r"(?:(?<!\w)|(?!\w))"
"""Not between two word characters; with re.ASCII those are the letters, digits and underscore that the text names."""

_Find = Callable[[str, int], int]


class Glob:
    """A pattern that has to fit a whole text."""

    __slots__ = ("_first", "_inner", "_last", "_possible")

    def __init__(self, pattern: str) -> None:
        self._possible = len(pattern) <= MAX_PATTERN
        self._first, *inner = pattern.lower().split("*")
        self._last = inner.pop() if inner else None
        self._inner = _finders(inner)

    def matches(self, text: str) -> bool:
        if not self._possible:
            return False
        if self._last is None:
            return len(text) == len(self._first) and _stands(self._first, text, 0)
        end = len(text) - len(self._last)
        if end < len(self._first) or not _stands(self._first, text, 0) or not _stands(self._last, text, end):
            return False
        after = _skip(self._inner, text, len(self._first))
        return after is not None and after <= end


class WordGlob:
    """A pattern that has to fit a part of a text which starts and ends at a word boundary.

    A place is a boundary unless ASCII letters, digits or underscores stand on both its sides.
    Spec: Client-Server API, Push Rules, event_match.
    """

    __slots__ = ("_finders", "_possible")

    def __init__(self, pattern: str) -> None:
        self._possible = len(pattern) <= MAX_PATTERN
        parts = pattern.lower().split("*") if self._possible else []
        self._finders = _finders(parts, whole_words=True)

    def found_in(self, text: str) -> bool:
        return self._possible and _skip(self._finders, text, 0) is not None


def contains_words(words: str, text: str) -> bool:
    """Whether `words`, in which nothing is special, stand in `text` with a word boundary on both sides."""
    if not 0 < len(words) <= MAX_PATTERN or words not in text:
        return False
    return re.search(_BOUNDARY + re.escape(words) + _BOUNDARY, text, re.ASCII) is not None


def _finders(parts: Sequence[str], *, whole_words: bool = False) -> tuple[tuple[int, _Find], ...]:
    """Length and finder of each part; with `whole_words` the first starts and the last ends at a word boundary."""
    last = len(parts) - 1
    return tuple(
        (len(part), _finder(part, starts=whole_words and place == 0, ends=whole_words and place == last))
        for place, part in enumerate(parts)
    )


def _finder(part: str, *, starts: bool, ends: bool) -> _Find:
    """A function (text, from) -> first place of `part`, or -1."""
    if "?" not in part and not starts and not ends:
        return lambda text, start: text.find(part, start)
    core = "".join("." if sign == "?" else re.escape(sign) for sign in part)
    # No quantifiers: the expression has one length, so it cannot try again.
    expression = re.compile(_BOUNDARY * starts + core + _BOUNDARY * ends, re.DOTALL | re.ASCII)
    literal = "" if "?" in part else part

    def find(text: str, start: int) -> int:
        start = text.find(literal, start)  # far faster, and most texts do not hold the word at all
        found = expression.search(text, start) if start >= 0 else None
        return -1 if found is None else found.start()

    return find


def _skip(finders: Sequence[tuple[int, _Find]], text: str, start: int) -> int | None:
    """Where the leftmost run of the parts from `start` on ends, or None."""
    for length, find in finders:
        found = find(text, start)
        if found < 0:
            return None
        start = found + length
    return start


def _stands(part: str, text: str, start: int) -> bool:
    """Whether `part` stands in `text` at `start`; the caller knows that there is room for it."""
    if "?" not in part:
        return text.startswith(part, start)
    return all(sign in ("?", text[start + place]) for place, sign in enumerate(part))
