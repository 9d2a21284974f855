"""Real sockets: answers, keep-alive, the end of long-polls and WebSockets at a stop, taken ports, several processes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import uvloop
from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.interface import App, Receive, Scope, Send
from homeserver.asgi.observe import RequestObserver
from homeserver.asgi.request import Request
from homeserver.asgi.responses import Answer
from homeserver.asgi.routes import Params, Route
from homeserver.config.server import Listener, Tls
from homeserver.serving import CannotListen, bind, serve
from tests.support.ports import free_port

HERE = Path(__file__).parent


class SmallApplication:
    """Echo, a long-poll that ends at the stop, one that does not, a WebSocket that never closes."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.closed = False
        self.dispatcher = Dispatcher(
            [
                Route("PUT", "/echo", "client", self.echo),
                Route("GET", "/wait", "client", self.wait, long_poll=True),
                Route("GET", "/stuck", "client", self.stuck, long_poll=True),
            ],
            observer=RequestObserver(CollectorRegistry()),
            stopping=self.stopping,
            websockets=self.websocket,
        )

    def listener(self, resources: frozenset[str]) -> App:
        return self.dispatcher.listener(resources)

    async def run(self) -> None:
        await asyncio.Event().wait()

    def stop(self) -> None:
        self.dispatcher.stop()

    async def close(self) -> None:
        self.closed = True

    async def echo(self, request: Request, _params: Params) -> Answer:
        return {"body": (await request.body(10_000_000)).decode()}

    async def wait(self, _request: Request, _params: Params) -> Answer:
        await self.stopping.wait()
        return {"next_batch": "s1"}

    async def stuck(self, _request: Request, _params: Params) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def websocket(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


@dataclass
class Serving:
    url: str
    application: SmallApplication
    stop: asyncio.Event
    task: "asyncio.Task[None]"
    http: aiohttp.ClientSession

    async def stops(self) -> float:
        """Seconds until it has ended."""
        began = time.monotonic()
        self.stop.set()
        await asyncio.wait_for(self.task, 15)
        return time.monotonic() - began


@asynccontextmanager
async def serving() -> AsyncIterator[Serving]:
    bindings = bind([Listener(port=0, resources=("client",))])
    application, stop, ready = SmallApplication(), asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(serve(application, bindings, on_ready=ready.set, stop=stop))
    await ready.wait()
    async with aiohttp.ClientSession() as http:
        yield Serving(bindings[0].address, application, stop, task, http)
    stop.set()
    await asyncio.wait_for(task, 15)


async def test_a_connection_is_used_for_many_requests() -> None:
    async with serving() as server:
        for size in (0, 1, 1000, 100_000, 1_000_000):
            async with server.http.put(f"{server.url}/echo", data=b"x" * size) as answer:
                assert (await answer.json())["body"] == "x" * size


async def test_an_answer_is_written_in_one_piece() -> None:
    async with serving() as server:
        reader, writer = await asyncio.open_connection("localhost", int(server.url.rpartition(":")[2]))
        writer.write(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        first = await reader.read(65536)
        assert first.startswith(b"HTTP/1.1 200")
        assert first.endswith(b'{"body":"hi"}')
        writer.close()


async def test_both_framings_in_one_head_are_refused() -> None:
    async with serving() as server:
        reader, writer = await asyncio.open_connection("localhost", int(server.url.rpartition(":")[2]))
        writer.write(
            b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        everything = await asyncio.wait_for(reader.read(), 5)
        assert everything.startswith(b"HTTP/1.1 400")
        assert everything.count(b"HTTP/1.1") == 1
        writer.close()


async def test_plain_http_is_never_upgraded_to_http_2() -> None:
    async with serving() as server:
        reader, writer = await asyncio.open_connection("localhost", int(server.url.rpartition(":")[2]))
        writer.write(
            b"PUT /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        )
        assert (await reader.read(65536)).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_stop_answers_long_polls_and_closes_websockets_with_1012() -> None:
    async with serving() as server:
        socket_ = await server.http.ws_connect(f"{server.url}/ws", autoping=False)
        waiting = asyncio.ensure_future(server.http.get(f"{server.url}/wait"))
        stuck = asyncio.ensure_future(server.http.get(f"{server.url}/stuck"))
        await asyncio.sleep(0.1)
        ending = asyncio.ensure_future(server.stops())
        assert await (await waiting).json() == {"next_batch": "s1"}
        assert (await stuck).status == 503
        while (message := await socket_.receive(5)).type == aiohttp.WSMsgType.PING:
            pass
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        assert await ending < 8
        assert server.application.closed


async def test_a_stop_does_not_wait_for_idle_connections() -> None:
    async with serving() as server:
        await (await server.http.put(f"{server.url}/echo", data=b"")).read()
        assert await server.stops() < 1


async def test_websockets_are_never_compressed() -> None:
    async with serving() as server, server.http.ws_connect(f"{server.url}/ws", compress=15) as socket_:
        assert socket_.compress == 0
        await socket_.send_str("a" * 1000)
        assert (await socket_.receive_str()) == "a" * 1000


async def test_a_websocket_frame_over_the_limit_ends_the_connection() -> None:
    async with serving() as server, server.http.ws_connect(f"{server.url}/ws") as socket_:
        await socket_.send_str("a" * 300_000)
        assert (await socket_.receive(5)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} of 127.0.0.1 is taken: stop the program that uses it"):
            bind([Listener(port=port)])


def test_a_foreign_address_is_told() -> None:
    with pytest.raises(CannotListen, match="is no address of this machine"):
        bind([Listener(host="192.0.2.77", port=0)])


def test_a_missing_or_broken_certificate_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", encoding="utf-8")
    with pytest.raises(CannotListen, match=r"nowhere\.pem does not exist"):
        bind([Listener(port=0, tls=Tls(certificate="/nowhere.pem", private_key=str(broken)))])
    with pytest.raises(CannotListen, match=r"tls: .*broken\.pem"):
        bind([Listener(port=0, tls=Tls(certificate=str(broken), private_key=str(broken)))])


async def _pid_of(http: aiohttp.ClientSession, url: str) -> int:
    deadline = time.monotonic() + 20
    while True:
        try:
            async with http.put(f"{url}/pid", data=b"") as answer:
                return int(await answer.text())
        except aiohttp.ClientError:
            assert time.monotonic() < deadline, "no process answers"
            await asyncio.sleep(0.1)


async def test_a_killed_process_is_started_again_and_a_stop_ends_all_with_0() -> None:
    port = free_port()
    program = subprocess.Popen([sys.executable, str(HERE / "two_processes.py"), str(port)])
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            pids = {await _pid_of(http, f"http://127.0.0.1:{port}")}
            os.kill(pids.copy().pop(), signal.SIGKILL)
            for _ in range(200):
                pids.add(await _pid_of(http, f"http://127.0.0.1:{port}"))
                if len(pids) >= 3:
                    break
                await asyncio.sleep(0.05)
        assert len(pids) >= 3, "the second process and the replacement of the killed one answered"
        program.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(program.wait, 15) == 0
    finally:
        program.kill()
        program.wait()


def test_a_signal_ends_the_server_with_0_and_frees_the_port(tmp_path: Path) -> None:
    port = free_port()
    for number in (signal.SIGINT, signal.SIGTERM):
        program = subprocess.Popen([sys.executable, str(HERE / "two_processes.py"), str(port), "alone"])
        try:
            uvloop.run(_answered(port))
            program.send_signal(number)
            assert program.wait(10) == 0
        finally:
            program.kill()
            program.wait()


async def _answered(port: int) -> None:
    async with aiohttp.ClientSession() as http:
        await _pid_of(http, f"http://127.0.0.1:{port}")
