"""Events: parsing, building, sealing, the client format, storage."""

import re
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.canonical_json import encode_lenient
from homeserver.protocol.errors import BadEvent, BadJson
from homeserver.protocol.event_format import MAX_SIGNED_BYTES
from homeserver.protocol.events import (
    Event,
    Json,
    build_pdu,
    client_event,
    join,
    parse_pdu,
    redacted,
    reference_hash_of,
    seal,
    split,
)
from homeserver.protocol.hashes import (
    canonical,
    check_content_hash,
    content_hash,
    encode_base64,
    event_id_of,
    reference_hash,
)
from homeserver.protocol.identifiers import EventId, RoomId, ServerName, UserId
from homeserver.protocol.redaction import redact_body
from homeserver.protocol.room_versions import ROOM_VERSIONS, V3, V10, V11, V12, RoomVersion
from homeserver.protocol.signing import SigningKey, verify_event
from tests.protocol.strategies import contents, kinds, lenient_values, texts, versions

ALICE = UserId("@alice:a.example")
KEY = SigningKey(ServerName("a.example"), "ed25519:1", sha256(b"a.example").digest())
ROOM = RoomId("!room:a.example")
PREV = EventId("$prev")

each_version = pytest.mark.parametrize("rules", ROOM_VERSIONS.values(), ids=lambda rules: f"v{rules.id}")


def proto(rules: RoomVersion, kind: str = "m.room.message", content: Json | None = None, **fields: Any) -> Json:
    named = rules.create_is_room and kind == "m.room.create"
    given: dict[str, Any] = {
        "room_id": None if named else ROOM,
        "sender": ALICE,
        "type": kind,
        "state_key": "" if named else None,
        "content": {"body": "hello"} if content is None else content,
        "prev_events": [PREV],
        "auth_events": [],
        "depth": 7,
        "ts": 1_700_000_000_000,
        "hashes": {PREV: "A" * 43},
    }
    return build_pdu(rules, **given | fields)


def sent(rules: RoomVersion, kind: str = "m.room.message", content: Json | None = None, **fields: Any) -> Event:
    return seal(proto(rules, kind, content, **fields), rules, KEY)


@given(versions, kinds, contents, st.none() | texts)
def test_what_we_seal_is_what_peers_parse(rules: RoomVersion, kind: str, content: Json, state_key: str | None) -> None:
    fields = {} if rules.create_is_room and kind == "m.room.create" else {"state_key": state_key}
    event = sent(rules, kind, {"membership": "join", **content}, **fields)
    assert parse_pdu(dict(event.pdu), rules) == event
    assert check_content_hash(event.pdu, rules)
    verify_event(event.pdu, rules, KEY.server, KEY.key_id, KEY.verify_key)


@given(versions, kinds, contents, st.none() | texts, st.none() | texts)
def test_stored_events_come_back_byte_for_byte(
    rules: RoomVersion, kind: str, content: Json, state_key: str | None, extra: str | None
) -> None:
    fields = {} if rules.create_is_room and kind == "m.room.create" else {"state_key": state_key}
    event = sent(rules, kind, content, **fields)
    event = replace(event, pdu={**event.pdu, "redacts": extra, "app.hearth.extra": extra})
    stored = join(*split(event, rules), rules)
    assert stored == event
    assert canonical(stored.pdu, rules) == canonical(event.pdu, rules)


@given(lenient_values)
def test_odd_numbers_of_old_versions_survive_storage(value: object) -> None:
    pdu: Json = {**sent(V3).pdu, "content": {"odd": value}}
    event = parse_pdu(pdu, V3)
    assert encode_lenient(join(*split(event, V3), V3).pdu) == encode_lenient(event.pdu)


def test_a_room_of_version_12_is_named_by_its_create_event() -> None:
    event = sent(V12, "m.room.create", {}, prev_events=[])
    assert event.room_id == "!" + event.event_id[1:]
    assert "room_id" not in event.pdu
    assert client_event(event, V12)["room_id"] == event.room_id


@pytest.mark.parametrize("rules", [V10, V11], ids=["v10", "v11"])
def test_clients_find_what_a_redaction_redacts_in_both_places(rules: RoomVersion) -> None:
    event = sent(rules, "m.room.redaction", {"reason": "spam"}, redacts=EventId("$target"))
    client = client_event(event, rules)
    assert (client["redacts"], client["content"]["redacts"]) == ("$target", "$target")
    assert event.redacts(rules) == "$target"
    assert ("redacts" in event.pdu) == (rules is V10)
    assert join(*split(event, rules), rules) == event


@each_version
def test_only_redactions_redact_and_only_by_an_id(rules: RoomVersion) -> None:
    assert sent(rules, "m.room.message", {"redacts": "$x"}).redacts(rules) is None
    unreadable = sent(rules, "m.room.redaction", {"redacts": 5})
    assert replace(unreadable, pdu={**unreadable.pdu, "redacts": 5}).redacts(rules) is None


def test_the_client_format_holds_what_clients_need() -> None:
    event = sent(V12, "m.room.member", {"membership": "join"}, state_key=ALICE)
    assert client_event(event, V12) == {
        "event_id": event.event_id,
        "room_id": ROOM,
        "sender": ALICE,
        "type": "m.room.member",
        "state_key": ALICE,
        "origin_server_ts": 1_700_000_000_000,
        "content": {"membership": "join"},
    }
    assert (event.key, event.target, event.membership) == (("m.room.member", ALICE), ALICE, "join")
    assert event.is_state
    assert "state_key" not in client_event(sent(V12), V12)


