"""Identity keys of devices, cross-signing keys, signatures on them, and where each user's device list stands.

Keys of devices here hang on the device's number, so they end with it; those of users elsewhere are what their server
last told. Spec: Client-Server API, End-to-End Encryption.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from homeserver.storage.database import Database
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import (
    CrossSigningKeyRow,
    DeviceKeysRow,
    DeviceListRow,
    KeySignatureRow,
    RemoteDeviceRow,
    RevocationRow,
)

REVOKED = (("user_id", "text"), ("device_id", "text"))
"""Columns of a fragment that deletes what belongs to revoked devices; no device id: all of the user."""

DEVICE = Fragment(
    name="device_keys",
    gated=False,
    columns=(("device_nid", "int8"), ("keys", "bytea")),
    sql="""
INSERT INTO device_keys (device_nid, keys)
SELECT u.device_nid, u.keys
  FROM counter c
 CROSS JOIN {rows} u
  JOIN devices d ON d.device_nid = u.device_nid
    ON CONFLICT (device_nid) DO UPDATE
   SET keys = excluded.keys""",
)
DEVICE_GONE = Fragment(
    name="device_keys_gone",
    gated=False,
    columns=REVOKED,
    sql="""
DELETE FROM device_keys k
 USING counter c
 CROSS JOIN {rows} u
  JOIN devices d ON d.user_id = u.user_id
 WHERE k.device_nid = d.device_nid
   AND (u.device_id IS NULL OR d.device_id = u.device_id)""",
)
SIGNATURES_GONE = Fragment(
    name="key_signatures_gone",
    gated=False,
    columns=REVOKED,
    sql="""
DELETE FROM key_signatures s
 USING counter c
 CROSS JOIN {rows} u
  JOIN devices d ON d.user_id = u.user_id
 WHERE s.user_id = d.user_id
   AND s.key_id = d.device_id
   AND (u.device_id IS NULL OR d.device_id = u.device_id)""",
)
REMOTE = Fragment(
    name="remote_device",
    gated=False,
    columns=(("user_id", "text"), ("device_id", "text"), ("keys", "bytea")),
    sql="""
INSERT INTO remote_devices (user_id, device_id, keys)
SELECT u.user_id, u.device_id, u.keys
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (user_id, device_id) DO UPDATE
   SET keys = excluded.keys""",
)
REMOTE_GONE = Fragment(
    name="remote_device_gone",
    gated=False,
    columns=(("user_id", "text"), ("device_id", "text")),
    sql="""
DELETE FROM remote_devices d
 USING counter c
 CROSS JOIN {rows} u
 WHERE d.user_id = u.user_id
   AND d.device_id = u.device_id""",
)
LIST = Fragment(
    name="device_list",
    gated=False,
    columns=(("user_id", "text"), ("stream_id", "int8"), ("is_stale", "bool"), ("place", "int8")),
    sql="""
INSERT INTO device_lists (user_id, stream_id, is_stale, position)
SELECT u.user_id, u.stream_id, u.is_stale, c.base + u.place
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (user_id) DO UPDATE
   SET stream_id = excluded.stream_id,
       is_stale = excluded.is_stale,
       position = excluded.position""",
)
CROSS_SIGNING = Fragment(
    name="cross_signing_key",
    gated=False,
    columns=(("user_id", "text"), ("usage", "text"), ("key", "bytea")),
    sql="""
INSERT INTO cross_signing_keys (user_id, usage, key)
SELECT u.user_id, u.usage, u.key
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (user_id, usage) DO UPDATE
   SET key = excluded.key""",
)
SIGNATURE = Fragment(
    name="key_signature",
    gated=False,
    columns=(
        ("user_id", "text"),
        ("key_id", "text"),
        ("signer_id", "text"),
        ("signer_key_id", "text"),
        ("signature", "text"),
    ),
    sql="""
