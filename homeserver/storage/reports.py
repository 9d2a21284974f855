"""Reports of events, rooms and users. Spec: Client-Server API, Reporting Content."""

from typing import NamedTuple

from homeserver.storage.database import Database


class NewReport(NamedTuple):
    """What is reported: an event (`room_id`, `event_id`, and `user_id`, its sender), a room or a user."""

    reporter: str
    room_id: str | None = None
    event_id: str | None = None
    user_id: str | None = None
    reason: str | None = None
    score: int | None = None


class Report(NamedTuple):
    """A report as it is kept. `received_ts` in ms."""

    report_id: int
    reporter: str
    room_id: str | None
    event_id: str | None
    user_id: str | None
    reason: str | None
    score: int | None
    received_ts: int


_COLUMNS = "report_id, reporter, room_id, event_id, user_id, reason, score, received_ts"


class Reports:
    """Reports, until an admin deletes them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, report: NewReport, now_ms: int) -> None:
        """Keep a report [1 trip]."""
        await self._db.execute(
            """
            INSERT INTO event_reports (reporter, room_id, event_id, user_id, reason, score, received_ts)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            *report,
            now_ms,
        )

    async def page(
        self, start: int, limit: int, *, reporter: str | None, room_id: str | None, user_id: str | None, newest: bool
    ) -> tuple[list[Report], int]:
        """Reports of events and how many there are in all; ids and names are looked for as parts [2 trips]."""
        wanted = (reporter, room_id, user_id)
        condition = """
             WHERE event_id IS NOT NULL
               AND ($1::text IS NULL OR strpos(reporter, $1) > 0)
               AND ($2::text IS NULL OR strpos(room_id, $2) > 0)
               AND ($3::text IS NULL OR strpos(user_id, $3) > 0)"""
        order = "DESC" if newest else "ASC"
        rows = await self._db.fetch(
            f"SELECT {_COLUMNS} FROM event_reports{condition} ORDER BY report_id {order} OFFSET $4 LIMIT $5",  # noqa: S608 - constants
            *wanted,
            start,
            limit,
        )
        total = await self._db.fetchval(f"SELECT count(*) FROM event_reports{condition}", *wanted)  # noqa: S608 - constants
        return [Report(*row.values()) for row in rows], total

    async def read(self, report_id: int) -> Report | None:
        """One report [1 trip]."""
        row = await self._db.fetchrow(f"SELECT {_COLUMNS} FROM event_reports WHERE report_id = $1", report_id)  # noqa: S608 - constants
        return Report(*row.values()) if row is not None else None

    async def delete(self, report_id: int) -> bool:
        """Remove a report; False when there is none [1 trip]."""
        return await self._db.execute("DELETE FROM event_reports WHERE report_id = $1", report_id) > 0
