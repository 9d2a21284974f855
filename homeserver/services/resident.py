"""What we do for other servers as a resident of a room: templates, and taking the member events they come back with.

Spec: Server-Server API, Joining Rooms, Restricted rooms, Leaving Rooms, Knocking upon a room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeserver.clock import Clock
from homeserver.errors import (
    BadJson,
    Forbidden,
    IncompatibleRoomVersion,
    InvalidParam,
    NotFound,
    UnableToAuthoriseJoin,
    UnableToGrantJoin,
    Unavailable,
)
from homeserver.protocol.auth_chain import TooManyEvents
from homeserver.protocol.auth_rules import auth_state_keys, check
from homeserver.protocol.errors import BadEvent, NotAllowed
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.events import Event, StateKey, build_pdu, parse_pdu, referred_ids
from homeserver.protocol.identifiers import EventId, ServerName, UserId, server_of
from homeserver.protocol.signing import SigningKey, sign_event
from homeserver.services.acceptance import Acceptance, MissingAncestors, Verdict, event_of
from homeserver.services.heads import CREATE, MEMBER, Room
from homeserver.services.pdus import pdu_texts
from homeserver.services.received import Dropped
from homeserver.services.references import References
from homeserver.services.resolution import TooSlow
from homeserver.services.rooms import Rooms
from homeserver.storage.events.read import Events
from homeserver.storage.rows import RELAY

Json = dict[str, Any]

VIA: Final = "join_authorised_via_users_server"
RESTRICTED: Final = ("restricted", "knock_restricted")
MAX_PREV_EVENTS: Final = 20
HEROES: Final = 5
PRESENT: Final = ("join", "invite")
MANY_MEMBERS: Final = 100
"""Up to so many, leaving members out saves nobody anything."""


@dataclass(frozen=True, slots=True)
class Template:
    """A member event for a peer to finish and sign."""

    room_version: str
    event: Json


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a server that joins needs: the state before its join, with the auth chain, as JSON of PDUs."""

    event: Mapping[str, Any]
    state: Sequence[bytes]
    auth_chain: Sequence[bytes]
    servers: Sequence[str]
    members_omitted: bool = False


