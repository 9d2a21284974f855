"""What a new event follows by way of hidden ones: found, and bounded where a peer made them without end."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from homeserver.services import followed
from homeserver.services.followed import HIDDEN_MOST, behind, look_up_followed
from homeserver.services.known import Known
from homeserver.storage.rows import REJECTED

EACH = 20
"""Events that one may name."""


class Endless:
    """Every event is stored and rejected, and names twenty more."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    async def by_id(self, event_ids: Sequence[str]) -> list[Any]:
        self.asked.update(event_ids)
        return [SimpleNamespace(event_id=one, body=one, envelope=b"", room_nid=1, flags=REJECTED) for one in event_ids]


def named_by(body: str, *_: object) -> Any:
    return SimpleNamespace(prev_events=[f"{body}.{number}" for number in range(EACH)])


async def test_hidden_events_that_name_ever_more_others_cost_a_bounded_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "join", named_by)
    events: Any = Endless()
    room: Any = SimpleNamespace(room_nid=1, rules=None, extremities={})
    async with asyncio.timeout(15):
        found = await behind(events, room, named_by("$new"), Known(), is_hidden=True)
    assert (found.tips, found.lacking) == (frozenset(), frozenset())
    assert EACH < len(events.asked) <= HIDDEN_MOST


class Rejected:
    """`$newer` follows `$older`, and that the tip; both are stored and rejected."""

    async def by_id(self, event_ids: Sequence[str]) -> list[Any]:
        return [hidden(one) for one in event_ids if one in ("$newer", "$older")]


def hidden(event_id: str) -> Any:
    return SimpleNamespace(event_id=event_id, body=event_id, envelope=b"", room_nid=1, flags=REJECTED)


async def test_what_came_since_it_was_asked_for_is_a_way_to_the_tips_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"$newer": "$older", "$older": "$tip"}
    monkeypatch.setattr(followed, "join", lambda body, *_: SimpleNamespace(prev_events=[before[body]]))
    events: Any = Rejected()
    room: Any = SimpleNamespace(room_nid=1, rules=None, extremities={1: SimpleNamespace(event_id="$tip")})
    last: Any = SimpleNamespace(prev_events=["$newer"])
    known = Known(stored={"$newer": hidden("$newer")}, asked={"$newer", "$older"})
    found = await behind(events, room, last, known)
    assert (list(found.tips), list(found.lacking)) == (["$tip"], [])


class Growing:
    """Of what was asked for more is followed each time."""

    def __init__(self) -> None:
        self.followed: set[str] = set()

    async def lacking(self, room_nid: int, event_ids: Sequence[str]) -> set[str]:
        return self.followed & set(event_ids)


async def test_what_nothing_followed_is_asked_for_again_once_something_may_follow_it() -> None:
    events: Any = Growing()
    room: Any = SimpleNamespace(room_nid=1, extremities={1: SimpleNamespace(event_id="$tip")})
    late: Any = SimpleNamespace(event_id="$late", prev_events=["$before"])
    known = Known()
    found = []
    for lacked in (0, 0, 1):
        known.forget_unfollowed(1, lacked)
        await look_up_followed(events, room, [late], known)
        found.append(known.followed["$late"])
        events.followed = {"$late"}
    assert found == [False, False, True]
