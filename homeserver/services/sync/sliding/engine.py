"""The engine of a sliding connection: what the client lacks between what it holds and now, as one answer.

Everything is judged when the answer is made: membership, visibility, ignored users (S-11). Nothing is queued; a client
that was slow gets one larger answer. Spec: MSC4186.
A little longer than others: what is chosen for an answer and how it is put together stand side by side.
"""

from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

from homeserver.services.feed import Feed
from homeserver.services.requester import Requester
from homeserver.services.states import States
from homeserver.services.sync.collect.interval import GONE, Interval
from homeserver.services.sync.collect.own import account_data_with, inbox_with
from homeserver.services.sync.collect.rooms import Collector, News, RoomNews
from homeserver.services.sync.collect.viewer import Arrival, Viewer
from homeserver.services.sync.sliding.cache import Cache
from homeserver.services.sync.sliding.connection import Connection, Place, RoomSent
from homeserver.services.sync.sliding.extensions import Extended, ExtensionBuilder, Moment
from homeserver.services.sync.sliding.forms import ACCEPTED, Form
from homeserver.services.sync.sliding.quick import Quick
from homeserver.services.sync.sliding.results import Result, Results
from homeserver.services.sync.sliding.scope import Activity, InScope, Labels, Scope, scope_of
from homeserver.services.sync.sliding.wanted import Combined, Subscription
from homeserver.services.unread import Unread
from homeserver.storage.account_data import AccountData
from homeserver.storage.changes import Missed
from homeserver.storage.members import Membership
from homeserver.storage.rows import AccountDataRow, ReceiptRow

Json = dict[str, Any]
PART_BYTES = 900_000
STATE_THAT_SORTS = frozenset({"m.room.create", "m.room.encryption", "m.space.child", "m.room.member"})


class Part(NamedTuple):
    """An answer, or a part of one: from which position to which, its body as JSON, whether the rest follows."""

    prev: str
    pos: str
    body: bytes
    more: bool


class Chosen(NamedTuple):
    """The rooms of an answer by what has to be made of them."""

    whole: list[tuple[Membership, InScope]]
    known: dict[int, RoomSent]
    updated: list[tuple[RoomNews, InScope, RoomSent]]
    pending: list[tuple[Membership, InScope]]
    left: list[tuple[RoomNews, RoomSent | None]]
    changes: dict[int, RoomSent | None]
    """Changes of what the client has that make no room of the answer."""