INSERT INTO key_signatures (user_id, key_id, signer_id, signer_key_id, signature)
SELECT u.user_id, u.key_id, u.signer_id, u.signer_key_id, u.signature
  FROM counter c
 CROSS JOIN {rows} u
    ON CONFLICT (user_id, signer_id, key_id, signer_key_id) DO UPDATE
   SET signature = excluded.signature""",
)


def place_device_keys(row: DeviceKeysRow, sheet: Sheet) -> None:
    """Set the keys of a device here."""
    sheet.keep(DEVICE, row.device_nid, (row.device_nid, row.keys))


def place_revocation(row: RevocationRow, sheet: Sheet) -> None:
    """Delete the keys of the devices that a revocation ends, and the signatures on them."""
    if row.kind in {"device", "user"}:
        device_id = row.device_id if row.kind == "device" else None
        sheet.put(DEVICE_GONE, (row.user_id, device_id))
        sheet.put(SIGNATURES_GONE, (row.user_id, device_id))


def place_remote_device(row: RemoteDeviceRow, sheet: Sheet) -> None:
    """Set or forget a device elsewhere; the last row of a batch stands."""
    key = (row.user_id, row.device_id)
    if row.keys is None:
        sheet.drop(REMOTE, key)
        sheet.keep(REMOTE_GONE, key, key)
    else:
        sheet.drop(REMOTE_GONE, key)
        sheet.keep(REMOTE, key, (*key, row.keys))


def place_device_list(row: DeviceListRow, sheet: Sheet) -> None:
    """Note where a device list stands."""
    sheet.keep(LIST, row.user_id, (row.user_id, row.stream_id, row.is_stale, row.position))


def place_cross_signing_key(row: CrossSigningKeyRow, sheet: Sheet) -> None:
    """Set a cross-signing key."""
    sheet.keep(CROSS_SIGNING, (row.user_id, row.usage), (row.user_id, row.usage, row.content))


def place_signature(row: KeySignatureRow, sheet: Sheet) -> None:
    """Set a signature."""
    record = (row.user_id, row.key_id, row.signer_id, row.signer_key_id, row.signature)
    sheet.keep(SIGNATURE, record[:4], record)


class Signature(NamedTuple):
    """A signature on a key; see KeySignatureRow."""

    key_id: str
    signer_id: str
    signer_key_id: str
    signature: str


@dataclass(slots=True)
class Published:
    """What is known of one user: keys as JSON by device id and by usage, names of devices here, signatures."""

    devices: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    cross_signing: dict[str, bytes] = field(default_factory=dict)
    signatures: list[Signature] = field(default_factory=list)


class DeviceList(NamedTuple):
    """Where the list of a user elsewhere stands.

    `is_followed`: the user and someone here have shared a room ever since, so the user's server tells of changes.
    """

    user_id: str
    stream_id: int
    is_stale: bool
    is_followed: bool


class Audience(NamedTuple):
    """Whom a change of a user's keys concerns: rooms the user is joined to, servers in them, the last change's id."""

    room_nids: tuple[int, ...]
    servers: frozenset[str]
    stream_id: int


class E2eKeys:
    """Reads of keys."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of_device(self, device_nid: int) -> bytes | None:
        """The identity keys of a device here [1 trip]."""
        keys: bytes | None = await self._db.fetchval("SELECT keys FROM device_keys WHERE device_nid = $1", device_nid)
        return keys

    async def published(self, user_ids: Collection[str], viewer: str = "") -> dict[str, Published]:
        """What is known of these users, here and elsewhere; of signatures their own and those by `viewer` [1 trip]."""
        rows = await self._db.fetch(_PUBLISHED, list(user_ids), viewer)
        found = {user_id: Published() for user_id in user_ids}
        for kind, user_id, key_id, name, key, signer, signer_key in (row.values() for row in rows):
            published = found[user_id]
            if kind == "device":
                published.devices[key_id] = key
                if name is not None:
                    published.names[key_id] = name
            elif kind == "signature":
                published.signatures.append(Signature(key_id, signer, signer_key, name))
            else:
                published.cross_signing[kind] = key
        return found

    async def lists(self, user_ids: Collection[str], us: str) -> dict[str, DeviceList]:
        """The followed or once followed lists of users elsewhere; `us`: our server's name [1 trip]."""
        rows = await self._db.fetch(_LISTS, list(user_ids), us)
        return {row["user_id"]: DeviceList(*row.values()) for row in rows}

    async def audience(self, user_id: str) -> Audience:
        """Whom a change of the user's keys concerns [1 trip]."""
        row = await self._db.fetchrow(_AUDIENCE, user_id)
        assert row is not None
        return Audience(tuple(row["room_nids"]), frozenset(row["servers"]), row["stream_id"])


_PUBLISHED = """
SELECT 'device' AS kind, d.user_id, d.device_id AS key_id, d.display_name AS name, k.keys AS key,
       NULL AS signer, NULL AS signer_key
  FROM devices d
  JOIN device_keys k ON k.device_nid = d.device_nid
 WHERE d.user_id = ANY($1::text[])
 UNION ALL
SELECT 'device', r.user_id, r.device_id, NULL, r.keys, NULL, NULL
  FROM remote_devices r
 WHERE r.user_id = ANY($1::text[])
 UNION ALL
SELECT x.usage, x.user_id, '', NULL, x.key, NULL, NULL
  FROM cross_signing_keys x
 WHERE x.user_id = ANY($1::text[])
 UNION ALL
SELECT 'signature', s.user_id, s.key_id, s.signature, NULL, s.signer_id, s.signer_key_id
  FROM key_signatures s
 WHERE s.user_id = ANY($1::text[])
   AND (s.signer_id = s.user_id
        OR s.signer_id = $2)"""

_LISTS = """
SELECT l.user_id, l.stream_id, l.is_stale,
       EXISTS (SELECT
                 FROM members a
                WHERE a.user_id = l.user_id
                  AND a.membership = 'join'
                  AND a.position <= l.position
                  AND EXISTS (SELECT
                                FROM members b
                               WHERE b.room_nid = a.room_nid
                                 AND b.server = $2
                                 AND b.membership = 'join'
                                 AND b.position <= l.position)) AS is_followed
  FROM device_lists l
 WHERE l.user_id = ANY($1::text[])"""

_AUDIENCE = """
WITH r AS MATERIALIZED (
  SELECT room_nid
    FROM members
   WHERE user_id = $1
     AND membership = 'join')
SELECT ARRAY(SELECT room_nid FROM r ORDER BY room_nid) AS room_nids,
       ARRAY(SELECT DISTINCT m.server
               FROM r
               JOIN members m ON m.room_nid = r.room_nid
              WHERE m.membership = 'join'
              UNION
             SELECT jsonb_array_elements_text(p.servers::jsonb)
               FROM r
               JOIN partial_joins p ON p.room_nid = r.room_nid
              WHERE NOT p.is_whole) AS servers,
       coalesce((SELECT stream_id FROM device_lists WHERE user_id = $1), 0) AS stream_id"""
