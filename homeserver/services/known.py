"""Stored events looked up for a group of events from elsewhere, so that judging them asks the database once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from homeserver.protocol.events import Event, join
from homeserver.services.heads import Room
from homeserver.services.received import may_redact
from homeserver.storage.events.read import StoredEvent
from homeserver.storage.rows import HIDDEN

REDACTION: Final = "m.room.redaction"


@dataclass(slots=True)
class Known:
    """Stored events looked up for a group of events; `lookup` in one trip, then asked from memory."""

    stored: dict[str, StoredEvent] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    redactions: list[StoredEvent | Event] = field(default_factory=list)
    """Some of these came before what they redact."""
    followed: dict[str, bool] = field(default_factory=dict)
    """Whether accepted events follow one that has not come, as far as it was asked."""
    lacked: dict[int, int] = field(default_factory=dict)
    """`Commits.lacked` of the rooms at that time."""

    def add(self, found: Iterable[StoredEvent], asked: Iterable[str]) -> None:
        """Take what was found of what was asked for."""
        for event in found:
            self.stored[event.event_id] = event
            if event.type == REDACTION:
                self.redactions.append(event)
        self.asked.update(asked)

    def forget_unfollowed(self, room_nid: int, lacked: int) -> None:
        """Ask anew for what nothing followed, if what came since may follow it."""
        if self.lacked.get(room_nid) != lacked:
            self.followed = {event_id: True for event_id, is_followed in self.followed.items() if is_followed}
            self.lacked[room_nid] = lacked

    def redacting(self, room: Room, event: Event) -> Event | None:
        """The redaction of this event that came before it, if one takes effect."""
        for one in self.redactions:
            if isinstance(one, StoredEvent) and one.flags & HIDDEN:
                continue
            redaction = _whole(one, room)
            is_of_it = redaction.redacts(room.rules) == event.event_id and redaction.room_id == room.room_id
            if is_of_it and may_redact(room, redaction, event):
                return redaction
        return None

    def is_unredacted(self, room: Room, event: Event) -> bool:
        """Whether no redaction of this event is known, not even one that takes no effect."""
        return all(_whole(one, room).redacts(room.rules) != event.event_id for one in self.redactions)

    def is_early(self, room: Room, event: Event) -> bool:
        """Whether this redacts what is not here yet."""
        target = event.redacts(room.rules)
        return target is not None and target not in self.stored


def _whole(event: StoredEvent | Event, room: Room) -> Event:
    return join(event.body, event.envelope, room.rules) if isinstance(event, StoredEvent) else event
