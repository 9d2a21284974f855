"""Who finds whom by number. Numbers are blind indexes of the hashes by which they are asked for."""

from collections.abc import Collection, Sequence

from asyncpg.pool import PoolConnectionProxy

from homeserver.storage.database import Database

DAY_MS = 24 * 3600 * 1000
Numbers = Sequence[tuple[str, bytes]]
"""Numbers of one account: the address as in threepids, and the index of its hash."""

_INDEX = """
UPDATE threepids t
   SET lookup_index = n.lookup_index
  FROM unnest($2::text[], $3::bytea[]) AS n(address, lookup_index)
 WHERE t.user_id = $1
   AND t.medium = 'msisdn'
   AND t.address = n.address"""
_HIDE = (
    "UPDATE phone_accounts SET found = false WHERE user_id = $1",
    "UPDATE threepids SET lookup_index = NULL WHERE user_id = $1 AND lookup_index IS NOT NULL",
    "DELETE FROM contacts WHERE user_id = $1",
    "DELETE FROM found_contacts WHERE finder = $1",
)


class ContactLookups:
    """Contacts, and what was told of them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def set_found(self, user_id: str, numbers: Numbers) -> None:
        """Let the account be found by its numbers [2 statements]."""
        async with self._db.transaction() as connection:
            await connection.execute(
                """
                INSERT INTO phone_accounts (user_id, found)
                VALUES ($1, true)
                    ON CONFLICT (user_id) DO UPDATE
                   SET found = true
                """,
                user_id,
            )
            await connection.execute(_INDEX, user_id, *_columns(numbers))

    async def index_numbers(self, user_id: str, numbers: Numbers) -> None:
        """The same of new numbers of an account that is found already; of others nothing happens [1 trip]."""
        only_found = " AND EXISTS (SELECT FROM phone_accounts p WHERE p.user_id = $1 AND p.found)"
        await self._db.execute(_INDEX + only_found, user_id, *_columns(numbers))

    async def set_hidden(self, user_id: str) -> None:
        """Let nobody find the account, and forget whom it knows and found [4 statements]."""
        async with self._db.transaction() as connection:
            for sql in _HIDE:
                await connection.execute(sql, user_id)

    async def forget_contacts(self, user_id: str) -> None:
        """Forget whom the account knows [1 trip]."""
        await self._db.execute("DELETE FROM contacts WHERE user_id = $1", user_id)

    async def own_indexes(self, user_id: str) -> list[bytes] | None:
        """By what the account is found; None where it is not [1 trip]."""
        row = await self._db.fetchrow(
            """
            SELECT p.found,
                   (SELECT array_agg(t.lookup_index)
                      FROM threepids t
                     WHERE t.user_id = p.user_id
                       AND t.lookup_index IS NOT NULL)
              FROM phone_accounts p
             WHERE p.user_id = $1
            """,
            user_id,
        )
        found, indexes = row.values() if row is not None else (False, None)
        return list(indexes or ()) if found else None

    async def keep_contacts(self, user_id: str, indexes: Collection[bytes], at_most: int) -> bool:
        """Note whom the account knows; False, and nothing is noted, where that would be too many [1 write]."""
        async with self._db.transaction() as connection:
            await _in_turn(connection, user_id)
            would_be: int = await connection.fetchval(
                """
                SELECT count(*)
                  FROM (SELECT lookup_index
                          FROM contacts
                         WHERE user_id = $1
                         UNION
                        SELECT unnest($2::bytea[])) AS known
                """,
                user_id,
                list(indexes),
            )
            if would_be > at_most:
                return False
            await connection.execute(
                """
                INSERT INTO contacts (user_id, lookup_index)
                SELECT $1, one
                  FROM unnest($2::bytea[]) AS one
                    ON CONFLICT DO NOTHING
                """,
                user_id,
                list(indexes),
            )
        return True

    async def mutual(self, finder: str, own: Sequence[bytes], wanted: Sequence[bytes]) -> dict[bytes, str]:
        """Who has one of the wanted numbers, wants to be found and knows one of the finder's `own` [1 trip]."""
        rows = await self._db.fetch(
            """
            SELECT t.lookup_index, t.user_id
              FROM threepids t
              JOIN phone_accounts p ON p.user_id = t.user_id
                                   AND p.found
              JOIN users u ON u.user_id = t.user_id
                          AND NOT u.is_deactivated
                          AND NOT u.is_locked
             WHERE t.lookup_index = ANY($3::bytea[])
               AND t.user_id <> $1
               AND EXISTS (
                   SELECT
                     FROM contacts c
                    WHERE c.user_id = t.user_id
                      AND c.lookup_index = ANY($2::bytea[]))
            """,
            finder,
            list(own),
            list(wanted),
        )
        return {row["lookup_index"]: row["user_id"] for row in rows}

    async def admit(self, finder: str, indexes: Collection[bytes], now_ms: int, at_most: int) -> set[bytes]:
        """Those of the indexes that the finder may be told: known ones, and `at_most` new ones a day [1 write]."""
        async with self._db.transaction() as connection:
            await _in_turn(connection, finder)
            rows = await connection.fetch(
                "SELECT lookup_index FROM found_contacts WHERE finder = $1 AND lookup_index = ANY($2::bytea[])",
                finder,
                list(indexes),
            )
            known = {row["lookup_index"] for row in rows}
            told: int = await connection.fetchval(
                "SELECT count(*) FROM found_contacts WHERE finder = $1 AND found_ts > $2", finder, now_ms - DAY_MS
            )
            new = sorted(set(indexes) - known)[: max(0, at_most - told)]
            await connection.execute(
                """
                INSERT INTO found_contacts (finder, lookup_index, found_ts)
                SELECT $1, one, $3
                  FROM unnest($2::bytea[]) AS one
                """,
                finder,
                new,
                now_ms,
            )
        return known | set(new)

    async def told_to(self, server: str, now_ms: int) -> int:
        """How many numbers users of another server were told of within a day [1 trip]."""
        told: int = await self._db.fetchval(
            "SELECT count(*) FROM found_contacts WHERE found_ts > $2 AND right(finder, length($1) + 1) = ':' || $1",
            server,
            now_ms - DAY_MS,
        )
        return told


def _columns(numbers: Numbers) -> tuple[list[str], list[bytes]]:
    return [address for address, _ in numbers], [index for _, index in numbers]


async def _in_turn(connection: PoolConnectionProxy, user_id: str) -> None:
    """Have questions of one account pass one by one, or many at once would all see room for theirs."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", user_id)
