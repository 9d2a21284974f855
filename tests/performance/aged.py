"""The seeded databases of `./run bench --aged`, kept between runs: one cluster with a young and an old template.

They lie in the user's cache folder under a digest of what they are made by: with another migration they are made anew.
"""

import os
import shutil
import sys
import time
from hashlib import sha256
from pathlib import Path

import asyncpg
import msgspec

from homeserver.storage.embedded import EmbeddedPostgres
from homeserver.storage.migrate import migrations
from tests.performance import seed, seed_rooms
from tests.performance.seed import OLD, YOUNG, Seeded, Size

SIZES = {"young": YOUNG, "old": OLD}
SEEDING = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "full_page_writes": "off",
    "max_connections": "60",
}


async def prepared() -> tuple[Path, dict[str, Seeded]]:
    """The folder of the cluster, and what is in the templates `young` and `old`; made if they are not there."""
    home = _cache()
    folder = home / _digest()
    known = folder / "seeded.json"
    if not known.exists():
        shutil.rmtree(home, ignore_errors=True)
        folder.mkdir(parents=True)
        known.write_bytes(msgspec.json.encode(await _make(folder / "postgres")))
    return folder / "postgres", msgspec.json.decode(known.read_bytes(), type=dict[str, Seeded])


async def drop_left_over(postgres: EmbeddedPostgres) -> None:
    """Drop what a bench that was ended left behind."""
    admin = await asyncpg.connect(postgres.dsn("postgres", "postgres"))
    for row in await admin.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'bench_%'"):
        await admin.execute(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)')
    await admin.close()


async def _make(folder: Path) -> dict[str, Seeded]:
    """Seed the templates. Nothing here must survive a crash: it would be made again."""
    postgres = EmbeddedPostgres(folder, fsync=False, settings=SEEDING)
    await postgres.start()
    try:
        return {name: await _template(postgres, name, size) for name, size in SIZES.items()}
    finally:
        await postgres.stop()


async def _template(postgres: EmbeddedPostgres, name: str, size: Size) -> Seeded:
    print(f"seeding {size.events:,} events in {size.rooms:,} rooms ...", flush=True)
    began = time.perf_counter()
    admin = await asyncpg.connect(postgres.dsn("postgres", "postgres"))
    await admin.execute(f"CREATE DATABASE {name} OWNER hearth TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'")
    seeded = await seed.seed(postgres.dsn(name), size, workers=os.cpu_count() or 1)
    megabytes = await admin.fetchval("SELECT pg_database_size($1) >> 20", name)
    await admin.close()
    print(f"  {time.perf_counter() - began:.0f} s, {megabytes} MB", flush=True)
    return seeded


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "hearth" / "bench"


def _digest() -> str:
    """Of everything the templates depend on."""
    parts = [migration.checksum for migration in migrations()]
    parts += [Path(str(module.__file__)).read_bytes() for module in (seed, seed_rooms)]
    parts.append(sys.version.encode())
    return sha256(b"\0".join(parts)).hexdigest()[:16]
