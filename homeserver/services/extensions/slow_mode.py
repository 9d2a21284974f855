"""Slow mode: in a group that has it, people write once in so many seconds; whoever may remove messages writes freely.

Asked when a message is built on the head of its room. When a sender wrote last is in memory, follows the stream (so
that other processes count too), and is read from the database for one who is not known yet. Not for senders of other
servers: those are not ours to slow down.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, LimitExceeded
from homeserver.services.heads import Room
from homeserver.services.intents import Draft, Intent, relation_of
from homeserver.services.requester import Requester
from homeserver.services.working_head import WorkingHead
from homeserver.storage.events.dates import Dates
from homeserver.storage.rows import EventRow, Row, TxnKey

SLOW_MODE: Final = "app.hearth.slow_mode"
LONGEST_S: Final = 3600
REMEMBERED: Final = 20_000
READ_MOST: Final = 20
ALBUM: Final = "app.hearth.album"
ALBUM_MOST: Final = 10
MESSAGES: Final = frozenset(
    {"m.room.message", "m.room.encrypted", "m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start"}
)


@dataclass(frozen=True, slots=True)
class _Written:
    """The last message of somebody: when, ms, by which transaction (or intent), and its place in an album."""

    ts: int
    by: TxnKey | int | None = None
    album: tuple[str, int] | None = None

    def goes_on_with(self, this: "_Written") -> bool:
        """Whether the next is no message of its own: the same again, or the next file of the same album."""
        if self.by is not None and self.by == this.by:
            return True
        if self.album is None or this.album is None or self.album[0] != this.album[0]:
            return False
        return self.album[1] < this.album[1] < ALBUM_MOST


class SlowMode:
    """Remembers who wrote when in groups with slow mode, and makes them wait."""

    def __init__(self, dates: Dates, clock: Clock) -> None:
        self._dates = dates
        self._clock = clock
        self._last: OrderedDict[tuple[int, str], _Written] = OrderedDict()
        """By room and sender."""

    async def check_setting(self, _requester: Requester, _room: Room, draft: Draft) -> None:
        """What may be set: `seconds` from 0 (off) to an hour. Raises InvalidParam."""
        seconds = draft.content.get("seconds", 0)
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= LONGEST_S:
            raise InvalidParam(f"`seconds` is a whole number from 0 to {LONGEST_S}.")

    async def prepare(self, requester: Requester, room: Room, draft: Draft) -> None:
        """Know when the sender wrote last [0 trips; 1 for the first message in a group with slow mode]."""
        seconds = _seconds(room.content(SLOW_MODE))
        key = (room.room_nid, requester.user_id)
        if not seconds or key in self._last or draft.type not in MESSAGES or _is_free(room, requester.user_id):
            return
        since = self._clock.now_ms() - seconds * 1000
        for ts, body, txn in await self._dates.written_since(*key, MESSAGES, since, READ_MOST):
            if not _is_edit(orjson.loads(body)["content"]):
                self._note(key, _Written(ts, txn))
                return
        self._note(key, _Written(0))

    def apply(self, row: Row) -> None:
        """Follow the stream: somebody whom we know has written."""
        if not isinstance(row, EventRow) or row.type not in MESSAGES or row.historical:
            return
        key = (row.room_nid, row.sender)
        known = self._last.get(key)
        if known is None or (row.relates is not None and row.relates[0] == "m.replace"):
            return
        self._note(key, replace(known, ts=row.ts) if known.by == row.txn else _Written(row.ts, row.txn))

    def check(self, head: WorkingHead, intent: Intent) -> None:
        """Raise LimitExceeded for a message that comes too early; note one that does not.

        The same transaction comes again when another process was faster: it is one message, as an album is.
        """
        draft = intent.draft
        if draft.type not in MESSAGES or draft.state_key is not None:
            return
        event = head.event((SLOW_MODE, ""))
        seconds = _seconds(event.content) if event is not None else 0
        if not seconds or _is_edit(draft.content) or _is_free(head.room, intent.sender):
            return
        key, now = (head.room.room_nid, intent.sender), self._clock.now_ms()
        this = _Written(now, intent.txn or id(intent), _album(draft.content))
        last = self._last.get(key, _Written(0))
        if last.goes_on_with(this):
            self._note(key, replace(this, ts=last.ts))
            return
        left_ms = last.ts + seconds * 1000 - now
        if left_ms > 0:
            raise LimitExceeded("This group is in slow mode: wait before you write again.", retry_after_ms=left_ms)
        self._note(key, this)

    def _note(self, key: tuple[int, str], written: _Written) -> None:
        known = self._last.pop(key, None)
        self._last[key] = known if known is not None and known.ts > written.ts else written
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)


def _seconds(content: Mapping[str, Any]) -> int:
    """How long to wait; 0 for what another server may have set that makes no sense."""
    seconds = content.get("seconds")
    return seconds if isinstance(seconds, int) and 0 < seconds <= LONGEST_S else 0


def _is_free(room: Room, sender: str) -> bool:
    return room.power.of_user(sender) >= room.power.redact


def _album(content: Mapping[str, Any]) -> tuple[str, int] | None:
    """Which album a file belongs to, and its place in it, from 0."""
    album = content.get(ALBUM)
    if not isinstance(album, Mapping):
        return None
    name, index = album.get("id"), album.get("i")
    if not isinstance(name, str) or len(name) > 64 or not isinstance(index, int) or index < 0:
        return None
    return name, index


def _is_edit(content: Mapping[str, Any]) -> bool:
    relation = relation_of(content)
    return relation is not None and relation[0] == "m.replace"
