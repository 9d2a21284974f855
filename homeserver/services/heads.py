"""The head of one room: its newest state, members and forward extremities, and what they mean.

Not for: where heads are kept and how they follow the stream (`rooms`); states of the past (`storage.state`).
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from homeserver.errors import NotFound
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId, RoomId, UserId, server_of
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.server_acl import ServerAcl
from homeserver.storage.rooms import HeadRecord
from homeserver.storage.rows import FOLLOWED, EventRow, MemberRow, PartialRow, RedactionRow, StateRow

MEMBER = "m.room.member"
CREATE: StateKey = ("m.room.create", "")
POWER_LEVELS: StateKey = ("m.room.power_levels", "")
_NOBODY: AbstractSet[str] = frozenset()


class Member(NamedTuple):
    """One user's membership of a room, with the member event that says so."""

    membership: str
    event_nid: int
    event_id: EventId
    displayname: str | None
    avatar_url: str | None


class Extremity(NamedTuple):
    """A forward extremity and the state point after it."""

    event_id: EventId
    chain_id: int
    sequence: int


@dataclass(slots=True)
class StateEntry:
    """One entry of the current state. `event` is parsed when first asked for."""

    event_nid: int
    event_id: EventId
    body: bytes

    def event(self, room_id: RoomId) -> Event:
        return event_of_body(orjson.loads(self.body), room_id)


def event_of_body(body: Mapping[str, Any], room_id: RoomId) -> Event:
    """An event as the authorisation rules need it, from its client format: no edges, no PDU."""
    return Event(
        event_id=body["event_id"],
        room_id=room_id,
        type=body["type"],
        sender=body["sender"],
        state_key=body.get("state_key"),
        content=body["content"],
        prev_events=(),
        auth_events=(),
        depth=0,
        ts=body["origin_server_ts"],
        pdu={},
    )


