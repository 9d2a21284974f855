"""Load on the stream alone: signed events of many senders, the composed statement with the fragments of a real server.

    python -m tests.performance.stream_load [--seconds 6]

Prints one line for each number of senders: events per second, latencies, rows per batch, CPU of this process and of
PostgreSQL per event, and the statement's time. 97 % messages, 3 % member events, one receipt for seven sends. Uses a
PostgreSQL of its own with fsync on. For figures only; nothing is asserted but that no event is lost or doubled.
"""

import argparse
import asyncio
import itertools
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from homeserver.clock import NoFaults, SystemClock
from homeserver.protocol.events import build_pdu, seal, split
from homeserver.protocol.identifiers import EventId, RoomId, ServerName, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import SigningKey
from homeserver.storage.database import Database
from homeserver.storage.embedded import EmbeddedPostgres
from homeserver.storage.migrate import migrate
from homeserver.storage.rooms import RoomTable
from homeserver.storage.rows import NOTIFY, EventRow, ReceiptRow, RoomWrite, Rows, TxnKey
from homeserver.storage.state import StateKeys
from homeserver.storage.stream import Stream

KEY = SigningKey(ServerName("load"), "ed25519:1", b"k" * 32)
RULES = ROOM_VERSIONS["11"]
TEXT = "a message of ordinary length, as people write them in a chat, with a little more to reach the size " * 2
ROOMS = 64


@dataclass(eq=False)
class Head:
    """A room as this process believes it, with the sends that wait for it."""

    room_id: str
    room_nid: int
    version: int
    chain_id: int
    sequence: int
    depth: int
    tips: dict[int, str]
    waiting: list["Send"] = field(default_factory=list)
    out: bool = False


@dataclass(eq=False)
class Send:
    """One event that somebody waits for."""

    sender: str
    number: int
    is_member: bool
    future: "asyncio.Future[None]"


class Entry:
    """Builds what waits for a room on its head, when the batch is cut."""

    def __init__(self, load: "Load", head: Head) -> None:
        self.room_nid: int | None = head.room_nid
        self.load = load
        self.head = head
        self.taken: list[Send] = []
        self.after: tuple[int, int, dict[int, str]] = (0, 0, {})

    def rows(self, rows: Rows) -> None:
        """Take messages, or one member event."""
        head = self.head
        tips, sequence, depth = dict(head.tips), head.sequence, head.depth
        removed: list[int] = []
        exact = False
        for send in head.waiting[:50]:
            if self.taken and (send.is_member or exact):
                break
            exact = send.is_member
            self.taken.append(send)
            depth += 1
            row = self.load.event(head, send, list(tips.values()), depth, sequence)
            row.replaces = tuple(tips)
            removed += tips
            tips = {row.event_nid: row.event_id}
            if send.is_member:
                sequence += 1
            rows.add(row)
        del head.waiting[: len(self.taken)]
        rows.rooms.append(
            RoomWrite(
                room_nid=head.room_nid,
                seen=head.version,
                chain_id=head.chain_id,
                sequence=head.sequence,
                new_chain_id=head.chain_id,
                new_sequence=sequence,
                depth=depth,
                exact=exact,
                added=list(tips),
                removed=[nid for nid in removed if nid in head.tips],
            )
        )
        self.after = (sequence, depth, tips)