class Resident:
    """Serves make_* and send_*."""

    def __init__(
        self,
        key: SigningKey,
        rooms: Rooms,
        acceptance: Acceptance,
        *,
        events: Events,
        references: References,
        clock: Clock,
    ) -> None:
        self.us = key.server
        self._key = key
        self._rooms = rooms
        self._acceptance = acceptance
        self._events = events
        self._references = references
        self._clock = clock

    async def room_for(self, origin: str, room_id: str) -> Room:
        """A room that we are in, for a server that may take part in it. Raises NotFound, Forbidden."""
        room = await self._rooms.room(room_id)
        if not room.has_server(self._key.server):
            raise NotFound("This server is not in that room.")
        if not room.allows_server(origin):
            raise Forbidden("Your server may not take part in this room.")
        return room

    async def whole_room_for(self, origin: str, room_id: str) -> Room:
        """`room_for`, of which we know the whole state. Raises NotFound, Forbidden."""
        room = await self.room_for(origin, room_id)
        if room.is_partial:
            raise NotFound("This server does not know the whole state of that room yet.")
        return room

    async def make_join(self, origin: ServerName, room_id: str, user_id: str, versions: Sequence[str]) -> Template:
        """Raises NotFound, Forbidden, IncompatibleRoomVersion, UnableToAuthoriseJoin, UnableToGrantJoin."""
        room = await self._room_of(origin, room_id, user_id)
        if room.rules.id not in (versions or ("1",)):
            raise IncompatibleRoomVersion(room_version=room.rules.id)
        content: Json = {"membership": "join"}
        if room.join_rule in RESTRICTED and room.membership(user_id) not in ("join", "invite"):
            content[VIA] = await self._who_vouches(room, user_id)
        return await self._template(room, user_id, content)

    async def make_leave(self, origin: ServerName, room_id: str, user_id: str) -> Template:
        """Raises NotFound, Forbidden."""
        return await self._template(await self._room_of(origin, room_id, user_id), user_id, {"membership": "leave"})

    async def make_knock(self, origin: ServerName, room_id: str, user_id: str, versions: Sequence[str]) -> Template:
        """Raises NotFound, Forbidden, IncompatibleRoomVersion."""
        room = await self._room_of(origin, room_id, user_id)
        if room.rules.id not in versions:
            raise IncompatibleRoomVersion(room_version=room.rules.id)
        return await self._template(room, user_id, {"membership": "knock"})

    async def send_join(
        self, origin: ServerName, room_id: str, event_id: str, pdu: Json, *, omit_members: bool = False
    ) -> Welcome:
        """Take a join and tell the state before it. Raises NotFound, Forbidden, BadJson, InvalidParam, Unavailable.

        With `omit_members`, of many members only those are told of whom the room's name would be made.
        """
        room = await self.whole_room_for(origin, room_id)
        event = await self._member_event(origin, room, event_id, pdu, "join")
        before, servers = room.state_event_ids(), list(room.servers)
        omits = omit_members and len(room.members) > MANY_MEMBERS
        if omits:
            told = _who_name_it(room)
            before = {key: found for key, found in before.items() if key[0] != MEMBER or key[1] in told}
        await self._take(room, event)
        in_state = set(before.values())
        links = await self._events.chain_links([*in_state, *event.auth_events])
        cited = {nid for link in links for nid in link.auth_nids}
        chain = [
            link.event_nid for link in links if link.event_id not in in_state or (link.event_nid in cited and not omits)
        ]
        state = [link.event_nid for link in links if link.event_id in in_state]
        texts = await pdu_texts(self._events, [*state, *chain], room.rules)
        return Welcome(event.pdu, texts[: len(state)], texts[len(state) :], servers, members_omitted=omits)

    async def send_leave(self, origin: ServerName, room_id: str, event_id: str, pdu: Json) -> None:
        """Take a leave: a rejected invite, or a knock taken back. Raises as `send_join`."""
        room = await self.whole_room_for(origin, room_id)
        await self._take(room, await self._member_event(origin, room, event_id, pdu, "leave"))

    async def send_knock(self, origin: ServerName, room_id: str, event_id: str, pdu: Json) -> list[Mapping[str, Any]]:
        """Take a knock; the state that describes the room, as PDUs. Raises as `send_join`."""
        room = await self.whole_room_for(origin, room_id)
        await self._take(room, await self._member_event(origin, room, event_id, pdu, "knock"))
        return await self.describing_state(room)

    async def describing_state(self, room: Room) -> list[Mapping[str, Any]]:
        """Full PDUs of what an invited or knocking user may know. Spec: Server-Server API, Stripped state."""
        ids = [entry.event_id for key, entry in room.state.items() if key in DESCRIBING]
        return [event_of(found, room.rules).pdu for found in await self._events.by_id(ids)]

    # -- templates -------------------------------------------------------------------------------------------------

    async def _room_of(self, origin: ServerName, room_id: str, user_id: str) -> Room:
        if server_of(user_id) != origin:
            raise Forbidden("The user is not of your server.")
        return await self.whole_room_for(origin, room_id)

    async def _template(self, room: Room, user_id: str, content: Json) -> Template:
        keys = auth_state_keys(MEMBER, user_id, user_id, content, room.rules)
        state = {key: found for key in keys if (found := room.event(key)) is not None}
        await self._references.prepare(room, keys)
        proto = build_pdu(
            room.rules,
            room_id=room.room_id,
            sender=UserId(user_id),
            type=MEMBER,
            state_key=user_id,
            content=content,
            prev_events=[tip.event_id for tip in room.extremities.values()][-MAX_PREV_EVENTS:],
            auth_events=[found.event_id for found in state.values()],
            depth=room.depth + 1,
            ts=self._clock.now_ms(),
            hashes=self._references.hashes,
        )
        try:
            check(_unsealed(proto, room), state, room.rules, create=_create_for(room))
        except NotAllowed as refused:
            raise Forbidden(f"The room does not allow that: {refused.why}.") from refused
        return Template(room.rules.id, proto)

    async def _who_vouches(self, room: Room, user_id: str) -> str:
        """A user of ours who may let in one that meets a condition. Spec: Server-Server API, Restricted rooms."""
        allow = room.content("m.room.join_rules").get("allow")
        conditions = [item for item in allow if isinstance(item, dict)] if isinstance(allow, list) else []
        is_known_everywhere = True
        for condition in conditions:
            other_id = condition.get("room_id")
            if condition.get("type") != "m.room_membership" or not isinstance(other_id, str):
                continue
            other = await self._rooms.find(other_id)
            if other is None or not other.has_server(self._key.server):
                is_known_everywhere = False
            elif other.is_joined(user_id):
                return self._with_invite_power(room)
            elif other.is_partial:
                is_known_everywhere = False
        if not is_known_everywhere:
            raise UnableToAuthoriseJoin
        raise Forbidden("You are in none of the rooms that let people into this one.")

    def _with_invite_power(self, room: Room) -> str:
        power = room.power
        for user_id in room.joined():
            if server_of(user_id) == self._key.server and power.of_user(user_id) >= power.invite:
                return user_id
        raise UnableToGrantJoin

    # -- taking ----------------------------------------------------------------------------------------------------

    async def _member_event(self, origin: ServerName, room: Room, event_id: str, pdu: Json, membership: str) -> Event:
        """The peer's own member event, verified; with our signature where one of us vouches for it."""
        try:
            event = parse_pdu(self._as_if_signed(pdu), room.rules)
        except (BadEvent, NotCanonical) as error:
            raise BadJson(f"The event is not good: {error}") from error
        if event.event_id != event_id:
            raise InvalidParam("The event has another id than the path.")
        if event.room_id != room.room_id or event.type != MEMBER or event.membership != membership:
            raise InvalidParam(f"The event is no {membership} of this room.")
        if event.state_key != event.sender or server_of(event.sender) != origin:
            raise InvalidParam("The event is not of a user of your server.")
        signed: Mapping[str, Any] = pdu
        if membership == "join" and await self._vouched_for(room, event):
            signed = sign_event(event.pdu, room.rules, self._key)
        (read,) = await self._acceptance.read([dict(signed)], room.rules)
        if isinstance(read, Dropped):
            raise BadJson(f"The event is not good: {read.why}")
        return read

    def _as_if_signed(self, pdu: Json) -> Json:
        """The PDU with a place for our signature, which its format asks for where one of us vouches."""
        signatures = pdu.get("signatures")
        given = signatures if isinstance(signatures, dict) else {}
        return {**pdu, "signatures": {**given, self._key.server: {self._key.key_id: ""}}}

    async def _vouched_for(self, room: Room, event: Event) -> bool:
        """Whether a user of ours vouches for this join, as it says. Raises Forbidden when it says so wrongly."""
        via = event.content.get(VIA)
        if not isinstance(via, str) or server_of(via) != self._key.server:
            return False
        if room.join_rule not in RESTRICTED or not room.is_joined(via):
            raise Forbidden("Nobody here vouches for this join.")
        if room.membership(event.sender) not in ("join", "invite"):
            await self._who_vouches(room, event.sender)
        return True

    async def _take(self, room: Room, event: Event) -> None:
        try:
            verdict = await self._acceptance.take(room.room_id, event, flags=RELAY)
        except MissingAncestors as error:
            raise InvalidParam("The event names parents or auth events that are not known here.") from error
        except (TooManyEvents, TooSlow) as error:
            raise Unavailable("The room is in a state that cannot be resolved now.") from error
        if verdict in (Verdict.REJECTED, Verdict.SOFT_FAILED):
            raise Forbidden("The room does not allow that.")


