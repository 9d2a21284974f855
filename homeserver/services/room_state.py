"""Reading the state of a room: now, or as it was when the reader left. Spec: Client-Server API, Room state."""

from typing import Any

from homeserver.errors import Forbidden, InvalidParam, NotFound
from homeserver.protocol.events import StateKey
from homeserver.protocol.positions import BadPosition, PageToken, parse_token
from homeserver.services.heads import MEMBER, Member
from homeserver.services.rooms import Rooms
from homeserver.services.turns import slices
from homeserver.services.visibility import Reader, Seen, Visibility, membership_in
from homeserver.storage.events.read import NEWEST, Events, Page
from homeserver.storage.state import StateTable

MEMBERSHIPS = ("join", "invite", "leave", "ban", "knock")
MEMBERS_AT_ONCE = 2_000
"""Of a large room, in one turn of the loop."""


class RoomState:
    """State events, for those who may see them."""

    def __init__(self, rooms: Rooms, visibility: Visibility, events: Events, state: StateTable) -> None:
        self._rooms = rooms
        self._visibility = visibility
        self._events = events
        self._state = state

    async def event(self, user_id: str, room_id: str, key: StateKey) -> Seen:
        """One state event. Raises Forbidden for who may not read the room, NotFound."""
        reader = await self._visibility.reader(user_id, room_id)
        found = await self._at(reader, [key])
        if key not in found:
            raise NotFound("There is no such state event.")
        return (await self._seen(reader, [found[key]]))[0]

    async def events(self, user_id: str, room_id: str) -> list[Seen]:
        """The whole state."""
        reader = await self._visibility.reader(user_id, room_id)
        return await self._seen(reader, list((await self._at(reader, None)).values()))

    async def members(
        self, user_id: str, room_id: str, *, membership: str | None, not_membership: str | None, at: str | None
    ) -> list[Seen]:
        """Member events, of one membership or of all others; `at`: a token, as the room was then.

        Waits while members of the room are still being fetched. Raises Unavailable when that takes too long.
        """
        for asked in (membership, not_membership):
            if asked is not None and asked not in MEMBERSHIPS:
                raise InvalidParam(f"There is no membership {asked!r}.")
        reader = await self._visibility.reader(user_id, room_id)
        if reader.room.is_partial:
            await self._rooms.whole(room_id)
            reader = await self._visibility.reader(user_id, room_id)
        ids = await self._at_token(reader, at) if at is not None else await self._at(reader, None)
        members = [event_id for key, event_id in ids.items() if key[0] == MEMBER]
        seen = await self._seen(reader, members)
        return [one for one in seen if _fits(one, membership, not_membership)]

    async def joined_members(self, user_id: str, room_id: str) -> dict[str, dict[str, Any]]:
        """Names and pictures of who is joined, for one who is. Raises Unavailable while members lack for long."""
        room = await self._visibility.joined(user_id, room_id)
        if room.is_partial:
            room = await self._rooms.whole(room_id)
        joined: dict[str, dict[str, Any]] = {}
        async for portion in slices(list(room.members.items()), MEMBERS_AT_ONCE):
            joined.update((member_id, _shown(member)) for member_id, member in portion if member.membership == "join")
        return joined

    async def _at(self, reader: Reader, keys: list[StateKey] | None) -> dict[StateKey, str]:
        """Event ids of the state that the reader may know: the current one, or that of their leaving."""
        room = reader.room
        if reader.membership == "join" or reader.left_at is None or room.history_visibility == "world_readable":
            if keys is None:
                return dict(room.state_event_ids())
            found = {key: room.event(key) for key in keys}
            return {key: event.event_id for key, event in found.items() if event is not None}
        return await self._after(await self._newest(reader, reader.left_at), keys)

    async def _at_token(self, reader: Reader, token: str) -> dict[StateKey, str]:
        """The state at a token, for one who may see what happened last before it. Raises Forbidden, InvalidParam."""
        try:
            parsed = parse_token(token)
        except BadPosition as bad:
            raise InvalidParam("`at` is no token of this server.") from bad
        if isinstance(parsed, PageToken):
            position = parsed.room_position
        else:
            nid = reader.room.room_nid
            position = (await self._events.room_position_at([nid], parsed.position)).get(nid, 0)
        if reader.left_at is not None and reader.membership != "join":
            position = min(position, reader.left_at)
        page = await self._newest(reader, position)
        if page.events and not self._visibility.seen(reader, page):
            raise Forbidden("You were not in the room then.")
        return await self._after(page, None)

    async def _newest(self, reader: Reader, position: int) -> Page:
        """The newest event at or below a room position [1 trip]."""
        return await self._events.page(
            reader.room.room_nid,
            start=min(position, NEWEST - 1) + 1,
            limit=1,
            backwards=True,
            state_key_nids=reader.keys,
        )

    async def _after(self, page: Page, keys: list[StateKey] | None) -> dict[StateKey, str]:
        """The state after the one event of a page, nothing for an empty page [1 trip]."""
        if not page.events:
            return {}
        event = page.events[0]
        point = (event.head_chain_id or event.chain_id, event.sequence)
        if event.delta_sequence is not None:
            point = (event.head_chain_id or event.chain_id, event.delta_sequence)
        state = await self._state.state_at(point, keys)
        return {key: found.event_id for key, found in state.items()}

    async def _seen(self, reader: Reader, event_ids: list[str]) -> list[Seen]:
        """State events are shown to whoever may know the state, whatever the visibility when they were sent."""
        page = await self._events.listed(event_ids, reader.keys)
        return [Seen(event, reader.membership) for event in page.events]


def _shown(member: Member) -> dict[str, Any]:
    named = (("display_name", member.displayname), ("avatar_url", member.avatar_url))
    return {key: value for key, value in named if value is not None}


def _fits(seen: Seen, membership: str | None, not_membership: str | None) -> bool:
    if membership is None and not_membership is None:
        return True
    found = membership_in(seen.event.body)
    if membership is not None and found == membership:
        return True
    return not_membership is not None and found != not_membership
