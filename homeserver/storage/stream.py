"""The stream: one counter row, one order, and the group commit that writes batches of entries in one statement.

A writer connection per process flushes whatever waits; what refuses is answered to its entry alone. Reading the stream
for a process that missed a notice is in `changes.py`. See docs/architecture.md, "One stream, one counter row".
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import asyncpg
import structlog

from homeserver.clock import Clock, Faults
from homeserver.storage import batch, changes
from homeserver.storage.database import LOST, Connection, Database, Record, count_trip
from homeserver.storage.errors import BadRow, DatabaseDown, DatabaseFull
from homeserver.storage.fragments import Sheet
from homeserver.storage.rows import EventRow, MemberRow, Row, Rows, StateRow, TxnKey
from homeserver.storage.writer import Lost, RoomDone, Writer, find, lost_is_unknown

log = structlog.get_logger()

MAX_ROWS = 256
MAX_BYTES = 1 << 20
MAX_WAITING = 10_000  # entries; more are refused as if the database were away
WAIT_S = 10.0  # how long an entry waits for a database that is away
STATEMENT_S = 10.0
RETRIES = 8
LOCKED = "55P03"
RETRY = frozenset({"40001", "40P01", LOCKED, "57014", "23505"})
BAD = ("22", "23", "54")


class Entry(Protocol):
    """What waits for the next batch. At most one entry of a room is in a batch."""

    @property
    def room_nid(self) -> int | None: ...

    def rows(self, rows: Rows) -> None:
        """Build the rows on the newest head. Called once, when the batch is cut; an error is this entry's alone."""


class Commit(NamedTuple):
    """The rows of one batch, with positions in `[first, last]`, in order."""

    first: int
    last: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry.

    `refused`: its room did not pass the gate and nothing of the entry was written. `repeats`: transaction ids of the
    entry that were used before, with their events; `known`: event ids of the entry that are stored already, or that a
    redaction, or what they redact, came before.
    """

    base: int
    last: int
    refused: bool = False
    rooms: dict[int, RoomDone] = field(default_factory=dict)
    repeats: dict[TxnKey, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class _Item:
    entry: Entry
    future: "asyncio.Future[Outcome]"
    since: float
    rows: Rows | None = None

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()

    def build(self) -> bool:
        """Have the rows; False when the entry failed or had nothing to say, and is answered."""
        if self.rows is None:
            rows = Rows()
            try:
                self.entry.rows(rows)
                batch.check(rows.added)
            except Exception as error:  # noqa: BLE001 - whatever it is, this entry alone hears of it
                self.fail(error)
                return False
            self.rows = rows
        if not self.rows.added and not self.rows.rooms:
            self.answer(Outcome(0, 0))
            return False
        return True

    def answer(self, outcome: Outcome) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    @property
    def built(self) -> Rows:
        assert self.rows is not None
        return self.rows


class _Single:
    """Rows that need no room's head."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self._rows = rows
        self.room_nid = next((row.room_nid for row in rows if isinstance(row, MemberRow)), None)

    def rows(self, rows: Rows) -> None:
        for row in self._rows:
            rows.add(row)


