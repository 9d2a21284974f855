"""Every text message that was paid for, or may have been: what the spend guard counts. Rows are kept for two days."""

from collections.abc import Callable
from typing import NamedTuple

from homeserver.storage.database import Database

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
KEPT_MS = 2 * DAY_MS
SETTLED_MS = 10 * 60 * 1000
"""A code that was not given back by then was not asked for by the owner of the phone."""
_TURN = 7_342_160  # of the advisory lock: a number that no other lock has


class Send(NamedTuple):
    """A message to be sent. The indexes are blind; `address` and `device`: where it was asked for.

    `invite`: it holds no code but an invitation; `device` is then who invites.
    """

    number_index: bytes
    prefix_index: bytes
    country: str
    address: str
    device: bytes
    sent_ts: int
    invite: bool = False


class Counts(NamedTuple):
    """What was sent before, by what and since when. `number_last_ts`: of the last code to the number.

    Invitations count in `hour`, `day`, `prefix_hour` and, alone, in `invite_*` and `invites_*`, of a day but for the
    hour's; everything else is of codes. `number_open`: since the number last gave a code back, within a day.
    `*_settled`: of the last day, completed or old enough (ten minutes) to count as never completed.
    """

    hour: int
    day: int
    number_last_ts: int | None
    number_10_min: int
    number_day: int
    number_open: int
    address_hour: int
    device_day: int
    prefix_hour: int
    prefix_settled: int
    prefix_completed: int
    country_settled: int
    country_completed: int
    invite_number: int
    invite_sender: int
    invites_hour: int
    invites_day: int


class CountryCounts(NamedTuple):
    """Codes of a day that went to a country. `settled`, `completed`: as in `Counts`."""

    country: str
    sent: int
    settled: int
    completed: int


_SETTLED = f"NOT s.invite AND (s.completed_ts IS NOT NULL OR s.sent_ts < $6::bigint - {SETTLED_MS})"
_OF_NUMBER = "NOT s.invite AND s.number_index = $1"
_COUNTS = f"""
SELECT count(*) FILTER (WHERE s.sent_ts > $6::bigint - {HOUR_MS}),
       count(*),
       max(s.sent_ts) FILTER (WHERE {_OF_NUMBER}),
       count(*) FILTER (WHERE {_OF_NUMBER} AND s.sent_ts > $6::bigint - {SETTLED_MS}),
       count(*) FILTER (WHERE {_OF_NUMBER}),
       count(*) FILTER (WHERE {_OF_NUMBER} AND s.sent_ts > coalesce(
           (SELECT max(c.completed_ts) FROM sms_sends c WHERE c.number_index = $1), 0)),
       count(*) FILTER (WHERE NOT s.invite AND s.address = $4 AND s.sent_ts > $6::bigint - {HOUR_MS}),
       count(*) FILTER (WHERE NOT s.invite AND s.device = $5),
       count(*) FILTER (WHERE s.prefix_index = $2 AND s.sent_ts > $6::bigint - {HOUR_MS}),
       count(*) FILTER (WHERE s.prefix_index = $2 AND {_SETTLED}),
       count(s.completed_ts) FILTER (WHERE s.prefix_index = $2),
       count(*) FILTER (WHERE s.country = $3 AND {_SETTLED}),
       count(s.completed_ts) FILTER (WHERE s.country = $3),
       count(*) FILTER (WHERE s.invite AND s.number_index = $1),
       count(*) FILTER (WHERE s.invite AND s.device = $5),
       count(*) FILTER (WHERE s.invite AND s.sent_ts > $6::bigint - {HOUR_MS}),
       count(*) FILTER (WHERE s.invite)
  FROM sms_sends s
 WHERE s.sent_ts > $6::bigint - {DAY_MS}
"""  # noqa: S608 - numbers of our own


class SmsSends:
    """Notes messages one by one: two at the same moment would both see room for one."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def note(self, send: Send, check: Callable[[Counts], None]) -> int:
        """Note a message unless `check` of the counts raises; its nid [1 write]. What `check` raises is raised."""
        async with self._db.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _TURN)
            row = await connection.fetchrow(_COUNTS, *send[:6])
            assert row is not None
            check(Counts(*row.values()))
            nid: int = await connection.fetchval(
                """
                INSERT INTO sms_sends (number_index, prefix_index, country, address, device, sent_ts, invite)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                RETURNING send_nid
                """,
                *send,
            )
            return nid

    async def forget(self, nid: int) -> None:
        """The message was not sent, for certain [1 trip]."""
        await self._db.execute("DELETE FROM sms_sends WHERE send_nid = $1", nid)

    async def complete(self, number_index: bytes, now_ms: int) -> None:
        """A code was given back: the last message to the number was of use [1 trip]."""
        await self._db.execute(
            """
            UPDATE sms_sends
               SET completed_ts = $2
             WHERE send_nid = (
                   SELECT max(send_nid)
                     FROM sms_sends
                    WHERE number_index = $1
                      AND NOT invite)
               AND completed_ts IS NULL
            """,
            number_index,
            now_ms,
        )

    async def spent(self, now_ms: int) -> tuple[int, int]:
        """How many were sent in the last hour and day [1 trip]."""
        row = await self._db.fetchrow(
            f"""
            SELECT count(*) FILTER (WHERE sent_ts > $1::bigint - {HOUR_MS}), count(*)
              FROM sms_sends
             WHERE sent_ts > $1::bigint - {DAY_MS}
            """,  # noqa: S608 - numbers of our own
            now_ms,
        )
        assert row is not None
        hour, day = row.values()
        return hour, day

    async def by_country(self, now_ms: int) -> list[CountryCounts]:
        """Codes of the last day by country, most first [1 trip]."""
        rows = await self._db.fetch(
            f"""
            SELECT country,
                   count(*) AS sent,
                   count(*) FILTER (WHERE completed_ts IS NOT NULL OR sent_ts < $1::bigint - {SETTLED_MS}) AS settled,
                   count(completed_ts) AS completed
              FROM sms_sends
             WHERE sent_ts > $1::bigint - {DAY_MS}
               AND NOT invite
             GROUP BY country
             ORDER BY sent DESC, country
            """,  # noqa: S608 - numbers of our own
            now_ms,
        )
        return [CountryCounts(*row.values()) for row in rows]

    async def prune(self, now_ms: int) -> int:
        """Delete what no count asks for any more; how many [1 trip]."""
        return await self._db.execute("DELETE FROM sms_sends WHERE sent_ts < $1", now_ms - KEPT_MS)
