"""A large object is taken apart the same way, however its bytes arrive."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.errors import BadJson
from homeserver.protocol.json_items import MAX_ITEM_BYTES, ItemSplitter

LISTS = ("state", "auth_chain")
TEXTS = st.text(alphabet='ab"\\{}[]:, state\n\u00e9\U0001f600', max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def split(data: bytes, size: int) -> tuple[list[tuple[str, bytes]], dict[str, object]]:
    splitter = ItemSplitter(LISTS)
    items = [item for at in range(0, len(data), size) for item in splitter.feed(data[at : at + size])]
    return items, splitter.rest()


@given(
    rest=st.dictionaries(TEXTS.filter(lambda name: name not in LISTS), VALUES, max_size=4),
    state=st.lists(OBJECTS, max_size=4),
    chain=st.lists(OBJECTS, max_size=4),
    size=st.integers(1, 70),
)
def test_items_and_rest_are_those_of_the_whole(
    rest: dict[str, object], state: list[object], chain: list[object], size: int
) -> None:
    items, left = split(orjson.dumps({**rest, "state": state, "x": {"state": [{}]}, "auth_chain": chain}), size)
    assert [orjson.loads(text) for field, text in items if field == "state"] == state
    assert [orjson.loads(text) for field, text in items if field == "auth_chain"] == chain
    assert left == {**rest, "state": [], "x": {"state": [{}]}, "auth_chain": []}


def test_what_is_no_object_in_the_lists_is_left_out() -> None:
    items, left = split(b'{"state": [1, "a]", {"b": 1}, null , [{"c": 2}]]}', 5)
    assert [text for _, text in items] == [b'{"b": 1}', b'[{"c": 2}]']
    assert left == {"state": []}


@pytest.mark.parametrize("data", [b"", b"[]", b'{"state": [', b'{"state": [{"a": "', b"{}}", b'{"a": 1}]', b"{} {}"])
def test_what_is_not_one_whole_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadJson):
        split(data, 3)


@pytest.mark.parametrize("endless", [b'{"state": [{"a": "' + b"b" * 70_000, b'{"state": [' + b"[" * 70_000])
def test_an_item_without_end_is_not_kept(endless: bytes) -> None:
    splitter = ItemSplitter(LISTS)
    with pytest.raises(BadJson):
        for _ in range(MAX_ITEM_BYTES // 60_000 + 2):
            splitter.feed(endless)
            endless = endless[-65_536:]
