"""`./run demo`: two servers with pages, which reach each other over TLS by an authority of their own."""

import asyncio
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp

from tests.support.ports import free_ports
from tools.environment import ROOT


async def line(demo: asyncio.subprocess.Process) -> str:
    assert demo.stdout is not None
    async with asyncio.timeout(90):
        return (await demo.stdout.readline()).decode().strip()


async def start(folder: Path, ports: list[int]) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tools.demo", "--data", str(folder), "--ports", *map(str, ports)]
    return await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)


async def test_the_demo_starts_two_servers_ends_both_and_says_why_one_did_not_start(tmp_path: Path) -> None:
    ports = free_ports(4)
    demo = await start(tmp_path, ports)
    try:
        assert await line(demo) == f"localhost:{ports[2]}: http://localhost:{ports[0]}"
        assert await line(demo) == f"localhost:{ports[3]}: http://localhost:{ports[1]}"
        trusting = ssl.create_default_context(cafile=tmp_path / "certificates" / "ca.pem")
        async with aiohttp.ClientSession() as session:
            for port in ports[2:]:
                async with session.get(f"https://localhost:{port}/_matrix/client/versions", ssl=trusting) as answer:
                    assert answer.status == 200
        demo.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            assert await demo.wait() == 0
    finally:
        if demo.returncode is None:
            demo.kill()
            await demo.wait()
    for letter in "ab":
        assert not (tmp_path / letter / "data" / "database" / "cluster" / "postmaster.pid").exists()

    taken = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", ports[1])
    async with taken:
        demo = await start(tmp_path, ports)
        async with asyncio.timeout(120):
            _, said = await demo.communicate()
    assert demo.returncode == 1
    assert f"demo: localhost:{ports[3]} ended" in said.decode()
    assert str(ports[1]) in said.decode()
