"""`./run bench joins`: how long a room that lives elsewhere takes to come here, with 200 and with 20,000 members.

    ./run bench joins [--against synapse] [--members 200 20000] [--runs 3]

A simulated resident (`resident`, a process of its own) serves rooms whose events were all signed before; it leaves
members out for who asks for that. A server in a process of its own joins, over TLS, with one user. Measured: until the
join is answered, until the user's `/sync` shows the room by its name, until `/joined_members` names everybody, how long
messages in another room take before and meanwhile, by how much our event loop comes too late, and CPU. With `--against
synapse` the same by a Synapse, in turns.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from urllib.parse import quote

import uvloop

from tests.performance.ground import Process, account, ground, must_be_set_up, parser_of
from tests.performance.measure import MILLI, at_rest, percentile, tree_cpu
from tests.performance.resident import Resident, Served
from tests.performance.subjects import TEXT
from tests.support.ports import free_ports
from tests.support.server import ServerProcess
from tests.support.wire import Wire

SERVERS = 10
LATE_S = 600.0
QUIET_S = 2.0
"""For which messages are timed before a join."""
GOAL_TIMES, GOAL_VISIBLE_S, GOAL_WHOLE_S = 5.0, 10.0, 180.0
LARGE = 20_000


@dataclass(frozen=True, slots=True)
class Run:
    """One join: seconds from the request to each step, CPU seconds of the server.

    In ms: the time of other messages, before and meanwhile, and of the loop's lateness (0 where it is not told).
    """

    answered_s: float
    visible_s: float
    whole_s: float
    cpu_s: float
    p50_before_ms: float
    p99_before_ms: float
    p50_ms: float
    p99_ms: float
    late_p999_ms: float
    latest_ms: float


@dataclass(frozen=True, slots=True)
class Lateness:
    """How often the loop came too late by at most so many seconds, and the longest of these."""

    buckets: dict[float, float]
    longest_s: float

    def since(self, before: "Lateness") -> tuple[float, float]:
        """The bound of all but a thousandth of what was counted since, and the longest, in seconds."""
        counts = {bound: count - before.buckets.get(bound, 0.0) for bound, count in self.buckets.items()}
        total = max(counts.values(), default=0.0)
        bound = min((bound for bound, count in counts.items() if count >= total * 0.999), default=0.0)
        return min(bound, self.longest_s), self.longest_s


@dataclass(frozen=True, slots=True)
class Joiner:
    """A server that joins, with one user who joins and one who talks elsewhere meanwhile."""

    name: str
    process: Process
    joins: Wire
    talks: Wire

    @classmethod
    async def of(cls, name: str, process: Process) -> "Joiner":
        """With its accounts."""
        return cls(name, process, await account(process, "joins"), await account(process, "talks"))

    async def run(self, room: Served) -> Run:
        """Join the room and wait until everything of it is here."""
        other = quote((await self.talks.call("POST", "/_matrix/client/v3/createRoom", {}))["room_id"], safe="")
        since = (await self.joins.call("GET", f"/_matrix/client/v3/sync?timeout=0&filter={_LAZY}"))["next_batch"]
        before: list[float] = []
        talking = asyncio.create_task(self._talk(other, before, "before"))
        await asyncio.sleep(QUIET_S)
        talking.cancel()
        waits: list[float] = []
        late = await self._lateness()
        talking = asyncio.create_task(self._talk(other, waits, "meanwhile"))
        path = f"/_matrix/client/v3/join/{quote(room.room_id, safe='')}?via={room.name}&server_name={room.name}"
        cpu, began = tree_cpu(self.process.pid), time.perf_counter()
        joining = asyncio.create_task(self._timed(path, began))
        visible = await self._visible(room, since) - began
        answered = await joining
        whole = await self._whole(room) - began
        cpu = tree_cpu(self.process.pid) - cpu
        talking.cancel()
        late_p999, latest = (await self._lateness()).since(late)
        return Run(
            answered,
            visible,
            whole,
            cpu,
            p50_before_ms=percentile(before, 0.5) * MILLI,
            p99_before_ms=percentile(before, 0.99) * MILLI,
            p50_ms=percentile(waits, 0.5) * MILLI,
            p99_ms=percentile(waits, 0.99) * MILLI,
            late_p999_ms=late_p999 * MILLI,
            latest_ms=latest * MILLI,
        )

    async def _lateness(self) -> "Lateness":
        """What the server tells of its loop so far; the longest wait is that since it was asked last."""
        found = Lateness({}, 0.0)
        if isinstance(self.process, ServerProcess):
            for line in (await self.joins.ask("GET", "/metrics")).body.decode().splitlines():
                name, _, value = line.rpartition(" ")
                if name.startswith("hearth_loop_late_seconds_bucket"):
                    found.buckets[float(name.partition('"')[2].partition('"')[0])] = float(value)
                elif name == "hearth_loop_latest_seconds":
                    found = Lateness(found.buckets, float(value))
        return found

    async def _timed(self, path: str, began: float) -> float:
        wire = Wire(self.joins.host, self.joins.port, self.joins.token)
        await wire.call("POST", path, {}, limit_s=LATE_S)
        return time.perf_counter() - began

    async def _visible(self, room: Served, since: str) -> float:
        while True:
            path = f"/_matrix/client/v3/sync?timeout=5000&since={since}&filter={_LAZY}"
            answer = await self.joins.call("GET", path, limit_s=LATE_S)
            since = answer["next_batch"]
            shown = answer.get("rooms", {}).get("join", {}).get(room.room_id)
            if shown is not None:
                events = [*shown["state"]["events"], *shown["timeline"]["events"]]
                assert any(event["type"] == "m.room.name" for event in events)
                return time.perf_counter()

    async def _whole(self, room: Served) -> float:
        path = f"/_matrix/client/v3/rooms/{quote(room.room_id, safe='')}/joined_members"
        until = time.perf_counter() + LATE_S
        while time.perf_counter() < until:
            answer = await self.joins.ask("GET", path, limit_s=LATE_S)
            if answer.status == 200 and len(answer.json["joined"]) == room.joined_after:
                return time.perf_counter()
            await asyncio.sleep(0.01)  # a room of 200 is whole within 0.1 s
        raise TimeoutError(f"{self.name} does not have all members after {LATE_S:.0f} s")

    async def _talk(self, room: str, waits: list[float], name: str) -> None:
        number = 0
        while True:
            began = time.perf_counter()
            path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{name}{number}"
            await self.talks.call("PUT", path, {"msgtype": "m.text", "body": TEXT})
            waits.append(time.perf_counter() - began)
            number += 1
            await asyncio.sleep(0.02)


_LAZY = quote('{"room":{"state":{"lazy_load_members":true}},"presence":{"types":[]}}')


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for."""
    parser = parser_of("joins", __doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[200, LARGE], help="sizes of the rooms")
    parser.add_argument("--runs", type=int, default=3, help="joins of each size; the median counts")
    asked = parser.parse_args(arguments)
    must_be_set_up(asked, "joins")
    return uvloop.run(bench(asked))


