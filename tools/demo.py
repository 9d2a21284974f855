"""`./run demo`: two servers on this machine, each with its page, that federate with each other over TLS.

Names `localhost:8448` and `localhost:8449`, pages on http://localhost:8008 and http://localhost:8009. Everything they
keep is in `data-demo/`; Ctrl-C ends both.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from tools.certificates import local_certificate
from tools.environment import ROOT
from tools.local_server import LocalServer, write_config

START_S = 60
STOP_S = 20


class DemoError(Exception):
    """A server did not start; the message says why."""


async def start(server: LocalServer) -> asyncio.subprocess.Process:
    """Start one server; what it says goes to `server.log` beside its configuration."""
    with server.config.with_name("server.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "homeserver",
            "serve",
            "--config",
            str(server.config),
            stderr=log,
            stdout=log,
            cwd=ROOT,
        )


async def ready(server: LocalServer, process: asyncio.subprocess.Process) -> None:
    """Wait until clients are answered. Raises DemoError."""
    try:
        async with asyncio.timeout(START_S):
            while not await _answers(server):
                if process.returncode is not None:
                    break
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise DemoError(f"{server.name} did not answer within {START_S} s") from None
    if process.returncode is not None:
        lines = server.config.with_name("server.log").read_text(encoding="utf-8", errors="replace").splitlines()
        raise DemoError(f"{server.name} ended: {lines[-1] if lines else f'exit code {process.returncode}'}")


async def _answers(server: LocalServer) -> bool:
    host, _, port = server.url.removeprefix("http://").partition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    try:
        writer.write(b"GET /_matrix/client/versions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(5):
            return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a server in order, by force if it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def demo(folder: Path, ports: list[int]) -> int:
    """Run both servers until a signal, or until one ends; answers the exit code."""
    certificate = local_certificate(folder / "certificates")
    servers = [
        write_config(folder / letter, client_port=client_port, federation_port=federation_port, certificate=certificate)
        for letter, client_port, federation_port in (("a", ports[0], ports[2]), ("b", ports[1], ports[3]))
    ]
    told = asyncio.Event()
    for order in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(order, told.set)
    processes = [await start(server) for server in servers]
    endings = {asyncio.ensure_future(process.wait()) for process in processes}
    telling = asyncio.ensure_future(told.wait())
    try:
        for server, process in zip(servers, processes, strict=True):
            await ready(server, process)
            print(f"{server.name}: {server.url}", flush=True)
        print(f"Sign up on both, then invite @somebody:{servers[1].name} from the first. Ctrl-C ends both.", flush=True)
        await asyncio.wait({telling, *endings}, return_when=asyncio.FIRST_COMPLETED)
        if not told.is_set():
            raise DemoError(f"a server ended by itself; see {folder}/*/server.log")
    finally:
        telling.cancel()
        await asyncio.gather(*(stop(process) for process in processes))
    return 0


def main() -> int:
    """Parse the arguments and run; answers the exit code."""
    parser = argparse.ArgumentParser(prog="./run demo", description="Start two servers that federate with each other.")
    parser.add_argument("--data", type=Path, default=ROOT / "data-demo", help="folder for everything they keep")
    parser.add_argument(
        "--ports", type=int, nargs=4, default=[8008, 8009, 8448, 8449], help="two for clients, two for federation"
    )
    options = parser.parse_args()
    try:
        return asyncio.run(demo(options.data.resolve(), options.ports))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
