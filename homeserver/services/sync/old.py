"""What came before `/sync`: the event stream, and snapshots of all rooms or of one, made of the same parts.

Messages to devices are not shown here; the tokens say so, and a client that goes on with `/sync` gets them all.
Spec: Client-Server API, GET /events, /events/{eventId}, /initialSync, /rooms/{roomId}/initialSync (deprecated).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from homeserver.clock import Clock
from homeserver.errors import NotFound
from homeserver.protocol.filters import EventFilter, Filter, RoomFilter, SyncFilter
from homeserver.protocol.positions import PageToken, SyncToken, parse_sync_token
from homeserver.services.feed import Feed
from homeserver.services.heads import MEMBER
from homeserver.services.presentation import Presentation, asker_of
from homeserver.services.requester import Requester
from homeserver.services.room_state import RoomState
from homeserver.services.sync.collect.items import Item, Presenter
from homeserver.services.sync.collect.own import account_data_event, by_room
from homeserver.services.sync.collect.rooms import Collector, RoomNews
from homeserver.services.sync.v3 import PENDING, ClassicSync
from homeserver.services.sync.v3_rooms import Json, Wanted
from homeserver.services.timeline import Timeline
from homeserver.services.visibility import Visibility
from homeserver.storage.account_data import AccountData
from homeserver.storage.events.read import Events

MOST: Final = 1_000
"""Events of a room in one answer."""
DEFAULT_LIMIT: Final = 10


class Below(NamedTuple):
    """What it stands on. `is_public`: whether a room is in the list of public rooms."""

    classic: ClassicSync
    collector: Collector
    presenter: Presenter
    presentation: Presentation
    timeline: Timeline
    room_state: RoomState
    visibility: Visibility
    events: Events
    account_data: AccountData
    is_public: Callable[[str], Awaitable[bool]]
    feed: Feed
    stopping: asyncio.Event
    clock: Clock


class OldSync:
    """Answers the deprecated endpoints."""

    def __init__(self, below: Below) -> None:
        self._below = below

    # -- the event stream ------------------------------------------------------------------------------------------

    async def listen(self, requester: Requester, since: SyncToken | None, timeout_s: float) -> Json:
        """Events of all the user's rooms after `since` (None: from now on), as soon as there are any."""
        collector, feed, clock = self._below.collector, self._below.feed, self._below.clock
        start = min(since.position, feed.head) if since is not None else feed.head
        arrival = await collector.viewers.arrive(requester, start, timeline=MOST + 1)
        listener, missed, at = arrival.listener, arrival.missed, start
        deadline = clock.monotonic() + timeout_s
        while True:
            ticket = listener.ticket
            viewer = await collector.viewers.viewer(requester, listener, arrival.upto)
            upto = feed.head
            items: list[Item] = []
            if upto > at:
                news = await collector.news(viewer, at, upto, limit=MOST, missed=missed)
                items = [item for room in news.rooms.values() for item in _shown(room, requester.user_id)]
                missed, at = None, upto
            left = deadline - clock.monotonic()
            if items or left <= 0 or self._below.stopping.is_set():
                items.sort(key=lambda item: item.event.position or 0)
                presented = await self._below.presenter.present(requester, items)
                return _stream(start, at, [presented.events[item.event.event_id] for item in items])
            await feed.wait(listener, ticket, left)

    async def peek(self, requester: Requester, room_id: str, since: SyncToken | None, timeout_s: float) -> Json:
        """The same for one room, which the user need not have joined. Raises Forbidden."""
        feed, clock = self._below.feed, self._below.clock
        reader = await self._below.visibility.reader(requester.user_id, room_id)
        start = min(since.position, feed.head) if since is not None else feed.head
        at, deadline = str(_token(start)), clock.monotonic() + timeout_s
        follower = feed.follow()
        try:
            while True:
                follower.clear()
                upto = feed.head
                page = await self._below.timeline.messages(
                    requester.user_id,
                    room_id,
                    start=at,
                    stop=str(_token(upto)),
                    backwards=False,
                    limit=MOST,
                    asker=asker_of(requester),
                )
                left = deadline - clock.monotonic()
                if page.events or left <= 0 or self._below.stopping.is_set():
                    newest = max((one.event.position or 0 for one in page.events), default=upto)
                    events = await self._below.presentation.events(requester, page.events)
                    return _stream(start, newest if page.end is not None else upto, events)
                await self._until_news(reader.room.room_nid, follower, left)
        finally:
            feed.unfollow(follower)

    async def _until_news(self, room_nid: int, follower: asyncio.Event, left_s: float) -> None:
        """Return when something may have come to the room, or time is up."""
        room = self._below.collector.rooms.cached(room_nid)
        before = room.last_position if room is not None else None
        try:
            async with asyncio.timeout(left_s):
                while not self._below.stopping.is_set():
                    await follower.wait()
                    follower.clear()
                    room = self._below.collector.rooms.cached(room_nid)
                    if room is None or room.last_position != before:
                        return
        except TimeoutError:
            return

    async def event(self, requester: Requester, event_id: str) -> orjson.Fragment:
        """One event of any room that the user may read it in. Raises NotFound."""
        found = await self._below.events.by_id([event_id])
        if not found:
            raise NotFound("Event not found.")
        seen = await self._below.visibility.one(requester.user_id, found[0].room_id, event_id, asker_of(requester))
        return (await self._below.presentation.events(requester, [seen]))[0]

    # -- snapshots -------------------------------------------------------------------------------------------------

    async def rooms(self, requester: Requester, *, limit: int, archived: bool) -> Json:
        """All rooms with their state and newest events, presence and account data; with `archived` also left rooms."""
        shown = RoomFilter(include_leave=archived, timeline=EventFilter(limit=limit))
        wanted = Wanted(None, SyncFilter(Filter(room=shown)), state_after="state")
        answer = await self._below.classic.sync(requester, wanted)
        end = _token(parse_sync_token(answer["next_batch"]).position)
        sections: Mapping[str, Mapping[str, Json]] = answer["rooms"]
        rooms = [_room(room_id, "join", block, end) for room_id, block in sections["join"].items()]
        rooms += [_room(room_id, "leave", block, end) for room_id, block in sections["leave"].items()]
        rooms += [
            _invited(room_id, requester.user_id, block["invite_state"]["events"])
            for room_id, block in sections["invite"].items()
        ]
        return {
            "end": str(end),
            "rooms": rooms,
            "presence": answer["presence"]["events"],
            "account_data": answer["account_data"]["events"],
        }

    async def room(self, requester: Requester, room_id: str, *, limit: int) -> Json:
        """One room, as it is or as it was when the user left. Raises Forbidden."""
        below, user_id, asker = self._below, requester.user_id, asker_of(requester)
        reader = await below.visibility.reader(user_id, room_id)
        has_left = reader.membership != "join" and reader.left_at is not None
        page = await below.timeline.messages(
            user_id,
            room_id,
            start=str(PageToken(reader.left_at)) if has_left and reader.left_at is not None else None,
            stop=None,
            backwards=True,
            limit=limit,
            asker=asker,
        )
        state = await below.room_state.events(user_id, room_id)
        own = by_room(await below.account_data.of_user(user_id)).get(room_id, ())
        events = await below.presentation.events(requester, page.events[::-1])
        messages: Json = {"chunk": events, "end": page.start}
        if page.end is not None:
            messages["start"] = page.end
        answer: Json = {
            "room_id": room_id,
            "messages": messages,
            "state": await below.presentation.events(requester, state),
            "visibility": "public" if await below.is_public(room_id) else "private",
            "account_data": [account_data_event(row) for row in own],
        }
        if reader.membership in {"join", "invite", "leave", "ban"} and user_id in reader.room.members:
            answer["membership"] = reader.membership
        return answer


