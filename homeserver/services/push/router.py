"""Whom the stream's events notify: a cursor that fills the queues of pushers, moved by one process at a time.

Rules are asked once more for those alone who have pushers, since tweaks are kept nowhere. An event and what it notifies
are never parted: the cursor moves with the rows of the queue. Not for: talking to gateways (`sender`).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.protocol.identifiers import RoomId
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER, event_of_body
from homeserver.services.push.sender import Sender
from homeserver.services.push_rules import PushRules, invite_event
from homeserver.services.rooms import Rooms
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.leases import Leases
from homeserver.storage.pushers import PusherTable, Queued
from homeserver.storage.rows import HIDDEN, EventRow, MemberRow, ReceiptRow, RevocationRow, Row
from homeserver.storage.stream import Stream

log = structlog.get_logger()

LEASE: Final = "push"
LEASE_S: Final = 15.0
SAVE_S: Final = 5.0
SILENT: Final = "app.hearth.silent"
"""In a message's content: its sender wants nobody disturbed by it. docs/extensions.md, Silent messages."""
READ: Final = ("m.read", "m.read.private")
IgnoredBy = Callable[[str], Awaitable[frozenset[str]]]


class Router:
    """Follows the stream into the queues."""

    def __init__(
        self,
        owner: str,
        table: PusherTable,
        sender: Sender,
        *,
        leases: Leases,
        feed: Feed,
        stream: Stream,
        rooms: Rooms,
        push_rules: PushRules,
        ignored_by: IgnoredBy,
        clock: Clock,
    ) -> None:
        """`owner`: names this process among others."""
        self._owner = owner
        self._table = table
        self._sender = sender
        self._leases = leases
        self._feed = feed
        self._stream = stream
        self._rooms = rooms
        self._push_rules = push_rules
        self._ignored_by = ignored_by
        self._clock = clock
        self._users: set[str] | None = None
        self._changes = 0
        """Of pushers: who sets one while it is read who has any is not passed over."""
        self._routed = 0

    def pushers_changed(self) -> None:
        """Have it read anew who has pushers."""
        self._users = None
        self._changes += 1

    async def run(self) -> None:
        """Lead while no other process does; runs as long as the process."""
        while True:
            try:
                if await self._take_lease():
                    await self._lead()
            except* (DatabaseDown, DatabaseFull) as errors:
                # A group where it came while pushers were being told: their tasks end with it.
                log.warning("push.put_off", error=type(errors.exceptions[0]).__name__)
            await self._clock.sleep(LEASE_S / 3 if self._feed.is_shared else 1.0)

    async def _take_lease(self) -> bool:
        return not self._feed.is_shared or bool(await self._leases.take(self._owner, [LEASE], LEASE_S))

    async def _lead(self) -> None:
        """Route and send; returns when the lease is lost."""
        await self._table.prune()
        self._routed = saved = await self._table.cursor()
        self._users = None
        follower = self._feed.follow()
        try:
            async with self._sender.sending():
                renewed = self._clock.monotonic()
                while True:
                    follower.clear()
                    await self._route_new()
                    if self._clock.monotonic() - renewed > SAVE_S:
                        if not await self._take_lease():
                            return
                        if self._feed.is_shared:
                            self._users = None  # another process may have set some
                        if self._routed > saved:
                            saved = self._routed
                            await self._table.enqueue(saved, [])
                        renewed = self._clock.monotonic()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(SAVE_S):
                            await follower.wait()
        finally:
            self._feed.unfollow(follower)

    async def _route_new(self) -> None:
        while self._routed < self._feed.head:
            upto = self._feed.head
            rows: Sequence[Row] | None = self._feed.rows(self._routed, upto)
            if rows is None:
                _, rows, complete = await self._stream.changes(self._routed)
                upto = upto if complete or not rows else rows[-1].position
            await self._route(rows, upto)
            self._routed = upto

    async def _route(self, rows: Sequence[Row], upto: int) -> None:
        if any(isinstance(row, RevocationRow) for row in rows):
            await self._table.prune()
            self._users = None
        users = await self._who_has_pushers()
        if not users:
            return
        wanted: list[tuple[str, Queued]] = []
        for row in rows:
            if isinstance(row, EventRow):
                wanted += await self._notified(row, users)
            elif isinstance(row, MemberRow) and row.membership == "invite" and row.user_id in users:
                wanted += await self._invited(row)
            elif isinstance(row, ReceiptRow) and row.type in READ and row.user_id in users:
                self._sender.has_read(row.user_id)
        if not wanted:
            return
        pushers: dict[str, list[int]] = {}
        for pusher in await self._table.of_users({user_id for user_id, _ in wanted}):
            if pusher.is_enabled:
                pushers.setdefault(pusher.user_id, []).append(pusher.pusher_nid)
        queued = [one._replace(pusher_nid=nid) for user_id, one in wanted for nid in pushers.get(user_id, ())]
        await self._table.enqueue(upto, queued)
        self._sender.wake({one.pusher_nid for one in queued})

    async def _who_has_pushers(self) -> set[str]:
        while (users := self._users) is None:
            changes = self._changes
            users = await self._table.users()
            if changes == self._changes:
                self._users = users
        return users

    async def _notified(self, row: EventRow, users: set[str]) -> list[tuple[str, Queued]]:
        """Those of the users whom an event notifies."""
        if row.flags & HIDDEN or row.historical:
            return []
        room = await self._rooms.find(row.room_id)
        if room is None:
            return []
        # Whichever is the smaller set is walked through.
        targets = {one for one in users if one in room.members and room.is_joined(one)}
        is_invite = row.type == MEMBER and row.membership == "invite"
        if is_invite and row.state_key in users:
            targets.add(row.state_key)
        targets.discard(row.sender)
        if not targets:
            return []
        event = event_of_body(orjson.loads(row.body), RoomId(row.room_id))
        actions = await self._push_rules.actions(room, event, targets)
        quiet = {"sound"} if event.content.get(SILENT) is True else set[str]()
        now = self._clock.now_ms()
        return [
            (
                user_id,
                Queued(
                    0,
                    row.position,
                    row.room_id,
                    row.event_id,
                    is_invite and row.state_key == user_id,
                    orjson.dumps({name: value for name, value in done.tweaks.items() if name not in quiet}),
                    now,
                ),
            )
            for user_id, done in actions.items()
            if done.notify and not (is_invite and row.sender in await self._ignored_by(user_id))
        ]

    async def _invited(self, row: MemberRow) -> list[tuple[str, Queued]]:
        """An invite to a room that this server is not in."""
        if row.sender in await self._ignored_by(row.user_id):
            return []
        event = invite_event(row.room_id, row.event_id or "", row.sender, row.user_id)
        done = await self._push_rules.actions_alone(event_of_body(event, RoomId(row.room_id)), row.user_id)
        if not done.notify:
            return []
        tweaks = orjson.dumps(dict(done.tweaks))
        now = self._clock.now_ms()
        return [
            (
                row.user_id,
                Queued(0, row.position, row.room_id, row.event_id or "", is_invite=True, tweaks=tweaks, created_ts=now),
            )
        ]
