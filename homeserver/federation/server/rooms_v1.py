"""The first forms of invites, joins and leaves, which old peers still use: an answer is a list of a status and a body.

Only rooms of versions 1 and 2 are invited to in this way. Spec: Server-Server API, PUT /v1/invite; Joining Rooms and
Leaving Rooms before version 1.18.
"""

from typing import Any

from homeserver.asgi.responses import Answer, fragments
from homeserver.federation.server.http import PeerCall, PeerTable
from homeserver.services.remote_invites import RemoteInvites
from homeserver.services.resident import Resident

FIRST_VERSIONS = ("1", "2")


def endpoints(endpoint: PeerTable, resident: Resident, invites: RemoteInvites) -> None:
    """Register them."""

    @endpoint.signed("PUT", "/v1/invite/<room_id>/<event_id>")
    async def invite(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, PUT /v1/invite."""
        unsigned = call.object.get("unsigned")
        given = unsigned.get("invite_room_state") if isinstance(unsigned, dict) else None
        state = given if isinstance(given, list) else []
        event = await invites.receive(
            call.origin, room_id, event_id, version=_version(state), pdu=call.object, state=state
        )
        return [200, {"event": event}]

    @endpoint.signed("PUT", "/v1/send_join/<room_id>/<event_id>")
    async def send_join(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, Joining Rooms."""
        welcome = await resident.send_join(call.origin, room_id, event_id, call.object)
        told = {"state": fragments(welcome.state), "auth_chain": fragments(welcome.auth_chain)}
        return [200, {"origin": resident.us, **told}]

    @endpoint.signed("PUT", "/v1/send_leave/<room_id>/<event_id>")
    async def send_leave(call: PeerCall, room_id: str, event_id: str) -> Answer:
        """Spec: Server-Server API, Leaving Rooms."""
        await resident.send_leave(call.origin, room_id, event_id, call.object)
        return [200, {}]


def _version(state: list[Any]) -> str:
    """The room version that the shown create event names, of the two that this form of invites is for."""
    for entry in state:
        content = entry.get("content") if isinstance(entry, dict) and entry.get("type") == "m.room.create" else None
        version = content.get("room_version") if isinstance(content, dict) else None
        if version in FIRST_VERSIONS:
            return str(version)
    return FIRST_VERSIONS[0]
