"""Memberships: of every user in every room this server knows, and of local users in rooms it was only told about.

A little longer than others: the SQL of one table stands in one place.
"""

from collections.abc import Collection, Coroutine, Mapping
from typing import Any, NamedTuple

import orjson

from homeserver.protocol.identifiers import server_of
from homeserver.storage.database import Database, Record
from homeserver.storage.fragments import Fragment, Sheet
from homeserver.storage.rows import EventRow, MemberRow, RedactionRow, StateRow

_COLUMNS = (
    ("room_nid", "int8"),
    ("user_id", "text"),
    ("server", "text"),
    ("membership", "text"),
    ("event_nid", "int8"),
    ("event_id", "text"),
    ("sender", "text"),
    ("displayname", "text"),
    ("avatar_url", "text"),
    ("room_position", "int8"),
    ("nth", "int8"),
    ("place", "int8"),
    ("stripped_state", "bytea"),
    ("forgotten", "bool"),
)
_INSERT = """
INSERT INTO members (room_nid, user_id, server, membership, event_nid, event_id, sender, displayname, avatar_url,
                     room_position, position, stripped_state, forgotten)
SELECT u.room_nid, u.user_id, u.server, u.membership, u.event_nid, u.event_id, u.sender, u.displayname, u.avatar_url,
       """
_UPSERT = """
    ON CONFLICT (room_nid, user_id) DO UPDATE
   SET server = excluded.server,
       membership = excluded.membership,
       event_nid = excluded.event_nid,
       event_id = excluded.event_id,
       sender = excluded.sender,
       displayname = excluded.displayname,
       avatar_url = excluded.avatar_url,
       room_position = excluded.room_position,
       position = excluded.position,
       stripped_state = excluded.stripped_state,
       forgotten = excluded.forgotten"""

OF_ROOM = Fragment(
    name="member",
    gated=True,
    columns=_COLUMNS,
    sql=_INSERT
    + """coalesce(u.room_position, r.room_base + u.nth), r.base + u.place, u.stripped_state, u.forgotten
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid"""
    + _UPSERT,
)
ALONE = Fragment(
    name="member_alone",
    gated=False,
    columns=_COLUMNS,
    sql=_INSERT
    + """coalesce(u.room_position, 0), c.base + u.place, u.stripped_state, u.forgotten
  FROM counter c
 CROSS JOIN {rows} u"""
    + _UPSERT,
)
CHANGE_OF_ROOM = Fragment(
    name="member_change",
    gated=True,
    columns=(("room_nid", "int8"), ("user_id", "text"), ("place", "int8")),
    sql="""
INSERT INTO member_changes (position, room_nid, user_id)
SELECT r.base + u.place, u.room_nid, u.user_id
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid""",
)
CHANGE_ALONE = Fragment(
    name="member_change_alone",
    gated=False,
    columns=CHANGE_OF_ROOM.columns,
    sql="""
INSERT INTO member_changes (position, room_nid, user_id)
SELECT c.base + u.place, u.room_nid, u.user_id
  FROM counter c
 CROSS JOIN {rows} u""",
)

UNNAMED = Fragment(
    name="member_unnamed",
    gated=True,
    columns=(("room_nid", "int8"), ("user_id", "text"), ("event_nid", "int8")),
    sql="""
UPDATE members m
   SET displayname = NULL,
       avatar_url = NULL
  FROM room r
  JOIN {rows} u ON u.room_nid = r.room_nid
 WHERE m.room_nid = u.room_nid
   AND m.user_id = u.user_id
   AND m.event_nid = u.event_nid""",
)


def place_member_redaction(row: RedactionRow, sheet: Sheet) -> None:
    """Take name and picture of a redacted member event away, where it is the user's newest."""
    if b'"m.room.member"' not in row.body:
        return
    body = orjson.loads(row.body)
    if body.get("type") == "m.room.member" and isinstance(body.get("state_key"), str):
        record = (row.room_nid, body["state_key"], row.target_event_nid)
        sheet.keep(UNNAMED, row.target_event_nid, record)


def place_member_event(row: EventRow, nth: int | None, sheet: Sheet) -> None:
    """Set the membership that a current member event states."""
    user_id = row.state_key or ""
    position = row.room_position if row.historical else None
    sheet.keep(
        OF_ROOM,
        (row.room_nid, user_id),
        (
            row.room_nid,
            user_id,
            server_of(user_id),
            row.membership,
            row.event_nid,
            row.event_id,
            row.sender,
            row.displayname,
            row.avatar_url,
            0 if nth is None and position is None else position,
            nth,
            row.position,
            None,
            False,
        ),
    )


