"""What admins look up beside lists of users and rooms: amounts, what a user has set, jobs, single events."""

from typing import Any

import orjson

from homeserver.asgi.responses import Answer
from homeserver.client_api.admin.paging import MAX_PAGE, one_of
from homeserver.client_api.http import ADMIN, Call, EndpointTable
from homeserver.errors import NotFound
from homeserver.services.admin.accounts import Accounts
from homeserver.services.admin.jobs import AdminJobs, Running
from homeserver.services.admin.rooms import AdminRooms
from homeserver.services.sync.collect.interval import HIDDEN_ACCOUNT_DATA
from homeserver.storage.account_data import AccountData
from homeserver.storage.admin_statistics import FILE_ORDERS, AdminStatistics, FileFilter
from homeserver.storage.destinations import Destinations
from homeserver.storage.members import Members

ROOT = "/_synapse/admin"
Json = dict[str, Any]


def endpoints(
    endpoint: EndpointTable,
    statistics: AdminStatistics,
    *,
    accounts: Accounts,
    rooms: AdminRooms,
    jobs: AdminJobs,
    members: Members,
    account_data: AccountData,
    destinations: Destinations,
) -> None:
    """Register the endpoints."""
    _about_amounts(endpoint, statistics, destinations)

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/accountdata", auth=ADMIN, limit="admin", resource="admin")
    async def admin_account_data(_call: Call[None], user_id: str) -> Answer:
        """Tell what a user's clients keep here."""
        user = await accounts.read(user_id)
        found: dict[str, dict[str, Any]] = {"": {}}
        for row in await account_data.of_user(user.user_id):
            if not row.type.startswith(HIDDEN_ACCOUNT_DATA):
                found.setdefault(row.room_id, {})[row.type] = orjson.Fragment(row.content)
        return {"account_data": {"global": found.pop(""), "rooms": found}}

    @endpoint("GET", f"{ROOT}/v1/users/<user_id>/memberships", auth=ADMIN, limit="admin", resource="admin")
    async def admin_memberships(_call: Call[None], user_id: str) -> Answer:
        """Tell in which rooms a user is or was, and as what."""
        user = await accounts.read(user_id)
        return {"memberships": {one.room_id: one.membership for one in await members.rooms_of(user.user_id)}}

    @endpoint("GET", f"{ROOT}/v1/scheduled_tasks", auth=ADMIN, limit="admin", resource="admin")
    async def admin_scheduled_tasks(call: Call[None]) -> Answer:
        """List long work that admins asked for."""
        query = call.query
        wanted = (query.text("action_name"), query.text("resource_id"), query.text("job_status"))
        found = [_task(job) for job in await jobs.all()]
        return {
            "scheduled_tasks": [
                task
                for task in found
                if all(
                    word is None or task[name] == word
                    for name, word in zip(("action", "resource_id", "status"), wanted, strict=True)
                )
            ]
        }

    @endpoint("GET", f"{ROOT}/v1/fetch_event/<event_id>", auth=ADMIN, limit="admin", resource="admin")
    async def admin_fetch_event(_call: Call[None], event_id: str) -> Answer:
        """Show one event, whichever room it is of."""
        found = await rooms.event(event_id)
        if found is None:
            raise NotFound("Event not found")
        return {"event": orjson.Fragment(found.body)}


def _about_amounts(endpoint: EndpointTable, statistics: AdminStatistics, destinations: Destinations) -> None:
    @endpoint("GET", f"{ROOT}/v1/statistics/users/media", auth=ADMIN, limit="admin", resource="admin")
    async def admin_media_statistics(call: Call[None]) -> Answer:
        """Count the files of each user."""
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, low=1, high=MAX_PAGE)
        wanted = FileFilter(
            from_ts=query.int("from_ts", 0),
            until_ts=query.int("until_ts", 0) if query.text("until_ts") is not None else None,
            term=query.text("search_term"),
            order_by=one_of(query, "order_by", FILE_ORDERS, "user_id"),
            backwards=one_of(query, "dir", ("f", "b"), "f") == "b",
        )
        found, total = await statistics.files(wanted, start, limit)
        users = [
            {
                "user_id": one.user_id,
                "displayname": orjson.loads(one.displayname) if one.displayname is not None else None,
                "media_count": one.n_files,
                "media_length": one.size,
            }
            for one in found
        ]
        return _page("users", users, total, start + limit)

    @endpoint("GET", f"{ROOT}/v1/statistics/database/rooms", auth=ADMIN, limit="admin", resource="admin")
    async def admin_room_sizes(_call: Call[None]) -> Answer:
        """Name the rooms with the most in the database."""
        largest = await statistics.largest_rooms()
        return {"rooms": [{"room_id": room_id, "estimated_size": size} for room_id, size in largest]}

    @endpoint("GET", f"{ROOT}/v1/federation/destinations/<server>/rooms", auth=ADMIN, limit="admin", resource="admin")
    async def admin_destination_rooms(call: Call[None], server: str) -> Answer:
        """List the rooms that users of another server are in."""
        query = call.query
        start, limit = query.int("from", 0), query.int("limit", 100, low=1, high=MAX_PAGE)
        if await destinations.read(server) is None:
            raise NotFound("Unknown destination")
        is_backwards = one_of(query, "dir", ("f", "b"), "f") == "b"
        found, total = await statistics.rooms_with(server, start, limit, backwards=is_backwards)
        rooms = [{"room_id": room_id, "stream_ordering": position} for room_id, position in found]
        return _page("rooms", rooms, total, start + limit)


def _page(name: str, found: list[Json], total: int, end: int) -> Json:
    page: Json = {name: found, "total": total}
    if end < total:
        page["next_token"] = str(end)
    return page


def _task(job: Running) -> Json:
    return {
        "id": job.id,
        "action": job.kind,
        "status": job.status,
        "timestamp_ms": job.finished_ts,
        "resource_id": job.params.get("room_id") or job.params.get("user_id"),
        "result": job.result,
        "error": job.error,
    }
