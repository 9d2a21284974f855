"""Rooms as graphs: random ones with all that servers disagree about, and a server that is nothing but the rules.

`Replica` keeps events in memory and judges each when its parents are there. `grown` makes a graph with its help; some
of what is forbidden where it stands is in it, signed and well-formed, so that others have something to reject.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from homeserver.protocol.auth_chain import run_walk
from homeserver.protocol.auth_rules import auth_state_keys, check, check_auth_events
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey, build_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId, ServerName, UserId, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey
from homeserver.protocol.state_resolution import resolve

State = dict[StateKey, EventId]
CREATE: StateKey = ("m.room.create", "")
LEVELS: StateKey = ("m.room.power_levels", "")
START_MS = 1_700_000_000_000
BRANCHES = 4
FORBIDDEN = 0.15
"""Share of the forbidden events that stay."""


def key_of(server: str) -> SigningKey:
    """The key of a server of a simulation, as tests/support makes it from its name."""
    return SigningKey(ServerName(server), "ed25519:1", server.encode().ljust(32, b"."))


@dataclass(slots=True)
class Replica:
    """What a server that has nothing but memory makes of a room."""

    rules: RoomVersion
    events: dict[EventId, Event] = field(default_factory=dict)
    after: dict[EventId, State] = field(default_factory=dict)
    rejected: set[EventId] = field(default_factory=set)
    waiting: dict[EventId, Event] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Judge the event, and what waited for it; without its parents it waits."""
        if event.event_id in self.events:
            return
        self.waiting[event.event_id] = event
        ready = [event]
        while ready:
            for one in ready:
                if one.event_id in self.waiting and all(prev in self.after for prev in one.prev_events):
                    self._judge(self.waiting.pop(one.event_id))
            ready = [one for one in self.waiting.values() if all(prev in self.after for prev in one.prev_events)]

    def before(self, prevs: Iterable[EventId]) -> State:
        """The state where these meet."""
        states = [self.after[prev] for prev in prevs]
        if len(states) < 2:
            return dict(states[0]) if states else {}
        return run_walk(resolve(states, self.rules, rejected=self.rejected), self.events)

    def _judge(self, event: Event) -> None:
        state = self.before(event.prev_events)
        self.events[event.event_id] = event
        if not self.allows(event, state):
            self.rejected.add(event.event_id)
        elif event.state_key is not None:
            state[event.key] = event.event_id
        self.after[event.event_id] = state

    def allows(self, event: Event, state: Mapping[StateKey, EventId]) -> bool:
        """Whether the event is allowed by its own auth events and by the state before it."""
        create = next((one for one in self.events.values() if one.type == "m.room.create"), None)
        named = {event_id: self.events[event_id] for event_id in event.auth_events}
        if create is not None:
            named[create.event_id] = create
        keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, self.rules)
        try:
            check_auth_events(event, named, self.rejected, self.rules)
            for entries in (
                {self.events[one].key: self.events[one] for one in event.auth_events},
                {key: self.events[state[key]] for key in keys if key in state},
            ):
                check(event, entries, self.rules, create=create)
        except NotAllowed:
            return False
        return True


@dataclass(slots=True)
class Graph:
    """A room: its events, parents first; the first `base` of them are known to all from the start."""

    room_id: RoomId
    events: list[Event]
    base: int
    judged: Replica

    @property
    def last(self) -> Event:
        """The event in which all branches meet."""
        return self.events[-1]


def grown(seed: int, count: int, servers: Sequence[str], version: str = "12") -> Graph:
    """A room of `count` events after its beginning; the first server's first user makes it."""
    return Growing(random.Random(seed), ROOM_VERSIONS[version], servers).graph(count)


