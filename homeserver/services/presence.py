"""Who is online: the best of a user's devices, kept as states of the bus and forgotten with it.

A device counts while it syncs and for a short while after; one that does nothing for some minutes is unavailable.
Spec: Client-Server API, Presence; Server-Server API, Presence.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from homeserver.bus.bus import Bus, BusDown
from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam
from homeserver.protocol.identifiers import server_of
from homeserver.services.feed import Feed
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.states import States
from homeserver.services.typing import Offer
from homeserver.storage.errors import DatabaseDown, DatabaseFull
from homeserver.storage.members import Members
from homeserver.storage.rows import EventRow, MemberRow, Row

PREFIX = "presence/"
STATES = ("offline", "unavailable", "online")
"""The worst first: the best of several devices counts."""
OFFLINE_AFTER_S = 30.0
IDLE_AFTER_S = 300.0
ACTIVE_MS = 60_000
"""`currently_active`: did something within this time."""
REPEAT_S = 60.0
LIFE_S = 150.0
KEPT_OFFLINE_S = 24 * 3600.0
PEER_LIFE_S = 30 * 60.0
TOLD_PEERS_S = 20 * 60.0
TICK_S = 5.0
MAX_STATUS_BYTES = 2_000
KNOWN_USERS = 50_000
EDU_USERS = 50


class Said(msgspec.Struct, array_like=True, frozen=True):
    """What one process says of a user. `active_ms`: when they last did something; `said_ms`: when they set `status`."""

    presence: str
    active_ms: int
    status: str | None = None
    said_ms: int = 0


@dataclass(slots=True)
class _Device:
    presence: str
    open: int = 0
    seen_at: float = 0.0


@dataclass(slots=True)
class _Local:
    """A user with devices at this process. Times by the monotonic clock, but `active_ms`."""

    devices: dict[str, _Device] = field(default_factory=dict)
    active_at: float = 0.0
    active_ms: int = 0
    status: str | None = None
    status_ms: int = 0
    said: str = "offline"
    said_at: float = 0.0
    told_at: float = 0.0
    changed: bool = False


@dataclass(slots=True)
class _Known:
    """What is known of a user, whoever said it; `rooms` are those they are joined to."""

    said: dict[str, Said] = field(default_factory=dict)
    rooms: set[int] = field(default_factory=set)
    shown: tuple[str, str | None] = ("offline", None)


class Presence:
    """Says and knows who is online."""

    def __init__(
        self,
        *,
        server: str,
        enabled: bool,
        instance: str,
        rooms: Rooms,
        members: Members,
        feed: Feed,
        bus: Bus,
        states: States,
        clock: Clock,
    ) -> None:
        """`instance` names this process among those of the server."""
        self._server = server
        self.enabled = enabled
        self._instance = instance
        self._rooms = rooms
        self._members = members
        self._feed = feed
        self._bus = bus
        self._clock = clock
        self._offer: Offer | None = None
        self._hides: Callable[[str], bool] = lambda _user_id: False
        self._local: dict[str, _Local] = {}
        self._known: dict[str, _Known] = {}
        self._marks: OrderedDict[str, int] = OrderedDict()
        """User -> counter of their last change, the newest last."""
        if enabled:
            states.follow(PREFIX, self._apply, self._reset)
            feed.register(self._follow)

    def hide_by(self, hides: Callable[[str], bool]) -> None:
        """Show those users of this server as offline of whom `hides` says so."""
        self._hides = hides

    def reconsider(self, user_id: str) -> None:
        """Say soon again how it is: what the user hides has changed."""
        local = self._local.get(user_id)
        if local is not None:
            local.changed = True

    def tell_others_by(self, offer: Offer) -> None:
        """Tell other servers of users here."""
        self._offer = offer

    # -- devices of users here -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def syncing(self, user_id: str, device_id: str, presence: str = "online") -> Iterator[None]:
        """Hold while a device asks for news. `presence` as in `set_presence`: `offline` leaves things as they are."""
        if not self.enabled or presence == "offline":
            yield
            return
        local = self._local_user(user_id)
        device = local.devices.setdefault(device_id, _Device(presence))
        local.changed |= device.presence != presence or local.said == "offline"
        device.presence = presence
        device.open += 1
        try:
            yield
        finally:
            device.open -= 1
            device.seen_at = self._clock.monotonic()

    def active(self, user_id: str) -> None:
        """The user did something (sent, typed, read)."""
        if self.enabled:
            local = self._local_user(user_id)
            local.active_at, local.active_ms = self._clock.monotonic(), self._clock.now_ms()
            local.changed |= local.said == "unavailable"

    def _local_user(self, user_id: str) -> _Local:
        local = self._local.get(user_id)
        if local is None:
            local = self._local[user_id] = _Local(active_at=self._clock.monotonic(), active_ms=self._clock.now_ms())
            known = self._known.get(user_id)
            before = known.said.get(self._instance) if known is not None else None
            if before is not None:
                local.status, local.status_ms = before.status, before.said_ms
        return local

    async def change(self, requester: Requester, user_id: str, presence: str, status: str | None) -> None:
        """Spec: Client-Server API, PUT presence/{userId}/status. Raises Forbidden, InvalidParam."""
        if requester.user_id != user_id:
            raise Forbidden("That is not your presence.")
        if presence not in STATES:
            raise InvalidParam("`presence` is online, unavailable or offline.")
        if status is not None and len(status.encode("utf-8", "surrogatepass")) > MAX_STATUS_BYTES:
            raise InvalidParam(f"`status_msg` may hold {MAX_STATUS_BYTES} bytes.")
        if not self.enabled:
            return
        local = self._local_user(user_id)
        now, device_id = self._clock.monotonic(), requester.device_id or ""
        local.status, local.status_ms = status, self._clock.now_ms()
        if presence != "unavailable":
            local.active_at, local.active_ms = now, local.status_ms
        device = local.devices.setdefault(device_id, _Device(presence))
        device.presence, device.seen_at = presence, now
        await self._say(user_id, local)

    async def run(self) -> None:
        """Say who came, went idle or left; runs as long as the process."""
        elapsed = 0.0
        while self.enabled:
            await self._clock.sleep(TICK_S / 10)
            elapsed += TICK_S / 10
            due = elapsed >= TICK_S
            elapsed = 0.0 if due else elapsed
            for user_id, local in list(self._local.items()):
                if local.changed or (due and self._is_due(local)):
                    await self._say(user_id, local)

    def _is_due(self, local: _Local) -> bool:
        return self._presence_of(local) != local.said or self._clock.monotonic() - local.said_at >= REPEAT_S

    def _presence_of(self, local: _Local) -> str:
        """The best of the user's devices, now."""
        now = self._clock.monotonic()
        counted = [
            device.presence
            for device in local.devices.values()
            if device.open or now - device.seen_at < OFFLINE_AFTER_S
        ]
        best = max(counted, key=STATES.index, default="offline")
        if best == "online" and now - local.active_at >= IDLE_AFTER_S:
            return "unavailable"
        return best

    async def _say(self, user_id: str, local: _Local) -> None:
        now, presence = self._clock.monotonic(), self._presence_of(local)
        local.changed, local.said, local.said_at = False, presence, now
        said = Said(presence, local.active_ms, local.status, local.status_ms)
        if self._hides(user_id):
            said = Said("offline", 0)
        life_s = LIFE_S if presence != "offline" else KEPT_OFFLINE_S
        with contextlib.suppress(BusDown):
            await self._bus.set_state(f"{PREFIX}{user_id}/{self._instance}", msgspec.msgpack.encode(said), life_s)
        if local.said == "offline" and self._local.get(user_id) is local:
            del self._local[user_id]

    # -- peers -----------------------------------------------------------------------------------------------------

    async def of_peer(self, origin: str, content: Mapping[str, Any]) -> None:
        """Take an EDU; what it says of other servers' users is left out."""
        push = content.get("push")
        if not self.enabled or not isinstance(push, list):
            return
        for entry in push[:EDU_USERS]:
            user_id, said = self._of_push(origin, entry)
            if said is not None and await self._rooms_of(user_id):
                with contextlib.suppress(BusDown):
                    await self._bus.set_state(f"{PREFIX}{user_id}/", msgspec.msgpack.encode(said), PEER_LIFE_S)

    def _of_push(self, origin: str, entry: object) -> tuple[str, Said | None]:
        user_id = entry.get("user_id") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(user_id, str) or server_of(user_id) != origin:
            return "", None
        presence, ago, status = entry.get("presence"), entry.get("last_active_ago"), entry.get("status_msg")
        if presence not in STATES:
            return "", None
        now = self._clock.now_ms()
        active_ms = now - ago if isinstance(ago, int) and not isinstance(ago, bool) and 0 <= ago <= now else now
        text = status if isinstance(status, str) and len(status) <= MAX_STATUS_BYTES else None
        return user_id, Said(str(presence), active_ms, text, now)

    def _is_stale_at_peers(self, user_id: str) -> bool:
        local = self._local.get(user_id)
        return local is not None and self._clock.monotonic() - local.told_at > TOLD_PEERS_S

    def _tell_peers(self, user_id: str, known: _Known) -> None:
        """Tell the servers of the user's rooms."""
        if self._offer is None:
            return
        local = self._local.get(user_id)
        if local is not None:
            local.told_at = self._clock.monotonic()
        heads = (self._rooms.cached(room_nid) for room_nid in known.rooms)
        servers = {server for room in heads if room is not None for server in room.servers} - {self._server}
        if servers:
            self._offer(servers, "m.presence", user_id, {"push": [{"user_id": user_id, **self._content(known)}]})

    # -- knowing ---------------------------------------------------------------------------------------------------

    def of(self, user_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The content of `m.presence` for each of the users; for one nobody heard of, that they are offline."""
        return {user_id: self._content(self._known.get(user_id, _Known())) for user_id in user_ids}

    def rooms_of(self, user_id: str) -> Collection[int]:
        """Rooms that the user is joined to, as far as somebody heard of their presence."""
        known = self._known.get(user_id)
        return tuple(known.rooms) if known is not None else ()

    def changed_since(self, counter: int) -> list[str]:
        """Users whose presence changed after `counter` of the states."""
        return list(self._changed_since(counter))

    async def seen_by(self, viewer: str, user_id: str) -> dict[str, Any]:
        """One user's presence. Raises Forbidden for one who shares no room with `viewer`."""
        if viewer != user_id and not await self._members.shared_rooms(viewer, user_id):
            raise Forbidden("You share no room with that user.")
        return self.of([user_id])[user_id]

    def visible_to(self, viewer: str, after: int | None) -> list[dict[str, Any]]:
        """`m.presence` events of those who share a room with `viewer` and changed after counter `after` of the states.

        None: all who are not offline. Only for a user who has a listener at the feed.
        """
        mine = {nid for nid, room in (self._feed.rooms_of(viewer) or {}).items() if room.membership == "join"}
        events = []
        for user_id in self._changed_since(after):
            known = self._known.get(user_id, _Known())
            if (after is not None or known.shown[0] != "offline") and (
                user_id == viewer or not mine.isdisjoint(known.rooms)
            ):
                events.append({"type": "m.presence", "sender": user_id, "content": self._content(known)})
        return events

    def _changed_since(self, counter: int | None) -> Iterable[str]:
        if counter is None:
            return list(self._known)
        changed = []
        for user_id in reversed(self._marks):
            if self._marks[user_id] <= counter:
                break
            changed.append(user_id)
        return changed

    def _content(self, known: _Known) -> dict[str, Any]:
        said = list(known.said.values())
        if not said:
            return {"presence": "offline"}
        now, active_ms = self._clock.now_ms(), max(one.active_ms for one in said)
        presence, status = _shown(said)
        content: dict[str, Any] = {"presence": presence}
        if active_ms:
            content["last_active_ago"] = max(0, now - active_ms)
        if presence == "online":
            content["currently_active"] = now - active_ms < ACTIVE_MS
        if status is not None:
            content["status_msg"] = status
        return content

    async def _apply(self, key: str, value: bytes | None, mark: int) -> None:
        user_id, _, process = key.rpartition("/")
        known = self._known.get(user_id)
        if known is None:
            if value is None:
                return
            known = _Known(rooms=await self._rooms_of(user_id))
            self._known[user_id] = known
        if value is None:
            known.said.pop(process, None)
        else:
            known.said[process] = msgspec.msgpack.decode(value, type=Said)
        before, known.shown = known.shown, _shown(list(known.said.values()))
        if known.shown != before:
            self._marks[user_id] = mark
            self._marks.move_to_end(user_id)
            self._feed.wake({user_id, *(one for nid in known.rooms for one in self._feed.listening_in(nid))})
        if process == self._instance and (known.shown != before or self._is_stale_at_peers(user_id)):
            self._tell_peers(user_id, known)
        if len(self._marks) > KNOWN_USERS:
            oldest, _ = self._marks.popitem(last=False)
            self._known.pop(oldest, None)

    async def _rooms_of(self, user_id: str) -> set[int]:
        """The rooms the user is joined to [0 trips for one who is known or connected here]."""
        known, listened = self._known.get(user_id), self._feed.rooms_of(user_id)
        if known is not None:
            return known.rooms
        if listened is not None:
            return {nid for nid, room in listened.items() if room.membership == "join"}
        try:
            return set((await self._members.joined_room_nids([user_id]))[user_id])
        except (DatabaseDown, DatabaseFull):
            return set()

    def _follow(self, row: Row) -> None:
        """Follow the stream: who sends is active, and memberships say who sees whom."""
        if isinstance(row, EventRow) and row.sender in self._local:
            self.active(row.sender)
        if isinstance(row, EventRow) and row.membership is not None and row.is_current_state:
            user_id, is_joined = row.state_key or "", row.membership == "join"
        elif isinstance(row, MemberRow):
            user_id, is_joined = row.user_id, row.membership == "join"
        else:
            return
        known = self._known.get(user_id)
        if known is not None:
            (known.rooms.add if is_joined else known.rooms.discard)(row.room_nid)

    def _reset(self) -> None:
        self._known.clear()
        self._marks.clear()


def _shown(said: Collection[Said]) -> tuple[str, str | None]:
    """The presence and the status that count: the best, and the newest."""
    if not said:
        return "offline", None
    best = max((one.presence for one in said), key=STATES.index)
    return best, max(said, key=lambda one: one.said_ms).status
