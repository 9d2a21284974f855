import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.errors import BadJson
from homeserver.protocol.filters import (
    EVERYTHING,
    MAX_FILTER_BYTES,
    EventMatcher,
    SyncFilter,
    parse_event_filter,
    parse_filter,
    select_fields,
)
from homeserver.protocol.property_paths import parse_path
from tests.protocol.factory import ALICE, BOB


def matcher(**conditions: Any) -> EventMatcher:
    return EventMatcher(parse_event_filter(json.dumps(conditions)))


def compiled(**keys: Any) -> SyncFilter:
    return SyncFilter(parse_filter(json.dumps(keys)))


def test_an_empty_filter_lets_everything_through() -> None:
    assert EVERYTHING.room_timeline.matches("m.room.message", ALICE, "!r")
    assert EVERYTHING.rooms.allows_room("!r")
    assert EVERYTHING.room_timeline.limit() == 10
    assert not EVERYTHING.include_leave
    assert EVERYTHING.event_fields is None


def test_types_take_stars_for_any_run_of_characters() -> None:
    chosen = matcher(types=["m.room.*", "*.call*invite", "m.tag"])
    assert [t for t in ("m.room.", "m.room.name", "m.call.x.invite", "m.tag") if chosen.matches(t, ALICE)] == [
        "m.room.", "m.room.name", "m.call.x.invite", "m.tag",
    ]  # fmt: skip
    assert not any(chosen.matches(t, ALICE) for t in ("m.roo", "M.room.name", "m.call.x", "x.m.tag", "m.tagg"))


def test_question_marks_are_ordinary_characters_in_types() -> None:
    assert not matcher(types=["m.ro?m.*"]).matches("m.room.name", ALICE)


def test_parts_between_stars_may_not_overlap() -> None:
    assert not matcher(types=["ab*ba"]).matches("aba", ALICE)
    assert not matcher(types=["a*b*b"]).matches("ab", ALICE)
    assert matcher(types=["a*b*b"]).matches("abb", ALICE)
    assert not matcher(types=["a*c*b"]).matches("abb", ALICE)


def test_what_is_excluded_wins_over_what_is_included() -> None:
    assert not matcher(types=["m.*"], not_types=["m.room.*"]).matches("m.room.name", ALICE)
    assert not matcher(senders=[ALICE], not_senders=[ALICE]).matches("m.tag", ALICE)
    assert not matcher(rooms=["!r"], not_rooms=["!r"]).matches("m.tag", ALICE, "!r")


def test_an_empty_list_includes_nothing() -> None:
    assert not matcher(types=[]).matches("m.tag", ALICE)
    assert not matcher(senders=[]).matches("m.tag", ALICE)
    assert not matcher(rooms=[]).matches("m.tag", ALICE, "!r")


def test_senders_and_rooms_are_matched_exactly() -> None:
    assert matcher(senders=[ALICE]).matches("m.tag", ALICE)
    assert not matcher(senders=[ALICE]).matches("m.tag", BOB)
    assert matcher(rooms=["!r"]).matches("m.tag", ALICE, "!r")
    assert not matcher(rooms=["!r"]).matches("m.tag", ALICE, "!s")


def test_room_conditions_do_not_touch_presence() -> None:
    assert matcher(rooms=["!r"]).matches("m.presence", ALICE)


def test_events_can_be_chosen_by_having_a_url() -> None:
    assert matcher(contains_url=True).matches("m.sticker", ALICE, has_url=True)
    assert not matcher(contains_url=True).matches("m.sticker", ALICE)
    assert not matcher(contains_url=False).matches("m.sticker", ALICE, has_url=True)
    assert matcher().matches("m.sticker", ALICE, has_url=True)


def test_the_rooms_of_the_room_filter_come_before_those_of_its_parts() -> None:
    chosen = compiled(
        room={"rooms": ["!a", "!b"], "not_rooms": ["!b"], "timeline": {"rooms": ["!b", "!c", "!a"]}, "state": {}}
    )
    assert chosen.rooms.allows_room("!a")
    assert not chosen.rooms.allows_room("!b")
    assert not chosen.room_timeline.allows_room("!c")
    assert chosen.room_timeline.allows_room("!a")
    assert not chosen.room_state.allows_room("!c")