def place_member_state(row: StateRow, sheet: Sheet) -> None:
    """Set the membership that resolution found; without an event the user is as one who left."""
    user_id = row.state_key
    membership = row.membership if row.event_nid is not None and row.membership else "leave"
    record = (row.room_nid, user_id, server_of(user_id), membership, row.event_nid, row.event_id, "")
    nth = sheet.nth.get(row.room_nid, 0)
    place = (None, nth, row.position, None, False)
    sheet.keep(OF_ROOM, (row.room_nid, user_id), (*record, row.displayname, row.avatar_url, *place))


def place_member(row: MemberRow, sheet: Sheet) -> None:
    """Set a membership that no event of the batch states; with its room's gate when that is in the same entry."""
    gated = row.room_nid in sheet.rooms
    record = (
        row.room_nid,
        row.user_id,
        row.server,
        row.membership,
        row.event_nid,
        row.event_id,
        row.sender,
        row.displayname,
        row.avatar_url,
        row.room_position,
        None,
        row.position,
        row.stripped_state,
        row.forgotten,
    )
    sheet.keep(OF_ROOM if gated else ALONE, (row.room_nid, row.user_id), record)
    sheet.put(CHANGE_OF_ROOM if gated else CHANGE_ALONE, (row.room_nid, row.user_id, row.position))


class Membership(NamedTuple):
    """A user's membership of one room, as the user's own lists show it."""

    room_nid: int
    room_id: str
    user_id: str
    membership: str
    event_nid: int | None
    event_id: str | None
    sender: str
    room_position: int
    position: int
    stripped_state: bytes | None
    forgotten: bool

    @classmethod
    def of_row(cls, row: EventRow | MemberRow | StateRow, known: "Membership | None" = None) -> "Membership":
        """The membership that a row of the stream states. `known`: the one before it."""
        if isinstance(row, EventRow):
            user_id, membership = row.state_key or "", row.membership or "leave"
            stripped, forgotten = None, False
        elif isinstance(row, StateRow):
            user_id, membership = row.state_key, (row.membership if row.event_nid is not None else None) or "leave"
            stripped, forgotten = None, False
        else:
            user_id, membership = row.user_id, row.membership
            stripped, forgotten = row.stripped_state, row.forgotten
        return cls(
            row.room_nid,
            row.room_id or (known.room_id if known else ""),
            user_id,
            membership,
            row.event_nid,
            row.event_id,
            "" if isinstance(row, StateRow) else row.sender,
            (known.room_position if known else 0) if isinstance(row, StateRow) else row.room_position,
            row.position,
            stripped,
            forgotten,
        )


class Found(NamedTuple):
    """A user whom a search found, as a room shows them."""

    user_id: str
    displayname: str | None
    avatar_url: str | None


_MEMBERSHIP = """
SELECT m.room_nid, r.room_id, m.user_id, m.membership, m.event_nid, m.event_id, m.sender, m.room_position, m.position,
       m.stripped_state, m.forgotten
  FROM members m
  JOIN rooms r ON r.room_nid = m.room_nid"""


def _membership(row: Record) -> Membership:
    return Membership(*row.values())


