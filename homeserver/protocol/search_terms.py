"""Texts as search compares them: folded, cut into words, and words into grams that an index can hold.

Folding takes away what people do not type: case, widths and forms, accents of Latin, Greek and Cyrillic, the points
of Hebrew and Arabic. Words of scripts that put spaces between words are found by any three letters in a row, and by
their first one or two; scripts without spaces, syllable blocks and emoji by each sign and each two neighbours. Two
words in a row are a gram too, for phrases.
Pure. Not for: what is searched, and by whom (`services.search`). Spec: Client-Server API, Server Side Search.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zlib import crc32

MAX_TEXT: Final = 20_000
"""Characters of one text that are looked at."""
MAX_WORD: Final = 64
"""Letters of one word that are cut into grams."""
MAX_GRAMS: Final = 4_000
MAX_TERMS: Final = 16
GRAM: Final = 3

_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
_TERM: Final = re.compile(r'"([^"]*)"?|(\S+)')
_MARKS: Final = (
    (0x0300, 0x036F),  # accents
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),
    (0x064B, 0x065F),  # Arabic points
    (0x0670, 0x0670),
    (0x0640, 0x0640),  # tatweel
)
_DENSE: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x318F),  # kana, Bopomofo, Hangul letters
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4CF),  # Yi
    (0xA960, 0xA97F),
    (0xAA60, 0xAA7F),
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)
_KEEPS_BREVE: Final = "\u0438\u0306"
"""The short i of Cyrillic is a letter of its own."""

_NOTHING, _LETTER, _SIGN = 0, 1, 2


def fold(text: str) -> str:
    """The text without case, accents and forms; of the same text always the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("\u0131", "i").replace("\u03c2", "\u03c3")
    bare = decomposed.replace(_KEEPS_BREVE, "\u0439").translate(_DROPPED)
    return unicodedata.normalize("NFKC", bare)


_DROPPED: Final = {code: None for first, last in _MARKS for code in range(first, last + 1)}


@lru_cache(maxsize=16_384)
def _kind(char: str) -> int:
    code = ord(char)
    category = unicodedata.category(char)
    if category in {"So", "Sk"}:
        return _SIGN if code > 0xFF else _NOTHING
    if not (char.isalnum() or category[0] == "M") or 0xFE00 <= code <= 0xFE0F:
        return _NOTHING
    if any(first <= code <= last for first, last in _DENSE):
        return _SIGN
    return _LETTER


def runs(folded: str) -> Iterator[tuple[str, bool]]:
    """The words of a folded text, and for each whether it is made of signs (looked for singly and in twos)."""
    if folded.isascii():
        for word in _ASCII_WORD.findall(folded):
            yield word, False
        return
    start, kind = 0, _NOTHING
    for at, char in enumerate(folded):
        now = _kind(char)
        if now != kind:
            if kind:
                yield folded[start:at], kind == _SIGN
            start, kind = at, now
    if kind:
        yield folded[start:], kind == _SIGN


def gram_hash(gram: str) -> int:
    """A gram as a signed number of 32 bits."""
    value = crc32(gram.encode("utf-8", "surrogatepass"))
    return value - (1 << 32) if value >= 1 << 31 else value


@lru_cache(maxsize=65_536)
def _indexed(word: str, is_sign: bool) -> frozenset[int]:
    if is_sign:
        grams = {*word, *(word[at : at + 2] for at in range(len(word) - 1))}
    else:
        grams = {f"^{word[0]}", f"^{word[:2]}", *(word[at : at + GRAM] for at in range(len(word) - GRAM + 1))}
    return frozenset(map(gram_hash, grams))


def index_grams(*texts: str) -> set[int]:
    """Hashes of everything these texts can be found by, at most `MAX_GRAMS`."""
    found: set[int] = set()
    for text in texts:
        before = ""
        for word, is_sign in runs(fold(text[:MAX_TEXT])):
            if before and not is_sign:
                found.add(gram_hash(f"{before} {word}"))
            before = "" if is_sign else word
            if is_sign:
                found |= _indexed(word, True) if len(word) <= MAX_WORD else _of_long(word)
            else:
                found |= _indexed(word[:MAX_WORD], False)
            if len(found) > MAX_GRAMS:
                return set(sorted(found)[:MAX_GRAMS])
    return found


