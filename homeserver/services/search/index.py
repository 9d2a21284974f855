"""Filling the search index: a cursor on the stream, moved by one process at a time.

What a message is found by is only ever added to, by its edits; whether it really fits is decided on the text that the
searcher sees. A redaction takes the document away. Not for: searching (`messages`).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.services.feed import Feed
from homeserver.services.search.texts import edit_of, grams_of, mixed, searchable
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.jobs import Job, Jobs
from homeserver.storage.leases import Leases
from homeserver.storage.rows import EventRow, Row
from homeserver.storage.search import TYPES, Document, Era, SearchTable, Source

log = structlog.get_logger()

LEASE: Final = "search"
LEASE_S: Final = 15.0
BATCH: Final = 200
PAUSE_S: Final = 0.5
"""Events gather for so long, unless somebody searches."""
ERA_DOCUMENTS: Final = 20_000
PAST_JOB: Final = "search.past"
PAST_MARGIN: Final = 20_000
"""Numbers are given out in blocks: events with lower ones may still come."""


class Index:
    """Follows the stream into the index."""

    def __init__(self, owner: str, table: SearchTable, leases: Leases, jobs: Jobs, feed: Feed, clock: Clock) -> None:
        """`owner`: names this process among others."""
        self._owner = owner
        self._table = table
        self._leases = leases
        self._jobs = jobs
        self._feed = feed
        self._clock = clock
        self._leads = False
        self._done = 0
        self._progress = asyncio.Event()
        self._hurry = asyncio.Event()
        self._past_came = True
        self._unsettled = True
        """Whether documents may wait for their places in the index; another process may have left some."""
        feed.register(self._see)

    def _see(self, row: Row) -> None:
        if isinstance(row, EventRow) and row.historical:
            self._past_came = True

    async def run(self) -> None:
        """Lead while no other process does; runs as long as the process."""
        while True:
            try:
                if await self._take_lease():
                    self._advance(await self._table.cursor())
                    self._leads = self._unsettled = True
                    await self._follow()
            except (DatabaseDown, DatabaseFull) as error:
                log.warning("search.put_off", error=type(error).__name__)
            self._leads = False
            await self._clock.sleep(LEASE_S / 3 if self._feed.is_shared else 1.0)

    async def _take_lease(self) -> bool:
        return not self._feed.is_shared or bool(await self._leases.take(self._owner, [LEASE], LEASE_S))

    async def _follow(self) -> None:
        """Index what comes; returns when the lease is lost."""
        follower = self._feed.follow()
        renewed = self._clock.monotonic()
        try:
            while True:
                follower.clear()
                while await self.step():
                    pass
                if self._past_came:
                    self._past_came = False
                    await self._index_past()
                if self._unsettled:
                    self._unsettled = False
                    await self._table.settle()
                if self._clock.monotonic() - renewed > LEASE_S / 3:
                    if not await self._take_lease():
                        return
                    renewed = self._clock.monotonic()
                await _wait(follower, LEASE_S / 3 if self._feed.is_shared else None)
                await _wait(self._hurry, PAUSE_S)
                self._hurry.clear()
        finally:
            self._feed.unfollow(follower)

    async def caught_up(self, limit_s: float) -> None:
        """Wait until what is committed now can be found, at most so long [0 trips].

        Where another process fills the index there is no waiting: it is late by less than a second.
        """
        wanted = self._feed.head
        due = self._clock.monotonic() + limit_s
        while self._is_ours() and self._done < wanted and (left_s := due - self._clock.monotonic()) > 0:
            self._progress.clear()
            self._hurry.set()
            await _wait(self._progress, left_s)

    def _is_ours(self) -> bool:
        """Whether this process fills the index: now, or as soon as it has begun to."""
        return self._leads or not self._feed.is_shared

    async def step(self) -> bool:
        """Index the next events; whether there may be more."""
        after, upto = self._done, self._feed.head
        if after >= upto:
            return False
        rows = self._feed.rows(after, upto)
        if rows is not None and not any(isinstance(row, EventRow) and row.type in TYPES for row in rows):
            self._advance(upto)
            return False
        cursor = await self._table.cursor()
        found = await self._table.new(max(cursor, after), upto, BATCH)
        if len(found) >= BATCH:
            upto = found[-1].position
        await self._write(found, cursor, upto)
        self._advance(upto)
        return len(found) >= BATCH

    def _advance(self, upto: int) -> None:
        self._done = upto
        self._progress.set()

    async def _index_past(self) -> None:
        """Index what was fetched from before our time, in the order of its numbers."""
        job = await self._jobs.read(PAST_JOB)
        newest = await self._table.newest_nid()
        after = int(orjson.loads(job.step)) if job is not None else 0
        done = job.done if job is not None else 0
        while found := await self._table.past(after, BATCH):
            after, done = found[-1].event_nid, done + len(found)
            cursor = await self._table.cursor()
            await self._write(found, cursor, cursor)
        step = orjson.dumps(max(0, newest - PAST_MARGIN))
        await self._jobs.save(Job(PAST_JOB, step, done, None, self._clock.now_ms()))

    async def _write(self, found: Sequence[Source], after: int, upto: int) -> None:
        """Index these events and move the cursor. Raises DatabaseDown when another process has moved it."""
        read = read_sources(found, self._clock.now_ms())
        edited_before = [source.event_id for source in found if source.is_edited and source.event_id in read.texts]
        if edited_before:  # edits came first, or in this very batch: what a message is found by is a set
            read.edits.extend(read_sources(await self._table.edits_of(edited_before), self._clock.now_ms()).edits)
        missing = [edit.target for edit in read.edits if edit.target not in read.texts]
        known = await self._table.indexed(missing) if missing else {}
        edited: dict[int, set[int]] = {}
        for edit in read.edits:
            own, at = read.texts.get(edit.target), known.get(edit.target)
            if own is not None and (own.source.sender, own.source.room_nid) == edit.by:
                own.grams.update(edit.grams)
            elif at is not None and (at.sender, at.room_nid) == edit.by:
                edited.setdefault(at.event_nid, set()).update(mixed(edit.grams, at.room_nid, at.era))
        rooms = {text.source.room_nid for text in read.texts.values()}
        placing = Placing(await self._table.eras(rooms) if rooms else [])
        documents = [placing.document(text) for text in read.texts.values()]
        self._unsettled = self._unsettled or bool(documents or edited)
        if not await self._table.write(
            after,
            upto,
            documents=documents,
            eras=placing.changed(),
            edited=list(edited.items()),
            redacted=read.redacted,
        ):
            raise DatabaseDown


class Text(NamedTuple):
    """A message to be found by its grams. `ts`: never later than now."""

    source: Source
    kind: int
    ts: int
    grams: set[int]


class Edit(NamedTuple):
    """What another version of a message can be found by; `by`: its sender and room."""

    target: str
    by: tuple[str, int]
    grams: set[int]


class Read(NamedTuple):
    """What a batch of events brings: texts by event id, edits, ids of what was redacted."""

    texts: dict[str, Text]
    edits: list[Edit]
    redacted: set[str]


def read_sources(found: Sequence[Source], now_ms: int) -> Read:
    """Read the events; those that say nothing are passed over."""
    read = Read({}, [], set())
    for source in found:
        event = _decoded(source.body)
        content = event.get("content")
        if source.type == "m.room.redaction":
            target = event.get("redacts") or (content.get("redacts") if isinstance(content, dict) else None)
            if isinstance(target, str):
                read.redacted.add(target)
            continue
        edit = edit_of(content)
        shown = searchable(source.type, content if edit is None else edit[1])
        if source.is_encrypted or shown is None:
            continue
        grams = grams_of(shown, source.sender)
        if edit is not None:
            read.edits.append(Edit(edit[0], (source.sender, source.room_nid), grams))
        else:
            ts = max(0, min(source.ts, now_ms))
            read.texts[source.event_id] = Text(source, shown.kind, ts, grams)
    return read


class Placing:
    """Gives documents their eras: an era that is full ends, and older documents go where their time belongs."""

    def __init__(self, eras: Sequence[Era]) -> None:
        self._rooms: dict[int, list[Era]] = {}
        for era in sorted(eras, key=lambda one: one.first_ts):
            self._rooms.setdefault(era.room_nid, []).append(era)
        self._changed: set[tuple[int, int]] = set()

    def document(self, text: Text) -> Document:
        """The document of a text, counted in its era."""
        room_nid = text.source.room_nid
        era = self._era_for(room_nid, text.ts)
        grams = mixed(text.grams, room_nid, era)
        return Document(text.source.event_nid, room_nid, era, text.ts, text.kind, grams)

    def _era_for(self, room_nid: int, ts: int) -> int:
        eras = self._rooms.setdefault(room_nid, [])
        at = next((n for n in reversed(range(len(eras))) if eras[n].first_ts <= ts), -1)
        newest = at == len(eras) - 1
        if at < 0:
            if eras and eras[0].documents < ERA_DOCUMENTS:
                at = 0
            else:
                eras.insert(0, self._opened(room_nid, ts))
                at = 0
        elif newest and eras[at].documents >= ERA_DOCUMENTS and ts > eras[at].last_ts:
            eras.append(self._opened(room_nid, ts))
            at += 1
        era = eras[at]
        eras[at] = era._replace(
            first_ts=min(era.first_ts, ts), last_ts=max(era.last_ts, ts), documents=era.documents + 1
        )
        self._changed.add((room_nid, era.era))
        return era.era

    def _opened(self, room_nid: int, ts: int) -> Era:
        number = max((era.era for era in self._rooms[room_nid]), default=0) + 1
        return Era(room_nid, number, ts, ts, 0)

    def changed(self) -> list[Era]:
        """The eras that got documents, as they are now."""
        return [era for eras in self._rooms.values() for era in eras if (era.room_nid, era.era) in self._changed]


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


async def _wait(event: asyncio.Event, limit_s: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
