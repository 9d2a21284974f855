"""Files at `/_synapse/admin`, as tools made for Synapse ask for them."""

from typing import Any, get_args

import orjson

from homeserver.asgi.responses import Answer
from homeserver.client_api.admin.paging import MAX_PAGE, one_of
from homeserver.client_api.http import ADMIN, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.protocol.identifiers import RoomId
from homeserver.services.admin.accounts import Accounts
from homeserver.services.media.moderation import MediaModeration
from homeserver.storage.media_moderation import Order
from homeserver.storage.pushers import Pusher, PusherTable

ROOT = "/_synapse/admin"
ORDERS = get_args(Order)
SYNAPSE_ORDERS = {
    "upload_name": "filename",
    "last_access_ts": "read_ts",
    "media_length": "size",
    "media_type": "content_type",
}
"""What Synapse calls the columns that are called otherwise here."""

Json = dict[str, Any]


def endpoints(  # noqa: PLR0915 - a list
    endpoint: EndpointTable, media: MediaModeration, accounts: Accounts, pushers: PusherTable, server: str
) -> None:
    """Register the endpoints."""

    def check_own(name: str) -> None:
        if name != server:
            raise InvalidParam("Can only delete local media")

    @endpoint(
        "POST", f"{ROOT}/v1/media/quarantine/<server_name>/<media_id>", auth=ADMIN, limit="admin", resource="admin"
    )
    async def admin_quarantine(call: Call[None], server_name: str, media_id: str) -> Answer:
        """Forbid a file."""
        await media.quarantine(server_name, media_id, call.requester.user_id)
        return {}

    @endpoint(
        "POST", f"{ROOT}/v1/media/unquarantine/<server_name>/<media_id>", auth=ADMIN, limit="admin", resource="admin"
    )
    async def admin_unquarantine(_call: Call[None], server_name: str, media_id: str) -> Answer:
        """Allow a file again."""
        await media.release(server_name, media_id)
        return {}

    @endpoint(
        "POST",
        f"{ROOT}/v1/room/<room_id>/media/quarantine",
        auth=ADMIN,
        limit="admin",
        resource="admin",
        also=(f"{ROOT}/v1/quarantine_media/<room_id>",),
    )
    async def admin_quarantine_room(call: Call[None], room_id: RoomId) -> Answer:
        """Forbid all that a room names."""
        return {"num_quarantined": await media.quarantine_room(room_id, call.requester.user_id)}

    @endpoint("POST", f"{ROOT}/v1/user/<user_id>/media/quarantine", auth=ADMIN, limit="admin", resource="admin")
    async def admin_quarantine_user(call: Call[None], user_id: str) -> Answer:
        """Forbid all that a user uploaded."""
        return {"num_quarantined": await media.quarantine_user(accounts.local(user_id), call.requester.user_id)}

    @endpoint("POST", f"{ROOT}/v1/media/protect/<media_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_protect(_call: Call[None], media_id: str) -> Answer:
        """Keep a file from being forbidden with others."""
        await media.protect(media_id)
        return {}

    @endpoint("POST", f"{ROOT}/v1/media/unprotect/<media_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_unprotect(_call: Call[None], media_id: str) -> Answer:
        """Let a file be forbidden with others."""
        await media.protect(media_id, is_protected=False)
        return {}

    @endpoint("GET", f"{ROOT}/v1/room/<room_id>/media", auth=ADMIN, limit="admin", resource="admin")
    async def admin_room_media(_call: Call[None], room_id: RoomId) -> Answer:
        """List what a room names."""
        found = await media.of_room(room_id)
        return {"local": list(found.local), "remote": list(found.remote)}

    @endpoint("DELETE", f"{ROOT}/v1/media/<server_name>/<media_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_media(_call: Call[None], server_name: str, media_id: str) -> Answer:
        """Delete a file of this server."""
        check_own(server_name)
        await media.delete(media_id)
        return {"deleted_media": [media_id], "total": 1}

    @endpoint(
        "POST",
        f"{ROOT}/v1/media/delete",
        auth=ADMIN,
        limit="admin",
        resource="admin",
        also=(f"{ROOT}/v1/media/{server}/delete",),
    )
    async def admin_delete_unused(call: Call[None]) -> Answer:
        """Delete files of this server that nobody used for long."""
        query = call.query
        query.required("before_ts")
        gone = await media.delete_unused(query.int("before_ts", 0), query.int("size_gt", 0))
        return {"deleted_media": gone, "total": len(gone)}

    @endpoint("POST", f"{ROOT}/v1/purge_media_cache", auth=ADMIN, limit="admin", resource="admin")
    async def admin_purge_copies(call: Call[None]) -> Answer:
        """Delete copies of other servers' files that nobody used for long."""
        call.query.required("before_ts")
        return {"deleted": await media.delete_copies(call.query.int("before_ts", 0))}

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/media", auth=ADMIN, limit="admin", resource="admin")
    async def admin_user_media(call: Call[None], user_id: str) -> Answer:
        """List what a user uploaded."""
        user = await accounts.read(user_id)
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, low=1, high=MAX_PAGE)
        order = one_of(query, "order_by", (*ORDERS, *SYNAPSE_ORDERS), "created_ts")
        page = await media.of_user(
            user.user_id,
            start=start,
            limit=limit,
            order=SYNAPSE_ORDERS.get(order, order),  # type: ignore[arg-type]  # one of ORDERS by now
            forwards=one_of(query, "dir", ("f", "b"), "b") == "f",
        )
        answer: Json = {
            "media": [
                {
                    "media_id": one.media_id,
                    "media_type": one.content_type,
                    "media_length": one.size,
                    "upload_name": one.filename,
                    "created_ts": one.created_ts,
                    "last_access_ts": one.read_ts,
                    "quarantined_by": one.quarantined_by,
                    "safe_from_quarantine": one.is_protected,
                }
                for one in page.files
            ],
            "total": page.total,
        }
        if start + limit < page.total:
            answer["next_token"] = start + limit
        return answer

    @endpoint("DELETE", f"{ROOT}/v1/users/<user_id>/media", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_user_media(call: Call[None], user_id: str) -> Answer:
        """Delete the oldest files of a user."""
        user = await accounts.read(user_id)
        gone = await media.delete_of_user(user.user_id, limit=call.query.int("limit", 100, low=1, high=MAX_PAGE))
        return {"deleted_media": gone, "total": len(gone)}

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/pushers", auth=ADMIN, limit="admin", resource="admin")
    async def admin_pushers(_call: Call[None], user_id: str) -> Answer:
        """List where a user's notifications go."""
        user = await accounts.read(user_id)
        found = [_pusher(one) for one in await pushers.of_users([user.user_id])]
        return {"pushers": found, "total": len(found)}


def _pusher(pusher: Pusher) -> Json:
    return {
        "app_display_name": pusher.app_display_name,
        "app_id": pusher.app_id,
        "data": orjson.loads(pusher.data),
        "device_display_name": pusher.device_display_name,
        "kind": pusher.kind,
        "lang": pusher.lang,
        "profile_tag": pusher.profile_tag or "",
        "pushkey": pusher.pushkey,
    }