DESCRIBING: Final[frozenset[StateKey]] = frozenset(
    (event_type, "")
    for event_type in (
        "m.room.create",
        "m.room.name",
        "m.room.avatar",
        "m.room.topic",
        "m.room.join_rules",
        "m.room.canonical_alias",
        "m.room.encryption",
    )
)


def _who_name_it(room: Room) -> set[str]:
    """Members whose names stand for the room's; nobody if it has one. Spec: Client-Server API, Room summary."""
    if room.content("m.room.name").get("name") or room.content("m.room.canonical_alias").get("alias"):
        return set()
    present = [(found.event_nid, name) for name, found in room.members.items() if found.membership in PRESENT]
    return {name for _, name in sorted(present)[:HEROES]}


def _create_for(room: Room) -> Event | None:
    return room.event(CREATE) if room.rules.create_is_room else None


def _unsealed(proto: Mapping[str, Any], room: Room) -> Event:
    """A template as the rules read it; it has no id yet."""
    return Event(
        event_id=EventId(""),
        room_id=room.room_id,
        type=proto["type"],
        sender=proto["sender"],
        state_key=proto["state_key"],
        content=proto["content"],
        prev_events=referred_ids(proto["prev_events"], room.rules),
        auth_events=referred_ids(proto["auth_events"], room.rules),
        depth=proto["depth"],
        ts=proto["origin_server_ts"],
        pdu=proto,
    )