def _shown(room: RoomNews, user_id: str) -> list[Item]:
    """The events of a room; of one that the user is but invited to, or knocks at, nothing but that."""
    if room.membership.membership not in PENDING:
        return room.items
    return [item for item in room.items if item.event.type == MEMBER and item.event.state_key == user_id]


def _token(position: int) -> SyncToken:
    """A place in the stream, of a client that got no messages to its device."""
    return SyncToken(position, 0, 0, inbox=0)


def _stream(start: int, end: int, events: Sequence[orjson.Fragment]) -> Json:
    return {"start": str(_token(start)), "end": str(_token(end)), "chunk": events}


def _room(room_id: str, membership: str, block: Json, end: SyncToken) -> Json:
    """A joined or left room, from its block in an answer of `/sync`."""
    timeline = block["timeline"]
    messages = {"chunk": timeline["events"], "end": str(end)}
    if "prev_batch" in timeline:
        messages["start"] = timeline["prev_batch"]
    own = block.get("account_data", {"events": []})
    return {
        "room_id": room_id,
        "membership": membership,
        "messages": messages,
        "state": block["state"]["events"],
        "account_data": own["events"],
    }


def _invited(room_id: str, user_id: str, stripped: Any) -> Json:  # noqa: ANN401 - a fragment, or a list of events
    """An invitation: the invite itself where it is a whole event, and what is shown of the room."""
    events: list[Json] = orjson.loads(orjson.dumps(stripped))
    invite = next((one for one in events if one["type"] == MEMBER and one.get("state_key") == user_id), None)
    room: Json = {"room_id": room_id, "membership": "invite"}
    if invite is not None and {"event_id", "origin_server_ts"} <= invite.keys():
        room["invite"] = {**invite, "room_id": room_id}
    return room