class Room:
    """The head of one room. Read-only for everyone but `Rooms`."""

    def __init__(self, record: HeadRecord) -> None:
        self.room_nid = record.room_nid
        self.room_id = RoomId(record.room_id)
        self.rules: RoomVersion = ROOM_VERSIONS[record.room_version]
        self.read_at = record.position
        self.is_public = record.is_public
        self.is_partial = record.is_partial
        """Members that were there before our join are still to be fetched: who is not among `members` may be one."""
        self.told_servers: AbstractSet[str] = record.told_servers
        self.version = record.version
        self.chain_id = record.chain_id
        self.sequence = record.sequence
        self.depth = record.depth
        self.last_position = record.last_position
        self.extremities: dict[int, Extremity] = {
            tip.event_nid: Extremity(EventId(tip.event_id), tip.chain_id, tip.sequence_after)
            for tip in record.extremities
        }
        self.state: dict[StateKey, StateEntry] = {
            (entry.type, entry.state_key): StateEntry(entry.event_nid, EventId(entry.event_id), entry.body)
            for entry in record.state
        }
        self.members: dict[str, Member] = {
            member.user_id: Member(
                member.membership, member.event_nid, EventId(member.event_id), member.displayname, member.avatar_url
            )
            for member in record.members
        }
        self._events: dict[StateKey, Event] = {}
        self._power: PowerLevels | None = None
        self._servers: dict[str, set[str]] | None = None
        self._acl: ServerAcl | None = None

    @classmethod
    def new(cls, room_id: RoomId, rules: RoomVersion, room_nid: int, chain_id: int) -> "Room":
        """The head of a room that has just been allocated: nothing has happened in it."""
        return cls(HeadRecord.new(room_nid, room_id, rules.id, chain_id))

    # -- asking ----------------------------------------------------------------------------------------------------

    def membership(self, user_id: str) -> str:
        """The user's membership; `leave` for one who never had any."""
        member = self.members.get(user_id)
        return member.membership if member is not None else "leave"

    def is_joined(self, user_id: str) -> bool:
        return self.membership(user_id) == "join"

    def event(self, key: StateKey) -> Event | None:
        """The current state event under `key`; of member events only what authorisation needs."""
        found = self._events.get(key)
        if found is not None:
            return found
        if key[0] == MEMBER:
            member = self.members.get(key[1])
            if member is None or not member.event_nid:
                return None
            found = _member_event(self.room_id, UserId(key[1]), member)
        else:
            entry = self.state.get(key)
            if entry is None:
                return None
            found = entry.event(self.room_id)
        self._events[key] = found
        return found

    def content(self, event_type: str, state_key: str = "") -> Mapping[str, Any]:
        """Content of a current state event; empty when there is none."""
        event = self.event((event_type, state_key))
        return event.content if event is not None else {}

    @property
    def create(self) -> Event:
        event = self.event(CREATE)
        if event is None:
            raise NotFound("This server has no state of that room.")
        return event

    @property
    def power(self) -> PowerLevels:
        """The power levels in force."""
        if self._power is None:
            levels = self.event(POWER_LEVELS)
            self._power = PowerLevels.of(levels.content if levels else None, self.create, self.rules)
        return self._power

    @property
    def servers(self) -> AbstractSet[str]:
        """Names of the servers with a joined user; while members lack, with those that are in the room as we were told.

        Told ones are sent to. What they may read is decided by `has_server`, which knows members alone.
        """
        known = self._by_server().keys()
        return known | self.told_servers if self.is_partial else known

    def has_server(self, server: str) -> bool:
        return server in self._by_server()

    def allows_server(self, server: str) -> bool:
        """Whether the room's server ACL lets this server take part. Spec: Client-Server API, Server ACLs."""
        if self._acl is None and ("m.room.server_acl", "") in self.state:
            self._acl = ServerAcl.of(self.content("m.room.server_acl"))
        return self._acl is None or self._acl.allows(server)

    @property
    def join_rule(self) -> str:
        rule = self.content("m.room.join_rules").get("join_rule")
        return rule if isinstance(rule, str) else "invite"

    @property
    def history_visibility(self) -> str:
        visibility = self.content("m.room.history_visibility").get("history_visibility")
        return visibility if isinstance(visibility, str) else "shared"

    @property
    def is_encrypted(self) -> bool:
        return ("m.room.encryption", "") in self.state

    def joined(self) -> Iterator[str]:
        return (user_id for user_id, member in self.members.items() if member.membership == "join")

    def joined_of(self, server: str) -> AbstractSet[str]:
        """Joined users of one server."""
        return self._by_server().get(server, _NOBODY)

    @property
    def joined_count(self) -> int:
        """How many are joined, as far as is known."""
        known = sum(map(len, self._by_server().values()))
        return max(known, len(self.told_servers)) if self.is_partial else known

    def count(self, membership: str) -> int:
        return sum(1 for member in self.members.values() if member.membership == membership)

    def nid_of(self, key: StateKey) -> int | None:
        """Number of the current state event under `key`."""
        if key[0] == MEMBER:
            member = self.members.get(key[1])
            return member.event_nid or None if member is not None else None
        entry = self.state.get(key)
        return entry.event_nid if entry is not None else None

    def state_event_ids(self) -> dict[StateKey, EventId]:
        """The whole current state, members included."""
        return self.copied_state_event_ids()()

    def copied_state_event_ids(self) -> Callable[[], dict[StateKey, EventId]]:
        """`state_event_ids` of the head as it is now, to be made in a thread: of many members that takes a while."""
        state, members = dict(self.state), dict(self.members)

        def ids() -> dict[StateKey, EventId]:
            found = {key: entry.event_id for key, entry in state.items()}
            found.update({(MEMBER, user_id): one.event_id for user_id, one in members.items() if one.event_nid})
            return found

        return ids

    # -- following the stream --------------------------------------------------------------------------------------

    def apply_event(self, row: EventRow) -> None:
        """Take an event that came onto the head."""
        self.version = row.head_version
        self.depth = max(self.depth, row.depth)
        self.last_position = max(self.last_position, row.room_position)
        self.apply_replaced(row)
        changed = row.delta_sequence is not None
        chain_id = row.head_chain_id or row.chain_id if changed else row.chain_id
        sequence = row.sequence if row.delta_sequence is None else row.delta_sequence
        if not row.flags & FOLLOWED:
            self.extremities[row.event_nid] = Extremity(EventId(row.event_id), chain_id, sequence)
        if row.is_current_state and row.state_key is not None:
            self.chain_id, self.sequence = chain_id, sequence
            self._change((row.type, row.state_key), row)

    def apply_replaced(self, row: EventRow) -> None:
        """Take away the extremities that an event, which may be a hidden one, replaces."""
        self.version = row.head_version
        for event_nid in row.replaces:
            self.extremities.pop(event_nid, None)

    def apply_state(self, row: StateRow) -> None:
        """Take a change of the current state that resolution made, or that was there before our join."""
        self.version = row.head_version
        if row.sequence:  # else it is of the state that the first chain begins with
            self.chain_id, self.sequence = row.chain_id, row.sequence
        self._change((row.type, row.state_key), row)

    def apply_partial(self, row: PartialRow) -> None:
        """Members lack from now on, or no longer."""
        self.is_partial, self.told_servers = row.is_partial, frozenset(row.servers)

    def apply_member(self, row: MemberRow) -> None:
        """Take a membership that a server outside the room set."""
        self._change((MEMBER, row.user_id), row)

    def apply_redaction(self, row: RedactionRow) -> None:
        """Take the redacted form of an event of the current state."""
        for key, entry in self.state.items():
            if entry.event_nid == row.target_event_nid:
                entry.body = row.body
                self._forget(key)
                return
        if b'"m.room.member"' in row.body:
            for user_id, member in self.members.items():
                if member.event_nid == row.target_event_nid:
                    self.members[user_id] = member._replace(displayname=None, avatar_url=None)
                    return

    def _change(self, key: StateKey, row: EventRow | StateRow | MemberRow) -> None:
        self._forget(key)
        event_id = EventId(row.event_id or "")
        if key[0] == MEMBER:
            membership = row.membership or "leave"
            self._set_member(key[1], Member(membership, row.event_nid or 0, event_id, row.displayname, row.avatar_url))
        elif row.event_nid is None:
            self.state.pop(key, None)
        elif not isinstance(row, MemberRow):
            self.state[key] = StateEntry(row.event_nid, event_id, row.body)

    def _forget(self, key: StateKey) -> None:
        self._events.pop(key, None)
        if key in (CREATE, POWER_LEVELS):
            self._power = None
        elif key[0] == "m.room.server_acl":
            self._acl = None

    def _set_member(self, user_id: str, member: Member) -> None:
        self.members[user_id] = member
        if self._servers is None:
            return
        server = server_of(user_id)
        if member.membership == "join":
            self._servers.setdefault(server, set()).add(user_id)
        elif server in self._servers:
            self._servers[server].discard(user_id)
            if not self._servers[server]:
                del self._servers[server]

    def _by_server(self) -> dict[str, set[str]]:
        """Joined users by server, made when first asked for."""
        if self._servers is None:
            self._servers = {}
            for user_id in self.joined():
                self._servers.setdefault(server_of(user_id), set()).add(user_id)
        return self._servers


def _member_event(room_id: RoomId, user_id: UserId, member: Member) -> Event:
    """The member event as authorisation reads it: rules about others' member events look at `membership` alone."""
    return Event(
        event_id=member.event_id,
        room_id=room_id,
        type=MEMBER,
        sender=user_id,
        state_key=user_id,
        content={"membership": member.membership},
        prev_events=(),
        auth_events=(),
        depth=0,
        ts=0,
        pdu={},
    )
