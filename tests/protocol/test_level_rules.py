"""Power levels events beyond the table of cases: odd values, old versions, creators."""

from dataclasses import replace

import pytest

from homeserver.protocol.events import Event
from homeserver.protocol.room_versions import ROOM_VERSIONS, V3, V5, V6, V9, V12, RoomVersion
from tests.protocol.auth_room import ALICE, BOB, CAROL, Room

each_version = pytest.mark.parametrize("rules", ROOM_VERSIONS.values(), ids=lambda rules: f"v{rules.id}")


@each_version
def test_power_levels_are_a_state_event(rules: RoomVersion) -> None:
    room = Room(rules).levels(events_default=0, events={"m.room.power_levels": 0})
    event: Event = replace(room.new_levels(ALICE), state_key=None)
    assert room.refuses(event) == rules.numbered("10")


@each_version
def test_levels_are_compared_by_value(rules: RoomVersion) -> None:
    room = Room(rules).levels(kick=60, events={"x": 60}, users={BOB: 60})
    assert room.refuses(room.new_levels(CAROL, kick=60, events={"x": 60}, users={BOB: 60})) is None


@pytest.mark.parametrize("level", [True, " +50 ", "5_0", "٥٠"])
def test_old_versions_read_levels_of_many_kinds(level: object) -> None:
    room = Room(V9)
    assert room.refuses(room.new_levels(ALICE, users={BOB: level}, kick=level, events={"x": level})) is None


@pytest.mark.parametrize("level", ["", "x", "0x10", "50.5", [], {}, None])
def test_old_versions_refuse_levels_that_cannot_be_read(level: object) -> None:
    room = Room(V9)
    assert room.refuses(room.new_levels(ALICE, users={BOB: level})) == V9.numbered("10.3")
    assert room.refuses(room.new_levels(ALICE, kick=level)) == V9.numbered("10.6.2")
    assert room.refuses(room.new_levels(ALICE, events={"x": level})) == V9.numbered("10.8.1")


def test_floats_are_cut_off_before_version_6() -> None:
    room = Room(V5)
    assert room.refuses(room.new_levels(CAROL, users={BOB: 50.9})) is None
    assert room.refuses(room.new_levels(CAROL, users={BOB: 51.0})) == V5.numbered("10.10.1")


def test_an_empty_list_of_levels_is_none_in_old_versions() -> None:
    room = Room(V9)
    content = {**room.level_content(), "notifications": []}
    assert room.refuses(room.event("m.room.power_levels", ALICE, content, "")) is None
    content = {**room.level_content(), "notifications": "x"}
    assert room.refuses(room.event("m.room.power_levels", ALICE, content, "")) == V9.numbered("10.7.1")


@pytest.mark.parametrize("users", [[], "x", None, 5])
def test_users_of_power_levels_is_an_object(users: object) -> None:
    for rules in (V9, V12):
        room = Room(rules)
        content = {**room.level_content(), "users": users}
        assert room.refuses(room.event("m.room.power_levels", ALICE, content, "")) == rules.numbered("10.3")


def test_notification_levels_are_checked_from_version_6_on() -> None:
    for rules, refused in ((V5, None), (V6, V6.numbered("10.8.1"))):
        room = Room(rules)
        assert room.refuses(room.new_levels(CAROL, notifications={"room": 51})) == refused


def test_users_may_lower_themselves_but_not_their_peers() -> None:
    room = Room(V12).levels(users={BOB: 50})
    assert room.refuses(room.new_levels(CAROL, users={CAROL: 10, BOB: 50})) is None
    assert room.refuses(room.new_levels(CAROL, users={CAROL: 50, BOB: ...})) == "10.9.1"


def test_creators_cannot_remove_each_other() -> None:
    room = Room(V12)
    room.put("m.room.create", "", room.create_content(additional_creators=[CAROL])).levels(users={CAROL: ...})
    assert room.refuses(room.member(ALICE, CAROL, "leave")) == "5.5.5"
    assert room.refuses(room.member(ALICE, BOB, "ban")) is None


def test_levels_in_force_that_cannot_be_read_refuse_what_needs_them() -> None:
    room = Room(V3).levels(events="x", users_default="x")
    assert room.refuses(room.message(BOB)) == V3.numbered("8")
    assert room.refuses(room.member(BOB, BOB, "leave")) is None
