"""Deleting rooms, old messages, and what one user said: as jobs, each step of which may be done twice.

See docs/adr, "Deleting from rooms".
"""

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, MatrixError, NotFound, StorageFull, Unavailable
from homeserver.protocol.identifiers import RoomId, UserId, server_of
from homeserver.services.admin.jobs import ACTIVE, SCHEDULED, AdminJobs, Running
from homeserver.services.admin.rooms import AdminRooms
from homeserver.services.creation import Creation, NewRoom
from homeserver.services.heads import Room
from homeserver.services.intents import Draft
from homeserver.services.joining import Joining
from homeserver.services.removing import Removing
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.services.sending import Sending
from homeserver.storage.admin import AdminReads
from homeserver.storage.members import Members
from homeserver.storage.purge import Purge
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import MemberRow, PurgedRow
from homeserver.storage.stream import Stream

DELETE_ROOM: Final = "delete_room"
PURGE_HISTORY: Final = "purge_history"
REDACT_USER: Final = "redact_user"
PRESENT: Final = ("join", "invite", "knock")
ROWS_AT_ONCE: Final = 100
KEPT_MS: Final = 24 * 3600 * 1000
"""How long finished jobs are listed by room."""
DEFAULT_NAME: Final = "Content Violation Notification"
DEFAULT_MESSAGE: Final = (
    "Sharing illegal content on this server is not permitted and rooms in violation will be blocked."
)
MAX_REDACTED: Final = 1_000


