"""Room for PostgreSQL's log of changes, set aside while there is some: on a full disk only what is written fails then.

PostgreSQL writes that log in segments. When it has to begin one and the disk has no room for it, it ends as a whole,
and cannot start again until there is room; a segment that waits there already it just takes. At each checkpoint it
makes those it is done with wait for their next use, as many as `min_wal_size` says (80 MB unless it is set).
"""

import os
from pathlib import Path

import asyncpg

SEGMENTS = 4
"""So many are to wait, of 16 MB each."""
SPARE = 3
"""Nothing is set aside unless there is this many times as much room: to run into the end of the disk would be worse."""

_WAITING = """SELECT pg_size_bytes(current_setting('wal_segment_size')) AS size,
       (SELECT count(*) FROM pg_ls_waldir()
         WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn())) AS waiting"""


async def set_aside(superuser: asyncpg.Connection, folder: Path) -> None:
    """Have segments wait in the cluster at `folder`; it takes a part of a second, once."""
    row = await superuser.fetchrow(_WAITING)
    assert row is not None
    size, missing = row["size"], SEGMENTS - row["waiting"]
    disk = os.statvfs(folder)
    if missing <= 0 or disk.f_bavail * disk.f_frsize < SPARE * missing * size:
        return
    for _ in range(missing):
        # An empty segment is not ended.
        await superuser.execute("SELECT pg_logical_emit_message(false, 'hearth', '')")
        await superuser.execute("SELECT pg_switch_wal()")
    await superuser.execute("CHECKPOINT")
