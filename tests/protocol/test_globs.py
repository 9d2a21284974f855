import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.globs import MAX_PATTERN, Glob, WordGlob, contains_words

patterns = st.text(alphabet="ab?*-_", max_size=8)
texts = st.text(alphabet="ab-_\n", max_size=12)


def as_expression(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)


@given(patterns, texts)
def test_a_glob_matches_what_the_regular_expression_for_it_matches(pattern: str, text: str) -> None:
    assert Glob(pattern).matches(text) == bool(re.fullmatch(as_expression(pattern), text, re.DOTALL))


@given(patterns, texts)
def test_a_word_glob_finds_what_some_part_between_word_boundaries_matches(pattern: str, text: str) -> None:
    boundaries = [
        place
        for place in range(len(text) + 1)
        if place in (0, len(text)) or not (re.match(r"\w", text[place - 1]) and re.match(r"\w", text[place]))
    ]
    expected = any(
        re.fullmatch(as_expression(pattern), text[start:end], re.DOTALL)
        for start in boundaries
        for end in boundaries
        if start <= end
    )
    assert WordGlob(pattern).found_in(text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("ex*ple", "an example event.", True),
        ("ex*ple", "exple", True),
        ("ex*ple", "an exciting triple-whammy", True),
        ("ex*ple", "flexing examples", False),
        ("bob", "ask bob's", True),
        ("bob", "bobby", False),
        ("bob", "über_bob", False),
        ("bob", "übob", True),  # only ASCII letters are word characters
    ],
)
def test_words_are_found_as_the_specification_shows(pattern: str, text: str, found: bool) -> None:
    assert WordGlob(pattern).found_in(text) is found


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [("?b*", "abc", True), ("?b*", "acb", False), ("*?c", "abc", True), ("*b?", "abc", True), ("a?c", "abd", False)],
)
def test_question_marks_stand_beside_stars(pattern: str, text: str, fits: bool) -> None:
    assert Glob(pattern).matches(text) is fits


def test_the_pattern_is_matched_in_any_case() -> None:
    assert Glob("M.Room.*").matches("m.room.name")
    assert WordGlob("BoB").found_in("hello bob")


def test_a_pattern_that_is_too_long_matches_nothing() -> None:
    assert not Glob("*" * (MAX_PATTERN + 1)).matches("a")
    assert not WordGlob("*" * (MAX_PATTERN + 1)).found_in("a")


def test_words_with_stars_in_them_can_be_found_as_they_are() -> None:
    assert contains_words("*bob*", "hello *bob*!")
    assert not contains_words("*bob*", "hello bob")
    assert not contains_words("bob", "bobby")
    assert not contains_words("", "")
    assert contains_words("i", "i am")


@pytest.mark.parametrize("pattern", ["*a" * 500, "a?" * 500, "?" * 999 + "b", "a" * 999 + "b", "*a?" * 300 + "b"])
@pytest.mark.parametrize("text", ["a" * 65_000, "a " * 32_500])
def test_no_pattern_takes_long_on_the_largest_body(pattern: str, text: str) -> None:
    started = time.process_time()
    WordGlob(pattern).found_in(text)
    Glob(pattern).matches(text)
    assert time.process_time() - started < 1.0
