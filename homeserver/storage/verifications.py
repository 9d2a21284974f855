"""Sessions in which somebody proves that an address is theirs. Rows are kept for a day: they count failed tries.

Spec: Client-Server API, Adding Account Administrative Contact Information.
"""

from typing import NamedTuple

from homeserver.storage.database import Database

TRIES = 5
"""Of one code."""
FAILURES_A_DAY = 10
"""Of one address: a code of six digits is then guessed with a chance of one in 100,000 a day."""
DAY_MS = 24 * 3600 * 1000


class Verification(NamedTuple):
    """A session. `address` is sealed; `code` a digest, None where the provider keeps codes or nothing was sent."""

    sid: str
    medium: str
    address_index: bytes
    address: bytes
    purpose: str
    user_id: str
    secret: bytes
    send_attempt: int
    next_link: str | None
    code: bytes | None
    reference: str | None
    created_ts: int
    expires_ts: int
    validated_ts: int | None = None
    used_ts: int | None = None


_COLUMNS = ", ".join(Verification._fields)


class Verifications:
    """What a session is bound to never changes; only its code, its tries and its end do."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def begin(self, new: Verification) -> tuple[Verification, bool]:
        """The session of this press, and whether it is a new press: a message is then to be sent [1 trip, or 2].

        A press is (secret, address, purpose, account) with a higher `send_attempt`; asked again it is the same press.
        """
        row = await self._db.fetchrow(
            f"""
            INSERT INTO verifications AS v ({_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                ON CONFLICT (secret, address_index, purpose, user_id) DO UPDATE
               SET send_attempt = excluded.send_attempt,
                   code = excluded.code,
                   reference = NULL,
                   tries = 0,
                   expires_ts = excluded.expires_ts
             WHERE v.send_attempt < excluded.send_attempt
               AND v.validated_ts IS NULL
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - column names of our own
            *new,
        )
        if row is not None:
            return Verification(*row.values()), True
        row = await self._db.fetchrow(
            f"""
            SELECT {_COLUMNS}
              FROM verifications
             WHERE secret = $1
               AND address_index = $2
               AND purpose = $3
               AND user_id = $4
            """,  # noqa: S608 - column names of our own
            new.secret,
            new.address_index,
            new.purpose,
            new.user_id,
        )
        assert row is not None, "rows live for a day"
        return Verification(*row.values()), False

    async def sent(self, sid: str, reference: str) -> None:
        """Note what the provider calls the message [1 trip]."""
        await self._db.execute("UPDATE verifications SET reference = $2 WHERE sid = $1", sid, reference)

    async def unsent(self, sid: str) -> None:
        """Nothing was sent: the same press may be tried again [1 trip]."""
        await self._db.execute("UPDATE verifications SET send_attempt = send_attempt - 1 WHERE sid = $1", sid)

    async def take_try(self, sid: str, secret: bytes, now_ms: int) -> Verification | None:
        """Pay for one try of the code before it is compared; None where there is none left [1 write].

        It is counted as a failure until `validate` takes that back.
        """
        async with self._db.transaction() as connection:
            # Tries of one address pass one by one, or many at once would all see a count that is too low.
            await connection.execute(
                """
                SELECT pg_advisory_xact_lock(hashtextextended(encode(address_index, 'hex'), 0))
                  FROM verifications
                 WHERE sid = $1
                """,
                sid,
            )
            row = await connection.fetchrow(
                f"""
                UPDATE verifications v
                   SET tries = tries + 1,
                       failures = failures + 1
                 WHERE sid = $1
                   AND secret = $2
                   AND expires_ts > $3
                   AND tries < $4
                   AND validated_ts IS NULL
                   AND used_ts IS NULL
                   AND (SELECT sum(o.failures)
                          FROM verifications o
                         WHERE o.address_index = v.address_index
                           AND o.created_ts > $3::bigint - {DAY_MS}) < $5
                RETURNING {_COLUMNS}
                """,  # noqa: S608 - column names and a number of our own
                sid,
                secret,
                now_ms,
                TRIES,
                FAILURES_A_DAY,
            )
        return Verification(*row.values()) if row is not None else None

    async def validate(self, sid: str, now_ms: int) -> None:
        """The code was right; the try no longer counts as a failure [1 trip]."""
        await self._db.execute(
            """
            UPDATE verifications
               SET validated_ts = $2,
                   failures = failures - 1
             WHERE sid = $1
               AND validated_ts IS NULL
            """,
            sid,
            now_ms,
        )

    async def proven(self, sid: str, secret: bytes, now_ms: int) -> Verification | None:
        """A session whose code was given, not yet used and not too old [1 trip]."""
        row = await self._db.fetchrow(
            f"""
            SELECT {_COLUMNS}
              FROM verifications
             WHERE sid = $1
               AND secret = $2
               AND validated_ts IS NOT NULL
               AND used_ts IS NULL
               AND expires_ts > $3
            """,  # noqa: S608 - column names of our own
            sid,
            secret,
            now_ms,
        )
        return Verification(*row.values()) if row is not None else None

    async def use(self, sid: str, now_ms: int) -> bool:
        """Use a proof up; False when that was done before [1 trip]."""
        touched = await self._db.execute(
            """
            UPDATE verifications
               SET used_ts = $2
             WHERE sid = $1
               AND validated_ts IS NOT NULL
               AND used_ts IS NULL
            """,
            sid,
            now_ms,
        )
        return touched > 0

    async def prune(self, now_ms: int) -> int:
        """Delete what is older than a day; how many [1 trip]."""
        return await self._db.execute("DELETE FROM verifications WHERE created_ts < $1", now_ms - DAY_MS)
