"""Sending what waits in the queues of pushers: in order for each, all of them side by side, again until it is taken.

A gateway that fails is asked again later and later; a slow one holds up its own pushers alone. What was read meanwhile,
or may not be seen any more, is not sent. Delivery is at least once: the row goes after the answer.
"""

import asyncio
import contextlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.errors import NotFound
from homeserver.providers.http_push import PushFailed
from homeserver.providers.web_push import Subscription
from homeserver.services.feed import Feed
from homeserver.services.push.notice import badge, notification
from homeserver.services.push.pushers import WEB_PUSH
from homeserver.services.push_rules import invite_event
from homeserver.services.rooms import Rooms
from homeserver.services.unread import Unread
from homeserver.services.visibility import Visibility
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.events.read import Events
from homeserver.storage.pushers import Pusher, PusherTable, Queued

log = structlog.get_logger()

BATCH: Final = 20
PER_GATEWAY: Final = 8
FIRST_RETRY_S: Final = 2.0
LAST_RETRY_S: Final = 3_600.0
LIFE_MS: Final = 24 * 3600 * 1000
MAIL_AFTER_MS: Final = 10 * 60 * 1000
MAIL_PAUSE_MS: Final = 3600 * 1000
TOPIC_LETTERS: Final = 32
BADGE_S: Final = 1.0
"""Receipts gather for so long before the number at the icon is sent."""


class Gateways(Protocol):
    """Who takes notifications. `providers.http_push` does."""

    async def notify(self, url: str, notification: Mapping[str, Any]) -> Collection[str]:
        """Send one; the push keys that are rejected for good. Raises PushFailed."""
        ...


class Browsers(Protocol):
    """Who reaches browsers. `providers.web_push` does."""

    async def notify(self, to: Subscription, told: Mapping[str, Any], *, is_urgent: bool, topic: str) -> bool:
        """Send one; False: the browser is gone for good. Raises PushFailed."""
        ...


class Mailer(Protocol):
    """Who brings mails. `services.threepids.mail` does."""

    async def notify(self, address: str, subject: str, text: str) -> None:
        """Send one; one that cannot be sent is noted."""
        ...