def _of_long(signs: str) -> set[int]:
    """The grams of a long run of signs: a whole text is one where nobody writes spaces."""
    return set(map(gram_hash, {*signs, *(signs[at : at + 2] for at in range(len(signs) - 1))}))


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be in a text. `text` is folded; `is_prefix`: too short to be looked for inside words.

    `is_phrase`: several whole words in a row.
    """

    text: str
    grams: frozenset[int]
    is_prefix: bool = False
    is_phrase: bool = False

    def found_in(self, folded: str) -> int:
        """How often it is in a folded text."""
        if self.is_phrase:
            return _joined(folded).count(f" {self.text} ")
        if not self.is_prefix:
            return folded.count(self.text)
        return sum(1 for word, is_sign in runs(folded) if not is_sign and word.startswith(self.text))


@dataclass(frozen=True, slots=True)
class Terms:
    """What was typed into a search box: all terms must be found."""

    terms: Sequence[Term]
    words: Sequence[str]
    """What to highlight: the words as folded."""

    @property
    def grams(self) -> set[int]:
        """Hashes that every text which fits has."""
        return {gram for term in self.terms for gram in term.grams}

    def fit(self, *texts: str) -> bool:
        """Whether every term is in one of the texts."""
        folded = [fold(text[:MAX_TEXT]) for text in texts]
        return all(any(term.found_in(text) for text in folded) for term in self.terms)

    def rank(self, *texts: str) -> float:
        """How well texts that fit do so: whole words before beginnings before insides, short texts before long."""
        text = "\n".join(fold(text[:MAX_TEXT]) for text in texts)
        words = [word for word, _ in runs(text)]
        score = 0.0
        for term in self.terms:
            times = max(1, term.found_in(text))
            if term.is_phrase or term.text in words:
                weight = 1.0
            elif any(word.startswith(term.text) for word in words):
                weight = 0.7
            else:
                weight = 0.4
            score += weight * (1 + math.log(times))
        return round(score / max(1, len(self.terms)) / (1 + 0.15 * math.log(1 + len(words))), 6)


def parse_terms(text: str) -> Terms:
    """What is typed into a search box: words, and "phrases" in quotes. Without anything to look for, no terms."""
    terms: list[Term] = []
    words: list[str] = []
    for match in _TERM.finditer(text[:MAX_TEXT]):
        phrase, word = match.groups()
        folded = fold(phrase if phrase is not None else word).strip()
        found = list(runs(folded))
        words += [run for run, _ in found]
        if phrase is not None and len(found) > 1:
            terms.append(_phrase(found))
        else:
            terms += [_term(run, is_sign=is_sign) for run, is_sign in found]
    return Terms(tuple(dict.fromkeys(terms))[:MAX_TERMS], tuple(dict.fromkeys(words)))


def _term(run: str, *, is_sign: bool) -> Term:
    return Term(run, _wanted(run, is_sign=is_sign), is_prefix=not is_sign and len(run) < GRAM)


def _wanted(run: str, *, is_sign: bool) -> frozenset[int]:
    """Grams that a text with this run must have."""
    run = run[:MAX_WORD]
    size = 2 if is_sign else GRAM
    if len(run) < size:
        grams = {run if is_sign else f"^{run}"}
    else:
        grams = {run[at : at + size] for at in range(len(run) - size + 1)}
    return frozenset(map(gram_hash, grams))


def _phrase(found: Sequence[tuple[str, bool]]) -> Term:
    """Whole words in a row, whatever stands between them."""
    grams: set[int] = set()
    for at, (run, is_sign) in enumerate(found):
        if at == 0 or is_sign or found[at - 1][1]:
            grams |= _wanted(run, is_sign=is_sign)
        else:
            grams.add(gram_hash(f"{found[at - 1][0]} {run}"))
    return Term(" ".join(run for run, _ in found), frozenset(grams), is_phrase=True)


def _joined(folded: str) -> str:
    """The words of a text, each between single spaces; signs that follow each other are one word."""
    return f" {' '.join(word for word, _ in runs(folded))} "