class Deleting:
    """What the jobs do."""

    def __init__(
        self,
        *,
        server: str,
        jobs: AdminJobs,
        rooms: Rooms,
        admin_rooms: AdminRooms,
        table: RoomTable,
        purge: Purge,
        reads: AdminReads,
        members: Members,
        creation: Creation,
        joining: Joining,
        removing: Removing,
        sending: Sending,
        stream: Stream,
        clock: Clock,
    ) -> None:
        self._server = server
        self._jobs = jobs
        self._rooms = rooms
        self._admin_rooms = admin_rooms
        self._table = table
        self._purge = purge
        self._reads = reads
        self._members = members
        self._creation = creation
        self._joining = joining
        self._removing = removing
        self._sending = sending
        self._stream = stream
        self._clock = clock
        jobs.kind(DELETE_ROOM, self._delete_room)
        jobs.kind(PURGE_HISTORY, self._purge_history)
        jobs.kind(REDACT_USER, self._redact_user)

    # -- asking for it ---------------------------------------------------------------------------------------------

    async def delete_room(self, requester: Requester, room_id: str, wanted: Mapping[str, Any]) -> str:
        """Begin to delete a room; the job's id. `wanted`: as the admin API names it. Raises InvalidParam."""
        if not room_id.startswith("!") or "\0" in room_id:
            raise InvalidParam("That is no room id.")
        if wanted.get("new_room_user_id") is not None:
            await self._admin_rooms.local(str(wanted["new_room_user_id"]))
        for job in await self.deletions_of(room_id):
            if job.status in {SCHEDULED, ACTIVE}:
                raise InvalidParam("The room is being deleted already.", errcode="M_UNKNOWN")
        result: dict[str, Any] = {
            "kicked_users": [],
            "failed_to_kick_users": [],
            "local_aliases": [],
            "new_room_id": None,
        }
        return await self._jobs.begin(DELETE_ROOM, {**wanted, "room_id": room_id, "by": requester.user_id}, result)

    async def deletions_of(self, room_id: str) -> list[Running]:
        """The jobs that delete the room, finished ones of the last day too."""
        since = self._clock.now_ms() - KEPT_MS
        jobs = await self._jobs.of_kind(DELETE_ROOM)
        return [
            job
            for job in jobs
            if job.params["room_id"] == room_id and (job.finished_ts is None or job.finished_ts > since)
        ]

    async def purge_history(self, room_id: str, event_id: str | None, ts: int | None, *, delete_local: bool) -> str:
        """Begin to delete the messages before an event or a time; the job's id. Raises NotFound, InvalidParam."""
        room = await self._rooms.room(room_id)
        if event_id is not None:
            event = await self._admin_rooms.event(event_id)
            if event is None or event.room_nid != room.room_nid or event.room_position is None:
                raise NotFound("Event not found.")
            below = event.room_position
        elif ts is not None:
            below = await self._reads.position_before(room.room_nid, ts)
        else:
            raise InvalidParam("Say up to which event or time: in the path, `purge_up_to_event_id`, `purge_up_to_ts`.")
        params = {"room_id": room.room_id, "below": below, "delete_local": delete_local}
        return await self._jobs.begin(PURGE_HISTORY, params, {"reached": -(2**62)})

    async def redact_user(
        self, requester: Requester, user_id: str, rooms: list[str], reason: str | None, limit: int | None
    ) -> str:
        """Begin to redact what a user said, in these rooms or in all; the job's id."""
        params = {
            "user_id": user_id,
            "rooms": rooms,
            "reason": reason,
            "limit": min(limit or MAX_REDACTED, MAX_REDACTED),
            "by": requester.user_id,
        }
        return await self._jobs.begin(REDACT_USER, params, {"failed_redactions": {}, "rooms_done": []})

    # -- a room ----------------------------------------------------------------------------------------------------

    async def _delete_room(self, job: Running) -> None:
        params, room_id = job.params, str(job.params["room_id"])
        # Nobody comes back while the room is taken apart: what they would make would be deleted with the rest.
        await self._reads.block(room_id, str(params["by"]), self._clock.now_ms())
        room = await self._rooms.find(room_id)
        if room is not None:
            await self._move_out(job, room)
            if params.get("purge", True):
                await self._empty(job, room_id, force=bool(params.get("force_purge")))
        if not params.get("block"):
            await self._reads.unblock(room_id)

    async def _move_out(self, job: Running, room: Room) -> None:
        """Have the users here leave, for a new room if one is wanted."""
        params, result = job.params, job.result
        new_room_id = result["new_room_id"]
        if params.get("new_room_user_id") is not None and new_room_id is None:
            new_room_id = result["new_room_id"] = await self._new_room(params)
            await job.save()
        if not result["local_aliases"]:
            result["local_aliases"] = await self._table.aliases_of(room.room_id)
            if new_room_id is not None:
                await self._table.move_names(room.room_id, new_room_id)
            for alias in result["local_aliases"] if new_room_id is None else ():
                await self._table.delete_alias(alias)
            await self._table.set_public(room.room_nid, is_public=False)
        leaving = [
            user_id
            for user_id, member in room.members.items()
            if server_of(user_id) == self._server and member.membership in PRESENT
        ]
        for user_id in leaving:
            await self._take_out(job, UserId(user_id), room.room_id, new_room_id)

    async def _take_out(self, job: Running, user_id: UserId, room_id: str, new_room_id: str | None) -> None:
        result = job.result
        try:
            await self._removing.leave_as(user_id, room_id)
            if new_room_id is not None and user_id != job.params.get("new_room_user_id"):
                await self._joining.join(await self._admin_rooms.local(user_id), new_room_id)
        except (Unavailable, StorageFull):
            raise
        except MatrixError:
            if user_id not in result["failed_to_kick_users"]:
                result["failed_to_kick_users"].append(user_id)
        else:
            if user_id not in result["kicked_users"]:
                result["kicked_users"].append(user_id)
        job.done += 1
        if job.done % ROWS_AT_ONCE == 0:
            await job.save()

    async def _new_room(self, params: Mapping[str, Any]) -> RoomId:
        """The room where those who are moved learn why."""
        owner = await self._admin_rooms.local(str(params["new_room_user_id"]))
        new_room_id = await self._creation.create(
            owner,
            NewRoom(
                preset="public_chat",
                name=str(params.get("room_name") or DEFAULT_NAME),
                power_levels={"users_default": -10},
            ),
        )
        content = {"msgtype": "m.text", "body": str(params.get("message") or DEFAULT_MESSAGE)}
        await self._sending.send(owner, new_room_id, Draft("m.room.message", content))
        return new_room_id

    async def _empty(self, job: Running, room_id: str, *, force: bool) -> None:
        """Take everything from the room that nobody here is in any more."""
        room = await self._rooms.reload(room_id)
        if room is None:
            return
        if room.has_server(self._server) and not force:
            raise InvalidParam("Users of this server could not leave the room: it was not emptied.")
        if not job.result.get("emptied"):
            users = await self._purge.empty_head(room.room_nid, self._server)
            await self._stream.write(PurgedRow(room_nid=room.room_nid, room_id=room_id))
            for start in range(0, len(users), ROWS_AT_ONCE):
                await self._stream.write(
                    *(self._left(room, user_id) for user_id in users[start : start + ROWS_AT_ONCE])
                )
            job.result["emptied"] = True
            await job.save()
        while n := await self._purge.events(room.room_nid):
            job.done += n
            await job.save()
        await self._purge.rest(room.room_nid)

    def _left(self, room: Room, user_id: str) -> MemberRow:
        """So that clients that were away learn that they are out, of a room without events."""
        return MemberRow(
            room_nid=room.room_nid,
            room_id=room.room_id,
            user_id=user_id,
            server=self._server,
            membership="leave",
            event_id=None,
            sender=user_id,
        )

    # -- old messages ----------------------------------------------------------------------------------------------

    async def _purge_history(self, job: Running) -> None:
        params = job.params
        room = await self._rooms.find(str(params["room_id"]))
        if room is None:
            return
        keep_server = None if params["delete_local"] else self._server
        while True:
            done = await self._purge.messages(
                room.room_nid,
                job.result["reached"],
                params["below"],
                keep_server=keep_server,
                keep=list(room.extremities),
            )
            if done is None:
                break
            job.result["reached"] = done[0]
            job.done += done[1]
            await job.save()
        await self._purge.mentions(room.room_nid, params["below"])

    # -- what a user said ------------------------------------------------------------------------------------------

    async def _redact_user(self, job: Running) -> None:
        """Redact in the user's own name where they are in the room and of this server, else in the admin's."""
        params, result = job.params, job.result
        user_id = str(params["user_id"])
        rooms = list(params["rooms"])
        if not rooms:
            rooms = [membership.room_id for membership in await self._members.rooms_of(user_id)]
        for room_id in rooms:
            room = await self._rooms.find(room_id)
            if room is None or room_id in result["rooms_done"]:
                continue
            requester = await self._redactor(room, user_id, str(params["by"]))
            for event_id in await self._reads.said_by(room.room_nid, user_id, params["limit"]):
                try:
                    content = {"reason": params["reason"]} if params["reason"] is not None else {}
                    await self._sending.redact(requester, room.room_id, event_id, content)
                    job.done += 1
                except (Unavailable, StorageFull):
                    raise
                except MatrixError as refused:
                    result["failed_redactions"][event_id] = refused.message
            result["rooms_done"].append(room_id)
            await job.save()

    async def _redactor(self, room: Room, user_id: str, admin: str) -> Requester:
        if room.is_joined(user_id):
            with contextlib.suppress(NotFound):
                return await self._admin_rooms.local(user_id)
        return await self._admin_rooms.local(admin)
