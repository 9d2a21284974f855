"""Turns intents and finished events into rows on top of a working head.

Not for: when that is done, and what becomes of it (`commits`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from homeserver.clock import Clock
from homeserver.errors import BadJson, Forbidden, TooLarge, Unavailable
from homeserver.protocol.auth_rules import auth_state_keys, check
from homeserver.protocol.errors import BadEvent, NotAllowed
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.events import Event, StateKey, build_pdu, seal
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.signing import SigningKey
from homeserver.services.event_rows import event_row, redact_row
from homeserver.services.heads import CREATE, Room
from homeserver.services.intents import Finished, Intent, Stale
from homeserver.services.references import References
from homeserver.services.working_head import WorkingHead
from homeserver.storage.database import NidBlocks
from homeserver.storage.rows import NOTIFY, EventRow, GapRow, MentionRow, RedactionRow, Rows

GAP = 2**32
"""Room positions left free below an event whose parents are not to be had."""
Check = Callable[[WorkingHead, Intent], None]


class Notifications(Protocol):
    """Decides at commit what an event means for unread counts."""

    async def prepare(self, room: Room) -> None:
        """Have the rules of the room's local members in memory."""

    def judge(self, room: Room, event: Event) -> tuple[bool, Sequence[MentionRow]]:
        """Whether the default rules notify, and the members whose result differs."""


