"""Sending: a user's message, state event or redaction, from the request to the answer.

Not for: memberships (`joining`, `inviting`, `removing`), nor events from elsewhere (`acceptance`).
"""

from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any

import orjson

from homeserver.errors import BadJson, DuplicateAnnotation, Forbidden, InvalidParam
from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.redaction import redact_body
from homeserver.services.commits import Commits
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Committed, Draft, Intent, relation_of
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.visibility import Visibility
from homeserver.storage.events.relations import Relations
from homeserver.storage.rows import RedactionRow, TxnKey

REDACTION = "m.room.redaction"
CheckState = Callable[[Requester, Room, Draft], Awaitable[None]]


class Sending:
    """What every local event passes on its way to the room's queue."""

    def __init__(self, rooms: Rooms, commits: Commits, visibility: Visibility, relations: Relations) -> None:
        self._rooms = rooms
        self._commits = commits
        self._visibility = visibility
        self._relations = relations
        self._state_checks: dict[str, CheckState] = {}
        self._prepare_message: CheckState | None = None
        self._must_be_active: Callable[[Room], bool] = _everywhere

    def check_state_by(self, event_type: str, check: CheckState) -> None:
        """Have `check` asked before a state event of this type is sent; it raises what the sender is to hear."""
        self._state_checks[event_type] = check

    def prepare_message_by(self, prepare: CheckState) -> None:
        """Have `prepare` read, before a message is queued, what the check of its room will ask for."""
        self._prepare_message = prepare

    def let_suspended_speak(self, where: Callable[[Room], bool]) -> None:
        """Let suspended users send into rooms that `where` picks: those of the admin's notices."""
        self._must_be_active = lambda room: not where(room)

    async def send(self, requester: Requester, room_id: str, draft: Draft, *, txn: TxnKey | None = None) -> EventId:
        """Send an event to a room the requester is joined to; its id once it is committed.

        The same `txn` again gives the same id. Raises Forbidden, BadJson, TooLarge, DuplicateAnnotation.
        """
        room = await self._rooms.joined_by(requester.user_id, room_id)
        return (await self.send_in(requester, room, draft, txn=txn)).event_id

    async def send_in(self, requester: Requester, room: Room, draft: Draft, *, txn: TxnKey | None = None) -> Committed:
        """Like `send`, for a room at hand. The authorisation rules decide at the head."""
        if draft.type == REDACTION and draft.state_key is None:
            return await self._redact(requester, room, draft, txn)
        if self._must_be_active(room):
            requester.must_be_active()
        if requester.is_shadow_banned:
            return seemingly_committed(requester, room, draft, txn)
        if draft.state_key is not None:
            check = self._state_checks.get(draft.type)
            if check is not None:
                await check(requester, room, draft)
            if draft.type == "m.room.create":
                raise Forbidden("A room is created once.")
        elif draft.type == MEMBER:
            raise BadJson("m.room.member is a state event.")
        else:
            await self._refuse_second_annotation(requester, room, draft)
            if self._prepare_message is not None:
                await self._prepare_message(requester, room, draft)
        return await self._commits.commit(room, Intent(requester.user_id, draft, txn))

    async def redact(
        self,
        requester: Requester,
        room_id: str,
        target: str,
        content: Mapping[str, Any],
        *,
        txn: TxnKey | None = None,
    ) -> EventId:
        """Redact an event. `content` may give a `reason`. Raises NotFound for one the requester cannot see."""
        draft = Draft(REDACTION, content, redacts=EventId(target))
        return await self.send(requester, room_id, draft, txn=txn)

    async def _redact(self, requester: Requester, room: Room, draft: Draft, txn: TxnKey | None) -> Committed:
        """Spec: Client-Server API, Redactions: own events, or with the power to redact."""
        content = dict(draft.content)
        target_id = draft.redacts or content.pop("redacts", None)
        if not isinstance(target_id, str):
            raise InvalidParam("`redacts` must name an event.")
        content.pop("redacts", None)
        target = await self._visibility.event_in_room(requester.user_id, room.room_id, target_id)
        if target.sender != requester.user_id:
            requester.must_be_active()
            if room.power.of_user(requester.user_id) < room.power.redact:
                raise Forbidden("You may not redact other people's events in this room.")
        if requester.is_shadow_banned:
            return seemingly_committed(requester, room, draft, txn)
        body = orjson.dumps(redact_body(orjson.loads(target.body), room.rules))
        redaction = RedactionRow(
            target_event_nid=target.event_nid,
            event_id=target.event_id,
            room_nid=room.room_nid,
            body=body,
            redacted_by="",
        )
        intent = Intent(
            requester.user_id, Draft(REDACTION, content, redacts=EventId(target_id), ts=draft.ts), txn, redaction
        )
        return await self._commits.commit(room, intent)

    async def _refuse_second_annotation(self, requester: Requester, room: Room, draft: Draft) -> None:
        relation = relation_of(draft.content)
        if relation is None or relation[0] != "m.annotation":
            return
        if await self._relations.is_annotated(room.room_nid, relation[1], draft.type, requester.user_id, relation[2]):
            raise DuplicateAnnotation("You have reacted with this already.")


def _everywhere(_room: Room) -> bool:
    return True


def seemingly_committed(requester: Requester, room: Room, draft: Draft, txn: TxnKey | None) -> Committed:
    """What one who is shadow-banned is told: an id as of an event, the same for a repeated transaction."""
    what = orjson.dumps(
        [requester.user_id, room.room_id, draft.type, draft.content, txn and [txn.path_hash, txn.txn_id]]
    )
    digest = sha256(what).digest()
    return Committed(EventId("$" + urlsafe_b64encode(digest).rstrip(b"=").decode()), 0)


def redaction_takes_effect(room: Room, redaction: Event, target_sender: str) -> bool:
    """Spec: Room Versions 3 and later, Handling redactions: enough power, or the same server as the target's sender."""
    if room.power.of_user(redaction.sender) >= room.power.redact:
        return True
    return _server(redaction.sender) == _server(target_sender)


def _server(user_id: str) -> str:
    return user_id.partition(":")[2]
