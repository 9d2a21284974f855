"""Reading the stream: the rows after a position, for a process that missed a notice or a client that was away.

The head comes from the counter in the same statement, never from the largest row. All kinds share the columns of one
union: numbers `n`, texts `t`, bytes `b`, arrays `a`, booleans `f`; each kind has a SELECT and a function that reads it.
Mentions, gaps, staging, inbound transactions and withdrawals are not read back: nobody caches them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from homeserver.storage.change_records import rows_of
from homeserver.storage.database import Database
from homeserver.storage.rows import Row


class Changes(NamedTuple):
    """`head`: the newest position of the snapshot. `complete`: `rows` reach up to it."""

    head: int
    rows: list[Row]
    complete: bool


_NUMBERS = 12
_TEXTS = 8


def _branch(kind: str, tables: str, columns: Mapping[str, str]) -> str:
    """One SELECT of the union. `columns`: slot -> expression; slots not named are NULL."""
    slots = [f"'{kind}'", columns["position"]]
    slots += [f"({columns.get(f'n{i}', 'NULL')})::int8" for i in range(1, _NUMBERS + 1)]
    slots += [f"({columns.get(f't{i}', 'NULL')})::text" for i in range(1, _TEXTS + 1)]
    slots += [f"({columns.get(f'b{i}', 'NULL')})::bytea" for i in (1, 2)]
    slots += [f"({columns.get(f'a{i}', 'NULL')})::int8[]" for i in (1, 2)]
    slots += [f"({columns.get(f'f{i}', 'NULL')})::bool" for i in (1, 2)]
    return f"SELECT {', '.join(slots)} FROM {tables}"  # noqa: S608 - constants of this module


NAMES = ", ".join(
    [
        "kind",
        "position",
        *(f"n{i}" for i in range(1, _NUMBERS + 1)),
        *(f"t{i}" for i in range(1, _TEXTS + 1)),
        "b1, b2, a1, a2, f1, f2",
    ]
)

EVENT = _branch(
    "event",
    "{source} JOIN rooms r ON r.room_nid = e.room_nid LEFT JOIN state_keys k ON k.state_key_nid = e.state_key_nid",
    {
        "position": "e.position",
        "n1": "e.event_nid",
        "n2": "e.room_nid",
        "n3": "e.room_position",
        "n4": "e.chain_id",
        "n5": "e.sequence",
        "n6": "e.head_chain_id",
        "n7": "e.delta_sequence",
        "n8": "e.head_version",
        "n9": "e.ts",
        "n10": "e.depth",
        "n11": "e.state_key_nid",
        "n12": "e.flags",
        "t1": "e.event_id",
        "t2": "r.room_id",
        "t3": "e.type",
        "t4": "k.state_key",
        "t5": "e.sender",
        "t6": "e.thread_id",
        "t7": "e.redacted_by",
        "b1": "e.body",
        "b2": "e.envelope",
        "a1": "e.auth_nids",
        "a2": "e.prev_nids",
    },
)
MEMBER = _branch(
    "member",
    "{source} JOIN members m ON m.room_nid = x.room_nid AND m.user_id = x.user_id"
    " JOIN rooms r ON r.room_nid = m.room_nid",
    {
        "position": "x.position",
        "n1": "m.room_nid",
        "n2": "m.event_nid",
        "n3": "m.room_position",
        "t1": "r.room_id",
        "t2": "m.user_id",
        "t3": "m.server",
        "t4": "m.membership",
        "t5": "m.event_id",
        "t6": "m.sender",
        "t7": "m.displayname",
        "t8": "m.avatar_url",
        "b1": "m.stripped_state",
        "f1": "m.forgotten",
    },
)
STATE = _branch(
    "state",
    "{source} JOIN state_chains c ON c.chain_id = d.chain_id JOIN rooms r ON r.room_nid = c.room_nid"
    " JOIN state_keys k ON k.state_key_nid = d.state_key_nid LEFT JOIN events e ON e.event_nid = d.event_nid",
    {
        "position": "d.position",
        "n1": "c.room_nid",
        "n2": "d.chain_id",
        "n3": "d.sequence",
        "n4": "d.state_key_nid",
        "n5": "d.event_nid",
        "n6": "d.head_version",
        "t1": "r.room_id",
        "t2": "k.type",
        "t3": "k.state_key",
        "t4": "e.event_id",
        "b1": "e.body",
    },
)
RECEIPT = _branch(
    "receipt",
    "{source}",
    {
        "position": "p.position",
        "n1": "p.room_nid",
        "n2": "p.event_nid",
        "n3": "p.room_position",
        "n4": "p.ts",
        "t1": "p.room_id",
        "t2": "p.user_id",
        "t3": "p.type",
        "t4": "p.thread",
        "t5": "p.event_id",
    },
)
ACCOUNT_DATA = _branch(
    "account_data",
    "{source}",
    {"position": "a.position", "t1": "a.user_id", "t2": "a.room_id", "t3": "a.type", "b1": "a.content"},
)
TO_DEVICE = _branch(
    "to_device",
    "{source}",
    {
        "position": "i.position",
        "n1": "i.device_nid",
        "t1": "i.user_id",
        "t2": "i.device_id",
        "t3": "i.message_id",
        "b1": "i.content",
    },
)
DEVICE_CHANGE = _branch(
    "device_change",
    "{source}",
    {
        "position": "v.position",
        "t1": "v.user_id",
        "t2": "v.device_id",
        "t3": "v.observer",
        "a1": "v.room_nids",
        "f1": "v.deleted",
    },
)
REVOCATION = _branch(
    "revocation",
    "{source}",
    {"position": "o.position", "n1": "o.session_nid", "t1": "o.user_id", "t2": "o.kind", "t3": "o.device_id"},
)
OUTBOUND_EDU = _branch(
    "outbound_edu",
    "{source}",
    {"position": "q.position", "t1": "q.server", "t2": "q.edu_type", "t3": "q.key", "b1": "q.content"},
)
DIRECTORY = _branch(
    "directory",
    "{source}",
    {"position": "y.position", "n1": "y.room_nid", "t1": "y.alias", "t2": "y.room_id", "f1": "y.is_public"},
)
PARTIAL = _branch(
    "partial",
    "{source} JOIN rooms r ON r.room_nid = j.room_nid",
    {
        "position": "j.position",
        "n1": "j.room_nid",
        "t1": "r.room_id",
        "t2": "j.event_id",
        "t3": "j.via",
        "t4": "j.servers",
        "f1": "NOT j.is_whole",
    },
)
PURGED = _branch("purged", "{source}", {"position": "z.position", "n1": "z.room_nid", "t1": "z.room_id"})

_SOURCES = (
    (EVENT, "events", "e"),
    (MEMBER, "member_changes", "x"),
    (STATE, "state_deltas", "d"),
    (RECEIPT, "receipts", "p"),
    (ACCOUNT_DATA, "account_data", "a"),
    (TO_DEVICE, "to_device", "i"),
    (DEVICE_CHANGE, "device_changes", "v"),
    (REVOCATION, "revocations", "o"),
    (OUTBOUND_EDU, "outbound_edus", "q"),
    (DIRECTORY, "directory_changes", "y"),
    (PURGED, "room_purges", "z"),
    (PARTIAL, "partial_joins", "j"),
)


def _everything() -> str:
    branches = []
    for text, table, alias in _SOURCES:
        newest = (
            f"(SELECT * FROM {table} WHERE position > $1 AND position <= (SELECT head FROM s)"  # noqa: S608 - constants
            f" ORDER BY position LIMIT $2) {alias}"
        )
        branches.append(text.replace("{source}", newest))
    union = "\nUNION ALL\n".join(branches)
    return (
        "WITH s AS MATERIALIZED (SELECT max(position) AS head FROM stream)\n"  # noqa: S608 - constants of this module
        f"SELECT s.head, c.* FROM s LEFT JOIN (SELECT * FROM ({union}) AS u({NAMES})"
        " ORDER BY position LIMIT $2) c ON true"
    )


EVERYTHING = _everything()


async def read(database: Database, after: int, limit: int) -> Changes:
    """Every row after a position, oldest first, at most `limit` [1 trip]."""
    found = await database.fetch(EVERYTHING, after, limit)
    head: int = found[0]["head"]
    rows = rows_of(found)
    return Changes(head, rows, complete=len(rows) < limit)


class Missed(NamedTuple):
    """What one client missed, oldest first, as the database was when the stream stood at `head`."""

    head: int
    rows: list[Row]


async def of_user(database: Database, *, user_id: str, device_nid: int, after: int, upto: int, timeline: int) -> Missed:
    """What one client needs to go on from a token older than the ring [1 trip].

    Of each room that the user is joined to, or had to do with in `(after, upto]`: the newest `timeline` events, all
    that changed its state, receipts; the user's account data, memberships and inbox; changes of devices of the user and
    of others in the rooms.
    """
    found = await database.fetch(_OF_USER, user_id, device_nid, after, upto, timeline)
    return Missed(found[0]["head"], rows_of(found))


_ROOMS = """
WITH s AS MATERIALIZED (
  SELECT max(position) AS head
    FROM stream),
