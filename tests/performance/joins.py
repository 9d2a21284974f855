"""`./run bench joins`: how long a room that lives elsewhere takes to come here, with 200 and with 20,000 members.

    ./run bench joins [--against synapse] [--members 200 20000] [--runs 3]

A simulated resident (tests/support/big_room.py) serves rooms whose events were all signed before; it leaves members out
for who asks for that. A server in a process of its own joins, over TLS, with one user. Measured: until the join is
answered, until the user's `/sync` shows the room by its name, until `/joined_members` names everybody, what else was
done meanwhile (messages in another room), and CPU. With `--against synapse` the same by a Synapse, in turns.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import uvloop

from tests.performance.ground import Process, account, ground, must_be_set_up, parser_of
from tests.performance.measure import MILLI, percentile, tree_cpu
from tests.performance.subjects import TEXT
from tests.support.big_room import BigRoom
from tests.support.big_room_server import serve
from tests.support.ports import free_ports
from tests.support.wire import Wire

SERVERS = 10
LATE_S = 600.0
GOAL_TIMES, GOAL_VISIBLE_S, GOAL_WHOLE_S = 5.0, 10.0, 180.0
LARGE = 20_000


@dataclass(frozen=True, slots=True)
class Run:
    """One join: seconds from the request to each step, other messages' times in ms, CPU seconds of the server."""

    answered_s: float
    visible_s: float
    whole_s: float
    p99_ms: float
    cpu_s: float


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

    async def run(self, room: BigRoom) -> Run:
        """Join the room and wait until everything of it is here."""
        other = quote((await self.talks.call("POST", "/_matrix/client/v3/createRoom", {}))["room_id"], safe="")
        since = (await self.joins.call("GET", f"/_matrix/client/v3/sync?timeout=0&filter={_LAZY}"))["next_batch"]
        waits: list[float] = []
        talking = asyncio.create_task(self._talk(other, waits))
        path = f"/_matrix/client/v3/join/{quote(room.room_id, safe='')}?via={room.name}&server_name={room.name}"
        cpu, began = tree_cpu(self.process.pid), time.perf_counter()
        joining = asyncio.create_task(self._timed(path, began))
        visible = await self._visible(room, since) - began
        answered = await joining
        whole = await self._whole(room) - began
        cpu = tree_cpu(self.process.pid) - cpu
        talking.cancel()
        return Run(answered, visible, whole, percentile(waits, 0.99) * MILLI, cpu)

    async def _timed(self, path: str, began: float) -> float:
        wire = Wire(self.joins.host, self.joins.port, self.joins.token)
        await wire.call("POST", path, {}, limit_s=LATE_S)
        return time.perf_counter() - began

    async def _visible(self, room: BigRoom, since: str) -> float:
        while True:
            path = f"/_matrix/client/v3/sync?timeout=5000&since={since}&filter={_LAZY}"
            answer = await self.joins.call("GET", path, limit_s=LATE_S)
            since = answer["next_batch"]
            shown = answer.get("rooms", {}).get("join", {}).get(room.room_id)
            if shown is not None:
                events = [*shown["state"]["events"], *shown["timeline"]["events"]]
                assert any(event["type"] == "m.room.name" for event in events)
                return time.perf_counter()

    async def _whole(self, room: BigRoom) -> float:
        path = f"/_matrix/client/v3/rooms/{quote(room.room_id, safe='')}/joined_members"
        until = time.perf_counter() + LATE_S
        while time.perf_counter() < until:
            answer = await self.joins.ask("GET", path, limit_s=LATE_S)
            if answer.status == 200 and len(answer.json["joined"]) == room.joined_after:
                return time.perf_counter()
            await asyncio.sleep(0.05)
        raise TimeoutError(f"{self.name} does not have all members after {LATE_S:.0f} s")

    async def _talk(self, room: str, waits: list[float]) -> None:
        number = 0
        while True:
            began = time.perf_counter()
            path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/t{number}"
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
        ports = free_ports(SERVERS + 1)
        rooms: list[BigRoom] = []
        runner = await serve(ports, place.certificate, rooms)
        place.resources.push_async_callback(runner.cleanup)
        joiners = [await Joiner.of("hearth", await place.hearth("joins"))]
        if asked.against == "synapse":
            joiners.append(await Joiner.of("synapse", await place.synapse("joins")))
        names = [f"localhost:{port}" for port in ports]
        results: dict[tuple[int, str], list[Run]] = {}
        for members in asked.members:
            for _ in range(asked.runs):
                for joiner in joiners:
                    room = BigRoom(members, names=names)
                    room.prepare()
                    rooms[:] = [room]
                    run = await joiner.run(room)
                    results.setdefault((members, joiner.name), []).append(run)
                    print(f"  {members} members: {joiner.name} {run.visible_s:.2f} s, {run.whole_s:.1f} s", flush=True)
        return tell(asked.members, results)


def tell(sizes: Sequence[int], results: dict[tuple[int, str], list[Run]]) -> int:
    """Print the table; 1 when a goal is missed."""
    print(f"\n{'':<16} {'':<8} {'answered s':>11} {'visible s':>10} {'whole s':>8} {'others p99 ms':>14} {'CPU s':>7}")
    missed = []
    for members in sizes:
        taken = {name: _median(runs) for (size, name), runs in results.items() if size == members}
        for name, run in taken.items():
            shown = f"{run.answered_s:>11.3f} {run.visible_s:>10.3f} {run.whole_s:>8.2f}"
            print(f"{members:>7} members  {name:<8} {shown} {run.p99_ms:>14.1f} {run.cpu_s:>7.2f}")
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
    def middle(value: Callable[[Run], float]) -> float:
        return statistics.median(map(value, runs))

    return Run(
        middle(lambda run: run.answered_s),
        middle(lambda run: run.visible_s),
        middle(lambda run: run.whole_s),
        middle(lambda run: run.p99_ms),
        middle(lambda run: run.cpu_s),
    )
