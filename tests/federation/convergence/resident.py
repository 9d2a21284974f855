"""A peer that is in a room of `graph` and answers truly whatever is asked about it by who lacks events."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from homeserver.net.http import Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from tests.federation.convergence.graph import Graph, key_of
from tests.support.evil_peer import EvilPeer

PATH = "/_matrix/federation/v1/"


class TruePeer(EvilPeer):
    """Knows the whole of a graph."""

    def __init__(self, host: str, net: FakeNet, graph: Graph) -> None:
        super().__init__(host, net)
        self.key = key_of(self.name)
        self._graph = graph
        self._events = graph.judged.events
        self.replies |= {
            PATH + "get_missing_events/": self._missing,
            PATH + "event/": lambda request: {"pdus": [self._events[_last(request)].pdu]},
            PATH + "state_ids/": self._state_ids,
            PATH + "state/": self._state,
            PATH + "event_auth/": lambda request: {"auth_chain": self._pdus(self._chain([_last(request)]))},
            PATH + "backfill/": lambda request: {"pdus": self._pdus(self._backfilled(_query(request)))},
        }

    def _missing(self, request: Request) -> Any:
        asked = orjson.loads(request.body or b"{}")
        known, latest = set(asked["earliest_events"]), asked["latest_events"]
        found = self._ancestors(latest, asked.get("limit", 10) + len(latest), known)
        return {"events": self._pdus(sorted(set(found) - set(latest), key=self._depth))}

    def _state_ids(self, request: Request) -> Any:
        state = self._state_before(EventId(_query(request)["event_id"][0]))
        return {"pdu_ids": state, "auth_chain_ids": self._chain(state)}

    def _state(self, request: Request) -> Any:
        state = self._state_before(EventId(_query(request)["event_id"][0]))
        return {"pdus": self._pdus(state), "auth_chain": self._pdus(self._chain(state))}

    def _backfilled(self, query: dict[str, list[str]]) -> list[EventId]:
        return self._ancestors(query["v"], int(query["limit"][0]))

    def _state_before(self, event_id: EventId) -> list[EventId]:
        return list(self._graph.judged.before(self._events[event_id].prev_events).values())

    def _ancestors(self, start: Iterable[str], limit: int, known: Iterable[str] = ()) -> list[EventId]:
        """The events and those before them, newest first."""
        found: list[EventId] = []
        layer, seen = [EventId(one) for one in start], set(known)
        while layer and len(found) < limit:
            found += layer
            seen.update(layer)
            prevs = [prev for one in layer for prev in self._events[one].prev_events]
            layer = [prev for prev in dict.fromkeys(prevs) if prev not in seen]
        return found[:limit]

    def _chain(self, start: Iterable[EventId]) -> list[EventId]:
        found: dict[EventId, None] = {}
        frontier = [auth for one in start for auth in self._events[one].auth_events]
        while frontier:
            one = frontier.pop()
            if one not in found:
                found[one] = None
                frontier += self._events[one].auth_events
        return list(found)

    def _depth(self, event_id: EventId) -> int:
        return self._events[event_id].depth

    def _pdus(self, event_ids: Iterable[EventId]) -> list[Any]:
        return [self._events[one].pdu for one in event_ids]

    def transaction(self, events: Iterable[Event]) -> dict[str, Any]:
        """The body of a transaction with these events."""
        return {"pdus": [event.pdu for event in events], "edus": []}


def _last(request: Request) -> EventId:
    return EventId(unquote(urlsplit(request.target).path.rpartition("/")[2]))


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.target).query)