class Sender:
    """The queues of this server's pushers."""

    def __init__(
        self,
        table: PusherTable,
        gateways: Gateways,
        browsers: Browsers,
        *,
        visibility: Visibility,
        events: Events,
        rooms: Rooms,
        unread: Unread,
        feed: Feed,
        clock: Clock,
        mailer: Mailer | None,
    ) -> None:
        self._mailer = mailer
        self._table = table
        self._gateways = gateways
        self._browsers = browsers
        self._visibility = visibility
        self._events = events
        self._rooms = rooms
        self._unread = unread
        self._feed = feed
        self._clock = clock
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._badges: dict[str, asyncio.Task[None]] = {}
        self._shown: dict[int, int] = {}
        """The number that each pusher was told last."""
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send while this holds, what waits already first. For the one process that leads."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                self.wake(await self._table.waiting())
                yield
            finally:
                self._tasks = None
                for task in (*self._running.values(), *self._badges.values()):
                    task.cancel()
                self._running.clear()
                self._badges.clear()
                self._shown.clear()

    def wake(self, pusher_nids: Collection[int]) -> None:
        """There is something to send by these."""
        for nid in pusher_nids:
            if nid in self._running:
                self._again.add(nid)
            elif self._tasks is not None:
                self._running[nid] = self._tasks.create_task(self._drain(nid))

    def has_read(self, user_id: str) -> None:
        """The user read something: the numbers at their icons are others."""
        if user_id not in self._badges and self._tasks is not None:
            self._badges[user_id] = self._tasks.create_task(self._tell_badge(user_id))

    async def _drain(self, nid: int) -> None:
        """Send by one pusher until nothing waits."""
        while True:
            self._again.discard(nid)
            try:
                pusher = await self._table.read(nid)
                if pusher is not None:
                    await self._pause(pusher)
                    await self._table.forget_old(nid, self._clock.now_ms() - LIFE_MS)
                waiting = await self._table.next(nid, BATCH)
                if pusher is not None and waiting and pusher.kind == "email":
                    await self._mail(pusher, waiting)
                elif pusher is not None and waiting:
                    await self._send_all(pusher, waiting)
                elif nid not in self._again:
                    self._running.pop(nid, None)
                    return
            except (DatabaseDown, DatabaseFull):
                await self._clock.sleep(FIRST_RETRY_S)

    async def _pause(self, pusher: Pusher) -> None:
        wait_ms = pusher.retry_ts - self._clock.now_ms()
        if pusher.failures and wait_ms > 0:
            await self._clock.sleep(min(wait_ms / 1000, LAST_RETRY_S))

    async def _send_all(self, pusher: Pusher, waiting: Collection[Queued]) -> None:
        """Send one after the other, up to a failure or a rejection."""
        failures = pusher.failures
        for queued in waiting:
            told = await self._notification(pusher, queued) if pusher.is_enabled else None
            if told is not None:
                try:
                    if not await self._deliver(pusher, told):
                        return
                except PushFailed as error:
                    wait_s = min(FIRST_RETRY_S * 2 ** min(failures, 20), LAST_RETRY_S)
                    log.info("push.failed", pusher=pusher.pusher_nid, error=str(error), retry_s=wait_s)
                    retry_ts = self._clock.now_ms() + int(wait_s * 1000)
                    await self._table.save_failure(pusher.pusher_nid, failures + 1, retry_ts)
                    return
                if failures:
                    failures = 0
                    await self._table.save_failure(pusher.pusher_nid, 0, 0)
            await self._table.done(pusher.pusher_nid, queued.position)

    async def _mail(self, pusher: Pusher, waiting: Sequence[Queued]) -> None:
        """Tell by mail that something is unread, once it has been for a while, and not often. No text of users."""
        due_ms = max(waiting[0].created_ts + MAIL_AFTER_MS, pusher.retry_ts)
        wait_s = (due_ms - self._clock.now_ms()) / 1000
        if wait_s > 0:
            await self._clock.sleep(wait_s)
            return  # much may have been read meanwhile: look again
        unread = await self._unread_of(pusher.user_id)
        if unread and pusher.is_enabled and self._mailer is not None:
            messages = "an unread message" if unread == 1 else f"{unread} unread messages"
            await self._mailer.notify(pusher.pushkey, f"You have {messages}", f"{pusher.user_id} has {messages}.\n")
            await self._table.save_failure(pusher.pusher_nid, 0, self._clock.now_ms() + MAIL_PAUSE_MS)
        await self._table.done(pusher.pusher_nid, waiting[-1].position)

    async def _deliver(self, pusher: Pusher, told: Mapping[str, Any]) -> bool:
        """Hand a notification to the gateway; False: it rejects the push key, the pusher is gone. Raises PushFailed."""
        url = orjson.loads(pusher.data)["url"]
        place = self._places.setdefault(urlsplit(url).netloc, asyncio.Semaphore(PER_GATEWAY))
        async with place:
            if pusher.kind == WEB_PUSH:
                rejected: Collection[str] = () if await self._to_browser(pusher, told) else (pusher.pushkey,)
            else:
                rejected = await self._gateways.notify(url, told)
        counts = told.get("counts")
        if counts is not None:
            self._shown[pusher.pusher_nid] = counts.get("unread", 0)
        if pusher.pushkey not in rejected:
            return True
        log.info("push.rejected", pusher=pusher.pusher_nid)
        await self._table.delete(pusher.user_id, pusher.app_id, pusher.pushkey)
        return False

    async def _to_browser(self, pusher: Pusher, told: Mapping[str, Any]) -> bool:
        """Tell a browser where something is new, and no more than that; False: it is gone. Raises PushFailed."""
        data = orjson.loads(pusher.data)
        tweaks = told["devices"][0].get("tweaks", {})
        shown = {
            "user_id": pusher.user_id,
            "room_id": told["room_id"],
            "event_id": told["event_id"],
            "unread": told.get("counts", {}).get("unread", 0),
            "sound": "sound" in tweaks,
        }
        topic = urlsafe_b64encode(sha256(told["room_id"].encode()).digest())[:TOPIC_LETTERS].decode()
        to = Subscription.read(data["url"], pusher.pushkey, data["auth"])
        return await self._browsers.notify(to, shown, is_urgent=told["prio"] == "high", topic=topic)

    async def _notification(self, pusher: Pusher, queued: Queued) -> dict[str, Any] | None:
        """What to tell; None: nothing any more."""
        room = await self._rooms.find(queued.room_id)
        if queued.is_invite:
            event = await self._invite(pusher, queued)
        elif await self._table.is_read(pusher.user_id, queued.event_id):
            return None
        else:
            try:
                seen = await self._visibility.one(pusher.user_id, queued.room_id, queued.event_id)
            except NotFound:
                return None
            event = orjson.loads(seen.event.body) if seen.event.redacted_by is None else None
        if event is None:
            return None
        known = room if room is not None and room.state else None
        return notification(pusher, queued, event, known, await self._unread_of(pusher.user_id))

    async def _invite(self, pusher: Pusher, queued: Queued) -> dict[str, Any] | None:
        """The event of an invite that still stands; it is the user's own to see."""
        listener = await self._feed.listener(pusher.user_id)
        for membership in listener.rooms.values():
            if membership.room_id == queued.room_id and membership.membership == "invite":
                found = await self._events.by_id([queued.event_id])
                if found:
                    event: dict[str, Any] = orjson.loads(found[0].body)
                    return event
                return invite_event(queued.room_id, queued.event_id, membership.sender, pusher.user_id)
        return None

    async def _unread_of(self, user_id: str) -> int:
        """Unread messages in all rooms of the user [0 trips for one who was asked about before]."""
        listener = await self._feed.listener(user_id)
        joined = [nid for nid, membership in listener.rooms.items() if membership.membership == "join"]
        counts = await self._unread.of(user_id, joined)
        return sum(one.total.notifications for one in counts.values())

    async def _tell_badge(self, user_id: str) -> None:
        """Send the number of unread messages to those who were told another; where it fails the next one will do."""
        try:
            await self._clock.sleep(BADGE_S)
            self._badges.pop(user_id, None)
            pushers = await self._table.of_users([user_id])
            unread = await self._unread_of(user_id)
            for pusher in pushers:
                told = badge(pusher, unread) if pusher.kind == "http" else None
                if pusher.is_enabled and told is not None and self._shown.get(pusher.pusher_nid) != unread:
                    with contextlib.suppress(PushFailed):
                        await self._deliver(pusher, told)
        except (DatabaseDown, DatabaseFull):
            self._badges.pop(user_id, None)
