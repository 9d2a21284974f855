"""`./run bench federation`: events from one server to another per second, and how long one takes to the remote user.

    ./run bench federation [--against synapse] [--only WORD ...] [--runs 3] [--seconds 5] [--quick]

Two servers with TLS between them, a process and a database each, in one PostgreSQL with fsync on. With `--against
synapse` the same between two Synapses, in turns with ours: quote the ratios of one run. A rate counts what the remote
user has: from the first event sent until the last one is in their `/sync`. A wait is that from the sender's 200 to the
remote user's long poll.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import uvloop

from tests.performance.ground import Process, account, ground, must_be_set_up, parser_of
from tests.performance.measure import MILLI, percentile, tree_cpu, without_gc
from tests.performance.subjects import TEXT
from tests.support.wire import Wire

SENDERS = 16
ROOMS = 100
LATE_S = 120.0
"""By which the remote user has what was sent, or the run fails."""
FETCHED_S = 30.0
FILTER = quote('{"presence":{"types":[]},"room":{"ephemeral":{"types":[]},"timeline":{"limit":100}}}')
MESSAGES_ONLY = quote('{"types":["m.room.message"]}')
QUIET: dict[str, object] = {"presence": {"enabled": False}, "caches": {"sync_response_cache_duration": "0s"}}
GOAL_TIMES, GOAL_MS = 10.0, 150.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `cpu_ms`: of the sending and of the receiving server, for each event."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: tuple[float, float]


@dataclass(slots=True)
class Pair:
    """Two servers of a kind: users of the first send, one user of the second receives."""

    name: str
    processes: tuple[Process, Process]
    senders: list[Wire] = field(default_factory=list)
    receiver: Wire | None = None
    rooms: list[str] = field(default_factory=list)
    since: str = ""
    sent: int = 0

    async def settle(self) -> None:
        """Have the accounts."""
        home, away = self.processes
        self.senders = [await account(home, f"sender{number}") for number in range(SENDERS)]
        self.receiver = await account(away, "receiver")

    async def shared(self, count: int) -> list[str]:
        """So many rooms of all senders with the receiver in them; their ids, quoted."""
        assert self.receiver is not None
        first, *others = self.senders
        while len(self.rooms) < count:
            made = await first.call("POST", "/_matrix/client/v3/createRoom", {"preset": "public_chat"})
            room = quote(made["room_id"], safe="")
            via = quote(self.processes[0].name, safe="")
            # In the first room all talk; elsewhere one is enough.
            for one in others if not self.rooms else []:
                await one.call("POST", f"/_matrix/client/v3/join/{room}", {})
            await self.receiver.call("POST", f"/_matrix/client/v3/join/{room}?via={via}&server_name={via}", {})
            self.rooms.append(room)
        return self.rooms[:count]

    async def say(self, wire: Wire, room: str, text: str) -> None:
        """Send a message and wait for the 200."""
        self.sent += 1
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/b{self.sent}"
        await wire.call("PUT", path, {"msgtype": "m.text", "body": text})

    async def sync(self, timeout_ms: int) -> dict[str, Any]:
        """What is new to the receiver: texts by room."""
        assert self.receiver is not None
        since = f"&since={self.since}" if self.since else ""
        path = f"/_matrix/client/v3/sync?timeout={timeout_ms}&filter={FILTER}{since}"
        answer = await self.receiver.call("GET", path)
        self.since = answer["next_batch"]
        return {
            quote(room, safe=""): [event["content"].get("body", "") for event in data["timeline"]["events"]]
            for room, data in answer.get("rooms", {}).get("join", {}).items()
        }

    def cpu(self) -> tuple[float, float]:
        """CPU seconds of both servers so far."""
        return tree_cpu(self.processes[0].pid), tree_cpu(self.processes[1].pid)


async def events_in_rooms(pair: Pair, seconds: float, *, rooms: int) -> Run:
    """All senders talk, each the next message when the last is answered, until the time is over."""
    places = await pair.shared(rooms)
    await pair.sync(0)
    first = pair.senders[0]
    wires = pair.senders if rooms == 1 else [Wire(first.host, first.port, first.token) for _ in range(SENDERS)]
    waits: list[float] = []
    end = f"end {pair.sent}"

    async def talk(number: int, until: float) -> None:
        turn = number
        while time.perf_counter() < until:
            began = time.perf_counter()
            await pair.say(wires[number], places[turn % rooms], TEXT)
            waits.append(time.perf_counter() - began)
            turn += SENDERS

    async def end_all(number: int) -> None:
        for room in places[number::SENDERS]:
            await pair.say(wires[number], room, end)

    async def arrive() -> None:
        left = set(places)
        async with asyncio.timeout(seconds + LATE_S):
            while left:
                left -= {room for room, texts in (await pair.sync(10_000)).items() if end in texts}

    with without_gc():
        before, began = pair.cpu(), time.perf_counter()
        arriving = asyncio.create_task(arrive())
        await asyncio.gather(*(talk(number, began + seconds) for number in range(SENDERS)))
        await asyncio.gather(*(end_all(number) for number in range(SENDERS)))
        await arriving
        took = time.perf_counter() - began
        after = pair.cpu()
    if wires is not pair.senders:
        for wire in wires:
            wire.close()
    count = len(waits) + len(places)
    await _is_complete(pair, places[0])
    return Run(
        count / took, percentile(waits, 0.5) * MILLI, percentile(waits, 0.99) * MILLI, _each(before, after, count)
    )


async def _is_complete(pair: Pair, room: str) -> None:
    """Fail unless the receiver's server has as many messages of the room as the sender's.

    Synapse may bring the last one before others that it still fetches: it is given a while.
    """
    assert pair.receiver is not None
    here = await _messages(pair.senders[0], room)
    deadline = time.perf_counter() + FETCHED_S
    while (there := await _messages(pair.receiver, room)) != here and time.perf_counter() < deadline:  # noqa: ASYNC110 - another server
        await asyncio.sleep(0.5)
    assert here == there, f"{pair.name}: {here} messages here, {there} there"


async def _messages(wire: Wire, room: str) -> int:
    """How many messages the user may read in the room."""
    token, found = "", 0
    while True:
        path = f"/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=1000&filter={MESSAGES_ONLY}{token}"
        page = await wire.call("GET", path)
        found += len(page["chunk"])
        if not page.get("end") or not page["chunk"]:
            return found
        token = f"&from={page['end']}"


async def waits_of_one(pair: Pair, seconds: float) -> Run:
    """One message at a time: from the sender's 200 to the receiver's long poll."""
    (room,) = await pair.shared(1)
    await pair.sync(0)
    waits: list[float] = []
    before, began = pair.cpu(), time.perf_counter()
    while (now := time.perf_counter()) < began + seconds or len(waits) < 20:
        text = f"one {now}"
        polling = asyncio.create_task(_until(pair, room, text))
        await pair.say(pair.senders[0], room, text)
        sent = time.perf_counter()
        waits.append(max(0.0, await polling - sent))
    took, after = time.perf_counter() - began, pair.cpu()
    return _run(len(waits), took, waits, _each(before, after, len(waits)))


def _run(count: int, took: float, waits: Sequence[float], cpu_ms: tuple[float, float]) -> Run:
    return Run(count / took, percentile(waits, 0.50) * MILLI, percentile(waits, 0.99) * MILLI, cpu_ms)


async def _until(pair: Pair, room: str, text: str) -> float:
    """When the text was there."""
    async with asyncio.timeout(LATE_S):
        while text not in (await pair.sync(10_000)).get(room, ()):
            pass
    return time.perf_counter()


def _each(before: tuple[float, float], after: tuple[float, float], count: int) -> tuple[float, float]:
    return (after[0] - before[0]) / count * MILLI, (after[1] - before[1]) / count * MILLI


async def _in_one_room(pair: Pair, seconds: float) -> Run:
    return await events_in_rooms(pair, seconds, rooms=1)


async def _in_many_rooms(pair: Pair, seconds: float) -> Run:
    return await events_in_rooms(pair, seconds, rooms=ROOMS)


ALONE = "one at a time"
SCENARIOS: dict[str, Callable[[Pair, float], Awaitable[Run]]] = {
    ALONE: waits_of_one,
    "events in one room": _in_one_room,
    f"events in {ROOMS} rooms": _in_many_rooms,
}


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for."""
    parser = parser_of("federation", __doc__)
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="scenarios whose name has WORD")
    parser.add_argument("--runs", type=int, default=3, help="runs of each scenario; the median counts")
    parser.add_argument("--seconds", type=float, default=5, help="length of a run")
    parser.add_argument("--quick", action="store_true", help="one short run of each, to see that all work")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.runs, asked.seconds = 1, 1.0
    must_be_set_up(asked, "federation")
    return uvloop.run(bench(asked))


