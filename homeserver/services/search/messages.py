"""Searching messages: in the rooms that a user is or was in, newest first or best first, page by page.

The index names candidates, era by era from the newest on; each is then read as the user may see it, and must fit the
text that they see. Spec: Client-Server API, Server Side Search. Not for: filling the index (`index`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec
import orjson

from homeserver.clock import Clock
from homeserver.protocol.filters import EventFilter, EventMatcher
from homeserver.protocol.search_terms import Terms, parse_terms
from homeserver.services.presentation import Presentation, asker_of
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.search.index import Index
from homeserver.services.search.paging import START, Group, Page, Place
from homeserver.services.search.texts import edit_of, media_gram, mixed, searchable, sender_gram
from homeserver.services.visibility import Seen, Visibility
from homeserver.storage.members import Members
from homeserver.storage.search import Candidate, Era, Probe, SearchTable

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 100
RANKED: Final = 100
"""The newest messages that fit, among which the best are chosen."""
CANDIDATES: Final = 50
MAX_GRAMS: Final = 12
"""Grams of a search that the index is asked for; the text decides in any case."""
FIRST_STRIP: Final = 1_000
STRIP: Final = 4_000
"""How many of the newest documents are looked at one by one, before the index is asked, and while many fit."""
AFFORDED: Final = 10_000
AFFORDED_EACH: Final = 200
"""Documents that are looked at one by one, in all and for each era, where these promise to be enough: to ask the index
takes as long."""
MAX_STRIPS: Final = 100
LEAST_EACH: Final = 20
FIRST_ERAS: Final = 8
MAX_ERAS: Final = 256
MAX_ROUNDS: Final = 40
MAX_S: Final = 5.0
"""A search that has not found enough by then says so far, and where to go on."""
CAUGHT_UP_S: Final = 3.0
MAX_PREDECESSORS: Final = 20
EVERYTHING: Final = EventFilter()
PAST_OR_PRESENT: Final = frozenset({"join", "leave", "ban"})


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is searched for. Times in ms; `media`: one of `texts.MEDIA_KINDS`."""

    term: str
    kinds: Collection[int]
    filter: EventFilter = EVERYTHING
    by_rank: bool = True
    media: str | None = None
    since_ts: int = 0
    until_ts: int | None = None

    @property
    def limit(self) -> int:
        """How many messages make a page."""
        return max(1, min(self.filter.limit or DEFAULT_LIMIT, MAX_LIMIT))

    def within(self, group: Group | None) -> "Criteria":
        """The same, of one group alone."""
        if group is None:
            return self
        if group.key == "room_id":
            return replace(self, filter=_of_rooms(self.filter, group.value))
        return replace(self, filter=_of_senders(self.filter, group.value))


class Hit(NamedTuple):
    """A message that fits, as the searcher sees it."""

    seen: Seen
    rank: float
    place: Place


class Hits(NamedTuple):
    """A page of hits. `known`: how many there are at the least; `words`: what to highlight."""

    hits: Sequence[Hit]
    known: int
    words: Sequence[str]
    next_page: Page | None
    by_rank: bool

    def next_of(self, group: Group, last: Hit) -> Page | None:
        """Where a group goes on after its last hit; None for a search by rank, and where nothing follows."""
        if self.by_rank or self.next_page is None:
            return None
        return Page(place=last.place, group=group)