w AS MATERIALIZED (
  SELECT room_nid AS nid
    FROM members
   WHERE user_id = $1
     AND NOT forgotten
     AND (membership = 'join' OR position > $3))"""
_EVENTS_IN_ROOM = """w
 CROSS JOIN LATERAL (
       SELECT e.*
         FROM events e
        WHERE e.room_nid = w.nid
          AND e.position > $3
          AND e.position <= $4
          AND e.flags & 7 = 0
        ORDER BY e.position DESC
        {cut} $5) e"""
_CHANGED_MEMBERSHIPS = """(
       SELECT c.*
         FROM members n
         JOIN member_changes c ON c.position = n.position
        WHERE n.user_id = $1
          AND n.position > $3
          AND n.position <= $4) x"""
_RECEIPTS_OF_ROOMS = """w
 CROSS JOIN LATERAL (
       SELECT *
         FROM receipts g
        WHERE g.room_nid = w.nid
          AND g.position > $3
          AND g.position <= $4) p"""
_CHANGED_DEVICES = """(
       SELECT *
         FROM device_changes
        WHERE position > $3
          AND position <= $4
          AND (room_nids && ARRAY(SELECT nid FROM w) OR user_id = $1 OR observer = $1)) v"""
_OF_USER_SOURCES = (
    (EVENT, _EVENTS_IN_ROOM.replace("{cut}", "LIMIT")),
    (EVENT, _EVENTS_IN_ROOM.replace("{cut}", "OFFSET")),
    (MEMBER, _CHANGED_MEMBERSHIPS),
    (STATE, "(SELECT * FROM state_deltas WHERE position > $3 AND position <= $4) d"),
    (RECEIPT, _RECEIPTS_OF_ROOMS),
    (ACCOUNT_DATA, "(SELECT * FROM account_data WHERE user_id = $1 AND position > $3 AND position <= $4) a"),
    (TO_DEVICE, "(SELECT * FROM to_device WHERE device_nid = $2 AND position > $3 AND position <= $4) i"),
    (DEVICE_CHANGE, _CHANGED_DEVICES),
)
_STATE_ONLY = " WHERE e.state_key_nid IS NOT NULL"


def _for_user() -> str:
    branches = []
    for number, (text, source) in enumerate(_OF_USER_SOURCES):
        branch = text.replace("{source}", source)
        if text is STATE:
            branch += " WHERE c.room_nid IN (SELECT nid FROM w)"
        branches.append(branch + (_STATE_ONLY if number == 1 else ""))
    union = "\nUNION ALL\n".join(branches)
    return (
        f"{_ROOMS}\nSELECT s.head, c.* FROM s LEFT JOIN (SELECT * FROM ({union}) AS u({NAMES})) c ON true"  # noqa: S608 - constants
        " ORDER BY c.position"
    )


_OF_USER = _for_user()
