"""What admins look through: accounts and rooms in lists, and rooms that are blocked. Reads join what others own."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from homeserver.storage.database import Database


class UserFilter(NamedTuple):
    """Which accounts, in which order. None: whatever they are. `name`: a part of the id or the display name."""

    name: str | None = None
    user_id: str | None = None
    is_guest: bool | None = None
    is_admin: bool | None = None
    is_deactivated: bool | None = None
    is_locked: bool | None = None
    order_by: str = "name"
    backwards: bool = False


class ListedUser(NamedTuple):
    """An account in a list. `displayname`, `avatar_url`: JSON, as profiles are kept. Times in ms."""

    user_id: str
    is_guest: bool
    is_admin: bool
    user_type: str | None
    is_deactivated: bool
    is_erased: bool
    is_shadow_banned: bool
    is_locked: bool
    is_suspended: bool
    is_approved: bool
    created_ts: int
    last_seen_ts: int | None
    displayname: bytes | None
    avatar_url: bytes | None


class ListedRoom(NamedTuple):
    """A room in a list, with the texts that its current state gives it."""

    room_id: str
    room_version: str
    is_public: bool
    joined_members: int
    joined_local_members: int
    state_events: int
    name: str | None
    canonical_alias: str | None
    creator: str | None
    encryption: str | None
    federatable: bool
    join_rules: str | None
    guest_access: str | None
    history_visibility: str | None
    room_type: str | None
    topic: str | None
    avatar: str | None


_USER_ORDERS: Final[Mapping[str, str]] = {
    "name": "u.user_id",
    "is_guest": "u.is_guest",
    "admin": "u.is_admin",
    "user_type": "u.user_type",
    "deactivated": "u.is_deactivated",
    "shadow_banned": "u.is_shadow_banned",
    "displayname": "p.value",
    "avatar_url": "a.value",
    "creation_ts": "u.created_ts",
    "last_seen_ts": "s.ts",
    "locked": "u.is_locked",
}
USER_ORDERS: Final = frozenset(_USER_ORDERS)

_USERS = """
  FROM users u
  LEFT JOIN profiles p ON p.user_id = u.user_id AND p.field = 'displayname'
  LEFT JOIN profiles a ON a.user_id = u.user_id AND a.field = 'avatar_url'
 WHERE ($1::text IS NULL OR strpos(lower(u.user_id), lower($1)) > 0
        OR strpos(lower(convert_from(p.value, 'UTF8') COLLATE "default"), lower($1)) > 0)
   AND ($2::text IS NULL OR strpos(u.user_id, $2) > 0)
   AND ($3::bool IS NULL OR u.is_guest = $3)
   AND ($4::bool IS NULL OR u.is_admin = $4)
   AND ($5::bool IS NULL OR u.is_deactivated = $5)
   AND ($6::bool IS NULL OR u.is_locked = $6)"""

_ROOM_ORDERS: Final[Mapping[str, str]] = {
    "name": "name",
    "alphabetical": "name",
    "canonical_alias": "canonical_alias",
    "joined_members": "joined_members",
    "size": "joined_members",
    "joined_local_members": "joined_local_members",
    "version": "room_version",
    "creator": "creator",
    "encryption": "encryption",
    "federatable": "federatable",
    "public": "is_public",
    "join_rules": "join_rules",
    "guest_access": "guest_access",
    "history_visibility": "history_visibility",
    "state_events": "state_events",
}
ROOM_ORDERS: Final = frozenset(_ROOM_ORDERS)
LARGEST_FIRST: Final = frozenset({"joined_members", "size", "joined_local_members", "state_events"})

_ROOMS = """
WITH texts AS (
  SELECT r.room_id, r.room_version, r.is_public, r.room_nid,
         max(c.content ->> 'name') FILTER (WHERE c.type = 'm.room.name') AS name,
         max(c.content ->> 'alias') FILTER (WHERE c.type = 'm.room.canonical_alias') AS canonical_alias,
         max(c.sender) FILTER (WHERE c.type = 'm.room.create') AS creator,
         max(c.content ->> 'algorithm') FILTER (WHERE c.type = 'm.room.encryption') AS encryption,
         coalesce(bool_and(c.content ->> 'm.federate' IS DISTINCT FROM 'false')
                  FILTER (WHERE c.type = 'm.room.create'), true) AS federatable,
         max(c.content ->> 'join_rule') FILTER (WHERE c.type = 'm.room.join_rules') AS join_rules,
         max(c.content ->> 'guest_access') FILTER (WHERE c.type = 'm.room.guest_access') AS guest_access,
         max(c.content ->> 'history_visibility') FILTER (WHERE c.type = 'm.room.history_visibility')
           AS history_visibility,
         max(c.content ->> 'type') FILTER (WHERE c.type = 'm.room.create') AS room_type,
         max(c.content ->> 'topic') FILTER (WHERE c.type = 'm.room.topic') AS topic,
         max(c.content ->> 'url') FILTER (WHERE c.type = 'm.room.avatar') AS avatar
    FROM rooms r
   CROSS JOIN LATERAL (
         SELECT k.type, e.sender, (replace(convert_from(e.body, 'UTF8'), '\\u0000', '')::jsonb) -> 'content' AS content
           FROM current_state t
           JOIN state_keys k ON k.state_key_nid = t.state_key_nid
           JOIN events e ON e.event_nid = t.event_nid
          WHERE t.room_nid = r.room_nid
            AND NOT t.is_member
            AND k.state_key = ''
            AND k.type IN ('m.room.name', 'm.room.canonical_alias', 'm.room.create', 'm.room.encryption',
                           'm.room.join_rules', 'm.room.guest_access', 'm.room.history_visibility', 'm.room.topic',
                           'm.room.avatar')) c
   WHERE $1::text IS NULL OR r.room_id = $1
   GROUP BY r.room_nid, r.room_id, r.room_version, r.is_public),
