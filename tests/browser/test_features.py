"""Each feature of the web client names a story that exists, and the document says the same. Needs no browser."""

from tests.browser.features import ROWS
from tools.features import DOCUMENT, document, stories


def test_every_feature_has_a_story_that_exists() -> None:
    known = stories()
    assert [row for row in ROWS if row.story and row.story not in known] == []
    assert [row for row in ROWS if not row.story] == []


def test_every_feature_says_by_what_it_is_shown() -> None:
    assert [row.name for row in ROWS if not row.shown] == []


def test_no_feature_is_named_twice() -> None:
    names = [(row.area, row.name) for row in ROWS]
    assert len(set(names)) == len(names)


def test_the_document_is_what_the_stories_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m tools.features"
