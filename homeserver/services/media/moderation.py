"""What admins do to files: forbid them by URI, by user and by room, protect, list, delete.

A forbidden file is gone under every URI, and stays forbidden when it is uploaded again. Whoever calls has made sure
that an admin asks. Not for: who is an admin.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from homeserver.errors import NotFound
from homeserver.protocol.identifiers import ServerName
from homeserver.services.media.repository import Media
from homeserver.storage.media import MediaTable
from homeserver.storage.media_moderation import MediaLists, Order, OwnFile

AT_ONCE: Final = 200


class FilesOfUser(NamedTuple):
    """A page of a user's files, and how many there are in all."""

    files: Sequence[OwnFile]
    total: int


class FilesOfRoom(NamedTuple):
    """mxc:// URIs that events of a room name: of files of this server, and of others."""

    local: Sequence[str]
    remote: Sequence[str]


class MediaModeration:
    """Acts on files for admins."""

    def __init__(self, server: ServerName, media: Media, table: MediaTable, lists: MediaLists) -> None:
        self._server = server
        self._media = media
        self._table = table
        self._lists = lists

    async def quarantine(self, server: str, media_id: str, by: str) -> None:
        """Forbid a file [1 trip]. Raises NotFound."""
        await self._media.quarantine(server, media_id, by)

    async def release(self, server: str, media_id: str) -> None:
        """Allow a forbidden file again [1 trip]. Raises NotFound."""
        await self._media.quarantine(server, media_id, None)

    async def quarantine_user(self, user_id: str, by: str) -> int:
        """Forbid all that a user here uploaded, but for protected files; how many files [1 trip]."""
        return await self._table.quarantine_all([], user_id, by)

    async def quarantine_room(self, room_id: str, by: str) -> int:
        """Forbid all that events of a room name, but for protected files; how many files."""
        return await self._table.quarantine_all(await self._lists.in_room(room_id), None, by)

    async def protect(self, media_id: str, *, is_protected: bool = True) -> None:
        """Keep a file of this server from being forbidden with others, or no more [1 trip]. Raises NotFound."""
        if not await self._table.protect(self._server, media_id, is_protected=is_protected):
            raise NotFound("There is no such file")

    async def delete(self, media_id: str) -> None:
        """Delete a file of this server; the bytes go unless other URIs lead to them. Raises NotFound."""
        if await self._table.read(self._server, media_id) is None:
            raise NotFound("There is no such file")
        await self._media.delete(self._server, media_id)

    async def delete_of_user(self, user_id: str, *, limit: int = 100) -> list[str]:
        """Delete the oldest files of a user here, at most `limit`; their ids."""
        page = await self._lists.of_user(user_id, start=0, limit=limit, order="created_ts", forwards=True)
        for one in page:
            await self._media.delete(self._server, one.media_id)
        return [one.media_id for one in page]

    async def delete_unused(self, before_ts: int, larger_than: int) -> list[str]:
        """Delete files of this server that nobody used since `before_ts` (ms), larger than so many bytes; their ids."""
        gone: list[str] = []
        while ids := await self._lists.older_than(self._server, before_ts, larger_than, AT_ONCE):
            for media_id in ids:
                await self._media.delete(self._server, media_id)
            gone += ids
        return gone

    async def delete_copies(self, before_ts: int) -> int:
        """Delete copies of other servers' files that nobody used since `before_ts` (ms); how many."""
        return await self._media.delete_copies(before_ts)

    async def of_user(
        self, user_id: str, *, start: int = 0, limit: int = 100, order: Order = "created_ts", forwards: bool = False
    ) -> FilesOfUser:
        """A page of a user's files, the newest first unless asked otherwise [2 trips]."""
        files = await self._lists.of_user(user_id, start=start, limit=limit, order=order, forwards=forwards)
        total, _ = await self._lists.count_of_user(user_id)
        return FilesOfUser(files, total)

    async def of_room(self, room_id: str) -> FilesOfRoom:
        """What events of a room name."""
        found = await self._lists.in_room(room_id)
        uris = [(server, f"mxc://{server}/{media_id}") for server, media_id in found]
        return FilesOfRoom(
            [uri for server, uri in uris if server == self._server],
            [uri for server, uri in uris if server != self._server],
        )
