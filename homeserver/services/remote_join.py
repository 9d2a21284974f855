"""Bringing users of ours into rooms that live elsewhere, and out of invites to them.

Nothing a stranger wrote is signed: the event is built here, the template gives only its place in the graph and, for a
restricted room, who vouches. What comes back is verified event by event before a row is written.
Spec: Server-Server API, Joining Rooms, Leaving Rooms (Rejecting Invites).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
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
from homeserver.services.commits import Commits
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Finished, Stale
from homeserver.services.out_of_band import OutOfBand
from homeserver.services.outliers import Outliers, Stored, judge
from homeserver.services.partial.completing import Completing
from homeserver.services.partial.entries import Beginning, first_row
from homeserver.services.partial.entry import Entry, with_chains
from homeserver.services.resolution import Resolution
from homeserver.services.rooms import Rooms
from homeserver.services.templates import BadTemplate, read_template
from homeserver.services.turns import slices
from homeserver.storage.database import NidBlocks
from homeserver.storage.members import Members
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import StateRow
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream

log = structlog.get_logger()

MAX_SERVERS: Final = 6
"""Residents that are tried before we give up."""
TRIES: Final = 5
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
        table: RoomTable,
        members: Members,
        commits: Commits,
        out_of_band: OutOfBand,
        outliers: Outliers,
        resolution: Resolution,
        stream: Stream,
        keys: StateKeys,
        nids: NidBlocks,
        completing: Completing,
        clock: Clock,
    ) -> None:
        self._key = key
        self._client = client
        self._acceptance = acceptance
        self._rooms = rooms
        self._table = table
        self._members = members
        self._commits = commits
        self._out_of_band = out_of_band
        self._outliers = outliers
        self._resolution = resolution
        self._stream = stream
        self._keys = keys
        self._nids = nids
        self._completing = completing
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
            except (FederationError, BadTemplate, NotAllowed, BadEvent) as error:
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
        template = await self._client.make_join(server, room_id, user_id, ROOM_VERSIONS)
        rules = _rules(template)
        event = self._build(template, rules, user_id, room_id, "join", extra)
        # Whoever comes back has members to compare with: those are told at once.
        is_new = (known := await self._rooms.find(room_id)) is None or not known.extremities
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
        await self._store(room_id, rules, entry)
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

    async def _store(self, room_id: RoomId, rules: RoomVersion, entry: Entry) -> None:
        """Write the room: outliers first, then the join with the state, or with as much of it as a batch may hold."""
        await self._table.allocate(room_id, rules.id, created_ts=self._clock.now_ms())
        room = await self._rooms.reload(room_id)
        if room is None:
            raise Unavailable("The room could not be made.")
        if room.extremities:
            stored = await self._outliers.store(room, list(entry.everything.values()), entry.rejected)
            await self._enter(room, entry, stored)
            return
        first = entry.first()
        needed = with_chains(first.values(), entry)
        with self._completing.held(room.room_nid):
            stored = await self._outliers.store(room, needed, entry.rejected)
            await self._enter(room, replace(entry, state=first, is_partial=entry.lacks(first)), stored)
            rest = [event for event in entry.everything.values() if event.event_id not in stored]
            if rest:
                await self._outliers.store(room, [*needed, *rest], entry.rejected)
                await self._completing.stored(room.room_nid, len(entry.everything))

    async def _enter(self, room: Room, entry: Entry, stored: Mapping[EventId, Stored]) -> None:
        for _ in range(TRIES):
            room = await self._rooms.reload(room.room_id) or room
            try:
                await (self._return if room.extremities else self._begin)(room, entry, stored)
            except Stale:
                continue
            self._rooms.forget(room.room_id)
            return
        raise Unavailable("The room changed while it was joined; try again.")

    async def _begin(self, room: Room, entry: Entry, stored: Mapping[EventId, Stored]) -> None:
        """A room that we were never in: its state stands at the beginning of its first chain."""
        event, state = entry.event, entry.state
        numbers = await self._keys.intern([*state, event.key])
        await self._nids.ensure(1)
        rows: list[StateRow] = []
        async for portion in slices([found for key, found in sorted(state.items()) if key != event.key]):
            rows += [first_row(room, found, stored[found.event_id].event_nid, numbers) for found in portion]
        beginning = Beginning(
            room,
            event,
            rows,
            stored,
            state_key_nid=numbers[event.key],
            event_nid=self._nids.next(),
            partial=entry.row(room) if entry.is_partial else None,
        )
        outcome = await self._stream.submit(beginning)
        if outcome.refused:
            raise Stale

    async def _return(self, room: Room, entry: Entry, stored: Mapping[EventId, Stored]) -> None:
        """A room that we were in before: what happened meanwhile is a gap, and the head starts anew after it."""
        event, state = entry.event, entry.state
        told = {key: (stored[entry.event_id].event_nid, entry.event_id) for key, entry in state.items()}
        point, rows = await self._resolution.given(room, told)
        current = room.state_event_ids()
        after = {key: entry.event_id for key, entry in state.items()} | {event.key: event.event_id}
        changed = {key: after.get(key) for key in {*current, *after} if current.get(key) != after.get(key)}
        changes = await self._resolution.changes(room, changed, event)
        if room.is_partial:
            rows.append(entry.row(room))
        await self._commits.commit(
            room,
            Finished(
                event,
                auth_nids=tuple(stored[auth].event_nid for auth in event.auth_events if auth in stored),
                at_head=False,
                point=point,
                delta=(point[0], point[1] + 1),
                changes=changes,
                seen=room.version,
                rows=rows,
                missing=event.prev_events,
                starts_anew=True,
            ),
        )


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
