"""A net that can be cut: who may not reach whom, by the origin that a request is signed for."""

import asyncio
import random
import re
from collections.abc import Sequence

from homeserver.net.errors import Unreachable
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet

_ORIGIN = re.compile(r'origin="?([^",:]+)')


class Islands(FakeNet):
    """`cut` holds (from, to) host names between which nothing passes; what is unsigned (keys) always passes."""

    def __init__(self) -> None:
        super().__init__()
        self.cut: set[tuple[str, str]] = set()
        self.slow: dict[str, float] = {}
        """Seconds that an answer of a host takes."""

    async def send(self, request: Request) -> Answer:
        found = _ORIGIN.search(request.headers.get("Authorization", ""))
        if found is not None and (found[1], request.host) in self.cut:
            raise Unreachable(f"{found[1]} does not reach {request.host}")
        pause_s = self.slow.get(request.host)
        if pause_s is not None:
            await asyncio.sleep(pause_s)
        return await super().send(request)

    def divide(self, hosts: Sequence[str], chance: random.Random) -> None:
        """Part the hosts into two or three islands; one cut in four lets one direction pass."""
        island = {host: chance.randrange(min(3, len(hosts))) for host in hosts}
        if len(set(island.values())) == 1:
            island[chance.choice(hosts)] = 9
        pairs = [(one, other) for one in hosts for other in hosts if island[one] != island[other]]
        self.cut = {pair for pair in pairs if chance.random() < 7 / 8}

    def heal(self) -> None:
        """Let everything pass."""
        self.cut = set()
        self.down.clear()