class Growing:
    """A room in the making. `users`: three of each server; the first six are joined, the first is the creator."""

    def __init__(self, chance: random.Random, rules: RoomVersion, servers: Sequence[str]) -> None:
        self._chance = chance
        self._rules = rules
        self._servers = servers
        self._keys = {server: key_of(server) for server in servers}
        self._replica = Replica(rules)
        self._events: list[Event] = []
        self._base = 0
        self._ts = START_MS
        self.users = [UserId(f"@u{number}:{server}") for number in range(3) for server in servers]
        self._room_id: RoomId | None = None

    def begun(self) -> Event:
        """The last event of the room's beginning."""
        creator = self.users[0]
        tip = self.add([], creator, "m.room.create", {"room_version": self._rules.id}, "")
        self._room_id = tip.room_id
        levels = dict(zip(self.users[1:], (100, 100, 60, 50, 50, 25), strict=False))
        first: list[tuple[UserId, str, dict[str, Any], str]] = [
            (creator, "m.room.member", {"membership": "join"}, creator),
            (creator, "m.room.power_levels", {"users": levels, "invite": 0, "state_default": 50}, ""),
            (creator, "m.room.join_rules", {"join_rule": "public"}, ""),
        ]
        first += [(user, "m.room.member", {"membership": "join"}, user) for user in self.users[1:6]]
        for sender, kind, content, state_key in first:
            tip = self.add([tip], sender, kind, content, state_key)
        self._base = len(self._events)
        return tip

    def graph(self, count: int) -> Graph:
        """The room after `count` events that nobody chose."""
        branches = [self.begun()]
        for _ in range(count - 1):
            branches = self._grow(branches)
        leaves = self._leaves()
        last = self.add(leaves, self.users[0], "m.room.message", {"msgtype": "m.text", "body": "the end"}, None)
        assert last.event_id not in self._replica.rejected
        return self.grown()

    def grown(self) -> Graph:
        """The room as it is."""
        room_id = self._events[-1].room_id
        assert room_id == self._room_id
        return Graph(room_id, self._events, self._base, self._replica)

    def _leaves(self) -> list[Event]:
        """What nothing follows but rejected events, which are followed by nothing."""
        kept = [one for one in self._events if one.event_id not in self._replica.rejected]
        named = {prev for event in kept for prev in event.prev_events}
        return [one for one in kept if one.event_id not in named]

    def _grow(self, branches: list[Event]) -> list[Event]:
        """One more event: on a branch, forked off something recent, or where branches meet."""
        how = self._chance.random()
        if how < 0.2 and len(branches) < BRANCHES:
            rejected = self._replica.rejected
            recent = [one for one in self._events[self._base - 1 :] if one.event_id not in rejected][-12:]
            parents = [self._chance.choice(recent)]
        elif how < 0.4 and len(branches) > 1:
            parents = self._chance.sample(branches, self._chance.randint(2, len(branches)))
        else:
            parents = [self._chance.choice(branches)]
        while (event := self._something(parents)) is None:
            pass
        if event.event_id in self._replica.rejected:
            return branches
        return [one for one in branches if one not in parents] + [event]

    def _something(self, parents: list[Event]) -> Event | None:
        """What anybody may think of; most of what is forbidden is thought better of (None)."""
        sender, target = self._chance.choice(self.users), self._chance.choice(self.users[1:])
        what = self._chance.choice(("say", "topic", "ban", "kick", "unban", "level", "rules", "join", "leave"))
        if what == "leave" and sender == self.users[0]:
            what = "say"  # without the creator nobody is left to say the last word, which brings all branches together
        content: dict[str, Any] = {"membership": {"ban": "ban", "join": "join"}.get(what, "leave")}
        kind = "m.room.member"
        state_key: str | None = target if what in {"ban", "kick", "unban"} else sender
        if what == "join":
            content["displayname"] = str(self._ts)
        elif what == "level":
            before = self._replica.before([one.event_id for one in parents])
            old = self._replica.events[before[LEVELS]].content
            users = {**old["users"], target: self._chance.choice((0, 25, 50, 60, 100))}
            kind, state_key, content = "m.room.power_levels", "", {**old, "users": users}
        elif what == "rules":
            rule = self._chance.choice(("public", "invite"))
            kind, state_key, content = "m.room.join_rules", "", {"join_rule": rule}
        elif what == "topic":
            kind, state_key, content = "m.room.topic", "", {"topic": str(self._ts)}
        elif what == "say":
            kind, state_key, content = "m.room.message", None, {"msgtype": "m.text", "body": str(self._ts)}
        event, is_allowed = self._made(parents, sender, kind, content, state_key)
        return self._keep(event) if is_allowed or self._chance.random() < FORBIDDEN else None

    def add(
        self, parents: Sequence[Event], sender: UserId, kind: str, content: Mapping[str, Any], state_key: str | None
    ) -> Event:
        """One more event, whatever the rules say of it."""
        return self._keep(self._made(parents, sender, kind, content, state_key)[0])

    def _keep(self, event: Event) -> Event:
        self._replica.take(event)
        self._events.append(event)
        return event

    def _made(
        self, parents: Sequence[Event], sender: UserId, kind: str, content: Mapping[str, Any], state_key: str | None
    ) -> tuple[Event, bool]:
        """The event, signed, and whether it is allowed there."""
        self._ts += self._chance.randint(0, 3)  # equal times are a case of their own in resolution
        state = self._replica.before([parent.event_id for parent in parents])
        keys = auth_state_keys(kind, sender, state_key, content, self._rules)
        pdu = build_pdu(
            self._rules,
            room_id=self._room_id,
            sender=sender,
            type=kind,
            state_key=state_key,
            content=content,
            prev_events=[parent.event_id for parent in parents],
            auth_events=sorted(state[key] for key in keys if key in state),
            depth=1 + max((parent.depth for parent in parents), default=0),
            ts=self._ts,
        )
        event = seal(pdu, self._rules, self._keys[server_of(sender)])
        return event, self._replica.allows(event, state)


def digest(state: Mapping[StateKey, EventId]) -> str:
    """One word for a state."""
    return sha256(repr(sorted(state.items())).encode()).hexdigest()[:16]
