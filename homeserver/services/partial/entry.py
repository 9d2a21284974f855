"""What an accepted join brings, and how much of it is written with the join."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId, parse_server_name, server_of
from homeserver.services.heads import MEMBER, Room
from homeserver.storage.rows import PartialRow

MAX_TOLD: Final = 20_000
"""Servers in a room, of which we are told while members lack."""
FIRST_MEMBERS: Final = 100
"""Of a state that was told whole: so many are written with the join, the others by and by."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an accepted join brings. `everything`: the state and its auth chains; `servers`: those in the room."""

    via: str
    event: Event
    state: Mapping[StateKey, Event]
    everything: Mapping[EventId, Event]
    rejected: set[EventId]
    is_partial: bool
    servers: Sequence[str]

    def first(self) -> dict[StateKey, Event]:
        """The state that is written with the join: all of it but members beyond the first."""
        members = [key for key in self.state if key[0] == MEMBER]
        named = {found.key for found in map(self.everything.get, self.event.auth_events) if found is not None}
        later = set(members[FIRST_MEMBERS:]) - named
        return {key: found for key, found in self.state.items() if key not in later}

    def lacks(self, first: Mapping[StateKey, Event]) -> bool:
        """Whether members lack, with the state beginning with `first`."""
        return self.is_partial or len(first) < len(self.state)

    def row(self, room: Room) -> PartialRow:
        """That members lack, or that none does."""
        servers = self.servers or sorted({server_of(key[1]) for key, one in self.state.items() if _is_join(key, one)})
        return PartialRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            event_id=self.event.event_id,
            is_partial=self.is_partial,
            via=self.via,
            servers=tuple(name for name in servers[:MAX_TOLD] if _is_server_name(name)),
        )


def _is_server_name(text: str) -> bool:
    try:
        parse_server_name(text)
    except BadIdentifier:
        return False
    return True


def _is_join(key: StateKey, event: Event) -> bool:
    return key[0] == MEMBER and event.membership == "join"


def with_chains(events: Iterable[Event], entry: Entry) -> list[Event]:
    """The events, with the auth chains of them and of the join."""
    found = {event.event_id: event for event in events}
    layer = [*found.values(), entry.event]
    while layer:
        cited = {auth for event in layer for auth in event.auth_events} - found.keys()
        layer = [entry.everything[auth] for auth in cited if auth in entry.everything]
        found |= {event.event_id: event for event in layer}
    return list(found.values())
