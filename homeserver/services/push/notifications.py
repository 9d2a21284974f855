"""What a user was notified of, page by page. Spec: Client-Server API, GET /notifications."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from homeserver.errors import InvalidParam
from homeserver.services.presentation import Presentation, asker_of
from homeserver.services.requester import Requester
from homeserver.services.visibility import Visibility
from homeserver.storage.mentions import Mentions, Notified

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
MAX_DIGITS: Final = 18
NEWEST: Final = 2**62


class Notifications(NamedTuple):
    """A page, newest first; `next_token` None: there are no more."""

    notifications: Sequence[dict[str, Any]]
    next_token: str | None


class NotificationList:
    """Lists notifications."""

    def __init__(self, mentions: Mentions, visibility: Visibility, presentation: Presentation) -> None:
        self._mentions = mentions
        self._visibility = visibility
        self._presentation = presentation

    async def page(
        self, requester: Requester, *, start: str | None, limit: int, highlights_only: bool
    ) -> Notifications:
        """Notifications of the rooms that the user is in [2 trips, 1 more with events bundled]. Raises InvalidParam."""
        if start is not None and not (start.isascii() and start.isdigit() and len(start) <= MAX_DIGITS):
            raise InvalidParam("`from` is no token of this server.")
        below = int(start) if start is not None else NEWEST
        limit = max(1, min(limit, MAX_LIMIT))
        found = await self._mentions.notified(
            requester.user_id, below=below, limit=limit, highlights_only=highlights_only
        )
        ids: dict[str, list[str]] = {}
        for one in found:
            ids.setdefault(one.room_id, []).append(one.event_id)
        seen = await self._visibility.in_rooms(requester.user_id, ids, asker_of(requester)) if ids else []
        completed = await self._presentation.completed(requester, seen)
        events = {one.event.event_id: one for one in completed}
        shown = [
            {
                "room_id": one.room_id,
                "event": self._presentation.rendered([events[one.event_id]])[0],
                "actions": _actions(one),
                "read": one.is_read,
                "ts": one.ts,
            }
            for one in found
            if one.event_id in events
        ]
        return Notifications(shown, str(found[-1].position) if len(found) == limit else None)


def _actions(one: Notified) -> list[object]:
    return ["notify", {"set_tweak": "highlight"}] if one.highlight else ["notify"]
