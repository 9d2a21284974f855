"""Inviting people by their addresses: directly where an identity server knows them, else by an invite that waits there.

Spec: Client-Server API, Third-party invites.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import structlog

from homeserver.errors import Forbidden, MatrixError
from homeserver.protocol.identifiers import RoomId
from homeserver.services.discovery.number_invites import AskedNumber, NumberInvites
from homeserver.services.intents import Draft
from homeserver.services.inviting import Inviting, MemberProfiles
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.services.threepids.addresses import NUMBER
from homeserver.services.threepids.identity_server import IdentityServer, IdentityServers
from homeserver.services.threepids.mail import canonical

log = structlog.get_logger()

WAITING = "m.room.third_party_invite"


class Invitee(NamedTuple):
    """Who is invited: by an address of a medium, through an identity server that the inviter uses.

    For its own numbers this server is one itself.
    """

    server: IdentityServer
    medium: str
    address: str
    country: str | None = None
    """Two letters, for a number as people write it without a prefix."""


class AddressInvites:
    """Invites by address."""

    def __init__(
        self,
        identity_servers: IdentityServers,
        *,
        rooms: Rooms,
        inviting: Inviting,
        sending: Sending,
        profiles: MemberProfiles,
        ours: Collection[str],
        numbers: NumberInvites | None,
    ) -> None:
        """`ours`: the names of this server as an identity server; `numbers` None: people have none here."""
        self._identity_servers = identity_servers
        self._rooms = rooms
        self._inviting = inviting
        self._sending = sending
        self._profiles = profiles
        self._ours = ours
        self._numbers = numbers

    async def invite(
        self,
        requester: Requester,
        room_id: str,
        invitee: Invitee,
        *,
        reason: str | None = None,
        is_direct: bool = False,
    ) -> None:
        """Invite whoever has the address, now or later.

        Raises Forbidden, InvalidParam, Unavailable; of our own numbers ThreepidDenied, LimitExceeded.
        """
        if self._numbers is not None and invitee.medium == NUMBER and invitee.server.name in self._ours:
            wanted = AskedNumber(invitee.address, invitee.country, reason, is_direct)
            await self._numbers.invite(requester, room_id, wanted)
            return
        room = await self._rooms.joined_by(requester.user_id, room_id)
        if room.power.of_user(requester.user_id) < room.power.invite:
            raise Forbidden("You may not invite into this room.")
        address = canonical(invitee.address) if invitee.medium == "email" else invitee.address
        user_id = await self._identity_servers.user_of(invitee.server, invitee.medium, address)
        if user_id is not None:
            await self._inviting.invite(requester, room_id, user_id, reason=reason, is_direct=is_direct)
            return
        profile = await self._profiles.member_content(requester.user_id)
        about: dict[str, Any] = {
            "medium": invitee.medium,
            "address": address,
            "room_id": room.room_id,
            "sender": requester.user_id,
            "room_name": room.content("m.room.name").get("name"),
            "room_alias": room.content("m.room.canonical_alias").get("alias"),
            "room_join_rules": room.join_rule,
            "room_type": room.create.content.get("type"),
            "sender_display_name": profile.get("displayname"),
            "sender_avatar_url": profile.get("avatar_url"),
        }
        told = {key: value for key, value in about.items() if isinstance(value, str)}
        kept = await self._identity_servers.keep_invite(invitee.server, told)
        await self._sending.send(requester, room_id, Draft(WAITING, kept.content, state_key=kept.token))

    async def invite_all(
        self, requester: Requester, room_id: RoomId, invitees: list[Invitee], *, is_direct: bool
    ) -> None:
        """Invite into a room just made; those that fail do not undo the room."""
        for invitee in invitees:
            try:
                await self.invite(requester, room_id, invitee, is_direct=is_direct)
            except MatrixError as error:
                log.info("address_invites.not_invited", room=room_id, error=str(error))
