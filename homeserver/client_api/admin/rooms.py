"""Rooms at `/_synapse/admin`, as tools made for Synapse ask for them.

Longer than others because it is a list: one function for each endpoint.
"""

from typing import Annotated, Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.admin.paging import MAX_PAGE, one_of
from homeserver.client_api.http import ADMIN, Call, EndpointTable
from homeserver.errors import InvalidParam, NotFound
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.services.admin.deleting import DELETE_ROOM, PURGE_HISTORY, REDACT_USER, Deleting
from homeserver.services.admin.jobs import AdminJobs, Running
from homeserver.services.admin.rooms import AdminRooms
from homeserver.storage.admin import ROOM_ORDERS, ListedRoom

ROOT = "/_synapse/admin"
MAX_ROOMS = 10_000
EVENTS = 10

Json = dict[str, Any]


class DeleteRoom(msgspec.Struct):
    """Body of DELETE v1 and v2 rooms/{room_id}."""

    new_room_user_id: str | None = None
    room_name: str | None = None
    message: str | None = None
    block: bool = False
    purge: bool = True
    force_purge: bool = False


class Block(msgspec.Struct):
    """Body of PUT rooms/{room_id}/block."""

    block: bool


class MakeAdmin(msgspec.Struct):
    """Body of POST rooms/{room_id}/make_room_admin."""

    user_id: str | None = None


class Join(msgspec.Struct):
    """Body of POST join/{room}."""

    user_id: str


class PurgeHistory(msgspec.Struct):
    """Body of POST purge_history."""

    delete_local_events: bool = False
    purge_up_to_event_id: str | None = None
    purge_up_to_ts: int | None = None


class RedactUser(msgspec.Struct):
    """Body of POST user/{user_id}/redact."""

    rooms: Annotated[list[str], msgspec.Meta(max_length=MAX_ROOMS)] = []
    reason: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None


