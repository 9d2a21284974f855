"""What the doctor and the status of peers tell an admin."""

from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from homeserver.clock import SystemClock
from homeserver.federation import status
from homeserver.federation.doctor import Doctor
from homeserver.net.errors import TlsFailed
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.storage.destinations import Destinations, Overview
from homeserver.storage.rows import OutboundEduRow
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

KEY = SigningKey(ServerName("me.test"), "ed25519:1", b"m" * 32)
OTHER = SigningKey(ServerName("me.test"), "ed25519:1", b"o" * 32)


def _document(key: SigningKey) -> dict[str, Any]:
    keys = {key.key_id: {"key": key.verify_key_base64}}
    return sign_json({"server_name": key.server, "verify_keys": keys, "valid_until_ts": 2**52}, key)


def _says(body: Any, status: int = 200, **headers: str) -> Any:
    async def answer(request: Request) -> Answer:
        return Answer(status, headers, orjson.dumps(body))

    return answer


@pytest.fixture
def net() -> FakeNet:
    net = FakeNet()
    net.names = {"me.test": ["192.0.2.1"], "matrix.me.test": ["192.0.2.2"]}
    net.answers("me.test", 443, _says({"m.server": "matrix.me.test:443"}))
    net.answers("matrix.me.test", 443, _says(_document(KEY)))
    net.answers("keys.test", 8448, _says({}, date=formatdate()))
    return net


async def _findings(net: FakeNet) -> dict[str, tuple[bool | None, str]]:
    doctor = Doctor(KEY, net, net, SystemClock(), key_servers=["keys.test"])
    return {finding.name: (finding.is_good, finding.says) async for finding in doctor.findings()}


async def test_a_healthy_server_has_nothing_to_mend(net: FakeNet) -> None:
    found = await _findings(net)
    assert {name: good for name, (good, _) in found.items()} == {
        "well-known": True, "dns": True, "reachability": True, "clock": True,
    }  # fmt: skip
    assert "192.0.2.2" in found["dns"][1]


async def test_a_name_without_address_is_named(net: FakeNet) -> None:
    del net.names["matrix.me.test"]
    found = await _findings(net)
    assert found["dns"][0] is False
    assert "A or AAAA" in found["dns"][1]
    assert found["reachability"][0] is False


@pytest.mark.parametrize(("status", "body", "good"), [(404, {}, None), (200, {"m.server": 5}, False), (500, {}, False)])
async def test_the_well_known_file_is_judged(net: FakeNet, status: int, body: Any, good: bool | None) -> None:
    net.answers("me.test", 443, _says(body, status))
    assert (await _findings(net))["well-known"][0] is good


async def test_another_server_at_our_name_is_told_apart(net: FakeNet) -> None:
    net.answers("matrix.me.test", 443, _says(_document(OTHER)))
    assert (await _findings(net))["reachability"][0] is False


async def test_a_bad_certificate_is_named(net: FakeNet) -> None:
    async def refuse(request: Request) -> Answer:
        raise TlsFailed("expired")

    net.answers("matrix.me.test", 443, refuse)
    good, says = (await _findings(net))["tls"]
    assert (good, "expired" in says) == (False, True)


async def test_a_closed_port_is_named(net: FakeNet) -> None:
    net.down.add("matrix.me.test")
    assert (await _findings(net))["reachability"][0] is False


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (20, True), (-300, False), (300, False)])
async def test_the_clock_is_compared(net: FakeNet, seconds: int, good: bool) -> None:
    date = formatdate(SystemClock().now_ms() / 1000 + seconds)
    net.answers("keys.test", 8448, _says({}, date=date))
    assert (await _findings(net))["clock"][0] is good


async def test_without_another_server_nothing_is_said_of_the_clock(net: FakeNet) -> None:
    net.down.add("keys.test")
    assert (await _findings(net))["clock"][0] is None


@pytest.fixture
async def pair(cluster: Cluster) -> AsyncIterator[list[Homeserver]]:
    async with homeservers(cluster, FakeNet(), "a.test", "b.test") as servers:
        yield servers


async def test_the_status_tells_who_answers_and_who_does_not(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await a.creates_room(a.user("alice"))
    await b.joins(b.user("bob"), room, a.name)
    await a.stream.write(OutboundEduRow(server="gone.test", edu_type="x", key="", content=b"{}"))
    for _ in range(3):
        await a.federation.peers.failed("gone.test", "no\0body there")
    table = Destinations(a.database)

    async def is_told() -> bool:
        peers = {peer.server: peer for peer in await table.overview(a.name)}
        return (
            peers.keys() == {b.name, "gone.test"}
            and status.state_of(peers[b.name], a.clock.now_ms()) == "ok"
            and peers[b.name].rooms == 1
            and (peers["gone.test"].edus, peers["gone.test"].last_error) == (1, "nobody there")
            and status.state_of(peers["gone.test"], a.clock.now_ms()) == "waiting"
        )

    await eventually(is_told)
    await a.federation.peers.heard_from("gone.test")
    (gone,) = [peer for peer in await table.overview(a.name) if peer.server == "gone.test"]
    assert (gone.failures, gone.last_error, status.state_of(gone, a.clock.now_ms())) == (0, None, "behind")


def test_the_table_puts_trouble_first() -> None:
    fine, slow = Overview("a.test", 3, 0, 0, 0, None, 0, None), Overview("b.test", 1, 9, 0, 0, None, 0, None)
    failing = Overview("c.test", 1, 5, 2, 10, 5, 4, "it answers with status 502")
    _, *rows, summary = status.lines([fine, slow, failing], 100)
    assert [row.split()[:2] for row in rows] == [["b.test", "behind"], ["c.test", "failing"], ["a.test", "ok"]]
    assert "502" in rows[1]
    assert summary == "3 servers, 2 with something to do."


def test_the_command_is_there() -> None:
    from homeserver.cli import main

    assert "federation" in CliRunner().invoke(main, ["--help"]).output
    assert "status" in CliRunner().invoke(main, ["federation", "--help"]).output
