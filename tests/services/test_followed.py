"""What a new event follows by way of hidden ones: found, and bounded where a peer made them without end."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from homeserver.services import followed
from homeserver.services.followed import HIDDEN_MOST, behind
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
