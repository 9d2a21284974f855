"""Bringing users of ours into rooms that live elsewhere, and out of invites to them.

Nothing a stranger wrote is signed: the event is built here, the template gives only its place in the graph and, for a
restricted room, who vouches. What comes back is verified event by event before a row is written.
Spec: Server-Server API, Joining Rooms, Leaving Rooms (Rejecting Invites).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.errors import Forbidden, IncompatibleRoomVersion, MatrixError, NotFound, Unavailable
from homeserver.federation.client.errors import FederationError, Refused
from homeserver.federation.client.joining import Joined, Joining, Template, incompatible_version
from homeserver.protocol.auth_rules import check
from homeserver.protocol.errors import BadEvent, NotAllowed
from homeserver.protocol.events import Event, StateKey, build_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId, UserId, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey
from homeserver.services.acceptance import Acceptance
from homeserver.services.heads import MEMBER
from homeserver.services.out_of_band import OutOfBand
from homeserver.services.outliers import judge
from homeserver.services.partial.entering import EnteredMeanwhile, Entering
from homeserver.services.partial.entry import Entry
from homeserver.services.rooms import Rooms
from homeserver.services.templates import BadTemplate, read_template
from homeserver.storage.members import Members

log = structlog.get_logger()

MAX_SERVERS: Final = 6
"""Residents that are tried before we give up."""
MAX_STATE: Final = 200_000
MANY: Final = 200
"""Events whose judging would hold the loop up."""
KNOCKABLE: Final = [version for version, rules in ROOM_VERSIONS.items() if rules.knock]
CREATE_KEY: Final[StateKey] = ("m.room.create", "")


class RemoteJoin:
    """Joins and rejections by way of a server that is in the room."""

    def __init__(
        self,
        key: SigningKey,
        client: Joining,
        acceptance: Acceptance,
        *,
        rooms: Rooms,
        members: Members,
        out_of_band: OutOfBand,
        entering: Entering,
        clock: Clock,
    ) -> None:
        self._key = key
        self._client = client
        self._acceptance = acceptance
        self._rooms = rooms
        self._members = members
        self._out_of_band = out_of_band
        self._entering = entering
        self._clock = clock

    async def join(self, user_id: UserId, room_id: RoomId, via: Sequence[str], content: Mapping[str, Any]) -> None:
        """Join by one of `via`; the room can be used when it returns. `content`: what else goes into the event.

        Raises Forbidden, IncompatibleRoomVersion, NotFound (nobody to ask), Unavailable.
        """
        await self._by_one_of(via, room_id, lambda server: self._join_by(server, user_id, room_id, dict(content)))

    async def knock(self, user_id: UserId, room_id: RoomId, via: Sequence[str], content: Mapping[str, Any]) -> None:
        """Ask by one of `via` to be let in. Raises as `join`."""
        await self._by_one_of(via, room_id, lambda server: self._knock_by(server, user_id, room_id, content))

    async def _by_one_of(self, via: Sequence[str], room_id: RoomId, ask: Callable[[str], Awaitable[None]]) -> None:
        """Ask server after server until one agrees. Raises what says most of why none did."""
        problem: MatrixError = NotFound("No server was found that is in this room.")
        for server in _to_ask(via, self._key.server):
            try:
                await ask(server)
                return
            except Refused as refused:
                problem = _meaning(refused)
            except (FederationError, BadTemplate, NotAllowed, BadEvent, EnteredMeanwhile) as error:
                log.info("no way in", server=server, room_id=room_id, why=str(error))
                if not isinstance(problem, Forbidden | IncompatibleRoomVersion):
                    problem = Unavailable(f"The room could not be entered by {server}.")
        raise problem

    async def _knock_by(self, server: str, user_id: UserId, room_id: RoomId, content: Mapping[str, Any]) -> None:
        template = await self._client.make_knock(server, room_id, user_id, KNOCKABLE)
        rules = _rules(template)
        event = self._build(template, rules, user_id, room_id, "knock", content)
        state = await self._client.send_knock(server, room_id, event.event_id, event.pdu)
        try:
            stripped = await self._out_of_band.stripped(room_id, rules, state)
        except MatrixError as error:
            log.info("state of the room is not shown", server=server, room_id=room_id, why=error.message)
            stripped = b"[]"
        await self._out_of_band.keep(room_id, rules, event, stripped)

    async def leave(self, user_id: UserId, room_id: RoomId, content: Mapping[str, Any]) -> None:
        """Reject an invite, or take a knock back, of a room that we are not in. Raises Unavailable if nobody takes it.

        Asked are the servers of those who invited, or whom the room's stripped state names.
        """
        for server in _to_ask(await self._who_may_know(user_id, room_id), self._key.server):
            try:
                template = await self._client.make_leave(server, room_id, user_id)
                event = self._build(template, _rules(template), user_id, room_id, "leave", content)
                await self._client.send_leave(server, room_id, event.event_id, event.pdu)
            except (FederationError, BadTemplate, BadEvent) as error:
                log.info("leave failed", server=server, room_id=room_id, why=str(error))
            else:
                return
        raise Unavailable("No server of that room could be told.")

    async def _who_may_know(self, user_id: UserId, room_id: RoomId) -> list[str]:
        membership = (await self._members.memberships(room_id, [user_id])).get(user_id)
        if membership is None:
            return []
        senders = [membership.sender]
        if membership.stripped_state is not None:
            senders += [entry["sender"] for entry in orjson.loads(membership.stripped_state)]
        return [server_of(sender) for sender in senders]

    # -- building --------------------------------------------------------------------------------------------------

    def _build(
        self,
        template: Template,
        rules: RoomVersion,
        user_id: UserId,
        room_id: RoomId,
        membership: str,
        extra: Mapping[str, Any],
    ) -> Event:
        """Our own member event at the place that the template names. Raises BadTemplate, BadEvent."""
        place = read_template(template, rules, user_id, room_id, membership)
        content: dict[str, Any] = {**extra, "membership": membership}
        if membership == "join" and place.authorised_via is not None and rules.restricted:
            content["join_authorised_via_users_server"] = place.authorised_via
        proto = build_pdu(
            rules,
            room_id=room_id,
            sender=user_id,
            type=MEMBER,
            state_key=user_id,
            content=content,
            prev_events=place.prev_events,
            auth_events=place.auth_events,
            depth=place.depth,
            ts=self._clock.now_ms(),
            hashes=place.hashes,
        )
        return seal(proto, rules, self._key)

    # -- joining ---------------------------------------------------------------------------------------------------

    async def _join_by(self, server: str, user_id: UserId, room_id: RoomId, extra: dict[str, Any]) -> None:
        try:
            await self._enter_by(server, user_id, room_id, extra)
        except EnteredMeanwhile:
            await self._enter_by(server, user_id, room_id, extra)

    async def _enter_by(self, server: str, user_id: UserId, room_id: RoomId, extra: dict[str, Any]) -> None:
        """Raises EnteredMeanwhile where another user of ours was faster: members must be told this time."""
        template, known = await asyncio.gather(
            self._client.make_join(server, room_id, user_id, ROOM_VERSIONS), self._rooms.find(room_id)
        )
        rules = _rules(template)
        event = self._build(template, rules, user_id, room_id, "join", extra)
        # Whoever comes back has members to compare with: those are told at once.
        is_new = known is None or not known.extremities
        joined = await self._client.send_join(server, room_id, event.event_id, event.pdu, omit_members=is_new)
        if joined.members_omitted and not (is_new and joined.servers):
            raise BadTemplate("the resident left out members, and does not say who can tell them")
        event = await self._countersigned(event, joined, rules)
        everything, state, rejected = await self._verified(joined, rules, room_id)
        by_key = {entry.key: entry for entry in state}
        create = by_key[CREATE_KEY]
        named = [everything[auth] for auth in event.auth_events if auth in everything] if joined.members_omitted else []
        before = {**{found.key: found for found in named if found.type == MEMBER}, **by_key}
        check(event, before, rules, create=create if rules.create_is_room else None)
        entry = Entry(server, event, by_key, everything, rejected, joined.members_omitted, joined.servers)
        await self._entering.enter(room_id, rules, entry)
        log.info("joined", room_id=room_id, server=server, state=len(state), is_partial=joined.members_omitted)

    async def _countersigned(self, event: Event, joined: Joined, rules: RoomVersion) -> Event:
        """Our event with the signature of the resident that vouches, for restricted rooms."""
        if "join_authorised_via_users_server" not in event.content:
            return event
        (read,) = await self._acceptance.read([joined.event], rules)
        if not isinstance(read, Event) or read.event_id != event.event_id:
            raise BadTemplate("the resident did not sign the join it vouches for")
        return read

    async def _verified(
        self, joined: Joined, rules: RoomVersion, room_id: RoomId
    ) -> tuple[dict[EventId, Event], list[Event], set[EventId]]:
        """Auth chain, state, and which of them are rejected. Bad events are left out. Raises BadTemplate."""
        if len(joined.state) + len(joined.auth_chain) > MAX_STATE:
            raise BadTemplate(f"the state has more than {MAX_STATE} events")
        read = await self._acceptance.read([*joined.state, *joined.auth_chain], rules)
        good = [event if isinstance(event, Event) and event.room_id == room_id else None for event in read]
        everything = {event.event_id: event for event in good if event is not None}
        order, rejected = await _judged(everything, rules)
        accepted = {event.event_id for event in order} - rejected
        state = [
            event
            for event in good[: len(joined.state)]
            if event is not None and event.is_state and event.event_id in accepted
        ]
        create = next((event for event in state if event.key == CREATE_KEY), None)
        if create is None or not _fits(create, room_id, rules):
            raise BadTemplate("the state has no create event of this room")
        return {event.event_id: event for event in order}, state, rejected


async def _judged(events: Mapping[EventId, Event], rules: RoomVersion) -> tuple[list[Event], set[EventId]]:
    """`judge`, beside the loop where there is much to judge."""
    return await asyncio.to_thread(judge, events, rules) if len(events) > MANY else judge(events, rules)


def _rules(template: Template) -> RoomVersion:
    rules = ROOM_VERSIONS.get(template.room_version)
    if rules is None:
        raise BadTemplate(f"room version {template.room_version[:32]} was not offered")
    return rules


def _fits(create: Event, room_id: RoomId, rules: RoomVersion) -> bool:
    """Whether this create event begins the room that was asked for, in this version."""
    if rules.create_is_room and create.event_id[1:] != room_id[1:]:
        return False
    return create.room_id == room_id and create.content.get("room_version", "1") == rules.id


def _to_ask(servers: Iterable[str], us: str) -> list[str]:
    return [server for server in dict.fromkeys(servers) if server and server != us][:MAX_SERVERS]


def _meaning(refused: Refused) -> MatrixError:
    version = incompatible_version(refused)
    if version is not None:
        return IncompatibleRoomVersion(room_version=version)
    if refused.status == 404:
        return NotFound(refused.error or "The room was not found.")
    if refused.status in (400, 403):
        return Forbidden(refused.error or "The room may not be joined.")
    return Unavailable(f"{refused.server} could not help.")
