"""Invites that cross servers: ours to users elsewhere, signed there first; theirs to users here.

Spec: Server-Server API, Inviting to a room; Stripped state.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from homeserver.errors import Forbidden, InvalidParam, Unavailable, UnsupportedRoomVersion
from homeserver.federation.client.errors import FederationError, Refused
from homeserver.federation.client.joining import Joining
from homeserver.protocol.errors import BadSignature
from homeserver.protocol.events import Event, parse_pdu
from homeserver.protocol.identifiers import ServerName, UserId, server_of
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey, sign_event
from homeserver.services.acceptance import Acceptance, Verdict
from homeserver.services.commits import Commits
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Committed, Draft, Intent
from homeserver.services.keyring import Keyring
from homeserver.services.out_of_band import OutOfBand
from homeserver.services.policy_server import PolicyServers
from homeserver.services.received import Dropped
from homeserver.services.resident import Resident
from homeserver.services.rooms import Rooms

log = structlog.get_logger()

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
        commits: Commits,
        out_of_band: OutOfBand,
        may_invite: MayInvite,
        policy: PolicyServers,
    ) -> None:
        self._key = key
        self._client = client
        self._acceptance = acceptance
        self._keyring = keyring
        self._resident = resident
        self._rooms = rooms
        self._commits = commits
        self._out_of_band = out_of_band
        self._may_invite = may_invite
        self._policy = policy

    async def invite(self, room: Room, sender: UserId, draft: Draft) -> Committed:
        """Have the invited user's server sign the invite, then commit it. Raises Forbidden, Unavailable."""
        target = draft.state_key or ""
        server = server_of(target)
        event = await self._policy.signed(room, await self._commits.sealed(room, Intent(sender, draft)))
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
        stripped = await self._out_of_band.stripped(room_id, rules, state)
        signed = sign_event(event.pdu, rules, self._key)
        room = await self._rooms.find(room_id)
        if room is None or not room.has_server(self._key.server):
            await self._out_of_band.keep(room_id, rules, event, stripped)
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


def _client_code(refused: Refused) -> str:
    return refused.errcode if refused.errcode in ("M_FORBIDDEN", "M_INVITE_BLOCKED") else "M_FORBIDDEN"
