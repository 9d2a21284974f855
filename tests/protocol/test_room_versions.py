"""The table of room versions against the one derived from the specification, redactions, and power levels in force."""

from dataclasses import replace

import pytest

from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, Json
from homeserver.protocol.power_levels import CREATOR, DEFAULTS, PowerLevels, creators, read_level
from homeserver.protocol.redaction import redact, redact_body
from homeserver.protocol.room_versions import DEFAULT, ROOM_VERSIONS, V3, V9, V10, V11, V12, RoomVersion
from tests.protocol.auth_room import ALICE, BOB, CAROL, Room
from tests.support.spec import spec_json

each_version = pytest.mark.parametrize("rules", ROOM_VERSIONS.values(), ids=lambda rules: f"v{rules.id}")


def create_of(rules: RoomVersion, **content: object) -> Event:
    room = Room(rules)
    return room.put("m.room.create", "", room.create_content(**content)).state["m.room.create", ""]


@each_version
def test_the_table_says_what_the_pages_say(rules: RoomVersion) -> None:
    page = spec_json("room-versions.json")["versions"][rules.id]
    assert {
        "stable": rules.stable,
        "state_resolution": rules.state_resolution,
        "strict_canonical_json": rules.strict_json,
        "enforce_key_validity": rules.enforce_key_validity,
        "aliases_special_case_auth": rules.aliases_rule,
        "knock": rules.knock,
        "restricted": rules.restricted,
        "knock_restricted": rules.knock_restricted,
        "notifications_levels_in_auth": rules.notification_levels,
        "create_in_auth_events": not rules.create_is_room,
        "create_event_has_room_id": not rules.create_is_room,
        "redaction_auth_rule": rules.redaction_rule,
        "event_id_on_wire": rules.ids_in_events,
        "event_signature_from_event_id_domain": rules.ids_in_events,
    }.items() <= page.items()
    assert ("pairs" in page["auth_prev_format"]) == rules.ids_in_events
    assert ("URL-safe" in page["event_id"]) == rules.url_safe_event_ids
    assert (page["power_levels"] == "integers only") == rules.integer_levels
    assert (page["redacts_location"] == "content.redacts") == rules.redacts_in_content
    assert (page["creator"] == "content.creator") == rules.creator_in_content


@each_version
def test_redactions_keep_what_the_pages_say(rules: RoomVersion) -> None:
    page = spec_json("room-versions.json")["versions"][rules.id]["redaction"]
    assert rules.kept.top_level == set(page["top_level"])
    assert set(rules.kept.content) == set(page["content"])
    for kind, kept in rules.kept.content.items():
        keys = set(page["content"][kind]) - {"third_party_invite.signed"}
        assert kept == (None if page["content"][kind] == "*" else keys)
    signed = "third_party_invite.signed" in page["content"]["m.room.member"]
    assert rules.kept.third_party_invite_signed == signed


def test_the_newest_version_is_the_default() -> None:
    assert DEFAULT == spec_json("room-versions.json")["default_for_new_rooms"] == "12"
    assert set(ROOM_VERSIONS) == {str(number) for number in range(1, 13)}


@pytest.mark.parametrize(
    ("invite", "left"),
    [({"signed": {"a": 1}, "display_name": "A"}, {"signed": {"a": 1}}), ({"display_name": "A"}, {}), ("x", None)],
)
def test_a_redacted_third_party_invite_keeps_what_was_signed(invite: object, left: object) -> None:
    pdu: Json = {"type": "m.room.member", "content": {"membership": "invite", "third_party_invite": invite}}
    kept = {} if left is None else {"third_party_invite": left}
    assert redact(pdu, V11)["content"] == {"membership": "invite", **kept}
    assert redact(pdu, V10)["content"] == {"membership": "invite"}


def test_what_is_no_object_is_redacted_to_nothing() -> None:
    assert redact({"type": "m.room.member", "content": [5], "x": 1}, V12) == {"type": "m.room.member", "content": {}}


def test_a_redacted_redaction_still_says_of_what_from_version_11_on() -> None:
    body: Json = {"type": "m.room.redaction", "event_id": "$a", "content": {"redacts": "$b", "x": 1}, "redacts": "$b"}
    assert redact_body(body, V11) == {**body, "content": {"redacts": "$b"}}
    assert redact_body(body, V10) == {"type": "m.room.redaction", "event_id": "$a", "content": {}}
    odd = {**body, "content": {"redacts": 5}}
    del odd["redacts"]
    assert redact_body(odd, V11) == odd


@each_version
def test_without_power_levels_only_the_creator_has_any(rules: RoomVersion) -> None:
    power = PowerLevels.of(None, create_of(rules), rules)
    assert power.of_user(ALICE) == (CREATOR if rules.create_is_room else 100)
    assert power.of_user(BOB) == 0
    assert {name: getattr(power, name) for name in DEFAULTS} == DEFAULTS
    assert (power.for_event("m.room.name", True), power.for_event("m.room.message", False)) == (50, 0)
    assert power.notification("room") == 50


@each_version
def test_with_power_levels_the_creator_has_what_they_say(rules: RoomVersion) -> None:
    content = {"users_default": 5, "users": {BOB: 10}, "events": {"x": 7}, "notifications": {"room": 20}, "ban": 60}
    power = PowerLevels.of(content, create_of(rules), rules)
    assert power.of_user(ALICE) == (CREATOR if rules.create_is_room else 5)
    assert (power.of_user(BOB), power.of_user(CAROL)) == (10, 5)
    assert (power.for_event("x", True), power.for_event("x", False), power.for_event("y", False)) == (7, 7, 0)
    assert (power.notification("room"), power.ban, power.kick) == (20, 60, 50)
    assert (power.redact, power.invite, power.state_default, power.events_default) == (50, 0, 50, 0)


@each_version
def test_who_created_a_room(rules: RoomVersion) -> None:
    create = create_of(rules, additional_creators=[BOB])
    assert creators(create, rules) == ({ALICE, BOB} if rules.create_is_room else {ALICE})
    if rules.creator_in_content:
        assert creators(replace(create, content={"creator": CAROL}), rules) == {CAROL}
        assert creators(replace(create, content={}), rules) == frozenset()


@pytest.mark.parametrize(("level", "value"), [(5, 5), (True, 1), (" +5 ", 5), ("1_0", 10), (-5.9, -5), ("٥", 5)])
def test_levels_that_are_no_integers_are_read(level: object, value: int) -> None:
    assert read_level(level) == value


@pytest.mark.parametrize("level", ["", "5.5", None, [], {}, "9" * 5000])
def test_levels_that_cannot_be_read(level: object) -> None:
    with pytest.raises(ValueError):
        read_level(level)


@pytest.mark.parametrize("content", [{"ban": "x"}, {"ban": []}])
def test_an_unreadable_level_in_force_refuses(content: Json) -> None:
    power = PowerLevels.of(content, create_of(V9), V9)
    with pytest.raises(NotAllowed) as refusal:
        _ = power.ban
    assert refusal.value.rule == V9.numbered("8")
    with pytest.raises(NotAllowed):
        PowerLevels.of({"users": []}, create_of(V3), V3).of_user(BOB)