class EventBuilder:
    """Builds, checks and signs events of this server; places those that were signed elsewhere."""

    def __init__(
        self,
        *,
        references: References,
        nids: NidBlocks,
        key: SigningKey,
        notifications: Notifications,
        clock: Clock,
    ) -> None:
        self.check: Check | None = None
        """Asked about every event of a local user, on the head it is built on; raises Forbidden."""
        self.lacked: Counter[int] = Counter()
        """By room: how often its events may have come that follow others which had not come."""
        self._references = references
        self._nids = nids
        self._key = key
        self._notifications = notifications
        self._clock = clock

    async def prepare(self, room: Room, intents: Sequence[Intent | Finished]) -> None:
        """Have in memory what building these reads besides the head."""
        await self._notifications.prepare(room)
        await self.refer(room, intents)

    async def refer(self, room: Room, intents: Sequence[Intent | Finished]) -> None:
        """Have the hashes that these will name in rooms of versions 1 and 2."""
        if room.rules.ids_in_events:
            await self._references.prepare(room, _auth_keys(room, intents))

    def has_numbers_for(self, intents: Sequence[Intent | Finished]) -> bool:
        """Whether there are numbers left for these; what has none yet waits for the next batch."""
        return self._nids.left >= len(intents)

    def build(self, head: WorkingHead, intent: Intent | Finished, nids: Mapping[StateKey, int], rows: Rows) -> EventRow:
        """Turn one intent into rows on top of `head`. Raises what its sender is to hear."""
        if isinstance(intent, Finished):
            return self._place(head, intent, nids, rows)
        event, auth_nids = self.event(head, intent)
        row = event_row(head, event, self._nids.next(), nids, auth_nids, on_head=True)
        row.txn = intent.txn
        self._add(head, event, row, rows)
        if intent.redaction is not None:
            rows.add(_redaction(intent.redaction, event.event_id))
        return row

    def event(self, head: WorkingHead, intent: Intent) -> tuple[Event, tuple[int, ...]]:
        """Build, check and sign; the event and the numbers of its auth events.

        Spec: Server-Server API, Auth events selection; Room Versions, Authorization rules.
        """
        if self.check is not None:
            self.check(head, intent)
        draft, rules = intent.draft, head.room.rules
        state: dict[StateKey, Event] = {}
        for key in auth_state_keys(draft.type, intent.sender, draft.state_key, draft.content, rules):
            found = head.event(key)
            if found is not None:
                state[key] = found
        is_create = draft.type == "m.room.create" and rules.create_is_room
        try:
            proto = build_pdu(
                rules,
                room_id=None if is_create else head.room.room_id,
                sender=intent.sender,
                type=draft.type,
                state_key=draft.state_key,
                content=draft.content,
                prev_events=[tip.event_id for tip in head.tips()],
                auth_events=[event.event_id for event in state.values()],
                depth=head.depth + 1,
                ts=draft.ts if draft.ts is not None else self._clock.now_ms(),
                redacts=draft.redacts,
                hashes=self._references.hashes,
            )
            event = seal(proto, rules, self._key)
            check(event, state, rules, create=head.event(CREATE) if rules.create_is_room else None)
        except NotAllowed as refused:
            raise Forbidden(f"You may not do that: {refused.why}.") from refused
        except NotCanonical as bad:
            raise BadJson(str(bad)) from bad
        except BadEvent as bad:
            raise TooLarge(str(bad)) from bad
        except KeyError as unknown:  # another process wrote what the event would refer to
            raise Unavailable("The room has changed; try again.") from unknown
        return event, head.nids_of(state)

    def _place(self, head: WorkingHead, finished: Finished, nids: Mapping[StateKey, int], rows: Rows) -> EventRow:
        """Put a finished event onto the head it was prepared for. Raises Stale or Forbidden."""
        event, room = finished.event, head.room
        if not self._fits(head, finished):
            raise Stale
        head.note(event.event_id, finished.redacts_early)
        if finished.check_now:
            _check_now(head, event)
        head.lacks = head.lacks or finished.leaves_lacking
        row = event_row(head, event, self._nids.next(), nids, finished.auth_nids, on_head=not finished.is_hidden)
        if finished.redacted_by is not None:
            redact_row(row, finished.redacted_by.event_id, room.rules)
        row.flags |= finished.flags
        row.unredacted = finished.unredacted
        row.txn = finished.txn
        if finished.promotes is not None:
            row.event_nid, row.promoted = finished.promotes, True
        if finished.missing:
            row.skip = GAP
        if finished.behind:
            row.replaces = head.replaced_by([*event.prev_events, *finished.behind])
        if finished.starts_anew:
            row.replaces = tuple(head.room.extremities)
        if not finished.at_head:
            assert finished.point is not None
            row.chain_id, row.sequence = finished.point
            row.is_current_state = False
            row.head_chain_id, row.delta_sequence = finished.delta or (0, None)
        self._add(head, event, row, rows)
        if finished.missing:
            rows.add(GapRow(room_nid=room.room_nid, event_nid=row.event_nid, missing=finished.missing))
        if finished.changes:
            head.change_state(finished.changes, nids, rows, row)
        if finished.redaction is not None:
            rows.add(_redaction(finished.redaction, event.event_id))
        for extra in finished.rows:
            rows.add(extra)
        return row

    def _fits(self, head: WorkingHead, finished: Finished) -> bool:
        """Whether the head is still what the event was prepared for."""
        room = head.room
        if head.crosses(finished.event.event_id, finished.redacts_early):
            return False
        if finished.lacked is not None and (head.lacks or finished.lacked != self.lacked[room.room_nid]):
            return False
        if finished.is_hidden and not finished.behind:
            return True
        if finished.at_head:
            return head.stands_on_head(finished.event.prev_events, is_state=finished.event.is_state)
        return finished.seen is None or (finished.seen == room.version and not head.moved)

    def _add(self, head: WorkingHead, event: Event, row: EventRow, rows: Rows) -> None:
        self._references.note(event, head.room.rules)
        if row.on_head:
            notify, mentions = self._notifications.judge(head.room, event)
            if notify:
                row.flags |= NOTIFY
            rows.add(row)
            for mention in mentions:
                rows.add(mention.at(row))
            head.advance(event, row)
        else:
            rows.add(row)
            head.lose_tips(row)


def _auth_keys(room: Room, intents: Sequence[Intent | Finished]) -> set[StateKey]:
    """Keys of the state that the events made of these will refer to."""
    return {
        key
        for intent in intents
        if isinstance(intent, Intent)
        for key in auth_state_keys(
            intent.draft.type, intent.sender, intent.draft.state_key, intent.draft.content, room.rules
        )
    }


def _check_now(head: WorkingHead, event: Event) -> None:
    """Check a finished event on the head as it is. Raises Forbidden."""
    rules = head.room.rules
    keys = auth_state_keys(event.type, event.sender, event.state_key, event.content, rules)
    state = {key: found for key in keys if (found := head.event(key)) is not None}
    try:
        check(event, state, rules, create=head.event(CREATE) if rules.create_is_room else None)
    except NotAllowed as refused:
        raise Forbidden(f"The room does not allow that any more: {refused.why}.") from refused


def _redaction(redaction: RedactionRow, by: EventId) -> RedactionRow:
    redaction.redacted_by = by
    return redaction
