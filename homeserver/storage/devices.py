"""Devices and the list of their changes. Spec: Client-Server API, Device Management; Tracking the device list."""

from collections.abc import Collection
from typing import NamedTuple

from homeserver.storage.database import Database, Record
from homeserver.storage.fragments import Fragment, Sheet, array_text
from homeserver.storage.rows import DeviceChangeRow, RevocationRow

CHANGE = Fragment(
    name="device_change",
    gated=False,
    columns=(
        ("place", "int8"),
        ("user_id", "text"),
        ("device_id", "text"),
        ("room_nids", "text"),
        ("deleted", "bool"),
        ("observer", "text"),
    ),
    sql="""
INSERT INTO device_changes (position, user_id, device_id, room_nids, deleted, observer)
SELECT c.base + u.place, u.user_id, u.device_id, u.room_nids::int8[], u.deleted, u.observer
  FROM counter c
 CROSS JOIN {rows} u""",
)
REVOKE_DEVICE = Fragment(
    name="revoked_device",
    gated=False,
    columns=(("user_id", "text"), ("device_id", "text")),
    sql="""
DELETE FROM devices d
 USING counter c
 CROSS JOIN {rows} u
 WHERE d.user_id = u.user_id
   AND d.device_id = u.device_id""",
)
REVOKE_USER = Fragment(
    name="revoked_devices",
    gated=False,
    columns=(("user_id", "text"),),
    sql="""
DELETE FROM devices d
 USING counter c
 CROSS JOIN {rows} u
 WHERE d.user_id = u.user_id""",
)


def place_device_change(row: DeviceChangeRow, sheet: Sheet) -> None:
    """Add a change."""
    rooms = array_text(row.room_nids)
    sheet.put(CHANGE, (row.position, row.user_id, row.device_id, rooms, row.deleted, row.observer))


def place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    """Delete the devices that a revocation ends."""
    if row.kind == "device":
        sheet.put(REVOKE_DEVICE, (row.user_id, row.device_id))
    elif row.kind == "user":
        sheet.put(REVOKE_USER, (row.user_id,))


class Device(NamedTuple):
    """A device as its user's list shows it. Times in ms."""

    device_nid: int
    user_id: str
    device_id: str
    display_name: str | None
    created_ts: int
    last_seen_ts: int | None
    last_seen_ip: str | None
    user_agent: str | None


_DEVICE = """
SELECT device_nid, user_id, device_id, display_name, created_ts, last_seen_ts, last_seen_ip, user_agent
  FROM devices"""


def _device(row: Record) -> Device:
    return Device(*row.values())


class Devices:
    """Devices of local users. They end by a RevocationRow on the stream."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of_user(self, user_id: str) -> list[Device]:
        """All devices of a user [1 trip]."""
        rows = await self._db.fetch(_DEVICE + " WHERE user_id = $1 ORDER BY device_id", user_id)
        return [_device(row) for row in rows]

    async def of_users(self, user_ids: Collection[str]) -> list[Device]:
        """All devices of several users [1 trip]."""
        rows = await self._db.fetch(_DEVICE + " WHERE user_id = ANY($1::text[])", list(user_ids))
        return [_device(row) for row in rows]

    async def read(self, user_id: str, device_id: str) -> Device | None:
        """One device [1 trip]."""
        row = await self._db.fetchrow(_DEVICE + " WHERE user_id = $1 AND device_id = $2", user_id, device_id)
        return _device(row) if row is not None else None

    async def number(self) -> int:
        """A number for a new device."""
        return await self._db.nids.take()

    async def create(self, device: Device, user_nid: int) -> None:
        """Add a device that nobody is logged in on [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO devices (device_nid, user_nid, user_id, device_id, display_name, created_ts)
            VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (user_id, device_id) DO NOTHING
            """,
            device.device_nid,
            user_nid,
            device.user_id,
            device.device_id,
            device.display_name,
            device.created_ts,
        )

    async def rename(self, user_id: str, device_id: str, display_name: str | None) -> bool:
        """Set the display name; False when there is no such device [1 trip]."""
        touched = await self._db.execute(
            "UPDATE devices SET display_name = $3 WHERE user_id = $1 AND device_id = $2",
            user_id,
            device_id,
            display_name,
        )
        return touched > 0

    async def seen(self, sightings: Collection[tuple[int, int, str | None, str | None]]) -> None:
        """Note when devices were last seen: (device_nid, ms, address, user agent) each [1 trip]."""
        if not sightings:
            return
        nids, times, addresses, agents = (list(column) for column in zip(*sightings, strict=True))
        await self._db.execute(
            """
            UPDATE devices d
               SET last_seen_ts = u.ts,
                   last_seen_ip = u.ip,
                   user_agent = u.agent
              FROM unnest($1::int8[], $2::int8[], $3::text[], $4::text[]) AS u(nid, ts, ip, agent)
             WHERE d.device_nid = u.nid
            """,
            nids,
            times,
            addresses,
            agents,
        )

    async def changed_users(self, user_ids: Collection[str], after: int, upto: int) -> set[str]:
        """Those of `user_ids` whose devices changed in `(after, upto]` [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT user_id
              FROM device_changes
             WHERE user_id = ANY($1::text[])
               AND position > $2
               AND position <= $3
            """,
            list(user_ids),
            after,
            upto,
        )
        return {row["user_id"] for row in rows}

    async def changes_since(self, after: int, upto: int, limit: int = 10_000) -> list[DeviceChangeRow]:
        """Changes of all users in `(after, upto]`, oldest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT position, user_id, device_id, room_nids, deleted, observer
              FROM device_changes
             WHERE position > $1
               AND position <= $2
             ORDER BY position
             LIMIT $3
            """,
            after,
            upto,
            limit,
        )
        return [DeviceChangeRow(**{**dict(row), "room_nids": tuple(row["room_nids"])}) for row in rows]