async def bench(asked: argparse.Namespace) -> int:
    """Start the pairs, run the scenarios in turn, print the tables; 1 when a goal is missed."""
    async with ground(connections=120) as place:
        pairs = [Pair("hearth", (await place.hearth("home"), await place.hearth("away")))]
        if asked.against == "synapse":
            pairs.append(Pair("synapse", (await place.synapse("home", QUIET), await place.synapse("away", QUIET))))
        for pair in pairs:
            await pair.settle()
        names = [name for name in SCENARIOS if not asked.only or any(word in name for word in asked.only)]
        return tell(names, await _measure(pairs, names, asked))


async def _measure(pairs: list[Pair], names: list[str], asked: argparse.Namespace) -> dict[tuple[str, str], Run]:
    results: dict[tuple[str, str], Run] = {}
    for name in names:
        taken: dict[str, list[Run]] = {pair.name: [] for pair in pairs}
        for _ in range(asked.runs):
            for pair in pairs:
                run = await SCENARIOS[name](pair, asked.seconds)
                taken[pair.name].append(run)
                print(f"  {name}: {pair.name} {run.per_second:.1f}/s, p50 {run.p50_ms:.1f} ms", flush=True)
        results |= {(name, kind): _median(runs) for kind, runs in taken.items()}
    return results


