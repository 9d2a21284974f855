"""Sign-ins by number that wait: for a device that approves, or for the end of a recovery's week."""

from typing import Final, Literal, NamedTuple

from homeserver.storage.database import Database

REST_MS: Final = 24 * 3600 * 1000
"""After a recovery was stopped no other begins for so long."""

State = Literal["waiting", "approved", "refused"]
News = Literal["planned", "opened"]


class SignInRequest(NamedTuple):
    """Somebody with a code who waits. `number`: two digits shown there. Times in ms."""

    request_id: str
    sid: str
    user_id: str
    number: str
    state: State
    ip: str
    user_agent: str
    created_ts: int
    expires_ts: int


class Recovery(NamedTuple):
    """The number alone opens the account once, from `due_ts` on. Times in ms."""

    user_id: str
    ip: str
    user_agent: str
    created_ts: int
    due_ts: int


class RecoveryNews(NamedTuple):
    """What a user has to be told; whoever claimed it has until `claimed_until_ts`."""

    user_id: str
    kind: News
    claimed_until_ts: int


_REQUEST = ", ".join(SignInRequest._fields)
_RECOVERY = ", ".join(Recovery._fields)


class SignIns:
    """Requests by session of the code, recoveries by account, and what is to be told of these."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def ask(self, new: SignInRequest) -> SignInRequest:
        """Note a request; the one of its session that was there first [1 trip]."""
        row = await self._db.write_row(
            f"""
            INSERT INTO sign_in_requests AS r ({_REQUEST})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (sid) DO UPDATE
               SET sid = r.sid
            RETURNING {_REQUEST}
            """,  # noqa: S608 - column names of our own
            *new,
        )
        assert row is not None
        return SignInRequest(*row.values())

    async def of_sid(self, sid: str) -> SignInRequest | None:
        """The request of a session [1 trip]."""
        row = await self._db.fetchrow(
            f"SELECT {_REQUEST} FROM sign_in_requests WHERE sid = $1",  # noqa: S608 - column names of our own
            sid,
        )
        return SignInRequest(*row.values()) if row is not None else None

    async def waiting(self, user_id: str, now_ms: int) -> list[SignInRequest]:
        """The requests that an account's devices may answer, the oldest first [1 trip]."""
        rows = await self._db.fetch(
            f"""
            SELECT {_REQUEST}
              FROM sign_in_requests
             WHERE user_id = $1
               AND state = 'waiting'
               AND expires_ts > $2
             ORDER BY created_ts
            """,  # noqa: S608 - column names of our own
            user_id,
            now_ms,
        )
        return [SignInRequest(*row.values()) for row in rows]

    async def answer(self, user_id: str, request_id: str, number: str | None, now_ms: int) -> SignInRequest | None:
        """Approve a waiting request by its number, refuse it by any other; as it is then [1 trip]."""
        row = await self._db.write_row(
            f"""
            UPDATE sign_in_requests
               SET state = CASE WHEN number = $3 THEN 'approved' ELSE 'refused' END
             WHERE request_id = $2
               AND user_id = $1
               AND state = 'waiting'
               AND expires_ts > $4
            RETURNING {_REQUEST}
            """,  # noqa: S608 - column names of our own
            user_id,
            request_id,
            number,
            now_ms,
        )
        return SignInRequest(*row.values()) if row is not None else None

    async def plan_recovery(self, new: Recovery) -> bool:
        """Note a recovery, and that it is to be told; False where one waits already, or was stopped lately [1 trip]."""
        touched = await self._db.execute(
            f"""
            WITH planned AS (
              INSERT INTO recoveries AS r ({_RECOVERY})
              VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT (user_id) DO UPDATE
                 SET ip = excluded.ip,
                     user_agent = excluded.user_agent,
                     created_ts = excluded.created_ts,
                     due_ts = excluded.due_ts,
                     stopped_ts = NULL
               WHERE r.stopped_ts < excluded.created_ts - {REST_MS}
              RETURNING user_id)
            INSERT INTO recovery_news (user_id, kind)
            SELECT user_id, 'planned' FROM planned
                ON CONFLICT (user_id, kind) DO UPDATE
               SET claimed_until_ts = 0
            """,  # noqa: S608 - column names and a number of our own
            *new,
        )
        return touched > 0

    async def recovery(self, user_id: str) -> Recovery | None:
        """The recovery of an account that was not stopped [1 trip]."""
        row = await self._db.fetchrow(
            f"""
            SELECT {_RECOVERY}
              FROM recoveries
             WHERE user_id = $1
               AND stopped_ts IS NULL
            """,  # noqa: S608 - column names of our own
            user_id,
        )
        return Recovery(*row.values()) if row is not None else None

    async def stop_recovery(self, user_id: str, now_ms: int) -> bool:
        """Say no to a recovery; False where none waits [1 trip]."""
        touched = await self._db.execute(
            "UPDATE recoveries SET stopped_ts = $2 WHERE user_id = $1 AND stopped_ts IS NULL", user_id, now_ms
        )
        return touched > 0

    async def drop_recovery(self, user_id: str) -> bool:
        """End a recovery that is not needed any more; False where none waits [1 trip]."""
        touched = await self._db.execute("DELETE FROM recoveries WHERE user_id = $1 AND stopped_ts IS NULL", user_id)
        return touched > 0

    async def use_recovery(self, user_id: str) -> bool:
        """End a recovery that opens the account, and note that it is to be told; False where none waits [1 trip]."""
        touched = await self._db.execute(
            """
            WITH used AS (
              DELETE FROM recoveries
               WHERE user_id = $1
                 AND stopped_ts IS NULL
              RETURNING user_id)
            INSERT INTO recovery_news (user_id, kind)
            SELECT user_id, 'opened' FROM used
                ON CONFLICT (user_id, kind) DO UPDATE
               SET claimed_until_ts = 0
            """,
            user_id,
        )
        return touched > 0

    async def claim_news(self, now_ms: int, until_ms: int) -> RecoveryNews | None:
        """Something that nobody is telling, for this caller alone until `until_ms` [1 trip]."""
        row = await self._db.write_row(
            """
            UPDATE recovery_news n
               SET claimed_until_ts = $2
              FROM (SELECT user_id, kind
                      FROM recovery_news
                     WHERE claimed_until_ts < $1
                     LIMIT 1
                       FOR UPDATE SKIP LOCKED) AS free
             WHERE n.user_id = free.user_id
               AND n.kind = free.kind
            RETURNING n.user_id, n.kind, n.claimed_until_ts
            """,
            now_ms,
            until_ms,
        )
        return RecoveryNews(*row.values()) if row is not None else None

    async def told(self, news: RecoveryNews) -> None:
        """Drop what was told, unless it happened again meanwhile [1 trip]."""
        await self._db.execute(
            "DELETE FROM recovery_news WHERE user_id = $1 AND kind = $2 AND claimed_until_ts = $3", *news
        )

    async def prune(self, now_ms: int, late_ms: int) -> list[str]:
        """Delete requests that are over and recoveries that nobody used for `late_ms`; whose they were [1 trip]."""
        rows = await self._db.write_rows(
            """
            WITH requests AS (
              DELETE FROM sign_in_requests
               WHERE expires_ts <= $1
              RETURNING user_id),
            late AS (
              DELETE FROM recoveries
               WHERE due_ts <= $2
              RETURNING user_id)
            SELECT user_id FROM requests
             UNION
            SELECT user_id FROM late
            """,
            now_ms,
            now_ms - late_ms,
        )
        return [row["user_id"] for row in rows]
