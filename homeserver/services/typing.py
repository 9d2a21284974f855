"""Who is typing where: states of the bus that run out by themselves.

Spec: Client-Server API, Typing Notifications; Server-Server API, Typing Notifications.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from homeserver.bus.bus import Bus, BusDown
from homeserver.errors import Forbidden
from homeserver.protocol.identifiers import server_of
from homeserver.services.feed import Feed
from homeserver.services.heads import Room
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.states import States

PREFIX = "typing/"
DEFAULT_MS = 30_000
MAX_MS = 120_000
PEER_S = 40.0
"""How long a peer's user counts as typing; peers repeat it while it lasts."""
REMEMBERED_ROOMS = 20_000

Offer = Callable[[Iterable[str], str, str, Mapping[str, Any]], None]
"""Tells peers: servers, the type of EDU, a key that a newer one replaces, the content."""


class Typing:
    """Sets and knows who is typing."""

    def __init__(self, server: str, rooms: Rooms, feed: Feed, bus: Bus, states: States) -> None:
        self._server = server
        self._rooms = rooms
        self._feed = feed
        self._bus = bus
        self._offer: Offer | None = None
        self._users: dict[int, dict[str, None]] = {}
        self._marks: OrderedDict[int, int] = OrderedDict()
        """Room -> counter of its last change, the newest last."""
        states.follow(PREFIX, self._apply, self._reset)

    def tell_others_by(self, offer: Offer) -> None:
        """Tell other servers of users here."""
        self._offer = offer

    async def change(
        self, requester: Requester, room_id: str, user_id: str, *, typing: bool, timeout_ms: int | None
    ) -> None:
        """Say that one is typing, for `timeout_ms` unless said again, or has stopped. Raises Forbidden."""
        if requester.user_id != user_id:
            raise Forbidden("You can only type for yourself.")
        if requester.is_shadow_banned:
            return
        room = await self._rooms.joined_by(requester.user_id, room_id)
        life_ms = min(max(DEFAULT_MS if timeout_ms is None else timeout_ms, 0), MAX_MS)
        await self._set(room, user_id, life_ms / 1000 if typing else 0)
        if self._offer is not None:
            content = {"room_id": room.room_id, "user_id": user_id, "typing": typing}
            self._offer(list(room.servers), "m.typing", f"{room.room_id} {user_id}", content)

    async def of_peer(self, origin: str, content: Mapping[str, Any]) -> None:
        """Take an EDU; one about another server's user, or one who is not in the room, is left out."""
        room_id, user_id = content.get("room_id"), content.get("user_id")
        if not isinstance(room_id, str) or not isinstance(user_id, str) or server_of(user_id) != origin:
            return
        if "\0" in room_id:
            return
        room = await self._rooms.find(room_id)
        if room is not None and room.is_joined(user_id) and room.allows_server(origin):
            await self._set(room, user_id, PEER_S if content.get("typing") is True else 0)

    async def _set(self, room: Room, user_id: str, life_s: float) -> None:
        """A bus that is away loses the news, nothing else."""
        key = f"{PREFIX}{room.room_nid}/{user_id}"
        try:
            await self._bus.set_state(key, b"1" if life_s > 0 else None, max(life_s, 0.001))
        except BusDown:
            return

    # -- knowing ---------------------------------------------------------------------------------------------------

    def users_in(self, room_nid: int) -> list[str]:
        """Who is typing in the room, the first to begin first."""
        return list(self._users.get(room_nid, ()))

    def changed_since(self, counter: int) -> set[int]:
        """Rooms where it changed after `counter` of the states, those where nobody is typing any more included."""
        changed = set()
        for room_nid in reversed(self._marks):
            if self._marks[room_nid] <= counter:
                break
            changed.add(room_nid)
        return changed

    async def _apply(self, key: str, value: bytes | None, mark: int) -> None:
        nid, _, user_id = key.partition("/")
        room_nid = int(nid)
        users = self._users.setdefault(room_nid, {})
        was_typing, is_typing = user_id in users, value is not None
        if is_typing:
            users[user_id] = None
        else:
            users.pop(user_id, None)
        if not users:
            del self._users[room_nid]
        if was_typing == is_typing:
            return
        self._marks[room_nid] = mark
        self._marks.move_to_end(room_nid)
        if len(self._marks) > REMEMBERED_ROOMS:
            self._marks.popitem(last=False)
        self._feed.wake_room(room_nid)

    def _reset(self) -> None:
        self._users.clear()
        self._marks.clear()
