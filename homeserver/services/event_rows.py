"""Events as rows of the stream: what is stored of them, and what they say about state, members and relations."""

from collections.abc import Mapping

import orjson

from homeserver.protocol.events import Event, StateKey, split
from homeserver.protocol.redaction import redact_body
from homeserver.protocol.room_versions import RoomVersion
from homeserver.services.heads import MEMBER
from homeserver.services.intents import relation_of
from homeserver.services.working_head import WorkingHead
from homeserver.storage.rows import EventRow


def event_row(
    head: WorkingHead,
    event: Event,
    event_nid: int,
    nids: Mapping[StateKey, int],
    auth_nids: tuple[int, ...],
    *,
    on_head: bool,
) -> EventRow:
    """The row of an event on top of `head`; not `on_head`: hidden, it moves no tip and changes no state."""
    room = head.room
    body, envelope = split(event, room.rules)
    is_state = event.state_key is not None and on_head
    is_member = event.type == MEMBER and event.state_key is not None
    content = event.content
    relation = relation_of(content)
    return EventRow(
        event_nid=event_nid,
        event_id=event.event_id,
        room_nid=room.room_nid,
        room_id=room.room_id,
        type=event.type,
        state_key=event.state_key,
        state_key_nid=nids[event.key] if event.state_key is not None else None,
        sender=event.sender,
        ts=event.ts,
        depth=event.depth,
        chain_id=head.chain_id,
        sequence=head.sequence,
        head_chain_id=head.chain_id,
        auth_nids=auth_nids,
        redacts=event.redacts(room.rules),
        body=body,
        envelope=envelope,
        membership=event.membership if is_member else None,
        displayname=shown_text(content.get("displayname")) if is_member else None,
        avatar_url=shown_text(content.get("avatar_url")) if is_member else None,
        relates=relation,
        thread_id=relation[1] if relation is not None and relation[0] == "m.thread" else None,
        unsigned=_replaced(head, event) if is_state else b"",
        on_head=on_head,
        is_current_state=is_state,
        delta_sequence=head.sequence + 1 if is_state else None,
        replaces=head.replaced_by(event.prev_events) if on_head else (),
    )


def redact_row(row: EventRow, redaction_id: str, rules: RoomVersion) -> None:
    """Let an event that was redacted before it came be stored and shown redacted."""
    row.body = orjson.dumps(redact_body(orjson.loads(row.body), rules))
    row.redacted_by = redaction_id
    row.displayname = row.avatar_url = row.relates = row.thread_id = None


def _replaced(head: WorkingHead, event: Event) -> bytes:
    """What a state event replaces, as `unsigned` shows it. Spec: Client-Server API, Room event format."""
    member = head.member(event.target) if event.type == MEMBER else None
    if member is not None:
        names = {"displayname": member.displayname, "avatar_url": member.avatar_url}
        content: Mapping[str, object] = {
            "membership": member.membership,
            **{key: value for key, value in names.items() if value is not None},
        }
        event_id, sender = member.event_id, None
    else:
        before = head.event(event.key)
        if before is None:
            return b""
        content, event_id, sender = before.content, before.event_id, before.sender
    replaced: dict[str, object] = {"prev_content": content, "replaces_state": event_id}
    if sender is not None:
        replaced["prev_sender"] = sender
    return orjson.dumps(replaced)


def shown_text(value: object) -> str | None:
    """A name or picture of a member, None where it is none or cannot be stored: the event itself keeps it."""
    return value if isinstance(value, str) and "\0" not in value else None