class Stream:
    """Writes batches, in order. One per process."""

    def __init__(self, database: Database, *, clock: Clock, faults: Faults) -> None:
        self._db = database
        self._clock = clock
        self._faults = faults
        self._queue: deque[_Item] = deque()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._writer = Writer(database, clock)
        self._mark = 0
        self.on_commit: Callable[[Commit], None] = lambda _commit: None
        self.batches = 0
        self.rows_written = 0

    # -- the way in ------------------------------------------------------------------------------------------------

    def submit(self, entry: Entry) -> "asyncio.Future[Outcome]":
        """Put the entry into the next batch that has room. Its outcome, or what went wrong with it alone."""
        count_trip(write=True)
        item = _Item(entry, asyncio.get_running_loop().create_future(), self._clock.monotonic())
        if len(self._queue) >= MAX_WAITING:
            item.fail(DatabaseDown())
        else:
            self._queue.append(item)
            self._wake.set()
        return item.future

    async def write(self, *rows: Row) -> Outcome:
        """Commit rows that need no room's head (receipts, account data, ...). Raises BadRow, DatabaseDown/Full."""
        return await asyncio.shield(self.submit(_Single(rows)))

    async def wait_turn(self, entry: Entry, reload: Callable[[], Awaitable[object]] | None = None) -> Outcome:
        """Commit a room's entry with the room's row locked first, instead of gambling again.

        `reload` is called under the lock: the head read then is the one the entry is built on. Held for 2 s at most.
        """
        count_trip(write=True)
        item = _Item(entry, asyncio.get_running_loop().create_future(), self._clock.monotonic())
        async with self._writing:
            try:
                await self._take_turn(item, reload)
            except Lost:
                await self._recover([item])
            except (BadRow, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                item.fail(_meaning(error))
        return await item.future

    async def _take_turn(self, item: _Item, reload: Callable[[], Awaitable[object]] | None) -> None:
        connection = await self._connected()
        async with lost_is_unknown(), connection.transaction():
            await connection.execute(
                "SELECT FROM room_heads WHERE room_nid = $1 FOR NO KEY UPDATE", item.entry.room_nid
            )
            await self._faults.at("stream.locked")
            if reload is not None:
                await reload()
            if not item.build():
                return
            sheet = await self._sheet([item])
            result = await self._statement(connection, sheet)
        self._settle([item], sheet, result)

    # -- the flush loop --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Flush whatever waits; runs as long as the process."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    async with self._writing:
                        items = self._cut()
                        try:
                            if items:
                                await self._commit(items)
                        finally:
                            _fail(items, DatabaseDown())  # nobody waits for ever; most are answered already
        finally:
            for item in self._queue:
                item.fail(DatabaseDown())
            self._writer.terminate()

    def _cut(self) -> list[_Item]:
        """Take what waits, in order, up to the limits of a batch; build the rows."""
        taken: list[_Item] = []
        left: deque[_Item] = deque()
        rooms: set[int] = set()
        rows = size = 0
        while self._queue and rows < MAX_ROWS and size < MAX_BYTES:
            item = self._queue.popleft()
            room_nid = item.entry.room_nid
            if room_nid is not None and room_nid in rooms:
                left.append(item)
                continue
            if not item.build():
                continue
            if room_nid is not None:
                rooms.add(room_nid)
            taken.append(item)
            rows += len(item.built.added)
            size += sum(len(row.body) + len(row.envelope) for row in item.built.added if type(row) is EventRow)
        self._queue.extendleft(reversed(left))
        return taken

    async def _commit(self, items: list[_Item]) -> None:
        """Write the items; on a bad row halve them down to the guilty one. Every future ends answered."""
        for attempt in range(RETRIES):
            try:
                sheet, result = await self._write(items)
            except Lost:
                items = await self._recover(items)
                if not items:
                    return
            except DatabaseDown as error:
                _fail(items, error)
                return
            except Exception as error:  # noqa: BLE001 - nothing was written; whose fault it is shows when halved
                state = getattr(error, "sqlstate", None) or ""
                if state not in RETRY or attempt == RETRIES - 1:
                    await self._halve(items, error)
                    return
                if state == LOCKED:
                    await self._writer.end_stuck()
                await self._clock.sleep(0.001 * 2**attempt)
            else:
                self._settle(items, sheet, result)
                await self._faults.at("stream.after_answers")
                return
        _fail(items, DatabaseDown())

    async def _halve(self, items: list[_Item], error: Exception) -> None:
        meaning = _meaning(error)
        if len(items) == 1 or isinstance(meaning, DatabaseFull | DatabaseDown):
            if not isinstance(meaning, DatabaseFull | DatabaseDown):
                log.error("stream.bad_row", error=type(error).__name__, detail=str(error)[:200])
            _fail(items, meaning)
            return
        middle = len(items) // 2
        await self._commit(items[:middle])
        await self._commit(items[middle:])

    async def _write(self, items: list[_Item]) -> tuple[Sheet, Record]:
        connection = await self._connected()
        sheet = await self._sheet(items)
        await self._faults.at("stream.before_statement")
        async with lost_is_unknown():
            result = await self._statement(connection, sheet)
        await self._faults.at("stream.after_statement")
        return sheet, result

    async def _sheet(self, items: list[_Item]) -> Sheet:
        sheet = batch.fill(item.built for item in items)
        self._mark = 0
        if batch.needs_mark(sheet):
            await self._db.nids.ensure(1)
            self._mark = self._db.nids.next()
            sheet.put(batch.MARK, (self._mark,))
        return sheet

    async def _statement(self, connection: Connection, sheet: Sheet) -> Record:
        kinds = batch.kinds_of(sheet)
        async with asyncio.timeout(STATEMENT_S):
            prepared = await self._writer.statement(connection, kinds)
            row = await prepared.fetchrow(*batch.parameters_of(sheet, kinds))
        assert row is not None, "the counter has its row"
        self.batches += 1
        self.rows_written += sheet.used
        return row

    def _settle(self, items: list[_Item], sheet: Sheet, result: Record) -> None:
        """Give the rows their positions, tell the feed, answer the entries."""
        base: int = result["base"]
        done: dict[int, RoomDone] = {}
        if sheet.rooms:
            versions = zip(result["versions"], result["room_bases"], strict=True)
            done = {nid: RoomDone(*at) for nid, at in zip(result["done"], versions, strict=True)}
        repeats: dict[TxnKey, str] = {}
        if sheet.txns:
            keys = sheet.txn_keys
            pairs = zip(result["repeated"], result["repeated_ids"], strict=True)
            repeats = {keys[number]: event_id for number, event_id in pairs}
        asks_known = sheet.event_ids or sheet.promoted or sheet.unredacted or sheet.early
        known = frozenset(result["known"]) if asks_known else frozenset()
        self._answer(items, sheet, base, done, repeats, known)

    def _answer(
        self,
        items: list[_Item],
        sheet: Sheet,
        base: int,
        done: dict[int, RoomDone],
        repeats: dict[TxnKey, str],
        known: frozenset[str],
    ) -> None:
        last = base + sheet.used
        rows: list[Row] = []
        answers: list[tuple[_Item, Outcome]] = []
        for item in items:
            rooms = item.built.rooms
            if any(room.room_nid not in done for room in rooms):
                answers.append((item, Outcome(base, last, refused=True, repeats=repeats, known=known)))
                continue
            for row in item.built.added:
                row.position += base
                if type(row) is EventRow:
                    version, room_base = done[row.room_nid]
                    row.head_version = version
                    if row.room_position and not row.historical:
                        row.room_position += room_base
                elif type(row) is StateRow:
                    row.head_version = done[row.room_nid].version
            rows.extend(item.built.added)
            answers.append((item, Outcome(base, last, rooms={room.room_nid: done[room.room_nid] for room in rooms})))
        self.on_commit(Commit(base + 1, last, rows))
        for item, outcome in answers:
            item.answer(outcome)

    # -- a connection that was lost --------------------------------------------------------------------------------

    async def _connected(self) -> Connection:
        return await self._writer.connected(WAIT_S, self._give_up_old)

    def _give_up_old(self) -> None:
        horizon = self._clock.monotonic() - WAIT_S
        while self._queue and self._queue[0].since < horizon:
            self._queue.popleft().fail(DatabaseDown())

    async def _recover(self, items: list[_Item]) -> list[_Item]:
        """Find out whether the batch that was out is committed; answer it then, else give it back to be written."""
        log.warning("stream.connection_lost", entries=len(items))
        mark = self._mark
        self._writer.terminate()
        deadline = self._clock.monotonic() + WAIT_S
        while True:
            try:
                connection = await self._connected()
                sheet = batch.fill(item.built for item in items)
                found = await find(connection, sheet, mark)
            except (*LOST, asyncpg.PostgresError, DatabaseDown):
                if self._clock.monotonic() > deadline:
                    _fail(items, DatabaseDown())
                    return []
                await self._clock.sleep(0.05)
                continue
            if found is None:
                return items
            base, done = found
            self._answer(items, sheet, base, done, {}, frozenset())
            return []

    # -- reading ---------------------------------------------------------------------------------------------------

    async def head(self) -> int:
        """The newest position [1 trip]."""
        position: int = await self._db.fetchval("SELECT max(position) FROM stream")
        return position

    async def changes(self, after: int, limit: int = 5_000) -> "changes.Changes":
        """The rows after a position; with more than `limit`, go on from the last row's [1 trip]."""
        return await changes.read(self._db, after, limit)


def _meaning(error: Exception) -> Exception:
    """What the entry is told."""
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, asyncpg.DiskFullError):
        return DatabaseFull()
    if state in RETRY - {"23505"} or state.startswith("53"):
        return DatabaseDown()
    if state.startswith(BAD) or isinstance(error, TypeError | ValueError | OverflowError):
        return BadRow(f"{type(error).__name__}: {error}")
    return error


def _fail(items: list[_Item], error: Exception) -> None:
    for item in items:
        item.fail(error)
