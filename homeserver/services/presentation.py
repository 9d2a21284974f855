"""Events as clients get them: the stored bytes with `unsigned` spliced in, never parsed and written again.

What is bundled with an event is shown to whoever may see that too: `visibility` says.
Spec: Client-Server API, Room event format; Aggregations of child events.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from homeserver.clock import Clock
from homeserver.services.requester import Requester
from homeserver.services.visibility import Seen, Visibility
from homeserver.storage.events.extras import Extra, Extras
from homeserver.storage.rows import EventRow

JOINED_TAIL = b',"unsigned":{"membership":"join"}}'


class Presentation:
    """Turns visible events into JSON for one requester."""

    def __init__(self, extras: Extras, visibility: Visibility, clock: Clock) -> None:
        self._extras = extras
        self._visibility = visibility
        self._clock = clock

    async def events(self, requester: Requester, seen: Sequence[Seen]) -> list[orjson.Fragment]:
        """The events in the client format, in the same order [1 trip, 0 for none, 2 with events bundled]."""
        if not seen:
            return []
        extras = await self.extras(requester, seen)
        return [self.event(one, extras.get(one.event.event_id)) for one in seen]

    async def extras(self, requester: Requester, seen: Sequence[Seen]) -> dict[str, Extra]:
        """What stands beside the events in `unsigned`, by event id [1 trip, 2 with events bundled].

        Edits, newest replies and redactions that the requester may not see are left out: they may have come when
        the requester had left. What a state event replaced was in the state that its readers know.
        """
        found = await self._extras.of(
            [one.event for one in seen],
            user_id=requester.user_id,
            user_nid=requester.user_nid,
            device_nid=requester.device_nid,
        )
        bundled: dict[str, set[str]] = {}
        for one in seen:
            ids = _bundled(found.get(one.event.event_id))
            if ids:
                bundled.setdefault(one.event.room_id, set()).update(ids)
        if not bundled:
            return found
        visible = await self._visibility.of_rooms(requester.user_id, bundled)
        return {event_id: _visible(extra, visible) for event_id, extra in found.items()}

    def event(self, seen: Seen, extra: Extra | None) -> orjson.Fragment:
        """One event with its extra."""
        age = max(0, self._clock.now_ms() - seen.event.ts)
        unsigned: dict[str, Any] = {"age": age, "membership": seen.membership}
        if extra is not None:
            unsigned.update(_of_extra(extra, seen.event.event_id))
        return orjson.Fragment(spliced(seen.event.body, unsigned))


def spliced(body: bytes, unsigned: dict[str, Any]) -> bytes:
    """The event's JSON text with `unsigned` as its last key."""
    return b'%b,"unsigned":%b}' % (body[:-1], orjson.dumps(unsigned))


def live(row: EventRow) -> bytes:
    """An event just committed, for everyone who is joined: made once, shared by all receivers."""
    if not row.unsigned:
        return row.body[:-1] + JOINED_TAIL
    return b'%b,"unsigned":{"membership":"join",%b}' % (row.body[:-1], row.unsigned[1:])


def live_for_sender(row: EventRow, txn_id: str) -> bytes:
    """The same for the device that sent it: with its transaction id."""
    more = b"," + row.unsigned[1:-1] if row.unsigned else b""
    return b'%b,"unsigned":{"membership":"join","transaction_id":%b%b}}' % (row.body[:-1], orjson.dumps(txn_id), more)


def _bundled(extra: Extra | None) -> set[str]:
    """Ids of the later events that are shown with one."""
    if extra is None:
        return set()
    beside = (extra.edit, extra.redaction, extra.thread.latest if extra.thread is not None else None)
    return {one.event_id for one in beside if one is not None}


def _visible(extra: Extra, visible: AbstractSet[str]) -> Extra:
    """The extra without what may not be seen."""
    if _bundled(extra) <= visible:
        return extra
    return extra._replace(
        edit=extra.edit if extra.edit is not None and extra.edit.event_id in visible else None,
        redaction=extra.redaction if extra.redaction is not None and extra.redaction.event_id in visible else None,
        thread=extra.thread if extra.thread is not None and extra.thread.latest.event_id in visible else None,
    )


def _of_extra(extra: Extra, event_id: str) -> dict[str, Any]:
    unsigned: dict[str, Any] = {}
    if extra.txn_id is not None:
        unsigned["transaction_id"] = extra.txn_id
    if extra.redaction is not None:
        unsigned["redacted_because"] = orjson.Fragment(extra.redaction.body)
    if extra.previous is not None and extra.previous.event_id != event_id:
        previous = orjson.loads(extra.previous.body)
        unsigned["prev_content"] = previous["content"]
        unsigned["prev_sender"] = previous["sender"]
        unsigned["replaces_state"] = extra.previous.event_id
    relations: dict[str, Any] = {}
    if extra.edit is not None:
        relations["m.replace"] = orjson.Fragment(extra.edit.body)
    if extra.thread is not None:
        relations["m.thread"] = {
            "latest_event": orjson.Fragment(extra.thread.latest.body),
            "count": extra.thread.n,
            "current_user_participated": extra.thread.participated,
        }
    if relations:
        unsigned["m.relations"] = relations
    return unsigned
