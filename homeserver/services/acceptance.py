"""The one way in for events from elsewhere: format, signatures, hash, authorisation three times, then the commit.

Outcomes have names: dropped, known, rejected, soft-failed, accepted. Whoever brings events (a transaction, backfill, a
join) passes here. A little longer than others: every outcome is decided in one place.
Spec: Server-Server API, Checks performed on receipt of a PDU; Soft failure; Rejection.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import structlog

from homeserver.errors import Forbidden
from homeserver.protocol.auth_rules import auth_state_keys, check, check_auth_events
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event, StateKey, join
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.commits import Commits
from homeserver.services.followed import behind, is_followed, look_up_followed
from homeserver.services.heads import CREATE, MEMBER, Room
from homeserver.services.intents import Finished, Stale
from homeserver.services.keyring import Keyring
from homeserver.services.known import Known
from homeserver.services.policy_server import PolicyServers
from homeserver.services.received import Dropped, read_pdus, redaction_of
from homeserver.services.resolution import Point, Resolution, point_after
from homeserver.services.rooms import Rooms
from homeserver.storage.errors import BadRow
from homeserver.storage.events.read import Events, StoredEvent
from homeserver.storage.rows import (
    FOLLOWED,
    OUTLIER,
    REJECTED,
    SOFT_FAILED,
    EarlyRedactionRow,
    RedactionRow,
    Row,
    TxnKey,
)

log = structlog.get_logger()

TRIES: Final = 8
"""How often an event is prepared anew when the head moves under it."""
NOT_RECOMMENDED: Final = "the room's policy server does not recommend it"


class Verdict(Enum):
    """What became of an event."""

    ACCEPTED = "accepted"
    SOFT_FAILED = "soft-failed"
    REJECTED = "rejected"
    KNOWN = "known"


class MissingAncestors(Exception):
    """Events that must be had before this one can be judged."""

    def __init__(self, prev_events: Collection[EventId], auth_events: Collection[EventId]) -> None:
        super().__init__(f"{len(prev_events)} prev events and {len(auth_events)} auth events are missing")
        self.prev_events = frozenset(prev_events)
        self.auth_events = frozenset(auth_events)


@dataclass(frozen=True, slots=True)
class Given:
    """The state before an event whose parents are not to be had, as a peer told it. `missing`: those parents."""

    point: Point
    rows: Sequence[Row]
    state: Mapping[StateKey, Event]
    missing: tuple[EventId, ...]


class Acceptance:
    """Judges events from elsewhere and commits them."""

    def __init__(
        self,
        keyring: Keyring,
        rooms: Rooms,
        commits: Commits,
        events: Events,
        *,
        resolution: Resolution,
        policy: PolicyServers,
    ) -> None:
        self._keyring = keyring
        self._rooms = rooms
        self._commits = commits
        self._events = events
        self._resolution = resolution
        self._policy = policy

    # -- checks that need no room ----------------------------------------------------------------------------------

    async def read(
        self, pdus: Sequence[object], rules: RoomVersion, *, limit_references: bool = True
    ) -> list[Event | Dropped]:
        """Parse, verify signatures, check hashes; one result for each PDU (an object or its JSON), in order.

        An event whose hash is wrong comes back redacted, as everybody else sees it. Many are read beside the loop.
        """
        return await read_pdus(self._keyring, pdus, rules, limit_references=limit_references)

    # -- checks against the room -----------------------------------------------------------------------------------

    async def look_up(self, room: Room, events: Iterable[Event], known: Known | None = None) -> Known:
        """Everything stored that judging `events` asks for [1 trip, 0 if it was looked up before]."""
        return await self.look_up_all([(room, events)], known)

    async def look_up_all(self, groups: Iterable[tuple[Room, Iterable[Event]]], known: Known | None = None) -> Known:
        """`look_up` for events of several rooms [1 trip]."""
        known = known or Known()
        wanted = self.wanted(groups) - known.asked
        if wanted:
            known.add(await self._events.by_id_or_redacting(sorted(wanted)), wanted)
        return known

    @staticmethod
    def wanted(groups: Iterable[tuple[Room, Iterable[Event]]]) -> set[str]:
        """Ids of the events that judging these asks for, beyond the heads of their rooms."""
        wanted: set[str] = set()
        for room, events in groups:
            tips = {tip.event_id for tip in room.extremities.values()}
            for event in events:
                at_head = {found.event_id for found in _auth_at_head(room, event)}
                wanted.add(event.event_id)
                wanted.update(prev for prev in event.prev_events if prev not in tips)
                wanted.update(auth for auth in event.auth_events if auth not in at_head)
                target = event.redacts(room.rules)
                if target is not None:
                    wanted.add(target)
        return wanted

    async def take_run(
        self, room_id: str, events: Sequence[Event], known: Known, closing: Sequence[Row] = ()
    ) -> tuple[int, bool]:
        """Commit in one batch the first of `events` that follow each other on the head; how many, and whether it did.

        `closing` goes with them if they are all. What they were not allowed together is to be taken one by one.
        """
        room = await self._rooms.room(room_id)
        known.forget_unfollowed(room.room_nid, self._commits.lacked(room.room_nid))
        await self.look_up(room, events, known)
        await look_up_followed(self._events, room, events, known)
        run = self._run(room, events, known)
        is_all = len(run) == len(events)
        if not run or (len(run) == 1 and not (is_all and closing)):
            return 1, False
        if is_all:
            run[-1] = replace(run[-1], rows=(*run[-1].rows, *closing))
        try:
            await self._commits.commit_all(room, run)
        except (Stale, Forbidden, BadRow):
            return len(run), False
        known.asked.difference_update(finished.event.event_id for finished in run)
        known.redactions += [finished.event for finished in run if known.is_early(room, finished.event)]
        return len(run), True

    def _run(self, room: Room, events: Sequence[Event], known: Known) -> list[Finished]:
        """The first of `events` that seem to stand on the head one after the other; the commit checks it."""
        tips = {tip.event_id for tip in room.extremities.values()}
        run: list[Finished] = []
        early = False
        for event in events:
            if not event.prev_events or not tips.issuperset(event.prev_events) or event.event_id in known.stored:
                break
            if known.followed.get(event.event_id):
                break  # it becomes no tip
            if not self._policy.is_recommended(room, event):
                break
            if room.is_partial:
                break  # who is not among the members may be one: only its auth events tell
            if run and (event.redacts(room.rules) is not None or early):
                break  # what it redacts may be in the run, its right to do so may have changed there
            auth = self._auth_events(room, event, known)
            if not auth.keys() >= set(event.auth_events):
                break
            verdict, _ = self._by_auth_events(room, event, known, {key: found for key, (_, found) in auth.items()})
            if verdict is Verdict.REJECTED:
                break
            auth_nids = tuple(nid for nid, _ in auth.values())
            redaction, lacked = _redaction(room, event, known), known.lacked[room.room_nid]
            finished = Finished(event, auth_nids, redaction=redaction, check_now=True, lacked=lacked)
            early = known.is_early(room, event)
            finished = replace(finished, unredacted=known.is_unredacted(room, event), rows=_early(room, event, known))
            run.append(replace(finished, redacted_by=known.redacting(room, event)))
            tips.difference_update(event.prev_events)
            tips.add(event.event_id)
        return run

    async def take(
        self,
        room_id: str,
        event: Event,
        *,
        known: Known | None = None,
        given: Given | None = None,
        rows: Sequence[Row] = (),
        flags: int = 0,
        txn: TxnKey | None = None,
    ) -> Verdict:
        """Judge a read event and commit it. `rows` go with it. Raises MissingAncestors, NotFound.

        `flags` are added to those of an accepted event; `txn`: the transaction of a user here who sends it.
        """
        for _ in range(TRIES):
            room = await self._rooms.room(room_id)
            lacked = self._commits.lacked(room.room_nid)
            known = known or Known()
            known.forget_unfollowed(room.room_nid, lacked)
            await self.look_up(room, [event], known)
            try:
                base = Finished(event, rows=rows, txn=txn, lacked=lacked)
                verdict = await self._judge(room, base, known, given, flags)
                known.asked.discard(event.event_id)
                if verdict is Verdict.ACCEPTED and known.is_early(room, event):
                    known.redactions.append(event)
                return verdict
            except Stale:
                redacted = event.redacts(room.rules) or event.event_id
                known.asked -= {event.event_id, redacted, *event.prev_events, *event.auth_events}
                known.followed.pop(event.event_id, None)
        raise Stale

    async def _judge(self, room: Room, base: Finished, known: Known, given: Given | None, flags: int) -> Verdict:
        event = base.event
        own = known.stored.get(event.event_id)
        if own is not None and (not own.flags & OUTLIER or not event.prev_events):
            return Verdict.KNOWN  # what has no parents, the create event, needs no place
        auth = self._auth_events(room, event, known)
        prev_missing = self._missing_prevs(room, event, known)
        auth_missing = [event_id for event_id in event.auth_events if event_id not in auth]
        if auth_missing or (prev_missing and given is None):
            raise MissingAncestors(prev_missing, auth_missing)
        if given is not None:
            given = replace(given, missing=tuple(prev_missing))  # some may have come since the state was asked for
        auth_nids = tuple(nid for nid, _ in auth.values())
        cited = {key: found for key, (_, found) in auth.items()}
        verdict, why = self._by_auth_events(room, event, known, cited)
        if not event.prev_events:
            # Before it there is no state, which allows nothing; and a room has one create event, which we have.
            verdict, why = Verdict.REJECTED, "it has no parents"
        base = replace(base, auth_nids=auth_nids)
        if own is not None:
            base = replace(base, promotes=own.event_nid)
        if await is_followed(self._events, room, event, known):
            flags |= FOLLOWED
        if verdict is Verdict.REJECTED:
            return await self._reject(room, base, why, known, given, flags)
        if not flags & FOLLOWED and given is None and self._stands_on_head(room, event):
            return await self._at_head(room, base, known, flags, cited)
        return await self._beside_head(room, base, known, given, flags, cited)

    async def _at_head(
        self, room: Room, base: Finished, known: Known, flags: int, cited: Mapping[EventId, Event]
    ) -> Verdict:
        """The common case: the state before the event is the current state [0 trips]."""
        try:
            _check(base.event, _with_omitted(room, _state_at_head(room, base.event), cited), room)
        except NotAllowed as refused:
            return await self._hide(room, base, REJECTED, str(refused), (room.chain_id, room.sequence), ())
        signed = await self._policy.recommended(room, base.event)
        if signed is None:
            return await self._soft_fail(room, base, NOT_RECOMMENDED, (room.chain_id, room.sequence), ())
        base = replace(base, event=signed, redacted_by=known.redacting(room, signed))
        base = replace(base, flags=flags, redaction=_redaction(room, signed, known))
        base = replace(base, unredacted=known.is_unredacted(room, signed))
        await self._commits.commit(room, replace(base, rows=(*base.rows, *_early(room, signed, known))))
        return Verdict.ACCEPTED

    async def _beside_head(
        self,
        room: Room,
        base: Finished,
        known: Known,
        given: Given | None,
        flags: int,
        cited: Mapping[EventId, Event],
    ) -> Verdict:
        """The event forked off, or stands behind a hole: its state before is an older or a resolved one."""
        event = base.event
        base = replace(base, seen=room.version)
        if given is not None:
            point, extra, before = given.point, list(given.rows), given.state
        else:
            points = [self._point_after(room, prev, known) for prev in event.prev_events]
            point, extra = await self._resolution.joined(room, points)
            keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, room.rules)
            before = await self._resolution.events_at(room, point, extra, keys)
        try:
            _check(event, _with_omitted(room, before, cited), room)
        except NotAllowed as refused:
            base = await self._followed(room, base, known) if flags & FOLLOWED else base
            return await self._hide(room, base, REJECTED, str(refused), point, extra)
        try:
            _check(event, _with_omitted(room, _state_at_head(room, event), cited), room)
            why = NOT_RECOMMENDED
            signed = await self._policy.recommended(room, event)
        except NotAllowed as refused:
            why, signed = str(refused), None
        if signed is None:
            base = await self._followed(room, base, known) if flags & FOLLOWED else base
            return await self._soft_fail(room, base, why, point, extra)
        base, event = replace(base, event=signed), signed
        followed = await behind(self._events, room, event, known)
        tips = {tip.event_id for tip in room.extremities.values()}
        is_tip = not flags & FOLLOWED or tips.issubset({*event.prev_events, *followed.tips})
        merge = await self._resolution.merge(room, event, point, extra, behind=followed.tips, is_tip=is_tip)
        await self._commits.commit(
            room,
            replace(
                base,
                flags=flags & ~FOLLOWED if is_tip else flags,
                at_head=False,
                point=point,
                delta=merge.delta,
                changes=merge.changes,
                rows=(*extra, *merge.rows, *base.rows, *followed.rows(room), *_early(room, event, known)),
                missing=given.missing if given else (),
                behind=followed.tips,
                redaction=_redaction(room, event, known),
                redacted_by=known.redacting(room, event),
                unredacted=known.is_unredacted(room, event),
            ),
        )
        known.followed.update(dict.fromkeys(followed.lacking, True))
        return Verdict.ACCEPTED

    async def _followed(self, room: Room, base: Finished, known: Known) -> Finished:
        """An event that is to be hidden, and is followed: what stands before it is followed too, and so no tip."""
        found = await behind(self._events, room, base.event, known, is_hidden=True)
        if found.tips >= {tip.event_id for tip in room.extremities.values()}:
            return base
        known.followed.update(dict.fromkeys(found.lacking, True))
        changes = await self._resolution.without(room, base.event, found.tips)
        return replace(base, behind=found.tips, changes=changes, rows=(*base.rows, *found.rows(room)))

    async def _reject(
        self, room: Room, base: Finished, why: str, known: Known, given: Given | None, flags: int
    ) -> Verdict:
        """Store an event that its own auth events do not allow, with the state before it if that is cheap to name."""
        if flags & FOLLOWED:
            base = await self._followed(room, replace(base, seen=room.version), known)
        if given is not None:
            point: Point = given.point
            return await self._hide(room, base, REJECTED, why, point, given.rows)
        points = [self._point_after(room, prev, known) for prev in base.event.prev_events]
        point = points[0] if points else (room.chain_id, room.sequence)
        return await self._hide(room, base, REJECTED, why, point, ())

    async def _soft_fail(self, room: Room, base: Finished, why: str, point: Point, extra: Sequence[Row]) -> Verdict:
        """Keep it from everybody; but what follows it elsewhere has it in its state, and is judged by that."""
        delta, rows = await self._resolution.delta_of(room, base.event, point, extra)
        return await self._hide(room, replace(base, delta=delta), SOFT_FAILED, why, point, (*extra, *rows))

    async def _hide(
        self, room: Room, base: Finished, flag: int, why: str, point: Point, extra: Sequence[Row]
    ) -> Verdict:
        verdict = Verdict.REJECTED if flag & REJECTED else Verdict.SOFT_FAILED
        log.info("event not shown", verdict=verdict.value, event_id=base.event.event_id, room_id=room.room_id, why=why)
        finished = replace(base, flags=flag, at_head=False, point=point, rows=(*extra, *base.rows))
        await self._commits.commit(room, finished)
        return verdict

    # -- what the event names --------------------------------------------------------------------------------------

    def _auth_events(self, room: Room, event: Event, known: Known) -> dict[EventId, tuple[int, Event]]:
        """The known auth events of the event by id, with their numbers."""
        found: dict[EventId, tuple[int, Event]] = {}
        for at_head in _auth_at_head(room, event):
            nid = room.nid_of(at_head.key)
            if at_head.event_id in event.auth_events and nid is not None:
                found[at_head.event_id] = (nid, at_head)
        for event_id in event.auth_events:
            stored = known.stored.get(event_id)
            if stored is not None and event_id not in found:
                found[event_id] = (stored.event_nid, event_of(stored, room.rules))
        return found

    def _by_auth_events(
        self, room: Room, event: Event, known: Known, auth: dict[EventId, Event]
    ) -> tuple[Verdict, str]:
        rejected = {event_id for event_id in auth if _is_rejected(known, event_id)}
        named = dict(auth)
        if room.rules.create_is_room:
            named[room.create.event_id] = room.create
        try:
            check_auth_events(event, named, rejected, room.rules)
            _check(event, {found.key: found for found in auth.values()}, room)
        except NotAllowed as refused:
            return Verdict.REJECTED, str(refused)
        return Verdict.ACCEPTED, ""

    def _missing_prevs(self, room: Room, event: Event, known: Known) -> list[EventId]:
        tips = {tip.event_id for tip in room.extremities.values()}
        missing: list[EventId] = []
        for prev in event.prev_events:
            if prev not in tips and prev not in known.asked:
                raise Stale  # it was a tip when the others were looked up, and has been followed since
            stored = known.stored.get(prev)
            # An event of another room is no parent: its state would leak into this one.
            if prev not in tips and (stored is None or stored.flags & OUTLIER or stored.room_nid != room.room_nid):
                missing.append(prev)
        return missing

    def _point_after(self, room: Room, prev: EventId, known: Known) -> Point:
        for tip in room.extremities.values():
            if tip.event_id == prev:
                return tip.chain_id, tip.sequence
        if prev not in known.stored:
            raise Stale  # as above
        return point_after(known.stored[prev])

    @staticmethod
    def _stands_on_head(room: Room, event: Event) -> bool:
        tips = {tip.event_id: (tip.chain_id, tip.sequence) for tip in room.extremities.values()}
        if not event.prev_events or any(prev not in tips for prev in event.prev_events):
            return False
        head = (room.chain_id, room.sequence)
        return set(event.prev_events) == tips.keys() or (
            not event.is_state and all(tips[prev] == head for prev in event.prev_events)
        )


def event_of(stored: StoredEvent, rules: RoomVersion) -> Event:
    """A stored event with all that its PDU holds."""
    return join(stored.body, stored.envelope, rules)


def _auth_at_head(room: Room, event: Event) -> list[Event]:
    keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, room.rules)
    return [found for key in keys if (found := room.event(key)) is not None]


def _state_at_head(room: Room, event: Event) -> dict[StateKey, Event]:
    return {found.key: found for found in _auth_at_head(room, event)}


def _with_omitted(
    room: Room, state: Mapping[StateKey, Event], cited: Mapping[EventId, Event]
) -> Mapping[StateKey, Event]:
    """A state with the members that were left out when we joined, as far as the event itself names them.

    What is accepted so is checked again once the state is whole (`partial.rechecking`).
    """
    if not room.is_partial:
        return state
    return {**{found.key: found for found in cited.values() if found.type == MEMBER and found.is_state}, **state}


def _check(event: Event, state: Mapping[StateKey, Event], room: Room) -> None:
    """Raises NotAllowed."""
    check(event, state, room.rules, create=room.event(CREATE) if room.rules.create_is_room else None)


def _redaction(room: Room, event: Event, known: Known) -> RedactionRow | None:
    target = known.stored.get(event.redacts(room.rules) or "")
    return redaction_of(room, event, target) if target is not None else None


def _early(room: Room, event: Event, known: Known) -> Sequence[Row]:
    """What makes a redaction that came too early take effect later."""
    target = event.redacts(room.rules)
    if target is None or target in known.stored:
        return ()
    return (EarlyRedactionRow(room_nid=room.room_nid, event_id=target, redaction_id=event.event_id),)


def _is_rejected(known: Known, event_id: str) -> bool:
    stored = known.stored.get(event_id)
    return stored is not None and bool(stored.flags & REJECTED)
