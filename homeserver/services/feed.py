"""The process's own copy of the stream: a ring of the last rows, applied to every cache in commit order, and wake-ups.

Rows enter in one order only, that of their positions, whoever committed them; a hole is filled from PostgreSQL before
anything after it is shown. Nothing here is truth: a lost process loses nothing. Not for: what a user may see
(`visibility`), nor what a response looks like (`sync`).
A little longer than others: the way in and the way out share the ring.
"""

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from homeserver.bus.bus import Bus, BusDown
from homeserver.clock import Clock
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.members import Members, Membership
from homeserver.storage.rows import (
    REJECTED,
    AccountDataRow,
    DeviceChangeRow,
    EventRow,
    MemberRow,
    OneTimeKeysRow,
    ReceiptRow,
    RevocationRow,
    Row,
    StateRow,
    ToDeviceRow,
    WithdrawnRow,
    decode_rows,
    encode_rows,
)
from homeserver.storage.state import MEMBER
from homeserver.storage.stream import Commit, Stream

log = structlog.get_logger()

RING_ROWS = 50_000
RING_BYTES = 64 << 20
POLL_S = 0.2
IDLE_LISTENER_S = 300.0


@dataclass(slots=True)
class Listener:
    """A user who is or was just connected here: their rooms, and who waits for news of them."""

    user_id: str
    rooms: dict[int, Membership] = field(default_factory=dict)
    ticket: int = 0
    """Rises with each piece of news; a waiter passes the ticket it took before it looked."""
    waiters: set[asyncio.Future[None]] = field(default_factory=set)
    used_at: float = 0.0
    newest: int = 0
    """Position of the newest membership when the rooms were read; the process's copy of the stream may be behind it."""
    loaded: asyncio.Future[None] | None = None
    early: list[EventRow | MemberRow | StateRow] = field(default_factory=list)
    """Membership rows that came while the rooms were being loaded."""