def _median(runs: Sequence[Run]) -> Run:
    def middle(value: Callable[[Run], float]) -> float:
        return statistics.median(map(value, runs))

    return Run(
        middle(lambda run: run.per_second),
        middle(lambda run: run.p50_ms),
        middle(lambda run: run.p99_ms),
        (middle(lambda run: run.cpu_ms[0]), middle(lambda run: run.cpu_ms[1])),
    )


def tell(names: list[str], results: dict[tuple[str, str], Run]) -> int:
    """Print the table; 1 when a goal is missed."""
    print(f"\n{'':<22} {'':<8} {'per s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU sender':>11} {'CPU receiver':>13}")
    missed = []
    for name in names:
        for kind in ("hearth", "synapse"):
            run = results.get((name, kind))
            if run is not None:
                cpu = f"{run.cpu_ms[0]:>11.2f} {run.cpu_ms[1]:>13.2f}"
                print(f"{name:<22} {kind:<8} {run.per_second:>8.0f} {run.p50_ms:>8.1f} {run.p99_ms:>8.1f} {cpu}")
        ours, theirs = results[name, "hearth"], results.get((name, "synapse"))
        if name == ALONE and ours.p50_ms >= GOAL_MS:
            missed.append(f"{name}: p50 {ours.p50_ms:.0f} ms, goal {GOAL_MS:.0f} ms")
        if theirs is None:
            continue
        times = theirs.p50_ms / ours.p50_ms if name == ALONE else ours.per_second / theirs.per_second
        print(f"{name:<22} {times:.1f} times as {'soon' if name == ALONE else 'many'}")
        if name != ALONE and times < GOAL_TIMES:
            missed.append(f"{name}: {times:.1f} times as many, goal {GOAL_TIMES:.0f}")
    print(
        "CPU: ms of each server for an event. p50, p99: of the sender's 200; of one at a time from there to the other."
    )
    for one in missed:
        print(f"missed: {one}")
    return 1 if missed else 0