class Engine:
    """Makes the answers of all sliding connections. Has no state of its own."""

    def __init__(
        self,
        *,
        feed: Feed,
        collector: Collector,
        results: Results,
        extensions: ExtensionBuilder,
        activity: Activity,
        account_data: AccountData,
        states: States,
        unread: Unread,
        quick: Quick,
    ) -> None:
        self._feed = feed
        self._collector = collector
        self._results = results
        self._extensions = extensions
        self._activity = activity
        self._account_data = account_data
        self._states = states
        self._unread = unread
        self._quick = quick

    async def next(
        self,
        connection: Connection,
        requester: Requester,
        sub: Subscription,
        *,
        split: bool,
        inbox_after: int = 0,
        at_once: bool = False,
        arrival: Arrival | None = None,
        form: Form = ACCEPTED,
    ) -> list[Part]:
        """What is new on the connection, noted as sent; nothing new: an empty list [0 trips live, first 3, resumed 2].

        `split`: into parts of bounded size. `inbox_after`: what the client has stored of its inbox. `at_once`: there is
        an answer even if nothing is new. `arrival`: what `arrive` has read for it.
        """
        before, cache = connection.place, connection.cache
        if arrival is None:
            after = (cache.scanned if cache is not None and cache.scanned else before).position
            is_known = cache is not None and not before.is_start
            arrival = await self.arrive(requester, after, sub, inbox_after, is_known=is_known)
        viewer = await self._collector.viewers.viewer(requester, arrival.listener, arrival.upto)
        place = Place(before.n + 1, self._feed.head, self._states.epoch, self._states.counter)
        is_first = before.is_start
        rows: Sequence[AccountDataRow] | None = None
        can_share = cache is not None and form is ACCEPTED
        quick = self._quick.body(connection, viewer, cache, sub, place) if can_share else None
        if quick is not None and cache is not None:
            previous, cache.sub, cache.scanned = connection.pos, sub, None
            connection.sent(place, quick[1])
            return [Part(previous, connection.pos, quick[0], more=False)]
        viewer = viewer._replace(rooms=dict(viewer.rooms))
        if cache is None or is_first:
            meanwhile = self._feed.rows(arrival.head, place.position)
            if not arrival.read or meanwhile is None:
                # What is read now holds all up to `place`.
                arrival = await self.arrive(requester, 0, sub, inbox_after, is_known=False)
                meanwhile = []
            rows = account_data_with(arrival.read[0], meanwhile, viewer.user_id)
            cache = connection.cache = Cache(Labels())
            cache.memory.waiting = inbox_with(arrival.read[1], meanwhile, requester.device_nid, place.position)
            for row in rows:
                cache.labels.take(row)
        scanned = cache.scanned or before
        news = await self._news(viewer, connection, scanned, place, sub, missed=arrival.missed, is_first=is_first)
        has_new_sub = cache.sub != sub
        is_recomputed = await self._rescope(viewer, cache, news, sub)
        assert cache.scope is not None
        chosen = _choose(viewer, connection, cache.scope, news, everything=is_recomputed)
        if rows is None and any(membership.membership == "join" for membership, _ in chosen.whole):
            rows = await self._account_data.of_user(viewer.user_id)
        results, receipts = await self._rooms(viewer, chosen, sub, cache, before, place)
        if form.has_counts:
            joined = [one.room_nid for one in results if one.membership.membership == "join"]
            counts = await self._unread.of(viewer.user_id, joined)
            for one in results:
                one.json = form.room(one, counts.get(one.room_nid))
        moment = Moment(
            viewer=viewer,
            sub=sub,
            scope=cache.scope,
            news=news,
            results=results,
            before=scanned,
            place=place,
            is_first=is_first,
            has_new_sub=has_new_sub,
            account_data=rows,
            receipts=receipts,
            memory=cache.memory,
        )
        extended = await self._extensions.build(moment, inbox_after)
        if cache.memory.inbox_has_more:
            # Have the next answer made at once.
            self._feed.wake([viewer.user_id])
        cache.sub, cache.scanned = sub, None
        if not (results or extended.whole or extended.rooms or chosen.changes or is_first or at_once):
            cache.scanned = place
            return []
        if form.has_counts:
            await self._extensions.complete(requester, sub, cache.memory, extended.whole)
        return _parts(
            connection,
            place,
            cache.scope,
            results,
            extended=extended,
            changes=chosen.changes,
            viewer=viewer,
            split=split,
            form=form,
        )

    async def arrive(
        self, requester: Requester, after: int, sub: Subscription, inbox_after: int, *, is_known: bool
    ) -> Arrival:
        """Read what a client at stream position `after` (0: nothing yet) needs before anything else [0 trips live, 1].

        `is_known`: the connection's cache is there.
        """
        beside: list[Coroutine[Any, Any, object]] = []
        if not is_known:
            beside.append(self._account_data.of_user(requester.user_id))
            beside += self._extensions.ahead(requester, sub, inbox_after)
        timeline = max(sub.longest_timeline, 1) + 1
        return await self._collector.viewers.arrive(requester, after or None, *beside, timeline=timeline)

    def skip(self, connection: Connection) -> str:
        """Move on over an interval without news; the new position."""
        cache: Cache | None = connection.cache
        if cache is not None and cache.scanned is not None:
            connection.sent(cache.scanned, {})
            cache.scanned = None
        return connection.pos

    async def nothing(self, connection: Connection, requester: Requester, sub: Subscription, form: Form) -> bytes:
        """The body of an answer that has nothing new."""
        whole: dict[str, Json] = {}
        if form.has_counts and connection.cache is not None:
            await self._extensions.complete(requester, sub, connection.cache.memory, whole)
        return orjson.dumps({"lists": {}, "rooms": {}, "extensions": whole})

    async def acknowledge_inbox(self, requester: Requester, upto: int) -> None:
        """The client has stored its inbox up to here."""
        if requester.device_nid is not None and upto > 0:
            await self._extensions.acknowledge_inbox(requester.device_nid, upto)

    async def _news(
        self,
        viewer: Viewer,
        connection: Connection,
        scanned: Place,
        place: Place,
        sub: Subscription,
        *,
        missed: Missed | None,
        is_first: bool,
    ) -> News:
        after = scanned.position
        if is_first:
            # Of a first answer in parts only some rooms may have arrived.
            after = min((sent.upto for sent in connection.rooms.values()), default=place.position)
        if after >= place.position:
            return News(after, place.position, {}, [], [], [])
        return await self._collector.news(
            viewer,
            after,
            place.position,
            limit=max(sub.longest_timeline, 1),
            missed=None if is_first else missed,
            beside=partial(self._wanted_with_missed, viewer, connection.cache, sub),
        )

    def _wanted_with_missed(
        self, viewer: Viewer, cache: Cache, sub: Subscription, interval: Interval
    ) -> list[Coroutine[Any, Any, object]]:
        """What the answer needs besides the events of an interval from the database: read with those."""
        reads: list[Coroutine[Any, Any, object]] = []
        joined = [nid for nid, one in viewer.rooms.items() if one.membership == "join"]
        if cache.scope is None:
            others = [nid for nid in joined if nid not in interval.rooms]
            reads += [self._collector.load(others), self._activity.load(list(viewer.rooms))]
        if sub.extensions.counts.enabled:
            touched = joined if cache.memory.totals is None else [nid for nid in joined if nid in interval.rooms]
            reads.append(self._unread.of(viewer.user_id, touched))
        if sub.wants_lazy_members:
            rooms = ((nid, interval.rooms[nid]) for nid in joined if nid in interval.rooms)
            speakers = {(nid, row.sender) for nid, room in rooms for row in room.events[-sub.longest_timeline :]}
            reads.append(self._results.member_events.of_users(speakers))
        return reads

    async def _rescope(self, viewer: Viewer, cache: Cache, news: News, sub: Subscription) -> bool:
        """Find out which rooms are looked at, where that may have changed."""
        moved = cache.scope is None or cache.sub != sub
        for row in news.account_data:
            moved |= cache.labels.take(row)
        has_ranges = any(one.windows for one in sub.lists.values())
        for room in news.rooms.values():
            for row in room.account_data:
                moved |= cache.labels.take(row)
            moved |= has_ranges and bool(room.items)
            moved |= room.is_new or room.before != "join" or room.membership.membership != "join"
            moved |= any(item.event.type in STATE_THAT_SORTS for item in room.items if item.is_current_state)
            moved |= bool(room.state)
        if moved:
            present = [nid for nid, one in viewer.rooms.items() if one.membership == "join"]
            await self._collector.reads.together(self._collector.load(present), self._activity.load(list(viewer.rooms)))
            cache.scope = scope_of(sub, viewer, self._collector.rooms, self._activity, cache.labels)
        return moved

    async def _rooms(
        self, viewer: Viewer, chosen: Chosen, sub: Subscription, cache: Cache, before: Place, place: Place
    ) -> tuple[list[Result], Sequence[ReceiptRow]]:
        """The rooms, and the receipts of those that are new to the client."""
        results: list[Result] = []
        receipts: Sequence[ReceiptRow] = ()
        upto = place.position
        if chosen.whole:
            initial = [one.room_nid for one, _ in chosen.whole if one.room_nid not in chosen.known]
            joined = [nid for nid, one in viewer.rooms.items() if one.membership == "join"]
            whole, receipts, _ = await self._collector.reads.together(
                self._results.whole(viewer, chosen.whole, cache.labels, chosen.known, before.position, upto),
                self._extensions.receipts_of(viewer, initial if sub.extensions.receipts.enabled else ()),
                self._unread.of(viewer.user_id, joined if sub.extensions.counts.enabled else ()),
            )
            results += whole
        if chosen.updated:
            results += await self._results.updated(viewer, chosen.updated, upto)
        if chosen.pending:
            results += await self._results.pending(viewer, chosen.pending, upto)
        if chosen.left:
            results += await self._results.left(viewer, chosen.left, max(sub.longest_timeline, 1))
        await self._results.add_members(results)
        return results, receipts


