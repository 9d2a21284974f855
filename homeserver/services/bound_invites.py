"""Third-party invites that have found their user: made into invites where we are in the room, else brought there.

What proves that the user owns the address is signed by the identity server and checked by the room's authorisation
rules; nothing else of what a stranger tells is believed. Spec: Server-Server API, Third-party invites.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog

from homeserver.errors import BadJson, Forbidden, InvalidParam, MatrixError
from homeserver.federation.client.errors import FederationError
from homeserver.federation.client.joining import Joining
from homeserver.protocol.errors import BadIdentifier
from homeserver.protocol.identifiers import UserId, parse_user_id, server_of
from homeserver.services.acceptance import Acceptance, MissingAncestors, Verdict
from homeserver.services.commits import Commits
from homeserver.services.heads import MEMBER, Room
from homeserver.services.intents import Draft, Intent
from homeserver.services.remote_invites import RemoteInvites
from homeserver.services.resident import Resident
from homeserver.services.rooms import Rooms
from homeserver.storage.rows import RELAY

log = structlog.get_logger()

MAX_INVITES: Final = 20
HasAccount = Callable[[str], Awaitable[bool]]


class BoundInvite(msgspec.Struct):
    """One of the `invites` that an identity server hands over when an address is bound."""

    room_id: str
    sender: str
    mxid: str
    signed: dict[str, Any]


class _Exchange(msgspec.Struct):
    """The member event that a peer proposes, as far as it is looked at."""

    type: str
    room_id: str
    sender: str
    state_key: str
    content: dict[str, Any]


class BoundInvites:
    """Turns third-party invites into invites."""

    def __init__(
        self,
        us: str,
        rooms: Rooms,
        commits: Commits,
        acceptance: Acceptance,
        *,
        resident: Resident,
        invites: RemoteInvites,
        client: Joining,
        has_account: HasAccount,
    ) -> None:
        self._us = us
        self._rooms = rooms
        self._commits = commits
        self._acceptance = acceptance
        self._resident = resident
        self._invites = invites
        self._client = client
        self._has_account = has_account

    async def exchange(self, origin: str, room_id: str, event: Mapping[str, Any]) -> None:
        """Invite a user as a peer asks, on the strength of what is signed. Raises BadJson, InvalidParam, Forbidden."""
        try:
            asked = msgspec.convert(event, _Exchange)
        except msgspec.ValidationError as error:
            raise BadJson(str(error)) from error
        if (asked.type, asked.room_id, asked.content.get("membership")) != (MEMBER, room_id, "invite"):
            raise InvalidParam("The event is no invite to this room.")
        if server_of(asked.sender) != self._us:
            raise Forbidden("Only invites of users of this server are made here.")
        room = await self._resident.room_for(origin, room_id)
        given = asked.content.get("third_party_invite")
        signed = given.get("signed") if isinstance(given, dict) else None
        draft = _draft(room, _user(asked.state_key), signed)
        if server_of(asked.state_key) == self._us:
            await self._commits.commit(room, Intent(_user(asked.sender), draft))
        else:
            await self._invites.invite(room, _user(asked.sender), draft)

    async def bound(self, user_id: str, invites: Sequence[BoundInvite]) -> None:
        """An identity server says that a user here has bound an address. Raises InvalidParam."""
        if server_of(user_id) != self._us or "\0" in user_id or not await self._has_account(user_id):
            raise InvalidParam("There is no such user here.")
        if len(invites) > MAX_INVITES:
            raise InvalidParam(f"At most {MAX_INVITES} invites are taken at once.")
        for invite in invites:
            try:
                await self._bring(_user(user_id), invite)
            except (MatrixError, FederationError, MissingAncestors) as error:
                log.info("third-party invite left out", room_id=invite.room_id, sender=invite.sender, why=str(error))

    async def _bring(self, user_id: UserId, invite: BoundInvite) -> None:
        if invite.mxid != user_id or invite.signed.get("mxid") != user_id:
            raise InvalidParam("The invite is for another user.")
        sender = _user(invite.sender)
        room = await self._rooms.find(invite.room_id)
        if room is not None and room.has_server(self._us):
            # Its sender may be of another server: for want of their signature, the identity server's counts.
            event = await self._commits.sealed(room, Intent(sender, _draft(room, user_id, invite.signed)))
            if await self._acceptance.take(room.room_id, event, flags=RELAY) is not Verdict.ACCEPTED:
                raise Forbidden("The room does not allow the invite.")
            return
        content = {"membership": "invite", "third_party_invite": {"display_name": user_id, "signed": invite.signed}}
        proposed: dict[str, Any] = {
            "type": MEMBER,
            "room_id": invite.room_id,
            "sender": sender,
            "state_key": user_id,
            "content": content,
        }
        await self._client.exchange_third_party_invite(server_of(sender), invite.room_id, proposed)


def _draft(room: Room, target: UserId, signed: object) -> Draft:
    """The invite, with the name that the room's third-party invite shows in place of the address."""
    if not isinstance(signed, dict) or signed.get("mxid") != target or not isinstance(signed.get("token"), str):
        raise InvalidParam("What the identity server has signed does not fit.")
    name = room.content("m.room.third_party_invite", signed["token"]).get("display_name")
    shown = name if isinstance(name, str) else ""
    return Draft.member(target, "invite", third_party_invite={"display_name": shown, "signed": signed})


def _user(text: str) -> UserId:
    try:
        return parse_user_id(text)
    except BadIdentifier as error:
        raise InvalidParam("That is no user id.") from error
