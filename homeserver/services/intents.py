"""What waits to be committed to a room: drafts of users here, and events that are finished already.

Not for: how they become rows (`commits`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId, UserId
from homeserver.services.heads import MEMBER, Member
from homeserver.storage.rows import HIDDEN, EarlyRedactionRow, FollowedRow, RedactionRow, Row, TxnKey


class Committed(NamedTuple):
    """Where an event ended up. `repeated`: the transaction id was used before, and this is that event."""

    event_id: EventId
    position: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What a user wants to say, before it is an event."""

    type: str
    content: Mapping[str, Any]
    state_key: str | None = None
    redacts: EventId | None = None
    ts: int | None = None

    @classmethod
    def member(cls, target: str, membership: str, *, reason: str | None = None, **content: object) -> "Draft":
        """A change of `target`'s membership."""
        why = {} if reason is None else {"reason": reason}
        return cls(MEMBER, {"membership": membership, **why, **content}, state_key=target)


@dataclass(frozen=True, slots=True)
class Intent:
    """A draft with its sender: built into an event when its batch is cut."""

    sender: UserId
    draft: Draft
    txn: TxnKey | None = None
    redaction: RedactionRow | None = None
    """The rewritten target, where the draft is a redaction that takes effect."""


THIS = -1
"""In place of a number: that of the event which is committed with the change."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """One entry of the current state that resolution changed; `event_nid` None: the key is gone, THIS: the event's."""

    key: StateKey
    event_nid: int | None
    event_id: EventId | None
    body: bytes = b""
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """An event that is signed already and has passed the checks that need no head.

    `at_head`: its state before is the head's, if its `prev_events` are tips of the head whose state is the head's;
    otherwise `point` names the snapshot before it (stored, or a ChainRow among `rows`), `delta` where a state event
    writes itself on that side chain, and `changes` what resolving it into the head of version `seen` changes. Its
    sender hears Stale when the head has moved on meanwhile.
    """

    event: Event
    auth_nids: tuple[int, ...] = ()
    flags: int = 0
    at_head: bool = True
    point: tuple[int, int] | None = None
    delta: tuple[int, int] | None = None
    changes: Sequence[StateChange] = ()
    seen: int | None = None
    redaction: RedactionRow | None = None
    redacted_by: Event | None = None
    """A redaction that came before it, and takes effect: it is stored and shown redacted."""
    unredacted: bool = False
    """No redaction of it is known: its sender hears Stale when one has come meanwhile."""
    check_now: bool = False
    """Check the authorisation rules against the head at the moment of the commit (restricted joins, signed invites)."""
    rows: Sequence[Row] = ()
    """Rows to be committed with it, e.g. the end of its staging."""
    promotes: int | None = None
    """The number under which it is stored as an outlier; it gets its place now."""
    missing: tuple[EventId, ...] = ()
    """Parents that are not to be had: a gap is left below it."""
    lacked: int | None = None
    """`Commits.lacked` of the room when it was asked whether something follows the event."""
    txn: TxnKey | None = None
    """The sender's transaction, where another server had to sign the event first."""
    behind: Collection[EventId] = ()
    """Tips that it follows by way of hidden events, or that others follow by way of it, a hidden one: none any more."""
    starts_anew: bool = False
    """It takes the place of all tips: we were out of the room, and what is told with it is the state now."""

    @property
    def leaves_lacking(self) -> bool:
        """Whether it follows events that have not come."""
        return bool(self.missing) or any(type(row) is FollowedRow for row in self.rows)

    @property
    def redacts_early(self) -> frozenset[str]:
        """What it redacts that was not here when it was prepared."""
        return frozenset(row.event_id for row in self.rows if type(row) is EarlyRedactionRow)

    @property
    def is_hidden(self) -> bool:
        """Rejected, soft-failed or an outlier: stored, but neither shown nor on the head."""
        return bool(self.flags & HIDDEN)


class Stale(Exception):
    """The head that a finished event was prepared for is no longer the head. Prepare it again."""


class Repeated(Exception):
    """The transaction id of a finished event was used before, for another event."""

    def __init__(self, event_id: EventId) -> None:
        super().__init__(event_id)
        self.event_id = event_id


def relation_of(content: Mapping[str, Any]) -> tuple[str, str, str | None] | None:
    """(rel_type, event_id, key) of `m.relates_to`, where it is well-formed. Spec: Client-Server API, Relationships."""
    relates = content.get("m.relates_to")
    if not isinstance(relates, Mapping):
        return None
    rel_type, target, key = relates.get("rel_type"), relates.get("event_id"), relates.get("key")
    if not isinstance(rel_type, str) or not isinstance(target, str) or len(rel_type) > 255 or len(target) > 255:
        return None
    if "\0" in rel_type + target + str(key):
        return None  # nothing is stored under such a name
    return (rel_type, target, key if isinstance(key, str) else None)


def state_keys(intents: Iterable[Intent | Finished]) -> list[StateKey]:
    """Every key of the state that these intents may touch."""
    keys: list[StateKey] = []
    for intent in intents:
        if isinstance(intent, Finished):
            keys += [intent.event.key] if intent.event.is_state else []
            keys += [change.key for change in intent.changes]
        elif intent.draft.state_key is not None:
            keys.append((intent.draft.type, intent.draft.state_key))
    return keys


def changes_state(intent: Intent | Finished) -> bool:
    if isinstance(intent, Intent):
        return intent.draft.state_key is not None
    if intent.is_hidden:
        return bool(intent.behind)
    return intent.event.is_state or bool(intent.changes) or not intent.at_head