def _choose(viewer: Viewer, connection: Connection, scope: Scope, news: News, *, everything: bool) -> Chosen:
    """Sort the rooms by what the client has of them. `everything`: look at rooms without news too."""
    chosen = Chosen([], {}, [], [], [], {})
    for nid in scope.rooms if everything else [nid for nid in news.rooms if nid in scope.rooms]:
        in_scope, membership = scope.rooms[nid], viewer.rooms[nid]
        sent, room = connection.rooms.get(nid), news.rooms.get(nid)
        if membership.membership != "join":
            if sent is None or sent.membership != membership.membership or (room is not None and room.items):
                chosen.pending.append((membership, in_scope))
        elif sent is None or sent.membership != "join" or (room is not None and room.is_new and _is_past(sent, room)):
            chosen.whole.append((membership, in_scope))
        elif _grew(sent.wanted, in_scope.wanted):
            chosen.whole.append((membership, in_scope))
            chosen.known[nid] = sent
        elif room is not None:
            chosen.updated.append((room, in_scope, sent))
            if sent.wanted != in_scope.wanted:
                chosen.changes[nid] = sent._replace(wanted=in_scope.wanted)
        elif sent.wanted != in_scope.wanted:
            chosen.changes[nid] = sent._replace(wanted=in_scope.wanted)
    for nid, room in news.rooms.items():
        sent = connection.rooms.get(nid)
        if room.membership.membership in GONE:
            if sent is not None or _was_thrown_out(room, viewer):
                chosen.left.append((room, sent))
        elif nid not in scope.rooms and sent is not None and (room.items or room.state):
            # It changed while nobody looked: when it is looked at again, it comes whole.
            chosen.changes[nid] = None
    return chosen


