"""`./run bench search`: how long a search takes among 100,000 messages and among 1,000,000, on the same server.

Words follow a law of Zipf, a tenth of the messages is Chinese. Asked are rare, middling and common words, parts of
words, two words, phrases and single signs, in one room and in all, newest first and best first. The messages go into
the tables directly, through the very functions that index; what is asked goes over HTTP.

With `--folder` the database stays there, and a later run goes on with it: `--only-fill N` makes N messages and ends, so
that a million can be made in several sittings.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import structlog

from homeserver.services.search.index import Placing, read_sources
from homeserver.storage.embedded import EmbeddedPostgres
from homeserver.storage.search import Era, Source
from tests.performance.measure import percentile
from tests.support.client import Server, User
from tests.support.running import running_app

ROOMS = 50
WORDS = 30_000
BLOCK = 20_000
FIRST_NID = 10**12
FIRST_TS = 1_600_000_000_000
STEP_MS = 60_000
MOST = 3.0
"""Times the p95 of the smaller number."""
SIGNS = [chr(code) for code in range(0x4E00, 0x4E00 + 2_500)]


class Vocabulary:
    """Made-up words, the first ones common, the last ones rare."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprst", "aeiou")]
        words = {"".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(3 * WORDS)}
        self.words = sorted(words)[:]
        rng.shuffle(self.words)
        del self.words[WORDS:]
        self._weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(self.words))))
        self._sign_weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(SIGNS))))

    def reseed(self, seed: int) -> None:
        """Make other messages of the same words."""
        self._rng.seed(seed)

    def text(self) -> str:
        """A message."""
        if self._rng.random() < 0.1:
            return "".join(self._rng.choices(SIGNS, cum_weights=self._sign_weights, k=self._rng.randint(4, 24)))
        return " ".join(self._rng.choices(self.words, cum_weights=self._weights, k=self._rng.randint(3, 16)))

    def questions(self) -> Iterator[tuple[str, str]]:
        """What people search for: kind and text."""
        words, rng = self.words, self._rng
        while True:
            yield "common", rng.choice(words[:30])
            yield "middling", rng.choice(words[500:3_000])
            yield "rare", rng.choice(words[len(words) // 2 :])
            yield "part", rng.choice(words[500:5_000])[1:]
            yield "two words", f"{rng.choice(words[:100])} {rng.choice(words[100:2_000])}"
            yield "phrase", f'"{rng.choice(words[:20])} {rng.choice(words[:20])}"'
            yield "sign", rng.choice(SIGNS[:500])
            yield "two signs", rng.choice(SIGNS[:200]) + rng.choice(SIGNS[:200])
            yield "two letters", rng.choice(words[:3_000])[:2]


class Filling:
    """Puts messages into the tables: every one a copy of a real message of its room, but for its text."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", vocabulary: Vocabulary) -> None:
        self._connection = connection
        self._vocabulary = vocabulary
        self.n = 0

    async def begin(self) -> None:
        """Go on with the messages that are there."""
        self.n = await self._connection.fetchval("SELECT count(*) FROM events WHERE event_nid >= $1", FIRST_NID)
        self._vocabulary.reseed(self.n)

    async def to(self, n: int, *, indexed: bool = True) -> None:
        """Have `n` messages. Not `indexed`: more will come."""
        index = await self._connection.fetchval("SELECT to_regclass('search_documents_grams')")
        if self.n >= n and index is not None:
            return
        await self._connection.execute("DROP INDEX IF EXISTS search_documents_grams")
        while self.n < n:
            await self._block(min(BLOCK, n - self.n))
        if not indexed:
            return
        await self._connection.execute("SET maintenance_work_mem = '512MB'")
        await self._connection.execute(
            "CREATE INDEX search_documents_grams ON search_documents USING gin (grams) WITH (fastupdate = on)"
        )
        await self._connection.execute("ANALYZE")

    async def _block(self, n: int) -> None:
        rows = await self._connection.fetch(
            "SELECT * FROM events WHERE type = 'm.room.message' AND position IS NOT NULL ORDER BY room_nid"
        )
        rooms = [dict(row) for row in rows]
        eras = await self._connection.fetch("SELECT room_nid, era, first_ts, last_ts, documents FROM search_eras")
        sources, events = [], []
        for number in range(self.n, self.n + n):
            like = rooms[number % len(rooms)]
            nid = FIRST_NID + number
            event_id, ts = f"$bench{number}", FIRST_TS + number * STEP_MS
            body = orjson.loads(like["body"])
            body |= {"event_id": event_id, "origin_server_ts": ts}
            body["content"] = {"msgtype": "m.text", "body": self._vocabulary.text()}
            text = orjson.dumps(body)
            sources.append(
                Source(nid, event_id, like["room_nid"], 0, like["type"], like["sender"], ts, text, is_encrypted=False)
            )
            changed = {"event_nid": nid, "event_id": event_id, "room_position": -(10**9) + number, "position": None}
            events.append(tuple({**like, **changed, "ts": ts, "body": text}.values()))
        placing = Placing([Era(*row.values()) for row in eras])
        documents = [tuple(placing.document(text)) for text in read_sources(sources, 2**50).texts.values()]
        async with self._connection.transaction():  # a run that is ended leaves whole blocks
            await self._connection.copy_records_to_table("events", records=events, columns=list(rooms[0]))
            await self._connection.copy_records_to_table("search_documents", records=documents)
            await self._connection.executemany(
                """
                INSERT INTO search_eras (room_nid, era, first_ts, last_ts, documents)
                VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (room_nid, era) DO UPDATE
                   SET first_ts = excluded.first_ts,
                       last_ts = excluded.last_ts,
                       documents = excluded.documents
                """,
                [tuple(era) for era in placing.changed()],
            )
        self.n += n


async def ask(user: User, rooms: list[str], vocabulary: Vocabulary, n: int) -> dict[str, list[float]]:
    """Milliseconds of `n` searches of each kind."""
    taken: dict[str, list[float]] = {}
    kinds: dict[str, dict[str, Any]] = {
        "all rooms, newest": {"order_by": "recent"},
        "one room, newest": {"order_by": "recent", "filter": {"rooms": [rooms[0]]}},
        "all rooms, best": {"order_by": "rank"},
    }
    hits = 0
    for name, more in kinds.items():
        for kind, question in itertools.islice(vocabulary.questions(), n):
            began = time.perf_counter()
            about = {"search_term": question, **more}
            answer = await user.call("POST", "/v3/search", {"search_categories": {"room_events": about}})
            took_ms = (time.perf_counter() - began) * 1000
            taken.setdefault(name, []).append(took_ms)
            taken.setdefault(kind, []).append(took_ms)
            hits += len(answer["search_categories"]["room_events"]["results"])
    taken["of all"] = [one for name in kinds for one in taken[name]]
    print(f"  {len(taken['of all'])} searches, {hits} hits", flush=True)
    return taken


class One:
    """A PostgreSQL with one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """That database."""
        yield self.url


async def bench(asked: argparse.Namespace) -> int:
    """Measure at both numbers; 1 when the larger one takes too many times as long."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as passing:
        folder = Path(asked.folder or passing)
        postgres = EmbeddedPostgres(folder / "postgres", settings={"shared_buffers": "1GB"})
        url = await postgres.start()
        try:
            async with running_app(One(url), folder) as (_, server):
                return await _measure(url, server, asked)
        finally:
            await postgres.stop()


async def _alice(server: Server) -> tuple[User, list[str]]:
    """Who searches, and her rooms."""
    if (await server.ask("GET", "/v3/register/available", query={"username": "alice"}))[0] != 200:
        alice = await server.login("alice")
        return alice, (await alice.call("GET", "/v3/joined_rooms"))["joined_rooms"]
    alice = await server.register("alice")
    rooms = [await alice.creates_room() for _ in range(ROOMS)]
    for room in rooms:
        await alice.says("the first", room)
    await asyncio.sleep(2)
    return alice, rooms


async def _measure(url: str, server: Server, asked: argparse.Namespace) -> int:
    alice, rooms = await _alice(server)
    connection = await asyncpg.connect(url)
    vocabulary = Vocabulary(random.Random(7))
    filling = Filling(connection, vocabulary)
    await filling.begin()
    if asked.only_fill is not None:
        await filling.to(asked.only_fill, indexed=False)
        await connection.close()
        return 0
    n, sizes = asked.searches, (asked.small, asked.large)
    p95: list[dict[str, float]] = []
    for size in sizes:
        began = time.perf_counter()
        await filling.to(size)
        print(f"{filling.n:,} messages, filled in {time.perf_counter() - began:.0f} s", flush=True)
        await ask(alice, rooms, vocabulary, 18)
        taken = await ask(alice, rooms, vocabulary, n)
        p95.append({kind: percentile(values, 0.95) for kind, values in taken.items()})
        for kind, values in taken.items():
            print(f"  {kind:20} p50 {percentile(values, 0.5):7.1f} ms   p95 {percentile(values, 0.95):7.1f} ms")
    index_mb = await connection.fetchval("SELECT pg_relation_size('search_documents_grams') >> 20")
    table_mb = await connection.fetchval("SELECT pg_relation_size('search_documents') >> 20")
    await connection.close()
    ratio = p95[1]["of all"] / p95[0]["of all"]
    print(f"p95: {ratio:.2f} times (at most {MOST:g}); index {index_mb} MB, documents {table_mb} MB")
    return 0 if ratio <= MOST else 1


def main(arguments: list[str]) -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="./run bench search", description=__doc__)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=180, help="of each of three kinds")
    parser.add_argument("--folder", help="where the database stays; without it is made anew and thrown away")
    parser.add_argument("--only-fill", type=int, metavar="N", help="make N messages, and measure nothing")
    return asyncio.run(bench(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