def endpoints(endpoint: EndpointTable, rooms: AdminRooms, deleting: Deleting, jobs: AdminJobs) -> None:  # noqa: PLR0915 - a list
    """Register the endpoints."""

    @endpoint("GET", f"{ROOT}/v1/rooms", auth=ADMIN, limit="admin", resource="admin")
    async def admin_rooms(call: Call[None]) -> Answer:
        """List rooms."""
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, low=1, high=MAX_PAGE)
        found, total = await rooms.page(
            start,
            limit,
            term=query.text("search_term") or None,
            order_by=one_of(query, "order_by", ROOM_ORDERS, "name"),
            backwards=one_of(query, "dir", ("f", "b"), "f") == "b",
            is_public=query.flag("public_rooms") if query.text("public_rooms") is not None else None,
            is_empty=query.flag("empty_rooms") if query.text("empty_rooms") is not None else None,
        )
        answer: Json = {"rooms": [_in_list(room) for room in found], "offset": start, "total_rooms": total}
        if start + limit < total:
            answer["next_batch"] = start + limit
        if start > 0:
            answer["prev_batch"] = max(0, start - limit)
        return answer

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_room(_call: Call[None], room_id: RoomId) -> Answer:
        """Tell all of a room."""
        room, devices = await rooms.one(room_id)
        return {
            **_in_list(room),
            "topic": room.topic,
            "avatar": room.avatar,
            "joined_local_devices": devices,
            "forgotten": room.joined_local_members == 0,
        }

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>/members", auth=ADMIN, limit="admin", resource="admin")
    async def admin_room_members(_call: Call[None], room_id: RoomId) -> Answer:
        """List who is joined."""
        members = await rooms.members(room_id)
        return {"members": members, "total": len(members)}

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>/state", auth=ADMIN, limit="admin", resource="admin")
    async def admin_room_state(_call: Call[None], room_id: RoomId) -> Answer:
        """Show the current state."""
        return {"state": await rooms.state(room_id)}

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>/messages", auth=ADMIN, limit="admin", resource="admin")
    async def admin_room_messages(call: Call[None], room_id: RoomId) -> Answer:
        """Show a page of the room's events."""
        query = call.query
        start = query.int("from", 0, low=-(2**53)) if query.text("from") is not None else None
        backwards = one_of(query, "dir", ("f", "b"), "f") == "b"
        limit = query.int("limit", EVENTS, low=1, high=MAX_PAGE)
        return await rooms.messages(room_id, start, limit, backwards=backwards)

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>/context/<event_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_context(call: Call[None], room_id: RoomId, event_id: EventId) -> Answer:
        """Show an event with what came before and after."""
        return await rooms.around(room_id, event_id, call.query.int("limit", EVENTS, low=1, high=MAX_PAGE))

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>/forward_extremities", auth=ADMIN, limit="admin", resource="admin")
    async def admin_extremities(_call: Call[None], room_id: RoomId) -> Answer:
        """List the newest events of the room's graph."""
        found = await rooms.extremities(room_id)
        return {"count": len(found), "results": found}

    @endpoint("DELETE", f"{ROOT}/v1/rooms/<room_id>/forward_extremities", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_extremities(_call: Call[None], room_id: RoomId) -> Answer:
        """Say that none was deleted: the room's next event joins them all."""
        await rooms.extremities(room_id)
        return {"deleted": 0}

    @endpoint("GET", f"{ROOT}/v1/rooms/<room_id>/block", auth=ADMIN, limit="admin", resource="admin")
    async def admin_is_blocked(_call: Call[None], room_id: RoomId) -> Answer:
        """Whether the room is blocked, and by whom."""
        user_id = await rooms.blocked_by(room_id)
        return {"block": False} if user_id is None else {"block": True, "user_id": user_id}

    @endpoint("PUT", f"{ROOT}/v1/rooms/<room_id>/block", auth=ADMIN, limit="admin", body=Block, resource="admin")
    async def admin_block(call: Call[Block], room_id: RoomId) -> Answer:
        """Let nobody here into the room, or let them again."""
        await rooms.set_blocked(call.requester, room_id, is_blocked=call.body.block)
        return {"block": call.body.block}

    @endpoint(
        "POST",
        f"{ROOT}/v1/rooms/<room_id>/make_room_admin",
        auth=ADMIN,
        limit="admin",
        body=MakeAdmin,
        resource="admin",
    )
    async def admin_make_room_admin(call: Call[MakeAdmin], room_id: str) -> Answer:
        """Give a user the highest level that a user here has in the room."""
        await rooms.make_admin(call.requester, room_id, call.body.user_id)
        return {}

    @endpoint("POST", f"{ROOT}/v1/join/<room>", auth=ADMIN, limit="admin", body=Join, resource="admin")
    async def admin_join(call: Call[Join], room: str) -> Answer:
        """Join a user here to a room."""
        via = call.query.all("via") or call.query.all("server_name")
        return {"room_id": await rooms.join(call.requester, room, call.body.user_id, via)}

    # -- deleting --------------------------------------------------------------------------------------------------

    @endpoint("DELETE", f"{ROOT}/v2/rooms/<room_id>", auth=ADMIN, limit="admin", body=DeleteRoom, resource="admin")
    async def admin_delete_room(call: Call[DeleteRoom], room_id: RoomId) -> Answer:
        """Begin to delete a room."""
        wanted = msgspec.to_builtins(call.body)
        return {"delete_id": await deleting.delete_room(call.requester, room_id, wanted)}

    @endpoint("DELETE", f"{ROOT}/v1/rooms/<room_id>", auth=ADMIN, limit="admin", body=DeleteRoom, resource="admin")
    async def admin_delete_room_v1(call: Call[DeleteRoom], room_id: RoomId) -> Answer:
        """Delete a room, and answer when it is done."""
        job_id = await deleting.delete_room(call.requester, room_id, msgspec.to_builtins(call.body))
        job = await jobs.finished(DELETE_ROOM, job_id)
        if job.error is not None:
            raise InvalidParam(job.error, errcode="M_UNKNOWN")
        return _shut_down(job)

    @endpoint("GET", f"{ROOT}/v2/rooms/<room_id>/delete_status", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_status_of_room(_call: Call[None], room_id: RoomId) -> Answer:
        """How the deletions of a room stand."""
        found = await deleting.deletions_of(room_id)
        if not found:
            raise NotFound("No delete task for this room was found")
        return {"results": [{"delete_id": job.id, **_deletion(job)} for job in found]}

    @endpoint("GET", f"{ROOT}/v2/rooms/delete_status/<delete_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_delete_status(_call: Call[None], delete_id: str) -> Answer:
        """How a deletion stands."""
        job = await jobs.read(DELETE_ROOM, delete_id)
        if job is None:
            raise NotFound("No such delete task was found")
        return _deletion(job)

    async def purge(call: Call[PurgeHistory], room_id: str, event_id: str | None) -> Answer:
        body = call.body
        purge_id = await deleting.purge_history(
            room_id,
            event_id or body.purge_up_to_event_id,
            body.purge_up_to_ts,
            delete_local=body.delete_local_events,
        )
        return {"purge_id": purge_id}

    @endpoint(
        "POST", f"{ROOT}/v1/purge_history/<room_id>", auth=ADMIN, limit="admin", body=PurgeHistory, resource="admin"
    )
    async def admin_purge_history(call: Call[PurgeHistory], room_id: RoomId) -> Answer:
        """Begin to delete old messages."""
        return await purge(call, room_id, None)

    @endpoint(
        "POST",
        f"{ROOT}/v1/purge_history/<room_id>/<event_id>",
        auth=ADMIN,
        limit="admin",
        body=PurgeHistory,
        resource="admin",
    )
    async def admin_purge_history_before(call: Call[PurgeHistory], room_id: RoomId, event_id: EventId) -> Answer:
        """Begin to delete the messages before one."""
        return await purge(call, room_id, event_id)

    @endpoint("GET", f"{ROOT}/v1/purge_history_status/<purge_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_purge_status(_call: Call[None], purge_id: str) -> Answer:
        """How a deletion of old messages stands."""
        job = await jobs.read(PURGE_HISTORY, purge_id)
        if job is None:
            raise NotFound("No such purge was found")
        return {"status": _purging(job)} | ({"error": job.error} if job.error is not None else {})

    @endpoint("POST", f"{ROOT}/v1/user/<user_id>/redact", auth=ADMIN, limit="admin", body=RedactUser, resource="admin")
    async def admin_redact_user(call: Call[RedactUser], user_id: str) -> Answer:
        """Begin to redact what a user said."""
        body = call.body
        redact_id = await deleting.redact_user(call.requester, user_id, body.rooms, body.reason, body.limit)
        return {"redact_id": redact_id}

    @endpoint("GET", f"{ROOT}/v1/user/redact_status/<redact_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_redact_status(_call: Call[None], redact_id: str) -> Answer:
        """How the redactions stand."""
        job = await jobs.read(REDACT_USER, redact_id)
        if job is None:
            raise NotFound("No such redaction was found")
        return {"status": job.status, "failed_redactions": job.result["failed_redactions"]}


def _in_list(room: ListedRoom) -> Json:
    return {
        "room_id": room.room_id,
        "name": room.name,
        "canonical_alias": room.canonical_alias,
        "joined_members": room.joined_members,
        "joined_local_members": room.joined_local_members,
        "version": room.room_version,
        "creator": room.creator,
        "encryption": room.encryption,
        "federatable": room.federatable,
        "public": room.is_public,
        "join_rules": room.join_rules,
        "guest_access": room.guest_access,
        "history_visibility": room.history_visibility,
        "state_events": room.state_events,
        "room_type": room.room_type,
    }


def _shut_down(job: Running) -> Json:
    names = ("kicked_users", "failed_to_kick_users", "local_aliases", "new_room_id")
    return {name: job.result[name] for name in names}


def _purging(job: Running) -> str:
    return "active" if job.status == "scheduled" else job.status


def _deletion(job: Running) -> Json:
    answer: Json = {"status": job.status, "shutdown_room": _shut_down(job)}
    return answer if job.error is None else {**answer, "error": job.error}