def _is_past(sent: RoomSent, room: RoomNews) -> bool:
    """Whether what the client has of a room it joined anew is older than the joining."""
    return sent.upto < room.membership.position


def _grew(had: Combined, wanted: Combined) -> bool:
    return wanted.timeline_limit > had.timeline_limit or not wanted.required <= had.required


def _was_thrown_out(room: RoomNews, viewer: Viewer) -> bool:
    return room.before == "join" and room.membership.sender != viewer.user_id


def _parts(
    connection: Connection,
    place: Place,
    scope: Scope,
    results: Sequence[Result],
    *,
    extended: Extended,
    changes: Mapping[int, RoomSent | None],
    viewer: Viewer,
    split: bool,
    form: Form,
) -> list[Part]:
    """Put the answer together, in parts that are positions by themselves; the last one moves on in the stream."""
    bodies = [(result, orjson.dumps(result.json)) for result in results]
    groups: list[list[tuple[Result, bytes]]] = [[]]
    size = 0
    for result, text in bodies:
        if split and groups[-1] and size + len(text) > PART_BYTES:
            groups.append([])
            size = 0
        groups[-1].append((result, text))
        size += len(text)
    lists = form.lists(scope, {nid: one.room_id for nid, one in viewer.rooms.items()} if scope.windows else {})
    parts = []
    for number, group in enumerate(groups):
        is_last = number == len(groups) - 1
        previous = connection.pos if connection.place.n else ""
        old = connection.place
        here = place._replace(n=old.n + 1) if is_last else old._replace(n=old.n + 1)
        diff: dict[int, RoomSent | None] = dict(changes) if is_last else {}
        diff |= {result.room_nid: result.sent for result, _ in group}
        connection.sent(here, diff)
        mine = {result.room_nid for result, _ in group}
        body: Json = {
            "lists": lists,
            "rooms": {result.membership.room_id: orjson.Fragment(text) for result, text in group},
            "extensions": _extensions(extended, viewer, mine, others=results, is_last=is_last),
        }
        parts.append(Part(previous, connection.pos, orjson.dumps(body), more=not is_last))
    return parts


def _extensions(extended: Extended, viewer: Viewer, mine: set[int], *, others: Sequence[Result], is_last: bool) -> Json:
    """The extensions of one part: those of its rooms, and in the last one all that belongs to no room of the answer."""
    somewhere = {result.room_nid for result in others}
    found: Json = {}
    if is_last:
        found = {name: dict(value) for name, value in extended.whole.items()}
    for name, rooms in extended.rooms.items():
        held = {
            viewer.rooms[nid].room_id: value
            for nid, value in rooms.items()
            if nid in mine or (is_last and nid not in somewhere)
        }
        if held:
            found.setdefault(name, {})["rooms"] = held
    return found
