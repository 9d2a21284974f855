"""Rooms and events for the tests of pure rules: short ids, no hashes, no signatures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeserver.protocol.auth_rules import auth_state_keys, check
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId, RoomId, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion

ALICE, BOB, CAROL, DAVE = "@alice:a.example", "@bob:b.example", "@carol:c.example", "@dave:d.example"
ROOM = "!create:a.example"


def event(
    event_type: str = "m.room.message",
    content: Mapping[str, Any] | None = None,
    *,
    event_id: str = "$event",
    sender: str = ALICE,
    state_key: str | None = None,
    room_id: str = ROOM,
    auth_events: Sequence[str] = (),
    prev_events: Sequence[str] = (),
    ts: int = 1,
    depth: int = 1,
) -> Event:
    return Event(
        event_id=EventId(event_id),
        room_id=RoomId(room_id),
        type=event_type,
        sender=UserId(sender),
        state_key=state_key,
        content=content or {},
        prev_events=tuple(map(EventId, prev_events)),
        auth_events=tuple(map(EventId, auth_events)),
        depth=depth,
        ts=ts,
        pdu={},
    )


def member(user_id: str, membership: str, *, sender: str | None = None, **more: Any) -> Event:
    return event("m.room.member", {"membership": membership}, sender=sender or user_id, state_key=user_id, **more)


State = dict[StateKey, EventId]


@dataclass
class History:
    """The events of a room, made one by one on top of a state and only if the rules allow them."""

    rules: RoomVersion = ROOM_VERSIONS["11"]
    events: dict[EventId, Event] = field(default_factory=dict)

    @property
    def room_id(self) -> str:
        return "!create" if self.rules.create_is_room else ROOM

    def begin(self) -> State:
        """Alice (level 100) makes a public room; Bob (50) and Carol join it."""
        state: State = {}
        self.say(state, "m.room.create", ALICE, "", {"creator": ALICE, "room_version": self.rules.id})
        self.join(state, ALICE)
        users = {BOB: 50} if self.rules.create_is_room else {ALICE: 100, BOB: 50}
        self.say(state, "m.room.power_levels", ALICE, "", {"users": users})
        self.say(state, "m.room.join_rules", ALICE, "", {"join_rule": "public"})
        self.join(state, BOB)
        self.join(state, CAROL)
        assert len(state) == 6, "the rules allow all of this"
        return state

    def join(self, state: State, user_id: str, ts: int | None = None) -> EventId | None:
        return self.say(state, "m.room.member", user_id, user_id, {"membership": "join"}, ts=ts)

    def say(
        self,
        state: State,
        event_type: str,
        sender: str,
        state_key: str,
        content: Mapping[str, Any],
        *,
        ts: int | None = None,
    ) -> EventId | None:
        """Put a state event on top of `state`, if it is allowed there. Returns its id, None if it is not allowed."""
        keys = auth_state_keys(event_type, sender, state_key, content, self.rules)
        made = event(
            event_type,
            content,
            event_id=f"${len(self.events):03}" if self.begun else "$create",
            sender=sender,
            state_key=state_key,
            room_id=self.room_id,
            auth_events=sorted({state[key] for key in keys if key in state}),
            prev_events=list(self.events)[-1:],
            ts=len(self.events) if ts is None else ts,
            depth=len(self.events) + 1,
        )
        try:
            check(made, {key: self.events[i] for key, i in state.items()}, self.rules, create=self.create)
        except NotAllowed:
            return None
        self.events[made.event_id] = made
        state[made.key] = made.event_id
        return made.event_id

    @property
    def begun(self) -> bool:
        return bool(self.events)

    @property
    def create(self) -> Event | None:
        return self.events.get(EventId("$create"))
