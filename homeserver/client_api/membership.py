"""Joining, inviting, leaving, kicking, banning, forgetting. Spec: Client-Server API, Room membership."""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.errors import MissingParam
from homeserver.protocol.identifiers import RoomId
from homeserver.services.address_invites import AddressInvites, Invitee
from homeserver.services.inviting import Inviting
from homeserver.services.joining import Joining
from homeserver.services.memberships import Memberships
from homeserver.services.removing import Removing
from homeserver.services.threepids.identity_server import IdentityServer


class Join(msgspec.Struct):
    """Body of the join and knock endpoints."""

    reason: str | None = None
    third_party_signed: dict[str, Any] | None = None


class Leave(msgspec.Struct):
    """Body of POST /leave."""

    reason: str | None = None


class Target(msgspec.Struct):
    """Body of invite, kick, ban and unban."""

    user_id: str
    reason: str | None = None


class Invite(msgspec.Struct):
    """Body of POST /invite: a user, or an address and the identity server to ask for it."""

    user_id: str | None = None
    reason: str | None = None
    id_server: str | None = None
    id_access_token: str | None = None
    medium: str | None = None
    address: str | None = None
    country: str | None = msgspec.field(name="app.hearth.country", default=None)


def endpoints(
    endpoint: EndpointTable,
    joining: Joining,
    inviting: Inviting,
    removing: Removing,
    memberships: Memberships,
    address_invites: AddressInvites,
) -> None:
    """Register the endpoints."""

    def via(call: Call[Any]) -> list[str]:
        return call.query.all("via") or call.query.all("server_name")

    @endpoint("POST", "/v3/join/<room>", auth=USER_OR_GUEST, limit="join", body=Join, socket=True)
    async def join(call: Call[Join], room: str) -> Answer:
        """Spec: Client-Server API, POST /join/{roomIdOrAlias}."""
        return {"room_id": await joining.join(call.requester, room, via=via(call), reason=call.body.reason)}

    @endpoint("POST", "/v3/rooms/<room_id>/join", auth=USER_OR_GUEST, limit="join", body=Join, socket=True)
    async def join_by_id(call: Call[Join], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/join."""
        return {"room_id": await joining.join(call.requester, room_id, via=via(call), reason=call.body.reason)}

    @endpoint("POST", "/v3/knock/<room>", auth=USER, limit="join", body=Join, socket=True)
    async def knock(call: Call[Join], room: str) -> Answer:
        """Spec: Client-Server API, POST /knock/{roomIdOrAlias}."""
        return {"room_id": await joining.knock(call.requester, room, via=via(call), reason=call.body.reason)}

    @endpoint("POST", "/v3/rooms/<room_id>/invite", auth=USER, limit="invite", body=Invite, socket=True)
    async def invite(call: Call[Invite], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/invite."""
        body = call.body
        if body.user_id is not None:
            await inviting.invite(call.requester, room_id, body.user_id, reason=body.reason)
            return {}
        if body.id_server is None or body.id_access_token is None or body.medium is None or body.address is None:
            raise MissingParam("Object missing required field `user_id`, or those of an address")
        server = IdentityServer(body.id_server, body.id_access_token)
        invitee = Invitee(server, body.medium, body.address, body.country)
        await address_invites.invite(call.requester, room_id, invitee, reason=body.reason)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/leave", auth=USER_OR_GUEST, limit="membership", body=Leave, socket=True)
    async def leave(call: Call[Leave], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/leave."""
        await removing.leave(call.requester, room_id, reason=call.body.reason)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/kick", auth=USER, limit="membership", body=Target, socket=True)
    async def kick(call: Call[Target], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/kick."""
        await removing.kick(call.requester, room_id, call.body.user_id, reason=call.body.reason)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/ban", auth=USER, limit="membership", body=Target, socket=True)
    async def ban(call: Call[Target], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/ban."""
        await removing.ban(call.requester, room_id, call.body.user_id, reason=call.body.reason)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/unban", auth=USER, limit="membership", body=Target, socket=True)
    async def unban(call: Call[Target], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/unban."""
        await removing.unban(call.requester, room_id, call.body.user_id, reason=call.body.reason)
        return {}

    @endpoint("POST", "/v3/rooms/<room_id>/forget", auth=USER, limit="membership", socket=True)
    async def forget(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: Client-Server API, POST /rooms/{roomId}/forget."""
        await removing.forget(call.requester, room_id)
        return {}

    @endpoint("GET", "/v3/joined_rooms", auth=USER, limit="read", socket=True)
    async def joined_rooms(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /joined_rooms."""
        return {"joined_rooms": await memberships.joined_rooms(call.requester.user_id)}