async def bench(asked: argparse.Namespace) -> int:
    """Start the servers, join in turn, print the table; 1 when a goal is missed."""
    async with ground(connections=60) as place:
        resident = await Resident.started(free_ports(SERVERS + 1), place.certificate, place.resources)
        joiners = [await Joiner.of("hearth", await place.hearth("joins"))]
        if asked.against == "synapse":
            joiners.append(await Joiner.of("synapse", await place.synapse("joins")))
        results: dict[tuple[int, str], list[Run]] = {}
        for members in asked.members:
            for _ in range(asked.runs):
                for joiner in joiners:
                    room = await resident.serves(members)
                    await at_rest(one.process.pid for one in joiners)
                    run = await joiner.run(room)
                    results.setdefault((members, joiner.name), []).append(run)
                    print(f"  {members} members: {joiner.name} {run.visible_s:.2f} s, {run.whole_s:.1f} s", flush=True)
        return tell(asked.members, results)


def tell(sizes: Sequence[int], results: dict[tuple[int, str], list[Run]]) -> int:
    """Print the table; 1 when a goal is missed."""
    others, late = "others p50/p99 ms: before, meanwhile", "loop late p99.9, most ms"
    print(f"\n{'':<24} {'answered s':>11} {'visible s':>10} {'whole s':>8} {'CPU s':>7}  {others}  {late}")
    missed = []
    for members in sizes:
        taken = {name: _median(runs) for (size, name), runs in results.items() if size == members}
        for name, run in taken.items():
            shown = f"{run.answered_s:>11.3f} {run.visible_s:>10.3f} {run.whole_s:>8.2f} {run.cpu_s:>7.2f}"
            before, meanwhile = f"{run.p50_before_ms:.1f}/{run.p99_before_ms:.1f}", f"{run.p50_ms:.1f}/{run.p99_ms:.1f}"
            late = f"{run.late_p999_ms:.1f}, {run.latest_ms:.1f}" if run.latest_ms else "-"
            print(f"{members:>6} members {name:<8} {shown}  {f'{before}, {meanwhile}':<35}  {late}")
        ours, theirs = taken["hearth"], taken.get("synapse")
        if members >= LARGE and (ours.visible_s > GOAL_VISIBLE_S or ours.whole_s > GOAL_WHOLE_S):
            missed.append(f"{members} members: visible {ours.visible_s:.1f} s, whole {ours.whole_s:.0f} s")
        if theirs is not None:
            times = theirs.answered_s / ours.answered_s
            whole = theirs.whole_s / ours.whole_s
            print(f"{members:>7} members  {times:.1f} times as soon answered, {whole:.1f} times as soon whole")
            if times < GOAL_TIMES:
                missed.append(f"{members} members: {times:.1f} times as soon, goal {GOAL_TIMES:.0f}")
    for one in missed:
        print(f"missed: {one}")
    return 1 if missed else 0


def _median(runs: Sequence[Run]) -> Run:
    return Run(*(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Run)))
