"""A program for tests: tells its process id, in one process (`alone`) or two. Arguments: PORT [alone]."""

import asyncio
import os
import sys
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from homeserver.asgi.interface import App, Receive, Scope, Send
from homeserver.config.server import Listener
from homeserver.serving import bind, serve, supervise


class PidApplication:
    """Answers everything with the id of its process."""

    def listener(self, resources: frozenset[str]) -> App:
        return self.answer

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

    async def run(self) -> None:
        await asyncio.Event().wait()

    def stop(self) -> None:
        pass

    async def close(self) -> None:
        pass


def main() -> int:
    bindings = bind([Listener(port=int(sys.argv[1]))])

    def one(_index: int) -> int:
        uvloop.run(serve(PidApplication(), bindings))
        return 0

    return one(0) if sys.argv[2:] == ["alone"] else supervise(2, one)


if __name__ == "__main__":
    sys.exit(main())
