"""Handshakes by which peers come into, and out of, rooms that we are in.

Spec: Server-Server API, Joining Rooms, Inviting to a room, Leaving Rooms, Knocking upon a room.
"""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer, fragments
from homeserver.errors import BadJson
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.services.remote_invites import RemoteInvites
from homeserver.services.resident import Resident, Template


class InviteBody(msgspec.Struct):
    """Spec: Server-Server API, PUT /v2/invite."""

    room_version: str
    event: dict[str, Any]
    invite_room_state: list[Any] = []


def endpoints(endpoint: PeerTable, resident: Resident, invites: RemoteInvites) -> None:
    """Register them."""

    @endpoint.signed("GET", "/v1/make_join/<room_id>/<user_id>")
    async def make_join(call: PeerCall, room_id: str, user_id: str) -> Answer:
        """Spec: Server-Server API, GET make_join."""
        return _template(await resident.make_join(call.origin, room_id, user_id, call.query.all("ver")))

    @endpoint.signed("PUT", "/v2/send_join/<room_id>/<event_id>")
    async def send_join(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, PUT send_join."""
        omit_members = call.query.flag("omit_members")
        welcome = await resident.send_join(call.origin, room_id, event_id, call.object, omit_members=omit_members)
        return {
            "origin": resident.us,
            "event": welcome.event,
            "state": fragments(welcome.state),
            "auth_chain": fragments(welcome.auth_chain),
            "members_omitted": welcome.members_omitted,
            "servers_in_room": welcome.servers,
        }

    @endpoint.signed("GET", "/v1/make_leave/<room_id>/<user_id>")
    async def make_leave(call: PeerCall, room_id: str, user_id: str) -> Answer:
        """Spec: Server-Server API, GET make_leave."""
        return _template(await resident.make_leave(call.origin, room_id, user_id))

    @endpoint.signed("PUT", "/v2/send_leave/<room_id>/<event_id>")
    async def send_leave(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, PUT send_leave."""
        await resident.send_leave(call.origin, room_id, event_id, call.object)
        return {}

    @endpoint.signed("GET", "/v1/make_knock/<room_id>/<user_id>")
    async def make_knock(call: PeerCall, room_id: str, user_id: str) -> Answer:
        """Spec: Server-Server API, GET make_knock."""
        call.query.required("ver")
        return _template(await resident.make_knock(call.origin, room_id, user_id, call.query.all("ver")))

    @endpoint.signed("PUT", "/v1/send_knock/<room_id>/<event_id>")
    async def send_knock(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, PUT send_knock."""
        return {"knock_room_state": await resident.send_knock(call.origin, room_id, event_id, call.object)}

    @endpoint.signed("PUT", "/v2/invite/<room_id>/<event_id>")
    async def invite(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, PUT /v2/invite."""
        try:
            body = msgspec.convert(call.object, InviteBody)
        except msgspec.ValidationError as error:
            raise BadJson(str(error)) from error
        event = await invites.receive(
            call.origin,
            room_id,
            event_id,
            version=body.room_version,
            pdu=body.event,
            state=body.invite_room_state,
        )
        return {"event": event}


def _template(template: Template) -> Answer:
    return {"room_version": template.room_version, "event": template.event}