def test_a_message_has_no_state_key_to_ask_for() -> None:
    message = sent(V12)
    assert not message.is_state
    assert message.membership is None
    with pytest.raises(ValueError, match="not a state event"):
        _ = message.target


@each_version
def test_a_redacted_event_keeps_its_id(rules: RoomVersion) -> None:
    event = sent(rules)
    bare = redacted(event, rules)
    assert (bare.event_id, bare.content, bare.pdu["content"]) == (event.event_id, {}, {})
    assert event_id_of(bare.pdu, rules) == event.event_id
    assert join(*split(bare, rules), rules) == bare


@given(versions, kinds, contents)
def test_redacting_the_client_format_gives_that_of_the_redacted_event(
    rules: RoomVersion, kind: str, content: Json
) -> None:
    event = sent(rules, kind, {"membership": "join", "redacts": "$x", **content}, redacts=EventId("$target"))
    assert redact_body(client_event(event, rules), rules) == client_event(redacted(event, rules), rules)


@pytest.mark.parametrize("value", [1.5, 2**53, float("nan"), "\ud800"])
@each_version
def test_we_send_nothing_but_canonical_json(rules: RoomVersion, value: object) -> None:
    with pytest.raises(BadJson):
        sent(rules, content={"x": value})


@each_version
def test_our_events_are_at_most_so_large_that_peers_take_them(rules: RoomVersion) -> None:
    empty = len(canonical(sent(rules, content={"body": ""}).pdu, rules))
    body = "x" * (MAX_SIGNED_BYTES - empty)
    event = sent(rules, content={"body": body})
    assert len(canonical(event.pdu, rules)) == MAX_SIGNED_BYTES
    assert parse_pdu(dict(event.pdu), rules) == event
    with pytest.raises(BadEvent):
        sent(rules, content={"body": body + "x"})


@pytest.mark.parametrize("field", ["state_key", "kind"])
def test_names_in_our_events_have_at_most_255_bytes(field: str) -> None:
    name: Json = {field: "é" * 127 + "x"}
    assert parse_pdu(dict(sent(V12, **name).pdu), V12).content == {"body": "hello"}
    name = {field: "é" * 128}
    with pytest.raises(BadEvent):
        sent(V12, **name)


def test_our_events_are_nested_at_most_64_levels_deep() -> None:
    content: Json = {}
    for _ in range(63):
        content = {"x": content}
    assert sent(V12, content=content).content == content
    with pytest.raises(BadJson):
        sent(V12, content={"x": content})


def test_unsigned_is_no_part_of_an_event() -> None:
    event = sent(V12)
    assert parse_pdu({**event.pdu, "unsigned": {"age": 1.5}}, V12) == event


def test_old_events_may_have_more_references_than_new_ones() -> None:
    pdu = dict(sent(V12, prev_events=[EventId(f"${number}") for number in range(21)]).pdu)
    with pytest.raises(BadEvent):
        parse_pdu(pdu, V12)
    assert len(parse_pdu(pdu, V12, limit_references=False).prev_events) == 21


@pytest.mark.parametrize(
    "change",
    [
        {"type": 5},
        {"type": "\ud800" * 100},
        {"type": "x" * 256},
        {"room_id": "!" + "x" * 255},
        {"depth": True},
        {"depth": -1},
        {"origin_server_ts": 2**63},
        {"event_id": "$x"},
        {"state_key": None},
        {"unsigned": []},
        {"room_id": 5},
        {"room_id": "room"},
        {"content": {"x": 1.5}},
        {"content": {"x": "\ud800"}},
        {"prev_events": [5]},
        {"auth_events": ["$room:a.example"]},
        {"hashes": {}},
        {"hashes": {"sha256": 5}},
        {"signatures": {"a.example": 5}},
        {"signatures": {"b.example": {}}},
        {"sender": "alice"},
        {"type": "m.room.member"},
        {"type": "m.room.create"},
        {"content": {"x": "y" * 65_536}},
    ],
    ids=str,
)
def test_what_is_no_event_is_refused(change: Json) -> None:
    with pytest.raises(BadEvent):
        parse_pdu({**sent(V12).pdu, **change}, V12)


@pytest.mark.parametrize("digest", ["", "!!", "A", "AAAA", "AAAAA"])
def test_a_hash_that_cannot_be_read_is_wrong(digest: str) -> None:
    event = sent(V12)
    assert not check_content_hash({**event.pdu, "hashes": {"sha256": digest}}, V12)
    padded = encode_base64(content_hash(event.pdu, V12)) + "="
    assert check_content_hash({**event.pdu, "hashes": {"sha256": padded}}, V12)


@pytest.mark.parametrize("version", ["1", "2"])
def test_in_the_first_versions_servers_name_events_and_references_carry_hashes(version: str) -> None:
    rules = ROOM_VERSIONS[version]
    first = sent(rules)
    assert re.fullmatch(r"\$[\w-]{43}:a\.example", first.event_id)
    second = sent(
        rules,
        prev_events=[first.event_id],
        auth_events=[first.event_id],
        hashes={first.event_id: reference_hash_of(first, rules)},
    )
    assert second.prev_events == second.auth_events == (first.event_id,)
    digest = reference_hash(first.pdu, rules)
    assert (
        second.pdu["prev_events"] == second.pdu["auth_events"] == [[first.event_id, {"sha256": encode_base64(digest)}]]
    )
    assert reference_hash_of(redacted(first, rules), rules) == encode_base64(digest)
    assert sent(rules, ts=5).event_id != first.event_id
    untold = sent(rules, prev_events=[first.event_id], hashes={first.event_id: None})
    assert untold.pdu["prev_events"] == [[first.event_id, {}]]