class Load:
    """Senders, their rooms and the figures."""

    def __init__(self, database: Database, keys: dict[tuple[str, str], int]) -> None:
        self.database = database
        self.keys = keys
        self.stream = Stream(database, clock=SystemClock(), faults=NoFaults())
        self.table = RoomTable(database)
        self.heads: list[Head] = []
        self.refused = 0
        self.latencies: list[float] = []
        self.asked = itertools.count(1)

    def event(self, head: Head, send: Send, prev: list[str], depth: int, sequence: int) -> EventRow:
        """Hash, sign and split one event."""
        kind = "m.room.member" if send.is_member else "m.room.message"
        content = {"membership": "join"} if send.is_member else {"msgtype": "m.text", "body": TEXT}
        pdu = build_pdu(
            RULES,
            room_id=RoomId(head.room_id),
            sender=UserId(send.sender),
            type=kind,
            state_key=send.sender if send.is_member else None,
            content=content,
            prev_events=[EventId(event_id) for event_id in prev],
            auth_events=[EventId("$" + "a" * 43)] * 3,
            depth=depth,
            ts=time.time_ns() // 1_000_000,
        )
        event = seal(pdu, RULES, KEY)
        body, envelope = split(event, RULES)
        return EventRow(
            event_nid=self.database.nids.next(),
            event_id=event.event_id,
            room_nid=head.room_nid,
            room_id=head.room_id,
            type=kind,
            sender=send.sender,
            ts=event.ts,
            depth=depth,
            chain_id=head.chain_id,
            sequence=sequence,
            body=body,
            envelope=envelope,
            auth_nids=(1, 2, 3),
            flags=0 if send.is_member else NOTIFY,
            state_key=event.state_key,
            state_key_nid=self.keys[kind, send.sender] if send.is_member else None,
            membership="join" if send.is_member else None,
            is_current_state=send.is_member,
            delta_sequence=sequence + 1 if send.is_member else None,
            txn=TxnKey(1, 1, 1, str(send.number)),
        )

    async def room(self) -> Head:
        """A new room with an event in it."""
        room_id = f"!{random.randbytes(9).hex()}:load"
        allocated = await self.table.allocate(room_id, "11", created_ts=1)
        return Head(room_id, allocated.room_nid, 0, allocated.chain_id, 0, 0, {})

    async def commit(self, head: Head) -> None:
        """Bring what waits in a room into batches, one after the other."""
        while head.waiting:
            await self.database.nids.ensure(600)
            entry = Entry(self, head)
            outcome = await self.stream.submit(entry)
            if outcome.refused:
                self.refused += len(entry.taken)
                head.waiting[:0] = entry.taken
                await self.reload(head)
                continue
            head.version = outcome.rooms[head.room_nid].version
            head.sequence, head.depth, head.tips = entry.after
            for send in entry.taken:
                send.future.set_result(None)
        head.out = False

    async def reload(self, head: Head) -> None:
        """Take the head from PostgreSQL."""
        record = await self.table.load_head(head.room_nid)
        assert record is not None
        head.version, head.chain_id, head.sequence = record.version, record.chain_id, record.sequence
        head.depth = record.depth
        head.tips = {tip.event_nid: tip.event_id for tip in record.extremities}

    async def sender(self, number: int, until: float, tasks: asyncio.TaskGroup) -> int:
        """Send one event after the other until the time is over; how many."""
        name = f"@user{number}:load"
        chance = random.Random(number)
        sent = 0
        while time.monotonic() < until:
            head = self.heads[number % len(self.heads)]
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            sent += 1
            head.waiting.append(Send(name, next(self.asked), chance.random() < 0.03, done))
            began = time.perf_counter()
            if not head.out:
                head.out = True
                tasks.create_task(self.commit(head))
            await done
            self.latencies.append(time.perf_counter() - began)
            if sent % 7 == 0:
                receipt = ReceiptRow(
                    room_nid=head.room_nid,
                    room_id=head.room_id,
                    user_id=name,
                    type="m.read",
                    thread="",
                    event_id=next(iter(head.tips.values())),
                    event_nid=None,
                    room_position=sent,
                    ts=1,
                )
                await self.stream.write(receipt)
        return sent


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of CPU that the processes have used."""
    used = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        used += times.user + times.system
    return used


async def run(dsn: str, postmaster: int, senders: int, rooms: int, seconds: float) -> None:
    """One line of the table."""
    database = await Database.open(dsn)
    members = [("m.room.member", f"@user{n}:load") for n in range(senders)]
    load = Load(database, await StateKeys(database).intern(members))
    load.heads = [await load.room() for _ in range(min(rooms, senders))]
    flushing = asyncio.ensure_future(load.stream.run())
    before = await database.fetchval("SELECT count(*) FROM events")
    async with asyncio.TaskGroup() as tasks:
        warm = [tasks.create_task(load.sender(n, time.monotonic() + 0.5, tasks)) for n in range(senders)]
    load.latencies.clear()
    backends = [*psutil.Process(postmaster).children(recursive=True)]
    batches, rows = load.stream.batches, load.stream.rows_written
    server, here, began = cpu(backends), cpu([psutil.Process()]), time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        counts = [tasks.create_task(load.sender(n, began + seconds, tasks)) for n in range(senders)]
    took = time.monotonic() - began
    sent = sum(count.result() for count in counts)
    server, here = cpu(backends) - server, cpu([psutil.Process()]) - here
    batches, rows = load.stream.batches - batches, load.stream.rows_written - rows
    flushing.cancel()
    stored = await database.fetchval("SELECT count(*) FROM events") - before
    asked = sent + sum(task.result() for task in warm)
    assert stored == asked, f"{asked} sent, {stored} stored"
    load.latencies.sort()
    p50, p99 = statistics.median(load.latencies), load.latencies[int(len(load.latencies) * 0.99)]
    print(
        f"{senders:4} senders {len(load.heads):3} rooms  {sent / took:8.0f} events/s  p50 {p50 * 1e3:6.2f}  "
        f"p99 {p99 * 1e3:6.2f} ms  {rows / batches:5.1f} rows/batch  CPU ms/event: here {here / sent * 1e3:.3f}, "
        f"PostgreSQL {server / sent * 1e3:.3f}  refused {load.refused}"
    )
    await database.close()


async def calibrate(dsn: str) -> None:
    """What this machine does at this moment, for comparing runs: bare round trips, and events built and signed."""
    database = await Database.open(dsn)
    connection = await database.open_writer("calibration")
    select = await connection.prepare("SELECT 1")
    began = time.perf_counter()
    for _ in range(2000):
        await select.fetchval()
    selects = 2000 / (time.perf_counter() - began)
    insert = await connection.prepare("INSERT INTO cursors (name, position) VALUES ($1, 1)")
    began = time.perf_counter()
    for n in range(300):
        await insert.fetch(f"calibration {n}")
    inserts = 300 / (time.perf_counter() - began)
    load = Load(database, {})
    head = Head("!room:load", 1, 0, 1, 0, 0, {})
    send = Send("@user:load", 1, is_member=False, future=asyncio.get_running_loop().create_future())
    await database.nids.ensure(1000)
    began = time.process_time()
    for depth in range(1000):
        load.event(head, send, ["$" + "a" * 43], depth, 0)
    built = time.process_time() - began
    print(
        f"now, one after the other: {selects:.0f} SELECT 1 and {inserts:.0f} one-row INSERTs per second; "
        f"an event built, signed and split: {built:.3f} ms CPU"
    )
    await connection.close()
    await database.close()


async def main() -> None:
    """Start PostgreSQL, run the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=5)
    seconds = arguments.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder))
        dsn = await postgres.start()
        assert postgres.pid is not None
        await migrate(dsn)
        await calibrate(dsn)
        for senders, rooms in ((1, ROOMS), (16, ROOMS), (64, ROOMS), (64, 1)):
            await run(dsn, postgres.pid, senders, rooms, seconds)
        await postgres.stop()


if __name__ == "__main__":
    uvloop.run(main())
