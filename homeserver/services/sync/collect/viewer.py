"""Who asks: found at the beginning of each request, with everything that has to be read for that in one trip."""

from collections.abc import Coroutine, Mapping
from typing import Any, NamedTuple

from homeserver.services.feed import Feed, Listener
from homeserver.services.heads import MEMBER
from homeserver.services.presentation import asker_of
from homeserver.services.requester import Requester
from homeserver.services.visibility import VISIBILITY_KEY, IgnoredBy
from homeserver.storage.changes import Missed
from homeserver.storage.events.extras import Asker
from homeserver.storage.members import Membership
from homeserver.storage.state import StateKeys
from homeserver.storage.sync_reads import SyncReads


class Viewer(NamedTuple):
    """Who asks, and what they are to their rooms (by room number) as the process's copy of the stream has it."""

    requester: Requester
    rooms: Mapping[int, Membership]
    ignored: frozenset[str]

    @property
    def user_id(self) -> str:
        return self.requester.user_id

    @property
    def asker(self) -> Asker:
        """The viewer as storage knows who asks."""
        return asker_of(self.requester)


class Arrival(NamedTuple):
    """A request that has begun. `missed`: what the client lacks, where the ring no longer holds it.

    `head`: where the process was when it was read; `read`: the answers of what was read beside.
    """

    listener: Listener
    missed: Missed | None
    head: int
    read: list[Any]

    @property
    def upto(self) -> int:
        """How far the process has to have come before an answer is made."""
        return self.missed.head if self.missed is not None else 0


class Viewers:
    """Finds out who asks."""

    def __init__(self, feed: Feed, reads: SyncReads, state_keys: StateKeys, ignored_by: IgnoredBy) -> None:
        self._feed = feed
        self._reads = reads
        self._state_keys = state_keys
        self._ignored_by = ignored_by

    async def arrive(
        self, requester: Requester, after: int | None, *beside: Coroutine[Any, Any, Any], timeline: int
    ) -> Arrival:
        """Have the user's rooms in memory, and what a client at `after` (None: anywhere) missed.

        `beside` is read at the same moment. `timeline`: how many events of each room at the most.
        [0 trips for who is here and has missed little, else 1]
        """
        feed, user_id = self._feed, requester.user_id
        is_old = after is not None and not feed.holds(after)
        head = feed.head
        if not is_old and not beside and feed.rooms_of(user_id) is not None:
            return Arrival(await feed.listener(user_id), None, head, [])
        reads: list[Coroutine[Any, Any, Any]] = [
            feed.listener(user_id),
            self._ignored_by(user_id),
            self._state_keys.find([VISIBILITY_KEY, (MEMBER, user_id)]),
        ]
        if is_old and after is not None:
            reads.append(self.missed(requester, after, timeline))
        listener, _, _, *rest = await self._reads.together(*reads, *beside)
        missed = rest.pop(0) if is_old else None
        return Arrival(listener, missed, head, rest)

    async def missed(self, requester: Requester, after: int, timeline: int, upto: int | None = None) -> Missed:
        """What the client lacks after `after`, from the database [1 trip]."""
        bound = {} if upto is None else {"upto": upto}
        return await self._reads.missed(
            user_id=requester.user_id, device_nid=requester.device_nid or 0, after=after, timeline=timeline, **bound
        )

    async def viewer(self, requester: Requester, listener: Listener, upto: int = 0) -> Viewer:
        """The viewer, when the process's copy of the stream has all that the listener knows, and has come to `upto`."""
        wanted = max(listener.newest, upto)
        if wanted > self._feed.head:
            await self._feed.reached(wanted)
        return Viewer(requester, listener.rooms, await self._ignored_by(requester.user_id))

    async def keys(self, viewer: Viewer) -> tuple[int, int]:
        """Numbers of the state keys of rooms' visibility and of the viewer's membership [0 trips after `arrive`]."""
        member = (MEMBER, viewer.user_id)
        keys = await self._state_keys.intern([VISIBILITY_KEY, member])
        return keys[VISIBILITY_KEY], keys[member]