class Feed:
    """Applies commits in order to registered caches, keeps the ring, and wakes the users whom a row concerns."""

    def __init__(self, stream: Stream, members: Members, bus: Bus, clock: Clock, *, is_shared: bool) -> None:
        """`is_shared`: other processes write beside this one, so that caches may be late."""
        self._stream = stream
        self._members = members
        self._bus = bus
        self._clock = clock
        self.is_shared = is_shared
        self._caches: list[Callable[[Row], None]] = []
        self._on_caught_up: list[Callable[[], None]] = []
        self._ring: list[Row] = []
        self._positions: list[int] = []
        self._bytes = 0
        self._floor = 0
        self.head = 0
        self._early: dict[int, Commit] = {}
        self._hole = asyncio.Event()
        self._reached: list[tuple[int, asyncio.Future[None]]] = []
        self._outgoing: asyncio.Queue[Commit] = asyncio.Queue()
        self._listeners: dict[str, Listener] = {}
        self._by_room: dict[int, set[str]] = {}
        self._followers: set[asyncio.Event] = set()

    def register(self, cache: Callable[[Row], None]) -> None:
        """Have `cache` called for each row, in stream order, on every process."""
        self._caches.append(cache)

    def on_caught_up(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after rows were read back from PostgreSQL; mentions are not among those."""
        self._on_caught_up.append(listener)

    async def start(self) -> None:
        """Take the head from PostgreSQL; to be called once, before anything is served."""
        self.head = self._floor = await self._stream.head()

    # -- the way in ------------------------------------------------------------------------------------------------

    def committed(self, commit: Commit) -> None:
        """Take a commit of this process. Called before anyone is answered."""
        if self.is_shared:
            self._outgoing.put_nowait(commit)
        self._take(commit)

    async def reached(self, position: int) -> None:
        """Wait until every row up to `position` has been applied here."""
        if self.head >= position:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reached.append((position, reached))
        await reached

    async def run(self) -> None:
        """Exchange commits with other processes, fill holes, forget idle listeners; runs as long as the process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forget_idle_listeners())
            tasks.create_task(self._fill_holes())
            if self.is_shared:
                tasks.create_task(self._publish())
                tasks.create_task(self._listen())

    def _take(self, commit: Commit) -> None:
        if commit.first > self.head + 1:
            self._early[commit.first] = commit
            self._hole.set()
            return
        self._apply(commit)
        while (following := self._early.pop(self.head + 1, None)) is not None:
            self._apply(following)

    def _apply(self, commit: Commit) -> None:
        """Apply the rows above the head; a commit seen before changes nothing."""
        if commit.last <= self.head:
            return
        woken: set[str] = set()
        for row in commit.rows:
            if row.position <= self.head:
                continue
            for cache in self._caches:
                try:
                    cache(row)
                except Exception:
                    # A row that one cache cannot take is kept from nobody else, and does not end the process.
                    log.exception("feed.cache_failed", position=row.position, kind=type(row).__name__)
            if isinstance(row, WithdrawnRow):
                self._withdraw(row.event_nid)
            self._ring.append(row)
            self._positions.append(row.position)
            self._bytes += _size(row)
            self._concerned(row, woken)
        self.head = commit.last
        if len(self._ring) > 2 * RING_ROWS or self._bytes > 2 * RING_BYTES:
            self._prune()
        self.wake(woken)
        for follower in self._followers:
            follower.set()
        if self._reached:
            self._answer_reached()

    def _withdraw(self, event_nid: int) -> None:
        """Keep an event that was rejected after all from those who have not been told of it yet."""
        for row in self._ring:
            if isinstance(row, EventRow) and row.event_nid == event_nid:
                row.flags |= REJECTED

    def _prune(self) -> None:
        """Keep the newest rows, as many as the limits of number and size let."""
        kept, size = 0, 0
        while kept < min(len(self._ring), RING_ROWS) and size <= RING_BYTES:
            kept += 1
            size += _size(self._ring[-kept])
        gone = len(self._ring) - kept
        if gone:
            self._floor = self._positions[gone - 1]
            del self._ring[:gone], self._positions[:gone]
        self._bytes = size

    def _answer_reached(self) -> None:
        waiting, self._reached = self._reached, []
        for position, future in waiting:
            if position > self.head:
                self._reached.append((position, future))
            elif not future.done():
                future.set_result(None)

    async def _publish(self) -> None:
        while True:
            commit = await self._outgoing.get()
            # Without a bus the others find the commit by the counter row.
            with contextlib.suppress(BusDown):
                await self._bus.publish(commit.first, commit.last, encode_rows(commit.rows))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._bus.subscribe() as notices:
                    async for notice in notices:
                        if notice.last > self.head:
                            self._take(Commit(notice.first, notice.last, decode_rows(notice.payload)))
            except BusDown:
                await self._clock.sleep(1.0)
            self._hole.set()

    async def _fill_holes(self) -> None:
        """Read what notices did not bring. With other processes the counter row is asked each 200 ms, notice or not."""
        while True:
            try:
                async with asyncio.timeout(POLL_S if self.is_shared else None):
                    await self._hole.wait()
                    await self._clock.sleep(0.01)
            except TimeoutError:
                pass
            self._hole.clear()
            try:
                await self._catch_up()
            except (DatabaseDown, DatabaseFull):
                log.warning("feed.database_down", head=self.head)
                await self._clock.sleep(POLL_S)
                self._hole.set()

    async def _catch_up(self) -> None:
        while True:
            head, rows, complete = await self._stream.changes(self.head)
            if head <= self.head:
                break
            last = head if complete else rows[-1].position
            self._take(Commit(self.head + 1, last, rows))
            for listener in self._on_caught_up:
                listener()
            if complete:
                break
        self._early = {first: commit for first, commit in self._early.items() if commit.last > self.head}

    # -- the way out -----------------------------------------------------------------------------------------------

    def rows(self, after: int, upto: int) -> list[Row] | None:
        """The rows in `(after, upto]`, oldest first; None when the ring no longer holds all of them."""
        if after < self._floor:
            return None
        start = bisect_right(self._positions, after)
        stop = bisect_right(self._positions, upto)
        return self._ring[start:stop]

    def holds(self, after: int) -> bool:
        """Whether the ring still has all that came after a position."""
        return after >= self._floor

    def follow(self) -> asyncio.Event:
        """An event set after each commit, for a cursor on the stream (sender, push); `unfollow` gives it back."""
        follower = asyncio.Event()
        self._followers.add(follower)
        return follower

    def unfollow(self, follower: asyncio.Event) -> None:
        self._followers.discard(follower)

    async def listener(self, user_id: str) -> Listener:
        """The user's listener; the first call reads their rooms, later ones cost nothing."""
        while (listener := self._listeners.get(user_id)) is not None and listener.loaded is not None:
            await asyncio.shield(listener.loaded)
        if listener is None:
            listener = self._listeners[user_id] = Listener(user_id)
            listener.loaded = asyncio.get_running_loop().create_future()
            await self._load(listener)
        listener.used_at = self._clock.monotonic()
        return listener

    async def _load(self, listener: Listener) -> None:
        loaded = listener.loaded
        assert loaded is not None
        try:
            rooms = await self._members.rooms_of(listener.user_id)
        except BaseException as error:
            self._listeners.pop(listener.user_id, None)
            if isinstance(error, Exception):
                loaded.set_exception(error)
                loaded.exception()
            else:
                loaded.set_result(None)  # another of those who wait begins anew
            raise
        for membership in rooms:
            self._set_membership(listener, membership)
            listener.newest = max(listener.newest, membership.position)
        listener.loaded = None
        for row in listener.early:
            self._membership_changed(listener, row)
        listener.early.clear()
        loaded.set_result(None)

    def rooms_of(self, user_id: str) -> Mapping[int, Membership] | None:
        """The user's memberships by room number, or None for a user nobody listens for here."""
        listener = self._listeners.get(user_id)
        return listener.rooms if listener is not None and listener.loaded is None else None

    def listening_in(self, room_nid: int) -> frozenset[str]:
        """Users of the room who are connected here."""
        return frozenset(self._by_room.get(room_nid, ()))

    async def wait(self, listener: Listener, ticket: int, timeout_s: float | None) -> bool:
        """Wait for news after `ticket`; False when `timeout_s` (None: never) passed without any."""
        if listener.ticket != ticket:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        listener.waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        else:
            return True
        finally:
            listener.waiters.discard(waiter)
            listener.used_at = self._clock.monotonic()

    def wake(self, user_ids: Iterable[str]) -> None:
        """Tell these users that there is news, of the stream or of what is not in it (typing, presence)."""
        for user_id in user_ids:
            listener = self._listeners.get(user_id)
            if listener is None:
                continue
            listener.ticket += 1
            for waiter in listener.waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def wake_room(self, room_nid: int) -> None:
        """`wake` for everyone connected here who is in the room."""
        self.wake(tuple(self._by_room.get(room_nid, ())))

    def wake_all(self) -> None:
        """Let every waiter look again: the server is stopping."""
        self.wake(tuple(self._listeners))

    # -- whom a row concerns ---------------------------------------------------------------------------------------

    def _concerned(self, row: Row, woken: set[str]) -> None:
        if isinstance(row, EventRow):
            woken.update(self._by_room.get(row.room_nid, ()))
            if row.membership is not None and row.is_current_state:
                self._member_row(row, row.state_key or "", woken)
        elif isinstance(row, MemberRow):
            self._member_row(row, row.user_id, woken)
        elif isinstance(row, StateRow):
            woken.update(self._by_room.get(row.room_nid, ()))
            if row.type == MEMBER and row.is_current:
                self._member_row(row, row.state_key, woken)
        elif isinstance(row, ReceiptRow):
            if row.type == "m.read.private":
                woken.add(row.user_id)
            else:
                woken.update(self._by_room.get(row.room_nid, ()))
        elif isinstance(row, AccountDataRow | ToDeviceRow | RevocationRow | OneTimeKeysRow):
            woken.add(row.user_id)
        elif isinstance(row, DeviceChangeRow):
            woken.add(row.observer or row.user_id)
            for room_nid in row.room_nids:
                woken.update(self._by_room.get(room_nid, ()))
        else:
            nid: int | None = getattr(row, "room_nid", None)
            if nid is not None:
                woken.update(self._by_room.get(nid, ()))

    def _member_row(self, row: EventRow | MemberRow | StateRow, user_id: str, woken: set[str]) -> None:
        listener = self._listeners.get(user_id)
        if listener is None:
            return
        woken.add(user_id)
        if listener.loaded is not None:
            listener.early.append(row)
        else:
            self._membership_changed(listener, row)

    def _membership_changed(self, listener: Listener, row: EventRow | MemberRow | StateRow) -> None:
        known = listener.rooms.get(row.room_nid)
        if known is not None and known.position >= row.position:
            return
        self._set_membership(listener, Membership.of_row(row, known))

    def _set_membership(self, listener: Listener, membership: Membership) -> None:
        listener.rooms[membership.room_nid] = membership
        if membership.membership == "join":
            self._by_room.setdefault(membership.room_nid, set()).add(listener.user_id)
        else:
            self._leave(listener.user_id, membership.room_nid)

    def _leave(self, user_id: str, room_nid: int) -> None:
        users = self._by_room.get(room_nid)
        if users is not None:
            users.discard(user_id)
            if not users:
                del self._by_room[room_nid]

    async def _forget_idle_listeners(self) -> None:
        while True:
            await self._clock.sleep(IDLE_LISTENER_S / 5)
            horizon = self._clock.monotonic() - IDLE_LISTENER_S
            idle = [
                listener
                for listener in self._listeners.values()
                if not listener.waiters and listener.loaded is None and listener.used_at < horizon
            ]
            for listener in idle:
                del self._listeners[listener.user_id]
                for room_nid in listener.rooms:
                    self._leave(listener.user_id, room_nid)


def _size(row: Row) -> int:
    """What a row weighs, near enough: the bytes of what was written."""
    if isinstance(row, EventRow):
        return len(row.body) + len(row.envelope)
    if isinstance(row, AccountDataRow | ToDeviceRow):
        return len(row.content)
    return 0
