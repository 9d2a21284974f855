"""The one device of a user that nobody is logged in on: it takes room keys while all others are gone (MSC3814)."""

from typing import NamedTuple

from homeserver.storage.database import Database


class Dehydrated(NamedTuple):
    """A dehydrated device. `device_data`: JSON that only the user's clients can read."""

    device_nid: int
    device_id: str
    device_data: bytes


class DehydratedDevices:
    """Which device is dehydrated; the device itself is a row of devices."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of_user(self, user_id: str) -> Dehydrated | None:
        """The user's dehydrated device, if it still exists [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT d.device_nid, d.device_id, h.device_data
              FROM dehydrated_devices h
              JOIN devices d ON d.device_nid = h.device_nid
             WHERE h.user_id = $1
            """,
            user_id,
        )
        return Dehydrated(*row.values()) if row is not None else None

    async def save(self, user_id: str, device_nid: int, device_data: bytes) -> None:
        """Make a device the dehydrated one [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO dehydrated_devices (user_id, device_nid, device_data)
            VALUES ($1, $2, $3)
                ON CONFLICT (user_id) DO UPDATE
               SET device_nid = excluded.device_nid,
                   device_data = excluded.device_data
            """,
            user_id,
            device_nid,
            device_data,
        )

    async def delete(self, user_id: str) -> None:
        """Have no dehydrated device any more [1 trip]."""
        await self._db.execute("DELETE FROM dehydrated_devices WHERE user_id = $1", user_id)
