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
from homeserver.storage.events.extras import NOTHING, Asker, Extra, Extras
from homeserver.storage.rows import EventRow

_NONE_BESIDE = NOTHING[1:]
JOINED_TAIL = b',"unsigned":{"membership":"join"}}'


class Presentation:
    """Turns visible events into JSON for one requester."""

    def __init__(self, extras: Extras, visibility: Visibility, clock: Clock) -> None:
        self._extras = extras
        self._visibility = visibility
        self._clock = clock

    async def events(self, requester: Requester, seen: Sequence[Seen]) -> list[orjson.Fragment]:
        """The events in the client format, in the same order.

        [0 trips for those that came with their extras, else 1; 1 more with events bundled]
        """
        return self.rendered(await self.completed(requester, seen))

    async def completed(self, requester: Requester, seen: Sequence[Seen]) -> list[Seen]:
        """The events with what stands beside them in `unsigned`, as far as the requester may see that.

        Edits, newest replies and redactions that the requester may not see are left out: they may have come when
        the requester had left. What a state event replaced was in the state that its readers know.
        """
        missing = [one.event.event_nid for one in seen if one.extra is None]
        if missing:
            read = await self._extras.of(missing, asker_of(requester))
            seen = [
                one if one.extra is not None else one._replace(extra=read.get(one.event.event_nid, NOTHING))
                for one in seen
            ]
        bundled: dict[str, set[str]] = {}
        for one in seen:
            extra = one.extra
            if extra is not None and (extra.edit or extra.redaction or extra.thread):
                bundled.setdefault(one.event.room_id, set()).update(_bundled(extra))
        if not bundled:
            return list(seen)
        visible = await self._visibility.of_rooms(requester.user_id, bundled)
        return [
            one if one.extra is NOTHING or one.extra is None else one._replace(extra=_visible(one.extra, visible))
            for one in seen
        ]

    def rendered(self, completed: Sequence[Seen]) -> list[orjson.Fragment]:
        """Events with their extras in the client format, in the same order."""
        now = self._clock.now_ms()
        rendered = []
        for event, membership, extra in completed:
            age = max(0, now - event.ts)
            if extra is None or extra is NOTHING or extra[1:] == _NONE_BESIDE:
                # The common case is put together as bytes: there may be thousands in an answer.
                txn_id = extra.txn_id if extra is not None else None
                more = b',"transaction_id":%b' % orjson.dumps(txn_id) if txn_id is not None else b""
                shown = b'"join"' if membership == "join" else orjson.dumps(membership)
                text = b'%b,"unsigned":{"age":%d,"membership":%b%b}}' % (event.body[:-1], age, shown, more)
            else:
                text = spliced(event.body, {"age": age, "membership": membership, **_of_extra(extra, event.event_id)})
            rendered.append(orjson.Fragment(text))
        return rendered


def asker_of(requester: Requester) -> Asker:
    """The requester as storage knows who asks."""
    return Asker(requester.user_id, requester.user_nid, requester.device_nid)


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


def _bundled(extra: Extra) -> set[str]:
    """Ids of the later events that are shown with one."""
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
