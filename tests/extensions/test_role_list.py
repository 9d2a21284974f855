"""Roles as power levels: what they come to, for any list."""

from hypothesis import given, settings
from hypothesis import strategies as st

from homeserver.services.extensions.role_list import (
    LOCAL_ONLY,
    OWNER_LEVEL,
    PERMISSIONS,
    NewRole,
    RoleList,
    power_levels,
    problem_of,
    threshold,
    with_levels,
)

MODS = NewRole("mods", "Moderators", "green", ("kick", "ban", "pin"))
HELPERS = NewRole("helpers", "Helpers", "", ("pin",))
EVERYONE = ("send", "react", "invite")

permissions = st.lists(st.sampled_from(PERMISSIONS), unique=True).map(tuple)
lists = st.lists(st.builds(NewRole, st.uuids().map(str), st.just("x"), st.just(""), permissions), max_size=30)


def test_the_first_role_is_the_highest_below_the_owners() -> None:
    mods, helpers = with_levels([MODS, HELPERS], None)
    assert OWNER_LEVEL > mods.level > helpers.level > 0


def test_a_role_keeps_its_level_when_another_comes_between() -> None:
    before = RoleList(with_levels([MODS, HELPERS], None))
    new = NewRole("new", "New")
    after = with_levels([MODS, new, HELPERS], before)
    assert [after[0].level, after[2].level] == [role.level for role in before.roles]
    assert after[0].level > after[1].level > after[2].level


def test_a_new_order_gives_new_levels() -> None:
    before = RoleList(with_levels([MODS, HELPERS], None))
    after = with_levels([HELPERS, MODS], before)
    assert after[0].id == "helpers"
    assert after[0].level > after[1].level


@settings(max_examples=60)
@given(lists, lists, permissions)
def test_levels_always_fall_and_name_the_lowest_who_may(
    roles: list[NewRole], older: list[NewRole], everyone: tuple[str, ...]
) -> None:
    before = RoleList(with_levels(older, None))
    kept = [NewRole(old.id, "y", "", old.permissions) for old in before.roles[::2]]
    listed = RoleList(with_levels([*kept, *roles][:30], before), everyone)
    levels = [role.level for role in listed.roles]
    assert levels == sorted(set(levels), reverse=True)
    assert all(0 < level < OWNER_LEVEL for level in levels)
    for permission in PERMISSIONS:
        level = threshold(listed, permission)
        assert all(role.level >= level for role in listed.roles if permission in role.permissions)


def test_the_levels_of_a_room_follow_its_roles_and_keep_the_rest() -> None:
    listed = RoleList(with_levels([MODS, HELPERS], None), EVERYONE)
    mods, helpers = listed.roles
    before = {
        "users": {"@owner:x": 100, "@old:x": mods.level, "@muted:x": -1, "@other:x": 7},
        "events": {"m.room.encryption": 100, "m.room.pinned_events": 0},
        "users_default": 0,
    }
    holders = {"@ann:x": ("mods", "helpers"), "@bob:x": ("helpers",), "@old:x": (), "@muted:x": ("mods",)}
    levels = power_levels(listed, before, holders, ())
    assert levels["users"] == {
        "@owner:x": 100,
        "@muted:x": -1,
        "@other:x": 7,
        "@ann:x": mods.level,
        "@bob:x": helpers.level,
    }
    assert levels["events"]["m.room.encryption"] == 100
    assert levels["events"]["m.room.pinned_events"] == helpers.level
    assert (levels["kick"], levels["events_default"], levels["redact"]) == (mods.level, 0, OWNER_LEVEL)
    assert not any(name in str(levels) for name in LOCAL_ONLY)


def test_creators_who_stand_above_all_are_not_listed() -> None:
    levels = power_levels(RoleList(), {"users": {"@owner:x": 100}}, {}, ["@owner:x"])
    assert levels["users"] == {}


def test_a_list_that_cannot_be_is_told() -> None:
    assert problem_of([MODS, MODS], ()) is not None
    assert problem_of([NewRole("a", " ")], ()) is not None
    assert problem_of([NewRole("a", "A", "", ("fly",))], ()) is not None
    assert problem_of([], ("fly",)) is not None
    assert problem_of([NewRole(str(n), "r") for n in range(31)], ()) is not None
    assert problem_of([MODS, HELPERS], EVERYONE) is None
