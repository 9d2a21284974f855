"""Reads that only the sync engine needs: what a client missed, in as few trips as can be."""

from collections.abc import Collection

from homeserver.storage import changes
from homeserver.storage.database import Database
from homeserver.storage.rows import Row


class SyncReads:
    """What a client that was away needs from the database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def missed(
        self,
        *,
        user_id: str,
        device_nid: int,
        room_nids: Collection[int],
        watched: Collection[str],
        after: int,
        upto: int,
        timeline: int,
    ) -> list[Row]:
        """The rows of `(after, upto]` that concern the user, oldest first: see `changes.of_user` [1 trip]."""
        return await changes.of_user(
            self._db,
            user_id=user_id,
            device_nid=device_nid,
            room_nids=room_nids,
            watched=watched,
            after=after,
            upto=upto,
            timeline=timeline,
        )