listed AS (
  SELECT t.*, m.joined_members, m.joined_local_members,
         (SELECT count(*) FROM current_state s WHERE s.room_nid = t.room_nid) AS state_events
    FROM texts t
   CROSS JOIN LATERAL (
         SELECT count(*) AS joined_members, count(*) FILTER (WHERE server = $2) AS joined_local_members
           FROM members
          WHERE room_nid = t.room_nid
            AND membership = 'join') m
   WHERE ($3::text IS NULL OR strpos(lower(t.name), lower($3)) > 0 OR strpos(lower(t.canonical_alias), lower($3)) > 0
          OR t.room_id = $3)
     AND ($4::bool IS NULL OR t.is_public = $4)
     AND ($5::bool IS NULL OR (m.joined_members = 0) = $5))"""


class AdminReads:
    """Lists, and the rooms that are blocked."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def users(self, wanted: UserFilter, start: int, limit: int) -> tuple[list[ListedUser], int]:
        """A page of the accounts, and how many there are [2 trips]."""
        order, direction = _USER_ORDERS[wanted.order_by], "DESC" if wanted.backwards else "ASC"
        conditions = wanted[:6]
        rows = await self._db.fetch(
            f"""
            SELECT u.user_id, u.is_guest, u.is_admin, u.user_type, u.is_deactivated, u.is_erased, u.is_shadow_banned,
                   u.is_locked, u.is_suspended, u.is_approved, u.created_ts, s.ts, p.value, a.value
            {_USERS.replace(" WHERE", _LAST_SEEN + " WHERE", 1)}
             ORDER BY {order} {direction} NULLS LAST, u.user_id
            OFFSET $7
             LIMIT $8
            """,
            *conditions,
            start,
            limit,
        )
        total = await self._db.fetchval("SELECT count(*)" + _USERS, *conditions)
        return [ListedUser(*row.values()) for row in rows], total

    async def rooms(
        self,
        server: str,
        start: int,
        limit: int,
        *,
        term: str | None = None,
        order_by: str = "name",
        backwards: bool = False,
        is_public: bool | None = None,
        is_empty: bool | None = None,
    ) -> tuple[list[ListedRoom], int]:
        """A page of the rooms that this server has state of, and how many there are [2 trips]."""
        descends = backwards is (order_by not in LARGEST_FIRST)
        conditions = (None, server, term, is_public, is_empty)
        rows = await self._db.fetch(
            f"""{_ROOMS}
            SELECT {", ".join(ListedRoom._fields)}
              FROM listed
             ORDER BY {_ROOM_ORDERS[order_by]} {"DESC" if descends else "ASC"} NULLS LAST, room_id
            OFFSET $6
             LIMIT $7
            """,  # noqa: S608 - constants of this module
            *conditions,
            start,
            limit,
        )
        total = await self._db.fetchval(f"{_ROOMS} SELECT count(*) FROM listed", *conditions)  # noqa: S608 - constants
        return [ListedRoom(*row.values()) for row in rows], total

    async def room(self, server: str, room_id: str) -> ListedRoom | None:
        """One room, None for one that this server has no state of [1 trip]."""
        row = await self._db.fetchrow(
            f"{_ROOMS} SELECT {', '.join(ListedRoom._fields)} FROM listed",  # noqa: S608 - constants of this module
            room_id,
            server,
            None,
            None,
            None,
        )
        return ListedRoom(*row.values()) if row is not None else None

    async def room_devices(self, room_nid: int, server: str) -> int:
        """How many devices the joined users here have [1 trip]."""
        count: int = await self._db.fetchval(
            """
            SELECT count(*)
              FROM members m
              JOIN devices d ON d.user_id = m.user_id
             WHERE m.room_nid = $1
               AND m.server = $2
               AND m.membership = 'join'
            """,
            room_nid,
            server,
        )
        return count

    async def events(self, room_nid: int, start: int, limit: int, *, backwards: bool) -> list[tuple[int, bytes]]:
        """(room position, body) of events next to a room position, in that direction [1 trip]."""
        text = (
            """
            SELECT room_position, body
              FROM events
             WHERE room_nid = $1
               AND room_position < $2
             ORDER BY room_position DESC
             LIMIT $3
            """
            if backwards
            else """
            SELECT room_position, body
              FROM events
             WHERE room_nid = $1
               AND room_position > $2
             ORDER BY room_position
             LIMIT $3
            """
        )
        rows = await self._db.fetch(text, room_nid, start, limit)
        return [(row["room_position"], row["body"]) for row in rows]

    async def position_before(self, room_nid: int, ts: int) -> int:
        """The room position just above the last event sent before a time, 0 for none [1 trip]."""
        position: int | None = await self._db.fetchval(
            """
            SELECT max(room_position)
              FROM events
             WHERE room_nid = $1
               AND ts < $2
               AND room_position IS NOT NULL
            """,
            room_nid,
            ts,
        )
        return position + 1 if position is not None else 0

    async def said_by(self, room_nid: int, user_id: str, limit: int) -> list[str]:
        """Ids of a user's messages that are not redacted, the newest first [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT event_id
              FROM events
             WHERE room_nid = $1
               AND room_position IS NOT NULL
               AND sender = $2
               AND state_key_nid IS NULL
               AND redacted_by IS NULL
               AND type <> 'm.room.redaction'
             ORDER BY room_position DESC
             LIMIT $3
            """,
            room_nid,
            user_id,
            limit,
        )
        return [row["event_id"] for row in rows]

    # -- rooms of notices ------------------------------------------------------------------------------------------

    async def notice_room(self, user_id: str) -> str | None:
        """The room where the user gets notices of the admin [1 trip]."""
        room_id: str | None = await self._db.fetchval(
            "SELECT room_id FROM server_notice_rooms WHERE user_id = $1", user_id
        )
        return room_id

    async def set_notice_room(self, user_id: str, room_id: str) -> None:
        """Note the room where the user gets notices [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO server_notice_rooms (user_id, room_id)
            VALUES ($1, $2)
                ON CONFLICT (user_id) DO UPDATE
               SET room_id = excluded.room_id
            """,
            user_id,
            room_id,
        )

    # -- blocked rooms ---------------------------------------------------------------------------------------------

    async def block(self, room_id: str, user_id: str, now_ms: int) -> None:
        """Let nobody here into the room [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO blocked_rooms (room_id, user_id, created_ts)
            VALUES ($1, $2, $3)
                ON CONFLICT (room_id) DO NOTHING
            """,
            room_id,
            user_id,
            now_ms,
        )

    async def unblock(self, room_id: str) -> None:
        """Let people in again [1 trip]."""
        await self._db.execute("DELETE FROM blocked_rooms WHERE room_id = $1", room_id)

    async def blocked_by(self, room_id: str) -> str | None:
        """The admin who blocked the room, None if nobody did [1 trip]."""
        user_id: str | None = await self._db.fetchval("SELECT user_id FROM blocked_rooms WHERE room_id = $1", room_id)
        return user_id


_LAST_SEEN = """
  LEFT JOIN LATERAL (
       SELECT max(last_seen_ts) AS ts
         FROM devices
        WHERE user_id = u.user_id) s ON true
"""
