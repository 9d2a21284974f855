"""Roles, invite links, timed mutes, closing of rooms, how far a join is. None is of the spec: docs/extensions.md."""

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.protocol.identifiers import RoomId
from homeserver.services.extensions.parts import Extensions
from homeserver.services.extensions.role_list import NewRole

BASE = "/_matrix/client/unstable/app.hearth"


class RoleListBody(msgspec.Struct):
    """Body of PUT roles: the highest role first, and what everyone may."""

    roles: tuple[NewRole, ...]
    everyone: tuple[str, ...]


class AssignedBody(msgspec.Struct):
    """Body of PUT roles of one user."""

    roles: tuple[str, ...]


class LinkBody(msgspec.Struct):
    """Body of POST invite_links."""

    name: str = ""
    expires_ts: int | None = None
    max_uses: int | None = None
    approval: bool = False


class MuteBody(msgspec.Struct):
    """Body of POST mute. `until` absent: the mute ends."""

    user_id: str
    until: int | None = None


class CloseBody(msgspec.Struct):
    """Body of POST close."""

    reason: str | None = None


def endpoints(endpoint: EndpointTable, extensions: Extensions) -> None:
    """Register the endpoints."""
    roles, links = extensions.roles, extensions.invite_links

    @endpoint("PUT", f"{BASE}/rooms/<room_id>/roles", auth=USER, limit="message", body=RoleListBody, socket=True)
    async def set_roles(call: Call[RoleListBody], room_id: RoomId) -> Answer:
        """Spec: none; docs/extensions.md, Roles."""
        listed = await roles.set_roles(call.requester, room_id, call.body.roles, call.body.everyone)
        return {"roles": [msgspec.to_builtins(role) for role in listed.roles], "everyone": list(listed.everyone)}

    @endpoint(
        "PUT", f"{BASE}/rooms/<room_id>/roles/<user_id>", auth=USER, limit="message", body=AssignedBody, socket=True
    )
    async def assign_roles(call: Call[AssignedBody], room_id: RoomId, user_id: str) -> Answer:
        """Spec: none; docs/extensions.md, Roles."""
        await roles.assign(call.requester, room_id, user_id, call.body.roles)
        return {}

    @endpoint("GET", f"{BASE}/rooms/<room_id>/invite_links", auth=USER, limit="read", socket=True)
    async def invite_links(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: none; docs/extensions.md, Invite links."""
        return {"links": await links.of_room(call.requester, room_id)}

    @endpoint("POST", f"{BASE}/rooms/<room_id>/invite_links", auth=USER, limit="invite", body=LinkBody, socket=True)
    async def make_invite_link(call: Call[LinkBody], room_id: RoomId) -> Answer:
        """Spec: none; docs/extensions.md, Invite links."""
        return await links.make(
            call.requester,
            room_id,
            name=call.body.name,
            expires_ts=call.body.expires_ts,
            max_uses=call.body.max_uses,
            approval=call.body.approval,
        )

    @endpoint("DELETE", f"{BASE}/rooms/<room_id>/invite_links/<link>", auth=USER, limit="invite", socket=True)
    async def revoke_invite_link(call: Call[None], room_id: RoomId, link: str) -> Answer:
        """Spec: none; docs/extensions.md, Invite links."""
        await links.revoke(call.requester, room_id, link)
        return {}

    @endpoint("GET", f"{BASE}/invite_links/<link>", auth=USER, limit="read", socket=True)
    async def invite_link(_call: Call[None], link: str) -> Answer:
        """Spec: none; docs/extensions.md, Invite links."""
        return await links.preview(link)

    @endpoint("POST", f"{BASE}/invite_links/<link>/join", auth=USER, limit="join", body=dict, socket=True)
    async def follow_invite_link(call: Call[dict[str, object]], link: str) -> Answer:
        """Spec: none; docs/extensions.md, Invite links."""
        return await links.follow(call.requester, link)

    @endpoint("POST", f"{BASE}/rooms/<room_id>/mute", auth=USER, limit="membership", body=MuteBody, socket=True)
    async def mute(call: Call[MuteBody], room_id: RoomId) -> Answer:
        """Spec: none; docs/extensions.md, Mutes that end."""
        await extensions.muting.mute(call.requester, room_id, call.body.user_id, call.body.until)
        return {}

    @endpoint("POST", f"{BASE}/rooms/<room_id>/close", auth=USER, limit="membership", body=CloseBody, socket=True)
    async def close_room(call: Call[CloseBody], room_id: RoomId) -> Answer:
        """Spec: none; docs/extensions.md, Closing a group."""
        await extensions.closing.close(call.requester, room_id, reason=call.body.reason)
        return {}

    @endpoint("GET", f"{BASE}/rooms/<room_id>/join_progress", auth=USER, limit="read", socket=True)
    async def join_progress(call: Call[None], room_id: RoomId) -> Answer:
        """Spec: none; docs/extensions.md, Large rooms."""
        return await extensions.join_progress.of_room(call.requester, room_id)
