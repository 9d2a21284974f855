"""Apply the numbered migrations, once each, under an advisory lock.

A released file is never edited: its checksum is kept, and a difference is refused. Not for long rewrites: those are
`jobs.py`.
"""

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

import asyncpg

from homeserver.storage.database import translated
from homeserver.storage.errors import DatabaseUnusable

ADVISORY_LOCK = 0x6865617274680001  # any number that is ours


class Migration(NamedTuple):
    """One file: `number` and `name` from its file name, its SQL."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()


def migrations() -> list[Migration]:
    """All migrations of this release, in order."""
    files = resources.files("homeserver.storage").joinpath("migrations")
    found = []
    for file in files.iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found)


async def migrate(dsn: str, known: Sequence[Migration] | None = None) -> int:
    """Bring the database to this release; the number of migrations applied.

    Raises DatabaseUnusable when it belongs to a newer release or a migration was changed, DatabaseDown, DatabaseFull.
    """
    wanted = list(known) if known is not None else migrations()
    with translated():
        connection = await asyncpg.connect(dsn, timeout=10, server_settings={"application_name": "hearth-migrate"})
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
            await connection.execute(
                """
                CREATE TABLE IF NOT EXISTS migrations (
                  number integer PRIMARY KEY,
                  name text NOT NULL,
                  checksum bytea NOT NULL,
                  applied timestamptz NOT NULL DEFAULT now()
                )
                """
            )
            rows = await connection.fetch("SELECT number, name, checksum FROM migrations ORDER BY number")
            applied = {row["number"]: row["checksum"] for row in rows}
            _check(applied, wanted)
            due = [migration for migration in wanted if migration.number not in applied]
            for migration in due:
                async with connection.transaction():
                    await connection.execute("SET LOCAL lock_timeout = '5s'")
                    await connection.execute(migration.sql)
                    await connection.execute(
                        "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
                        migration.number,
                        migration.name,
                        migration.checksum,
                    )
            return len(due)
        finally:
            await connection.close(timeout=5)


def _check(applied: dict[int, bytes], wanted: Sequence[Migration]) -> None:
    by_number = {migration.number: migration for migration in wanted}
    for number, checksum in applied.items():
        migration = by_number.get(number)
        if migration is None:
            raise DatabaseUnusable(f"The database has migration {number}, unknown to this release: run a newer one.")
        if migration.checksum != checksum:
            raise DatabaseUnusable(
                f"Migration {number} ({migration.name}) differs from the one applied: install the release unchanged."
            )
