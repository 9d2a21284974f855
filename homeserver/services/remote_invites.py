"""Invites that cross servers: ours to users elsewhere, signed there first; theirs to users here.

Spec: Server-Server API, Inviting to a room; Stripped state.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, MissingParam, Unavailable, UnsupportedRoomVersion
from homeserver.federation.client.errors import FederationError, Refused
from homeserver.federation.client.joining import Joining
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.events import Event, parse_pdu
from homeserver.protocol.identifiers import ServerName, UserId, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey, sign_event
from homeserver.services.acceptance import Acceptance, Verdict
from homeserver.services.commits import Commits
from homeserver.services.intents import Committed, Draft, Intent
from homeserver.services.keyring import Keyring
from homeserver.services.received import Dropped
from homeserver.services.resident import Resident
from homeserver.services.rooms import MEMBER, Room, Rooms
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import MemberRow
from homeserver.storage.stream import Stream

log = structlog.get_logger()

CREATE_TYPE: Final = "m.room.create"
MAX_STATE: Final = 50
MAX_STATE_BYTES: Final = 256 * 1024

MayInvite = Callable[[str, str], Awaitable[None]]
"""Asked with (user here, who invites); raises InviteBlocked, or NotFound for a user that does not exist."""


class RemoteInvites:
    """Sends and receives invites."""

    def __init__(
        self,
        key: SigningKey,
        client: Joining,
        acceptance: Acceptance,
        *,
        keyring: Keyring,
        resident: Resident,
        rooms: Rooms,
        table: RoomTable,
        commits: Commits,
        stream: Stream,
        clock: Clock,
        may_invite: MayInvite,
    ) -> None:
        self._key = key
        self._client = client
        self._acceptance = acceptance
        self._keyring = keyring
        self._resident = resident
        self._rooms = rooms
        self._table = table
        self._commits = commits
        self._stream = stream
        self._clock = clock
        self._may_invite = may_invite

    async def invite(self, room: Room, sender: UserId, draft: Draft) -> Committed:
        """Have the invited user's server sign the invite, then commit it. Raises Forbidden, Unavailable."""
        target = draft.state_key or ""
        server = server_of(target)
        event = self._commits.sealed(room, Intent(sender, draft))
        try:
            returned = await self._client.invite(
                server,
                room.room_id,
                event.event_id,
                room_version=room.rules.id,
                pdu=event.pdu,
                room_state=await self._resident.describing_state(room),
            )
        except Refused as refused:
            if refused.status == 403:
                why = refused.error or f"{server} refuses the invite."
                raise Forbidden(why, errcode=_client_code(refused)) from refused
            raise Unavailable(f"{server} did not take the invite: {refused.error}") from refused
        except FederationError as error:
            raise Unavailable(f"{server} could not be reached.") from error
        signed = await self._countersigned(event, returned, room.rules, server)
        verdict = await self._acceptance.take(room.room_id, signed)
        if verdict not in (Verdict.ACCEPTED, Verdict.KNOWN):
            raise Forbidden("The room does not allow the invite any more.")
        return Committed(signed.event_id, 0)

    async def receive(
        self,
        origin: ServerName,
        room_id: str,
        event_id: str,
        *,
        version: str,
        pdu: Mapping[str, Any],
        state: Sequence[Any],
    ) -> Mapping[str, Any]:
        """Check an invite of a user here, keep it, and return it with our signature.

        Raises UnsupportedRoomVersion, InvalidParam, MissingParam, NotFound, Forbidden, InviteBlocked.
        """
        rules = ROOM_VERSIONS.get(version)
        if rules is None:
            raise UnsupportedRoomVersion
        event = await self._checked(origin, room_id, event_id, pdu, rules)
        target = event.target
        await self._may_invite(target, event.sender)
        stripped = await self._stripped(room_id, rules, state)
        signed = sign_event(event.pdu, rules, self._key)
        room = await self._rooms.find(room_id)
        if room is None or not room.has_server(self._key.server):
            await self._keep(room_id, rules, event, stripped)
        log.info("invited", room_id=room_id, user_id=target, by=event.sender)
        return signed

    async def _countersigned(self, event: Event, returned: Mapping[str, Any], rules: RoomVersion, server: str) -> Event:
        """Our event with the other server's signature added; nothing else of what came back is taken."""
        theirs = returned.get("signatures")
        block = theirs.get(server) if isinstance(theirs, dict) else None
        if not isinstance(block, dict):
            raise Unavailable(f"{server} returned the invite without its signature.")
        signed = parse_pdu({**event.pdu, "signatures": {**event.pdu["signatures"], server: block}}, rules)
        try:
            await self._keyring.verify_signed_by(signed.pdu, rules, server)
        except BadSignature as error:
            raise Unavailable(f"{server} returned the invite with a bad signature.") from error
        return signed

    async def _checked(
        self, origin: ServerName, room_id: str, event_id: str, pdu: Mapping[str, Any], rules: RoomVersion
    ) -> Event:
        (event,) = await self._acceptance.read([pdu], rules)
        if isinstance(event, Dropped):
            raise InvalidParam(f"The invite is not good: {event.why}")
        if event.event_id != event_id or event.room_id != room_id:
            raise InvalidParam("The invite is for another room, or has another id than the path.")
        if event.type != MEMBER or event.membership != "invite" or event.state_key is None:
            raise InvalidParam("The event is no invite.")
        if server_of(event.sender) != origin:
            raise InvalidParam("The invite is not of a user of your server.")
        if server_of(event.state_key) != self._key.server:
            raise InvalidParam("The invited user is not of this server.")
        room = await self._rooms.find(room_id)
        if room is not None and not room.allows_server(origin):
            raise Forbidden("Your server may not take part in this room.")
        return event

    async def _stripped(self, room_id: str, rules: RoomVersion, state: Sequence[Any]) -> bytes:
        """What the client may see of the room. Version 12 asks for full PDUs with a create event that fits."""
        entries = [entry for entry in state[:MAX_STATE] if isinstance(entry, dict)]
        creates = [entry for entry in entries if entry.get("type") == CREATE_TYPE]
        if rules.create_is_room:
            if not creates:
                raise MissingParam("invite_room_state must hold the create event.")
            read = [event for event in await self._acceptance.read(entries, rules) if isinstance(event, Event)]
            entries = [dict(event.pdu) for event in read if event.room_id == room_id]
            if not any(entry.get("type") == CREATE_TYPE for entry in entries):
                raise InvalidParam("The create event in invite_room_state does not fit the room.")
        stripped = [entry for entry in map(_strip, entries) if entry is not None]
        text = orjson.dumps(stripped)
        return text if len(text) <= MAX_STATE_BYTES else orjson.dumps([e for e in stripped if e["type"] == CREATE_TYPE])

    async def _keep(self, room_id: str, rules: RoomVersion, event: Event, stripped: bytes) -> None:
        allocated = await self._table.allocate(room_id, rules.id, created_ts=self._clock.now_ms())
        name, avatar = event.content.get("displayname"), event.content.get("avatar_url")
        invite = {
            "type": MEMBER,
            "state_key": event.state_key,
            "sender": event.sender,
            "content": dict(event.content),
            "event_id": event.event_id,
            "origin_server_ts": event.ts,
        }
        key = (MEMBER, event.state_key)
        state = [entry for entry in orjson.loads(stripped) if (entry["type"], entry["state_key"]) != key]
        await self._stream.write(
            MemberRow(
                room_nid=allocated.room_nid,
                room_id=room_id,
                user_id=event.target,
                server=server_of(event.target),
                membership="invite",
                event_id=event.event_id,
                sender=event.sender,
                displayname=name if isinstance(name, str) else None,
                avatar_url=avatar if isinstance(avatar, str) else None,
                stripped_state=orjson.dumps([*state, invite]),
            )
        )


def _strip(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Stripped state of one event, None where it is malformed. Spec: Client-Server API, Stripped state."""
    stripped = {name: entry.get(name) for name in ("type", "state_key", "sender", "content")}
    texts = (stripped["type"], stripped["state_key"], stripped["sender"])
    is_good = all(isinstance(text, str) and len(text) <= 255 for text in texts) and isinstance(
        entry.get("content"), dict
    )
    return stripped if is_good else None


def _client_code(refused: Refused) -> str:
    return refused.errcode if refused.errcode in ("M_FORBIDDEN", "M_INVITE_BLOCKED") else "M_FORBIDDEN"