def test_the_limit_is_capped() -> None:
    assert matcher(limit=5_000).limit() == 1_000
    assert matcher(limit=5_000).limit(most=7) == 7
    assert matcher(limit=0).limit() == 0
    assert matcher().limit(default=20) == 20


def test_lazy_loading_is_off_unless_asked_for() -> None:
    chosen = matcher(lazy_load_members=True).filter
    assert chosen.lazy_load_members
    assert not chosen.include_redundant_members
    assert not matcher().filter.lazy_load_members


@pytest.mark.parametrize(
    ("conditions", "takes_all"),
    [
        ({}, True),
        ({"limit": 3, "rooms": ["!r"], "not_rooms": ["!s"]}, True),
        ({"types": ["m.*"]}, False),
        ({"not_types": ["m.*"]}, False),
        ({"senders": [ALICE]}, False),
        ({"not_senders": [ALICE]}, False),
        ({"contains_url": False}, False),
    ],
)
def test_only_conditions_on_events_leave_events_of_a_room_out(conditions: dict[str, Any], takes_all: bool) -> None:
    assert matcher(**conditions).takes_all is takes_all


def test_a_filter_can_be_asked_for_whole_events() -> None:
    chosen = compiled(event_fields=["type"], event_format="federation", room={"timeline": {"limit": 3}})
    whole = chosen.with_whole_events()
    assert (whole.event_fields, whole.event_format) == (None, "client")
    assert whole.room_timeline is chosen.room_timeline
    assert (chosen.event_fields, chosen.event_format) == ((("type",),), "federation")


def test_unknown_keys_are_ignored() -> None:
    assert matcher(**{"org.example.new": {"deep": [1]}}).matches("m.tag", ALICE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '"0"',
        "{",
        '{"room":[]}',
        '{"event_format":"pdu"}',
        '{"event_fields":"content"}',
        '{"presence":{"limit":"10"}}',
        '{"presence":{"limit":-1}}',
        '{"presence":{"limit":1.5}}',
        '{"presence":{"types":[1]}}',
        '{"presence":{"senders":["alice"]}}',
        '{"room":{"rooms":["room"]}}',
        '{"room":{"rooms":["!' + "r" * 300 + '"]}}',
        json.dumps({"event_fields": ["a"] * 101}),
        '{"x":' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"event_fields":["\ud800"]}',
        " " * (MAX_FILTER_BYTES + 1),
    ],
)
def test_a_filter_that_is_wrong_is_bad_json(text: str) -> None:
    with pytest.raises(BadJson):
        parse_filter(text)


@given(st.binary(max_size=60))
def test_no_bytes_make_the_parser_fail_otherwise(data: bytes) -> None:
    with contextlib.suppress(BadJson):
        parse_event_filter(data)


EVENT = {"type": "m.room.message", "content": {"body": "hi", "m.x": {"a": 1, "b": 2}}, "sender": ALICE}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["type"], {"type": "m.room.message"}),
        (["content.body"], {"content": {"body": "hi"}}),
        ([r"content.m\.x.a", "content.body"], {"content": {"m.x": {"a": 1}, "body": "hi"}}),
        (["content", "content.body"], {"content": EVENT["content"]}),
        (["content.body", "content"], {"content": EVENT["content"]}),
        (["content.missing", "content.body.deeper"], {}),
        ([], {}),
    ],
)
def test_only_the_fields_asked_for_are_kept(fields: list[str], expected: dict[str, Any]) -> None:
    before = json.dumps(EVENT)
    assert select_fields(EVENT, [parse_path(field) for field in fields]) == expected
    assert json.dumps(EVENT) == before


def test_event_fields_are_paths() -> None:
    assert compiled(event_fields=["content.body"]).event_fields == (("content", "body"),)
