"""What is shown with a hit: the events around it, the profiles of who spoke, the state of the room.

Spec: Client-Server API, Server Side Search.
"""

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from homeserver.errors import NotFound
from homeserver.services.heads import MEMBER
from homeserver.services.presentation import Presentation, asker_of
from homeserver.services.requester import Requester
from homeserver.services.room_state import RoomState
from homeserver.services.timeline import Context, Timeline
from homeserver.services.visibility import Seen
from homeserver.storage.events.read import Events
from homeserver.storage.state import StateKeys


class Surroundings:
    """Reads them, as the searcher may see them."""

    def __init__(
        self,
        timeline: Timeline,
        room_state: RoomState,
        presentation: Presentation,
        *,
        events: Events,
        state_keys: StateKeys,
    ) -> None:
        self._timeline = timeline
        self._room_state = room_state
        self._presentation = presentation
        self._events = events
        self._state_keys = state_keys

    async def context(
        self, requester: Requester, hit: Seen, *, before: int, after: int, profiles: bool
    ) -> dict[str, Any]:
        """The events around a hit [1 trip, 1 more with profiles]."""
        event = hit.event
        try:
            found = await self._timeline.around(
                requester.user_id,
                event.room_id,
                event.event_id,
                before=before,
                after=after,
                asker=asker_of(requester),
            )
        except NotFound:  # redacted or hidden since it was found
            return {"events_before": [], "events_after": []}
        shown = await self._presentation.events(requester, [*found.before, *found.after])
        n = len(found.before)
        context: dict[str, Any] = {
            "start": found.start,
            "end": found.end,
            "events_before": shown[:n],
            "events_after": shown[n:],
        }
        if profiles:
            context["profile_info"] = await self._profiles(found)
        return context

    async def _profiles(self, found: Context) -> dict[str, dict[str, Any]]:
        """Names and pictures of who spoke, as they were then."""
        said = [*found.before, found.event, *found.after]
        keys = await self._state_keys.intern({(MEMBER, one.event.sender) for one in said})
        page = await self._events.listed([one.event.event_id for one in said], list(keys.values()))
        profiles: dict[str, dict[str, Any]] = {}
        for one in said:
            event = one.event
            member = page.history.at(event.chain_id, event.sequence, keys[MEMBER, event.sender])
            if member is not None and member.body is not None:
                content = orjson.loads(member.body).get("content", {})
                profiles[event.sender] = {
                    name: content[name] for name in ("displayname", "avatar_url") if isinstance(content.get(name), str)
                }
        return profiles

    async def states(
        self, requester: Requester, room_ids: Collection[str], *, members_of: Sequence[Seen] | None
    ) -> dict[str, list[orjson.Fragment]]:
        """The state of each room; with `members_of` only these senders' member events."""
        states = {}
        senders = None if members_of is None else {one.event.sender for one in members_of}
        for room_id in room_ids:
            seen = await self._room_state.events(requester.user_id, room_id)
            kept = [
                one for one in seen if senders is None or one.event.type != MEMBER or one.event.state_key in senders
            ]
            states[room_id] = await self._presentation.events(requester, kept)
        return states
