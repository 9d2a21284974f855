import itertools

import pytest

from homeserver.protocol.events import Event
from homeserver.protocol.visibility import HistoryVisibility, history_visibility, server_may_see, user_may_see
from tests.protocol.factory import ALICE, BOB, event, member

VISIBILITIES: tuple[HistoryVisibility, ...] = ("world_readable", "shared", "invited", "joined")
MEMBERSHIPS = (None, "invite", "knock", "join", "leave", "ban")


def sees(
    seen: Event, visibility: HistoryVisibility, membership: str | None = None, *, joined_since: bool = False
) -> bool:
    return user_may_see(seen, BOB, visibility=visibility, membership=membership, joined_since=joined_since)


def change_of_visibility(to: str) -> Event:
    return event("m.room.history_visibility", {"history_visibility": to}, state_key="")


@pytest.mark.parametrize(
    ("visibility", "membership", "joined_since"), list(itertools.product(VISIBILITIES, MEMBERSHIPS, (False, True)))
)
def test_an_event_is_seen_by_the_five_rules_of_the_specification(
    visibility: HistoryVisibility, membership: str | None, joined_since: bool
) -> None:
    allowed = (
        visibility == "world_readable"
        or membership == "join"
        or (visibility == "shared" and joined_since)
        or (visibility == "invited" and membership == "invite")
    )
    assert sees(event(), visibility, membership, joined_since=joined_since) is allowed


def test_a_change_of_visibility_is_seen_by_who_saw_before_or_sees_after() -> None:
    assert sees(change_of_visibility("joined"), "world_readable")
    assert sees(change_of_visibility("world_readable"), "joined")
    assert sees(change_of_visibility("invited"), "joined", "invite")
    assert not sees(change_of_visibility("joined"), "invited", "leave")


def test_only_the_state_event_with_the_empty_key_changes_visibility() -> None:
    other = event("m.room.history_visibility", {"history_visibility": "world_readable"}, state_key="other")
    message = event("m.room.history_visibility", {"history_visibility": "world_readable"})
    assert not sees(other, "joined")
    assert not sees(message, "joined")


def test_users_see_their_own_membership_change_when_either_side_of_it_lets_them() -> None:
    assert sees(member(BOB, "join"), "joined", None)
    assert sees(member(BOB, "leave"), "joined", "join")
    assert sees(member(BOB, "ban", sender=ALICE), "joined", "join")
    assert sees(member(BOB, "invite", sender=ALICE), "invited", None)
    assert not sees(member(BOB, "invite", sender=ALICE), "joined", None)
    assert not sees(member(ALICE, "join"), "joined", None)


@pytest.mark.parametrize("value", [None, 1, "everyone", ["shared"], {}])
def test_a_visibility_that_is_not_understood_is_shared(value: object) -> None:
    assert history_visibility({"history_visibility": value}) == "shared"
    assert history_visibility(None) == "shared"


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_a_visibility_that_is_understood_is_taken(visibility: HistoryVisibility) -> None:
    assert history_visibility({"history_visibility": visibility}) == visibility


def server_sees(seen: Event, visibility: HistoryVisibility, *memberships: str) -> bool:
    return server_may_see(seen, "b.example", visibility=visibility, memberships=memberships)


def test_a_server_sees_what_some_user_of_it_may_see() -> None:
    assert server_sees(event(), "world_readable")
    assert server_sees(event(), "shared")
    assert server_sees(event(), "joined", "leave", "join")
    assert server_sees(event(), "invited", "invite")
    assert not server_sees(event(), "joined", "invite", "leave")
    assert not server_sees(event(), "invited", "leave")
    assert not server_sees(event(), "invited")


def test_a_server_sees_the_membership_changes_of_its_users() -> None:
    assert server_sees(member(BOB, "join"), "joined")
    assert not server_sees(member(ALICE, "join"), "joined")
    assert not server_sees(event("m.room.member", {}, state_key=BOB), "joined")
    assert not server_sees(event("m.room.member", {"membership": "join"}), "joined")


def test_a_server_sees_a_change_of_visibility_that_closes_the_room() -> None:
    assert server_sees(change_of_visibility("joined"), "world_readable")
