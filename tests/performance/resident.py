"""The simulated resident of `./run bench joins`, a process of its own: what it sends must not hold up who measures.

    python -m tests.performance.resident CERTIFICATES PORT...

CERTIFICATES is their folder. Each line of its input is how many members the next room has; it answers with a line once
it serves that room.
"""

import asyncio
import gc
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import orjson

from tests.support.big_room import BigRoom
from tests.support.big_room_server import serve
from tools.certificates import LocalCertificate, local_certificate
from tools.environment import ROOT


@dataclass(frozen=True, slots=True)
class Served:
    """A room that is served now: its id, its resident, and how many are in it once one more has joined."""

    room_id: str
    name: str
    joined_after: int


class Resident:
    """The process, as the bench sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def started(cls, ports: Sequence[int], certificate: LocalCertificate, resources: AsyncExitStack) -> Self:
        """On these ports, until `resources` end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            str(certificate.private_key.parent),
            *map(str, ports),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        resources.push_async_callback(process.wait)
        resources.callback(process.kill)
        return cls(process)

    async def serves(self, members: int) -> Served:
        """Have it make a room and serve this one from now on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{members}\n".encode())
        line = await self._process.stdout.readline()
        assert line, f"the resident ended ({await self._process.wait()})"
        return Served(**orjson.loads(line))


async def _run(certificates: Path, ports: Sequence[int]) -> None:
    rooms: list[BigRoom] = []
    runner = await serve(ports, local_certificate(certificates), rooms)
    while line := await asyncio.to_thread(sys.stdin.readline):
        room = BigRoom(int(line), names=[f"localhost:{port}" for port in ports])
        room.prepare()
        rooms[:] = [room]
        gc.collect()
        gc.freeze()  # else it looks through the whole room now and then, while a server waits for an answer
        print(orjson.dumps(Served(room.room_id, room.name, room.joined_after)).decode(), flush=True)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