class Members:
    """Reads of memberships."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def together(self, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run these at once; what they read at the same moment is one trip: see `Database.together`."""
        return await self._db.together(*reads)

    async def rooms_of(self, user_id: str) -> list[Membership]:
        """Every room the user ever had to do with, forgotten ones included [1 trip]."""
        rows = await self._db.fetch(_MEMBERSHIP + " WHERE m.user_id = $1", user_id)
        return [_membership(row) for row in rows]

    async def membership(self, room_nid: int, user_id: str) -> Membership | None:
        """One user's membership of one room [1 trip]."""
        row = await self._db.fetchrow(_MEMBERSHIP + " WHERE m.room_nid = $1 AND m.user_id = $2", room_nid, user_id)
        return _membership(row) if row is not None else None

    async def memberships(self, room_id: str, user_ids: Collection[str]) -> dict[str, Membership]:
        """Memberships of several users in one room [1 trip]."""
        rows = await self._db.fetch(
            _MEMBERSHIP + " WHERE r.room_id = $1 AND m.user_id = ANY($2::text[])", room_id, list(user_ids)
        )
        return {row["user_id"]: _membership(row) for row in rows}

    async def count_of(self, user_id: str, membership: str, most: int) -> int:
        """In how many rooms the user has this membership; nobody counts further than `most` [1 trip]."""
        count: int = await self._db.fetchval(
            """
            SELECT count(*)
              FROM (SELECT
                      FROM members
                     WHERE user_id = $1
                       AND membership = $2
                     LIMIT $3) m
            """,
            user_id,
            membership,
            most,
        )
        return count

    async def servers_in_room(self, room_nid: int) -> frozenset[str]:
        """Names of the servers with at least one joined user [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT server
              FROM members
             WHERE room_nid = $1
               AND membership = 'join'
            """,
            room_nid,
        )
        return frozenset(row["server"] for row in rows)

    async def joined_room_nids(self, user_ids: Collection[str]) -> dict[str, list[int]]:
        """The rooms that each user is joined to [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT user_id, room_nid
              FROM members
             WHERE user_id = ANY($1::text[])
               AND membership = 'join'
            """,
            list(user_ids),
        )
        joined: dict[str, list[int]] = {user_id: [] for user_id in user_ids}
        for row in rows:
            joined[row["user_id"]].append(row["room_nid"])
        return joined

    async def shared_rooms(self, user_id: str, other: str) -> list[int]:
        """Rooms that both are joined to [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT a.room_nid
              FROM members a
              JOIN members b ON b.room_nid = a.room_nid
             WHERE a.user_id = $1
               AND a.membership = 'join'
               AND b.user_id = $2
               AND b.membership = 'join'
            """,
            user_id,
            other,
        )
        return [row["room_nid"] for row in rows]

    async def shared_room_ids(self, user_id: str, other: str) -> list[str]:
        """Ids of rooms that both are joined to, in order [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT r.room_id
              FROM members a
              JOIN members b ON b.room_nid = a.room_nid
              JOIN rooms r ON r.room_nid = a.room_nid
             WHERE a.user_id = $1
               AND a.membership = 'join'
               AND b.user_id = $2
               AND b.membership = 'join'
             ORDER BY r.room_id
            """,
            user_id,
            other,
        )
        return [row["room_id"] for row in rows]

    async def users_sharing_rooms(self, user_id: str, *, server: str | None = None) -> list[str]:
        """Users (of one server) who are joined to a room that `user_id` is joined to [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT b.user_id
              FROM members a
              JOIN members b ON b.room_nid = a.room_nid
             WHERE a.user_id = $1
               AND a.membership = 'join'
               AND b.membership = 'join'
               AND ($2::text IS NULL OR b.server = $2)
            """,
            user_id,
            server,
        )
        return [row["user_id"] for row in rows]

    async def joined_with_profiles(self, room_nid: int) -> Mapping[str, tuple[str | None, str | None]]:
        """Display name and avatar of each joined user [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT user_id, displayname, avatar_url
              FROM members
             WHERE room_nid = $1
               AND membership = 'join'
            """,
            room_nid,
        )
        return {row["user_id"]: (row["displayname"], row["avatar_url"]) for row in rows}

    async def search(self, user_id: str, term: str, limit: int) -> list[Found]:
        """Others in rooms of `user_id` or in public ones whose id or name holds `term`, as `folded` [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT DISTINCT ON (m.user_id) m.user_id, m.displayname, m.avatar_url
              FROM (SELECT room_nid
                      FROM members
                     WHERE user_id = $1
                       AND membership = 'join'
                     UNION
                    SELECT room_nid
                      FROM rooms
                     WHERE is_public) w
              JOIN members m ON m.room_nid = w.room_nid
             WHERE m.membership = 'join'
               AND m.user_id <> $1
               AND (strpos(folded(m.user_id), (SELECT folded($2))) > 0
                    OR strpos(folded(m.displayname), (SELECT folded($2))) > 0)
             ORDER BY m.user_id
             LIMIT $3
            """,
            user_id,
            term,
            limit,
        )
        return [Found(*row.values()) for row in rows]

    async def rooms_of_server(self, server: str) -> list[int]:
        """Rooms with a joined user of the server [1 trip]."""
        rows = await self._db.fetch(
            "SELECT DISTINCT room_nid FROM members WHERE server = $1 AND membership = 'join'", server
        )
        return [row["room_nid"] for row in rows]

    async def set_level(self, user_id: str, room_nid: int, level: int, since: int) -> None:
        """How a room counts for a user from room position `since` on: 0 by the rules, 1 mentions only, 2 muted."""
        await self._db.execute(
            """
            UPDATE members
               SET level = $3,
                   level_since = $4
             WHERE user_id = $1
               AND room_nid = $2
            """,
            user_id,
            room_nid,
            level,
            since,
        )
