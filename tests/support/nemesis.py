"""What breaks servers under load, and the load that goes on meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.support.history import History, Result
from tests.support.load import Follower, Sender, read_all, shared_rooms, sign_up
from tests.support.server import ServerProcess
from tests.support.wire import Wire

FAULT_S = 30


@dataclass(slots=True)
class Crowd:
    """Senders and followers at work; `settle` ends the work and checks the promises."""

    history: History
    rooms: Sequence[str]
    senders: list[Sender]
    followers: list[Follower]
    reader: Wire
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def unanswered(self) -> int:
        """Tries so far that had no answer."""
        return sum(len(sender.unanswered) for sender in self.senders)

    async def settle(self) -> None:
        """Let the senders finish, read everything by every API, and assert that every promise was kept."""
        self.history.readings += await read_all(self.reader, self.rooms)
        for follower in self.followers:
            await follower.catch_up()
            self.history.readings += follower.readings()
        faults = [fault for sender in self.senders for fault in sender.faults]
        faults += [fault for follower in self.followers for fault in follower.faults]
        violations = self.history.violations()
        assert not violations, f"{len(violations)} promises broken, first: {violations[:5]}"
        assert not faults, f"{len(faults)} answers that no server should give, first: {faults[:5]}"
        assert self.history.count(Result.ACKED) > 0


@asynccontextmanager
async def crowd(
    urls: Sequence[str],
    *,
    senders: int = 16,
    rooms: int = 4,
    followers: int = 4,
    pause_s: float = 0.02,
    name: str = "u",
) -> AsyncIterator[Crowd]:
    """A crowd spread over the processes at `urls`, at work inside the block; every second sender is impatient."""
    ports = [urlsplit(url).port or 80 for url in urls]
    wires = [await sign_up("127.0.0.1", ports[n % len(ports)], f"{name}{n}") for n in range(max(senders, followers))]
    places = await shared_rooms(wires, rooms)
    history = History()
    workers = [
        Sender(wires[n], places[n % rooms], f"{name}{n}", history, pause_s=pause_s, is_patient=n % 2 == 0, limit_s=20.0)
        for n in range(senders)
    ]
    watching = [Follower(Wire(wires[n].host, wires[n].port, wires[n].token), places) for n in range(followers)]
    for follower in watching:
        await follower.step(timeout_ms=0)
    at_work = Crowd(history, places, workers, watching, wires[0])
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run(at_work.stop))
        for follower in watching:
            group.create_task(follower.run(at_work.stop))
        try:
            yield at_work
        finally:
            at_work.stop.set()


async def kill_at_any_time(server: ServerProcess, chance: random.Random) -> None:
    """Let it work a moment, kill it, start it again."""
    await asyncio.sleep(chance.uniform(0.2, 1.2))
    await server.kill()
    await server.start()


async def kill_at_point(server: ServerProcess, point: str, nth: int) -> None:
    """Start it so that it kills itself where the code names `point`, wait for that, start it again whole."""
    await server.kill()
    await server.start(HEARTH_FAULT=f"{point}:{nth}")
    await server.wait(FAULT_S)
    await server.start()


def rounds(points: Sequence[str], count: int) -> Iterator[str | None]:
    """`count` kills: None at any time, and each of `points` in turn, half and half."""
    for number in range(count):
        yield points[number // 2 % len(points)] if number % 2 else None