class MessageSearch:
    """Searches."""

    def __init__(
        self,
        table: SearchTable,
        index: Index,
        *,
        members: Members,
        rooms: Rooms,
        visibility: Visibility,
        presentation: Presentation,
        clock: Clock,
    ) -> None:
        self._table = table
        self._index = index
        self._members = members
        self._rooms = rooms
        self._visibility = visibility
        self._presentation = presentation
        self._clock = clock

    async def search(self, requester: Requester, criteria: Criteria, page: Page = START) -> Hits:
        """A page of messages that fit, as the requester may see them.

        [5 trips for most; more for words that are rare in a large room, and for each room that was left]
        """
        criteria = criteria.within(page.group)
        terms = parse_terms(criteria.term)
        grams = _grams(criteria, terms)
        if not grams or not criteria.kinds:
            return Hits([], 0, terms.words, None, criteria.by_rank)
        await self._index.caught_up(CAUGHT_UP_S)
        looking = _Looking(criteria, terms, grams, EventMatcher(_without_rooms(criteria.filter)), page.place)
        rooms = await self._rooms_of(requester.user_id, criteria.filter)
        eras = await self._table.eras(rooms) if rooms else []
        wanted = RANKED if criteria.by_rank else criteria.limit + 1
        hits, rest = await self._collect(requester, looking, rooms, eras, wanted)
        if criteria.by_rank:
            return _ranked(hits, terms, criteria.limit, page)
        shown = hits[: criteria.limit]
        following = None
        if len(hits) > len(shown):
            following = replace(page, place=shown[-1].place)
        elif rest is not None:
            following = replace(page, place=rest)
        return Hits(shown, len(hits), terms.words, following, by_rank=False)

    def shown(self, hit: Hit) -> orjson.Fragment:
        """The event of a hit in the client format."""
        return self._presentation.rendered([hit.seen])[0]

    async def _rooms_of(self, user_id: str, chosen: EventFilter) -> dict[int, str]:
        """Number -> id of the rooms to look in: those the user is or was in, with what chosen ones replaced."""
        mine = {
            one.room_id: one.room_nid
            for one in await self._members.rooms_of(user_id)
            if one.membership in PAST_OR_PRESENT and not one.forgotten
        }
        wanted = set(mine) if chosen.rooms is None else await self._with_predecessors(chosen.rooms)
        return {mine[room_id]: room_id for room_id in wanted - set(chosen.not_rooms) if room_id in mine}

    async def _with_predecessors(self, room_ids: Collection[str]) -> set[str]:
        """The rooms and those that they were upgraded from. Spec: Client-Server API, Room Upgrades."""
        found: set[str] = set()
        for room_id in room_ids:
            following: object = room_id
            for _ in range(MAX_PREDECESSORS):
                if not isinstance(following, str) or following in found:
                    break
                found.add(following)
                room = await self._rooms.find(following)
                if room is None or not room.state:
                    break
                predecessor = room.content("m.room.create").get("predecessor")
                following = predecessor.get("room_id") if isinstance(predecessor, dict) else None
        return found

    async def _collect(
        self, requester: Requester, looking: "_Looking", rooms: dict[int, str], eras: Sequence[Era], wanted: int
    ) -> tuple[list[Hit], Place | None]:
        """The newest hits, up to about as many as are wanted, and where to go on if not everything was looked at.

        First the newest documents are looked at one by one, which finds what is common; the index then finds the rare.
        """
        criteria = looking.criteria
        below = looking.start
        if criteria.until_ts is not None:
            below = min(below, Place(criteria.until_ts + 1, 0))
        left = sorted((one for one in eras if one.last_ts >= criteria.since_ts), key=lambda one: -one.last_ts)
        due = self._clock.monotonic() + MAX_S
        hits: list[Hit] = []
        rounds, span, is_common, looked_at, n = 0, FIRST_ERAS, True, 0, 0
        while left := [era for era in left if era.first_ts <= below.ts]:
            if len(hits) >= wanted:
                break
            if self._clock.monotonic() > due or rounds >= MAX_ROUNDS:
                return hits, below
            if is_common:
                found, below, n = await self._newest(looking, left, below, FIRST_STRIP if not rounds else STRIP)
                looked_at += n
            else:
                found, below, is_full = await self._indexed(looking, left, below, span, max(CANDIDATES, wanted))
                span = span if is_full else min(span * 4, MAX_ERAS)
            hits += await self._fitting(requester, looking, rooms, found)
            afforded = min(AFFORDED, FIRST_STRIP + AFFORDED_EACH * len(left))
            is_common = is_common and n > 0 and len(hits) * afforded >= looked_at * (wanted - len(hits))
            rounds += 1
        return hits, None

    async def _newest(
        self, looking: "_Looking", left: Sequence[Era], below: Place, documents: int
    ) -> tuple[list[Candidate], Place, int]:
        """Candidates among about so many of the newest documents, down to where that is all, and how many these were.

        0 where there are more documents of one moment than are looked at: the index tells them apart.
        """
        chosen, floor = _split(left, below, MAX_STRIPS)
        strip = await self._table.newest(
            looking.probes(chosen),
            below=below,
            since_ts=looking.criteria.since_ts,
            kinds=looking.criteria.kinds,
            each=max(LEAST_EACH, documents // len(chosen)),
        )
        floor = max(floor, *strip.reached.values())
        if floor >= below.ts:
            return [], below, 0
        usable = [one for one in strip.candidates if one.ts > floor]
        return usable, Place.above(floor), strip.looked_at

    async def _indexed(
        self, looking: "_Looking", left: Sequence[Era], below: Place, span: int, limit: int
    ) -> tuple[list[Candidate], Place, bool]:
        """Candidates that the index names, down to where that is all, and whether there were as many as asked for."""
        chosen, floor = _split(left, below, span)
        found = await self._table.find(
            looking.probes(chosen),
            below=below,
            since_ts=looking.criteria.since_ts,
            kinds=looking.criteria.kinds,
            limit=limit,
        )
        usable = [one for one in found if one.ts > floor]
        if len(found) == limit and len(usable) == limit:
            return usable, Place(usable[-1].ts, usable[-1].event_nid), True
        return usable, Place.above(floor), False

    async def _fitting(
        self, requester: Requester, looking: "_Looking", rooms: dict[int, str], candidates: Sequence[Candidate]
    ) -> list[Hit]:
        """Those of the candidates that the requester may see and that fit what they see, in the same order."""
        ids: dict[str, list[str]] = {}
        candidates = [one for one in candidates if one.is_edited or looking.says(one.body)]
        for one in candidates:
            ids.setdefault(rooms[one.room_nid], []).append(one.event_id)
        for room_id in list(ids):
            room = await self._rooms.find(room_id)
            if room is None or room.is_encrypted:
                del ids[room_id]
        visible = await self._visibility.in_rooms(requester.user_id, ids, asker_of(requester)) if ids else []
        completed = {one.event.event_id: one for one in await self._presentation.completed(requester, visible)}
        hits = []
        for candidate in candidates:
            seen = completed.get(candidate.event_id)
            rank = looking.rank(seen) if seen is not None else None
            if seen is not None and rank is not None:
                hits.append(Hit(seen, rank, Place(candidate.ts, candidate.event_nid)))
        return hits


def _split(left: Sequence[Era], below: Place, n: int) -> tuple[Sequence[Era], int]:
    """The first `n` eras, and the time of the newest document of the others.

    Eras that reach up to `below` must all be among the first: nothing bounds what they hold.
    """
    n = max(n, sum(1 for era in left if era.last_ts >= below.ts))
    return left[:n], max((era.last_ts for era in left[n:]), default=-1)


@dataclass(frozen=True, slots=True)
class _Looking:
    """One search under way."""

    criteria: Criteria
    terms: Terms
    grams: list[int]
    matcher: EventMatcher
    start: Place

    def probes(self, eras: Sequence[Era]) -> list[Probe]:
        """What to look for in these eras."""
        return [Probe(era.room_nid, era.era, mixed(self.grams, era.room_nid, era.era)) for era in eras]

    def says(self, body: bytes) -> bool:
        """Whether an event that was not edited fits: what the index names for nothing is not read further."""
        event = orjson.loads(body)
        shown = searchable(event["type"], event.get("content"))
        return shown is not None and self.terms.fit(*shown.texts)

    def rank(self, seen: Seen) -> float | None:
        """How well the newest version of an event fits; None: it does not."""
        event = seen.event
        content = orjson.loads(event.body).get("content")
        if seen.extra is not None and seen.extra.edit is not None:
            edited = edit_of(orjson.loads(seen.extra.edit.body).get("content"))
            content = edited[1] if edited is not None else content
        shown = searchable(event.type, content)
        if shown is None or shown.kind not in self.criteria.kinds:
            return None
        if self.criteria.media is not None and shown.media != self.criteria.media:
            return None
        if not self.matcher.matches(event.type, event.sender, has_url=shown.has_url):
            return None
        return self.terms.rank(*shown.texts) if self.terms.fit(*shown.texts) else None


def _grams(criteria: Criteria, terms: Terms) -> list[int]:
    """What the index is asked for: the longest terms first, a sample where there are many."""
    grams: list[int] = []
    if criteria.media is not None:
        grams.append(media_gram(criteria.media))
    senders = criteria.filter.senders
    if senders is not None and len(senders) == 1:
        grams.append(sender_gram(senders[0]))
    of_terms = list(dict.fromkeys(gram for term in terms.terms for gram in sorted(term.grams)))
    step = max(1, len(of_terms) // MAX_GRAMS)
    return grams + of_terms[::step][:MAX_GRAMS]


def _ranked(hits: Sequence[Hit], terms: Terms, limit: int, page: Page) -> Hits:
    """The page of the best. The newest hit of the first page holds the set together while others are sent."""
    best = sorted(hits, key=lambda hit: (-hit.rank, -hit.place.ts, -hit.place.event_nid))
    stop = page.offset + limit
    following = None
    if stop < len(best):
        newest = max(hit.place for hit in hits)
        following = replace(page, place=Place(newest.ts, newest.event_nid + 1), offset=stop)
    return Hits(best[page.offset : stop], len(best), terms.words, following, by_rank=True)


def _without_rooms(chosen: EventFilter) -> EventFilter:
    """Rooms were chosen before; those that were upgraded are not in the filter."""
    return _changed(chosen, rooms=None, not_rooms=())


def _of_rooms(chosen: EventFilter, room_id: str) -> EventFilter:
    return _changed(chosen, rooms=(room_id,))


def _of_senders(chosen: EventFilter, sender: str) -> EventFilter:
    allowed = chosen.senders is None or sender in chosen.senders
    return _changed(chosen, senders=(sender,) if allowed else ())


def _changed(chosen: EventFilter, **changes: object) -> EventFilter:
    return msgspec.structs.replace(chosen, **changes)
