"""Sending events later: they wait in the database, and are sent, once, by whichever process is first (MSC4140).

A client restarts the wait of "I am out of the call" again and again; when it is gone, the event is sent. A state event
is called off when somebody else has set the same state meanwhile.
"""

import asyncio
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson
import structlog

from homeserver.clock import Clock, Faults, Rng
from homeserver.errors import InvalidParam, LimitExceeded, MatrixError, NotFound, StorageFull, Unavailable
from homeserver.protocol.identifiers import UserId
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER
from homeserver.services.intents import Draft
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.storage.delayed_events import DelayedEvent
from homeserver.storage.delayed_events import DelayedEvents as Table
from homeserver.storage.leases import Leases
from homeserver.storage.rows import TxnKey
from homeserver.storage.users import Users

log = structlog.get_logger()

MAX_DELAY_MS: Final = 31 * 24 * 3600 * 1000
MAX_WAITING: Final = 100
ID_LETTERS: Final = 32
AT_ONCE: Final = 50
LEASE: Final = "delayed_events"
LEASE_S: Final = 10.0
SHARED_POLL_S: Final = 1.0
RETRY_S: Final = 2.0
PREFIX: Final = "org.matrix.msc4140"
MAX_TXN: Final = 255


class DelayedEvents:
    """Keeps events until their time."""

    def __init__(
        self,
        *,
        table: Table,
        users: Users,
        rooms: Rooms,
        sending: Sending,
        leases: Leases,
        feed: Feed,
        owner: str,
        clock: Clock,
        rng: Rng,
        faults: Faults,
    ) -> None:
        self._table = table
        self._users = users
        self._rooms = rooms
        self._sending = sending
        self._leases = leases
        self._feed = feed
        self._owner = owner
        self._clock = clock
        self._rng = rng
        self._faults = faults
        self._news = asyncio.Event()

    async def schedule(self, requester: Requester, room_id: str, draft: Draft, delay_ms: int, txn: str) -> str:
        """Have an event sent after `delay_ms`; the id to manage it by. The same `txn` again is the same event.

        Raises Forbidden (not in the room), InvalidParam, LimitExceeded (too many wait).
        """
        requester.must_be_active()
        if not 0 < delay_ms <= MAX_DELAY_MS:
            raise InvalidParam(
                f"A delay is at most {MAX_DELAY_MS} ms.",
                errcode="M_UNKNOWN",
                **{f"{PREFIX}.errcode": "M_MAX_DELAY_EXCEEDED", f"{PREFIX}.max_delay": MAX_DELAY_MS},  # type: ignore[arg-type]  # fields of the answer
            )
        if draft.type == MEMBER:
            raise InvalidParam("A membership cannot be delayed.")
        texts = (draft.type, draft.state_key or "", txn)
        if any("\0" in text or len(text.encode()) > MAX_TXN for text in texts):
            raise InvalidParam(f"Types, keys and transaction ids have at most {MAX_TXN} bytes.")
        room = await self._rooms.joined_by(requester.user_id, room_id)
        now = self._clock.now_ms()
        event = DelayedEvent(
            delay_id=self._rng.letters(ID_LETTERS),
            user_id=requester.user_id,
            txn=f"{requester.device_nid or 0} {txn}",
            room_id=room.room_id,
            type=draft.type,
            state_key=draft.state_key,
            content=orjson.dumps(draft.content),
            delay_ms=delay_ms,
            running_since_ts=now,
            due_ts=now + delay_ms,
        )
        delay_id = await self._table.add(event, MAX_WAITING)
        if delay_id is None:
            raise LimitExceeded(f"At most {MAX_WAITING} delayed events of a user wait.", retry_after_ms=60_000)
        self._news.set()
        return delay_id

    async def waiting(self, requester: Requester) -> list[dict[str, Any]]:
        """What waits of the requester's, the next first."""
        return [_shown(event) for event in await self._table.of_user(requester.user_id)]

    async def manage(self, requester: Requester | None, delay_id: str, action: str) -> None:
        """`restart`, `cancel` or `send` what waits; whoever knows the id may, but no other user. Raises NotFound."""
        event = await self._table.read(delay_id) if "\0" not in delay_id else None
        if event is None or (requester is not None and requester.user_id != event.user_id):
            raise NotFound("There is no such delayed event.")
        match action:
            case "restart":
                found = await self._table.restart(delay_id, self._clock.now_ms())
            case "cancel":
                found = await self._table.delete(delay_id)
            case "send":
                found = await self._table.make_due(delay_id)
            case _:
                raise InvalidParam("`action` is `restart`, `cancel` or `send`.")
        if not found:
            raise NotFound("The delayed event was sent already.")
        self._news.set()

    # -- their time ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send what is due; runs as long as the process."""
        while True:
            self._news.clear()
            try:
                pause = await self._round()
            except (Unavailable, StorageFull) as error:
                log.warning("delayed_events.put_off", error=type(error).__name__)
                pause = RETRY_S
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _round(self) -> float | None:
        """Send what is due; in how many seconds to look again, None: when there is something new."""
        if self._feed.is_shared and not await self._leases.take(self._owner, [LEASE], LEASE_S):
            return LEASE_S / 3
        while due := await self._table.due(self._clock.now_ms(), AT_ONCE):
            for event in due:
                await self._send(event)
        next_due = await self._table.next_due()
        if next_due is None:
            return SHARED_POLL_S if self._feed.is_shared else None
        wait_s = max(0.0, (next_due - self._clock.now_ms()) / 1000)
        return min(wait_s, SHARED_POLL_S) if self._feed.is_shared else wait_s

    async def _send(self, event: DelayedEvent) -> None:
        """Send an event by a transaction of its own, so that a second time, after a crash, sends nothing."""
        try:
            user = await self._users.read(event.user_id)
            if (
                user is not None
                and not user.is_deactivated
                and not user.is_locked
                and not await self._is_outdated(event)
            ):
                requester = Requester(
                    UserId(user.user_id),
                    None,
                    user.user_nid,
                    None,
                    0,
                    is_guest=user.is_guest,
                    is_suspended=user.is_suspended,
                    is_shadow_banned=user.is_shadow_banned,
                )
                content: Mapping[str, Any] = orjson.loads(event.content)
                draft = Draft(event.type, content, state_key=event.state_key)
                txn = TxnKey(user.user_nid, 0, _PATH_HASH, event.delay_id)
                await self._sending.send(requester, event.room_id, draft, txn=txn)
                await self._faults.at("delayed_event.sent")
        except (Unavailable, StorageFull):
            raise
        except LimitExceeded as early:  # slow mode: it is sent when its sender may write again
            await self._table.put_off(event.delay_id, self._clock.now_ms() + early.retry_after_ms)
            return
        except MatrixError as refused:
            log.info("delayed_events.refused", room=event.room_id, error=refused.errcode)
        await self._table.delete(event.delay_id)

    async def _is_outdated(self, event: DelayedEvent) -> bool:
        """Whether somebody else has set the same state since the event began to wait.

        Plain words are not for a room that was encrypted meanwhile.
        """
        room = await self._rooms.find(event.room_id)
        if event.state_key is None:
            is_plain = event.type in ("m.room.message", "m.sticker")
            return is_plain and room is not None and room.event(("m.room.encryption", "")) is not None
        current = room.event((event.type, event.state_key)) if room is not None else None
        return current is not None and current.sender != event.user_id and current.ts > event.due_ts - event.delay_ms


_PATH_HASH: Final = int.from_bytes(blake2b(PREFIX.encode(), digest_size=8).digest(), "big", signed=True)


def _shown(event: DelayedEvent) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "delay_id": event.delay_id,
        "room_id": event.room_id,
        "type": event.type,
        "delay": event.delay_ms,
        "running_since": event.running_since_ts,
        "content": orjson.loads(event.content),
    }
    return shown if event.state_key is None else {**shown, "state_key": event.state_key}
