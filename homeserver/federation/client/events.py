"""Events and states that peers hold and we lack. PDUs come back unchecked.

Spec: Server-Server API, Backfilling and retrieving missing events, Retrieving events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeserver.federation.client.errors import BadResponse
from homeserver.federation.client.lists import read_lists
from homeserver.federation.client.requests import MAX_STATE_BYTES, Json, Requests, pairs, path

STATE_S: Final = 120.0
WHOLE_STATE_S: Final = 300.0
WHOLE_STATE_BYTES: Final = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StateIds:
    """Ids of the state before an event and of its auth chain."""

    state: tuple[str, ...]
    auth_chain: tuple[str, ...]


class Events:
    """Reads events of peers."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def event(self, server: str, event_id: str) -> object:
        """One PDU."""
        body = await self._requests.get(server, path("event", event_id))
        return _first(server, _list(server, body, "pdus"))

    async def event_auth(self, server: str, room_id: str, event_id: str) -> list[Any]:
        """The auth chain of an event, as PDUs."""
        body = await self._requests.get(
            server, path("event_auth", room_id, event_id), timeout_s=STATE_S, max_bytes=MAX_STATE_BYTES
        )
        return _list(server, body, "auth_chain")

    async def state_ids(self, server: str, room_id: str, event_id: str) -> StateIds:
        """The state BEFORE the event."""
        body = await self._requests.get(
            server, path("state_ids", room_id), [("event_id", event_id)], timeout_s=STATE_S, max_bytes=MAX_STATE_BYTES
        )
        return StateIds(_texts(server, body, "pdu_ids"), _texts(server, body, "auth_chain_ids"))

    async def state(self, server: str, room_id: str, event_id: str) -> tuple[list[bytes], list[bytes]]:
        """The state BEFORE the event, and its auth chain, as the JSON of PDUs. It may be large."""
        async with self._requests.stream(
            server,
            path("state", room_id),
            [("event_id", event_id)],
            timeout_s=WHOLE_STATE_S,
            max_bytes=WHOLE_STATE_BYTES,
        ) as answer:
            lists, _ = await read_lists(server, answer, ("pdus", "auth_chain"))
        return lists["pdus"], lists["auth_chain"]

    async def backfill(self, server: str, room_id: str, event_ids: Sequence[str], limit: int) -> list[Any]:
        """`event_ids` and what came before them, at most `limit` PDUs."""
        query = [*pairs("v", event_ids), ("limit", str(limit))]
        return _list(server, await self._requests.get(server, path("backfill", room_id), query), "pdus")

    async def missing_events(
        self,
        server: str,
        room_id: str,
        *,
        earliest: Sequence[str],
        latest: Sequence[str],
        limit: int,
        min_depth: int = 0,
    ) -> list[Any]:
        """PDUs between `latest` (not among them) and `earliest`."""
        body = await self._requests.post(
            server,
            path("get_missing_events", room_id),
            {
                "earliest_events": list(earliest),
                "latest_events": list(latest),
                "limit": limit,
                "min_depth": min_depth,
            },
        )
        return _list(server, body, "events")


def _list(server: str, body: Json, name: str) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list):
        raise BadResponse(server, f"no list {name} in the answer")
    return value


def _first(server: str, values: list[Any]) -> object:
    if not values:
        raise BadResponse(server, "the answer holds no event")
    return values[0]


def _texts(server: str, body: Json, name: str) -> tuple[str, ...]:
    return tuple(value for value in _list(server, body, name) if isinstance(value, str))
