"""Transactions of peers: answered once, staged before they are acknowledged, worked off room by room.

What stands on known ground is committed at once; what lacks ancestors is staged with the answer, and `InboundWork` (in
`inbound_work.py`) fetches them. Spec: Server-Server API, Transactions, PDUs, EDUs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import structlog

from homeserver.clock import Clock, Faults
from homeserver.errors import BadJson, MatrixError
from homeserver.protocol import canonical_json
from homeserver.protocol.auth_chain import TooManyEvents
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import ServerName, server_of
from homeserver.services.acceptance import Acceptance, MissingAncestors
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Stale
from homeserver.services.known import Known
from homeserver.services.received import Dropped, room_id_of
from homeserver.services.resolution import TooSlow
from homeserver.services.rooms import Rooms
from homeserver.storage.errors import BadRow, DatabaseDown, DatabaseFull
from homeserver.storage.events.read import Events
from homeserver.storage.members import Members, Membership
from homeserver.storage.rows import InboundTxnRow, MemberRow, StagedRow
from homeserver.storage.stream import Stream

log = structlog.get_logger()

MAX_PDUS: Final = 50
MAX_EDUS: Final = 100
PASSING: Final = frozenset({"m.typing", "m.presence"})
"""EDUs that write nothing: whether they come before or after the answer is kept makes no difference."""
EduHandler = Callable[[ServerName, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Read:
    """A PDU of the transaction with what became of it so far."""

    pdu: object
    room: Room | None
    event: Event | Dropped


@dataclass(slots=True)
class _Taking:
    """The PDUs of one room. `staged`: what waits for ancestors; `is_closed`: the answer was committed with them."""

    origin: ServerName
    room: Room
    events: Sequence[Event]
    known: Known
    staged: list[StagedRow] = field(default_factory=list)
    is_closed: bool = False


class Inbound:
    """Takes transactions."""

    def __init__(
        self,
        us: ServerName,
        rooms: Rooms,
        acceptance: Acceptance,
        *,
        stream: Stream,
        events: Events,
        members: Members,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._us = us
        self._rooms = rooms
        self._acceptance = acceptance
        self._stream = stream
        self._events = events
        self._members = members
        self._clock = clock
        self._faults = faults
        self._running: dict[tuple[str, str], asyncio.Future[bytes]] = {}
        self._edus: dict[str, EduHandler] = {}
        self._lenient: set[str] = set()
        self._on_staged: Callable[[], None] = lambda: None

    def on_edu(self, edu_type: str, handler: EduHandler, *, takes_floats: bool = False) -> None:
        """Have EDUs of this type handed to `handler`, with the server they came from.

        `takes_floats`: those that are never signed or hashed, so that what is no canonical JSON does no harm.
        """
        self._edus[edu_type] = handler
        if takes_floats:
            self._lenient.add(edu_type)

    def on_staged(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when PDUs were staged."""
        self._on_staged = wake

    async def transaction(self, origin: ServerName, txn_id: str, body: Mapping[str, Any]) -> bytes:
        """The answer as JSON; the same for a transaction that comes again. Raises BadJson."""
        pdus, edus = body.get("pdus", []), body.get("edus", [])
        if not isinstance(pdus, list) or not isinstance(edus, list) or len(pdus) > MAX_PDUS or len(edus) > MAX_EDUS:
            raise BadJson(f"A transaction holds at most {MAX_PDUS} PDUs and {MAX_EDUS} EDUs")
        running = self._running.get((origin, txn_id))
        if running is not None:
            return await asyncio.shield(running)
        running = self._running[origin, txn_id] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._take(origin, txn_id, pdus, edus)
            running.set_result(answer)
        except BaseException as error:
            running.set_exception(error if isinstance(error, Exception) else MatrixError("The request was given up"))
            running.exception()
            raise
        finally:
            del self._running[origin, txn_id]
        return answer

    async def _take(self, origin: ServerName, txn_id: str, pdus: Sequence[object], edus: Sequence[object]) -> bytes:
        """Without forks and lasting EDUs, and with PDUs of one room: one read, one shared write."""
        read = await self._read(origin, pdus)
        results: dict[str, dict[str, str]] = {}
        by_room: dict[str, list[Event]] = {}
        rooms: dict[str, Room] = {}
        for entry in read:
            if isinstance(entry.event, Event) and entry.room is not None:
                results[entry.event.event_id] = {}
                by_room.setdefault(entry.room.room_id, []).append(entry.event)
                rooms[entry.room.room_id] = entry.room
            elif isinstance(entry.event, Dropped) and entry.event.event_id is not None:
                results[entry.event.event_id] = {"error": entry.event.why}
        groups = [(rooms[room_id], events) for room_id, events in by_room.items()]
        wanted = self._acceptance.wanted(groups)
        answered, stored = await self._events.by_id_unless_answered(wanted, origin, txn_id)
        if answered is not None:
            return answered
        known = Known()
        known.add(stored, wanted)
        closing = InboundTxnRow(
            origin=origin, txn_id=txn_id, response=orjson.dumps({"pdus": results}), received_ts=self._clock.now_ms()
        )
        if len(groups) == 1 and PASSING.issuperset(_edu_types(edus)):
            closing.room_nid = groups[0][0].room_nid
        for entry in read:
            if isinstance(entry.event, Dropped) and entry.room is not None and not entry.room.extremities:
                await self._withdraw(origin, entry.room, entry.pdu)
        takings = [_Taking(origin, room, events, known) for room, events in groups]
        await asyncio.gather(*(self._take_room(taking, closing) for taking in takings))
        await self._take_edus(origin, edus)
        await self._faults.at("inbound.before_answer")
        staged = [row for taking in takings for row in taking.staged]
        if not any(taking.is_closed for taking in takings):
            closing.room_nid = None
            await self._stream.write(*staged, closing)
        await self._faults.at("inbound.after_staging")
        if staged:
            self._on_staged()
        return closing.response

    async def _read(self, origin: ServerName, pdus: Sequence[object]) -> list[_Read]:
        """Find the rooms, and check what needs no room state, version by version."""
        rooms: dict[str, Room | None] = {}
        for room_id in {room_id_of(pdu) for pdu in pdus} - {None}:
            rooms[str(room_id)] = await self._rooms.find(str(room_id))
        entries: list[_Read] = []
        by_version: dict[str, list[tuple[int, object]]] = {}
        for pdu in pdus:
            room = rooms.get(room_id_of(pdu) or "")
            why = self._why_not(origin, room)
            entries.append(_Read(pdu, room, Dropped(why or "")))
            if room is not None and why is None:
                by_version.setdefault(room.rules.id, []).append((len(entries) - 1, pdu))
        for places in by_version.values():
            room = entries[places[0][0]].room
            if room is None:
                continue
            events = await self._acceptance.read([pdu for _, pdu in places], room.rules)
            for (place, pdu), event in zip(places, events, strict=True):
                entries[place] = _Read(pdu, entries[place].room, event)
        return entries

    def _why_not(self, origin: ServerName, room: Room | None) -> str | None:
        """Why PDUs for this room are not taken from this server. Rooms without a user here are none of our business."""
        if room is None or not room.extremities or not room.has_server(self._us):
            return "this server is not in the room"
        if not room.allows_server(origin):
            return "the room's server ACL denies this server"
        return None

    async def _withdraw(self, origin: ServerName, room: Room, pdu: object) -> None:
        """An invite to a room that we are not in was taken back by where it came from, or a knock was refused."""
        content = pdu.get("content") if isinstance(pdu, dict) else None
        if not isinstance(content, dict) or content.get("membership") not in ("leave", "ban"):
            return
        (event,) = await self._acceptance.read([pdu], room.rules)
        if not isinstance(event, Event) or event.type != MEMBER or event.state_key is None:
            return
        known = (await self._members.memberships(room.room_id, [event.state_key])).get(event.state_key)
        if known is None or server_of(event.state_key) != self._us or server_of(event.sender) != origin:
            return
        if origin in _who_may_withdraw(known):
            await self._stream.write(
                MemberRow(
                    room_nid=room.room_nid,
                    room_id=room.room_id,
                    user_id=event.state_key,
                    server=self._us,
                    membership="leave",
                    event_id=event.event_id,
                    sender=event.sender,
                )
            )

    async def _take_room(self, taking: "_Taking", closing: InboundTxnRow) -> None:
        """Commit what can be, in order, as much as possible together; stage what cannot be yet."""
        room_id, left = taking.room.room_id, list(taking.events)
        while left:
            last = (closing,) if closing.room_nid is not None and not taking.staged else ()
            count, is_done = await self._acceptance.take_run(room_id, left, taking.known, last)
            if is_done:
                taking.is_closed = bool(last) and count == len(left)
            else:
                for event in left[:count]:
                    await self._take_one(taking, event)
            del left[:count]

    async def _take_one(self, taking: "_Taking", event: Event) -> None:
        room = taking.room
        try:
            await self._acceptance.take(room.room_id, event, known=taking.known)
        except (MissingAncestors, Stale, TooManyEvents, TooSlow):
            taking.staged.append(
                StagedRow(
                    room_nid=room.room_nid,
                    room_id=room.room_id,
                    event_id=event.event_id,
                    origin=taking.origin,
                    pdu=canonical_json.encode_lenient(event.pdu),
                    received_ts=self._clock.now_ms(),
                )
            )
        except BadRow as error:
            log.warning("event cannot be stored", origin=taking.origin, event_id=event.event_id, why=str(error))

    async def _take_edus(self, origin: ServerName, edus: Sequence[object]) -> None:
        """Hand EDUs to those who know their type. A bad one is left out; the others go on."""
        for edu in edus:
            if not isinstance(edu, dict):
                continue
            edu_type, content = edu.get("edu_type"), edu.get("content")
            handler = self._edus.get(edu_type) if isinstance(edu_type, str) else None
            if handler is None or not isinstance(content, dict):
                continue
            try:
                if edu_type not in self._lenient:
                    canonical_json.check_strict(content)
                await handler(origin, content)
            except (DatabaseDown, DatabaseFull):
                raise  # the peer sends all of it again
            except (MatrixError, NotCanonical, KeyError, TypeError, ValueError) as error:
                log.info("edu left out", origin=origin, edu_type=edu_type, why=str(error))


def _edu_types(edus: Sequence[object]) -> set[str]:
    return {str(edu.get("edu_type")) for edu in edus if isinstance(edu, dict)}


def _who_may_withdraw(known: Membership) -> set[str]:
    """Servers whose word ends a membership of a room that we are not in."""
    if known.membership == "invite":
        return {server_of(known.sender)}
    if known.membership == "knock" and known.stripped_state is not None:
        return {server_of(entry["sender"]) for entry in orjson.loads(known.stripped_state)}
    return set()
