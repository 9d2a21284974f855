"""From a server name to where we dial: each step of the specification's list, and what is remembered."""

import json
from dataclasses import dataclass

import pytest

from homeserver.federation.client.discovery import Discovery, Target
from homeserver.net.http import Answer, Request
from homeserver.net.resolver import SrvRecord
from homeserver.net.testing import FakeNet


@dataclass
class Hands:
    """A clock moved by hand."""

    now: float = 1000.0

    def now_ms(self) -> int:
        return int(self.now * 1000)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class World:
    """A net in which `example.org` may have a well-known."""

    def __init__(self) -> None:
        self.net = FakeNet()
        self.clock = Hands()
        self.discovery = Discovery(self.net, self.net, self.clock)
        self.asked = 0

    def well_known(self, body: object, *, status: int = 200, **headers: str) -> None:
        async def answer(request: Request) -> Answer:
            self.asked += 1
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return Answer(status, named, body if isinstance(body, bytes) else json.dumps(body).encode())

        self.net.answers("example.org", 443, answer)

    def srv(self, name: str, *targets: tuple[str, int]) -> None:
        self.net.srv_records[name] = [SrvRecord(host, port, 0, 0) for host, port in targets]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("server", "target"),
    [
        ("1.2.3.4", Target("1.2.3.4", 8448, "1.2.3.4", "1.2.3.4")),
        ("1.2.3.4:5", Target("1.2.3.4", 5, "1.2.3.4", "1.2.3.4:5")),
        ("[2001:4860::1]", Target("2001:4860::1", 8448, "2001:4860::1", "[2001:4860::1]")),
        ("[2001:4860::1]:5", Target("2001:4860::1", 5, "2001:4860::1", "[2001:4860::1]:5")),
        ("example.org:5", Target("example.org", 5, "example.org", "example.org:5")),
    ],
)
async def test_an_address_or_a_port_in_the_name_is_taken_as_it_is(world: World, server: str, target: Target) -> None:
    world.well_known({"m.server": "other.test"})
    assert await world.discovery.targets(server) == [target]
    assert world.asked == 0


@pytest.mark.parametrize(
    ("delegated", "target"),
    [
        ("1.2.3.4", Target("1.2.3.4", 8448, "1.2.3.4", "1.2.3.4")),
        ("1.2.3.4:9", Target("1.2.3.4", 9, "1.2.3.4", "1.2.3.4:9")),
        ("d.test:9", Target("d.test", 9, "d.test", "d.test:9")),
        ("d.test", Target("d.test", 8448, "d.test", "d.test")),
    ],
)
async def test_the_well_known_delegates(world: World, delegated: str, target: Target) -> None:
    world.well_known({"m.server": delegated})
    assert await world.discovery.targets("example.org") == [target]


async def test_srv_of_the_delegated_name_keeps_its_certificate_name(world: World) -> None:
    world.well_known({"m.server": "d.test"})
    world.srv("_matrix-fed._tcp.d.test", ("host1.test", 1), ("host2.test", 2))
    world.srv("_matrix._tcp.d.test", ("old.test", 3))
    assert await world.discovery.targets("example.org") == [
        Target("host1.test", 1, "d.test", "d.test"),
        Target("host2.test", 2, "d.test", "d.test"),
    ]


@pytest.mark.parametrize("service", ["_matrix-fed", "_matrix"])
async def test_without_a_well_known_srv_keeps_the_original_name(world: World, service: str) -> None:
    world.srv(f"{service}._tcp.example.org", ("host.test", 1))
    assert await world.discovery.targets("example.org") == [Target("host.test", 1, "example.org", "example.org")]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 200), (b"<html>", 200), ({}, 200), ({"m.server": 5}, 200), ({"m.server": "a b"}, 200),
     ({"m.server": "http://x"}, 200), ({"m.server": "d.test"}, 404), ({"m.server": "d.test"}, 500), ([], 200)],
)  # fmt: skip
async def test_an_invalid_well_known_counts_as_none(world: World, body: object, status: int) -> None:
    world.well_known(body, status=status)
    assert await world.discovery.targets("example.org") == [Target("example.org", 8448, "example.org", "example.org")]


@pytest.mark.parametrize(
    ("header", "hours"),
    [("", 24), ("max-age=7200", 2), ("max-age=10", 1), ("max-age=9999999", 48), ("no-store", 1), ("max-age=x", 24),
     ("public, MAX-AGE=7200", 2)],
)  # fmt: skip
async def test_a_well_known_is_remembered_within_bounds(world: World, header: str, hours: int) -> None:
    world.well_known({"m.server": "d.test"}, cache_control=header)
    await world.discovery.targets("example.org")
    world.clock.now += hours * 3600 - 1
    await world.discovery.targets("example.org")
    assert world.asked == 1
    world.clock.now += 2
    await world.discovery.targets("example.org")
    assert world.asked == 2


async def test_failures_are_remembered_twice_as_long_each_time_up_to_an_hour(world: World) -> None:
    world.well_known({}, status=500)
    pauses = []
    for _ in range(8):
        asked, start = world.asked, world.clock.now
        while world.asked == asked:
            await world.discovery.targets("example.org")
            world.clock.now += 10
        pauses.append(round(world.clock.now - start, -1))
    assert pauses[1:5] == sorted(pauses[1:5])
    assert max(pauses) <= 3610


async def test_a_redirect_to_plain_http_is_not_followed(world: World) -> None:
    async def answer(_: Request) -> Answer:
        return Answer(302, {"location": "http://example.org/other"}, b"")

    world.net.answers("example.org", 443, answer)
    assert (await world.discovery.targets("example.org"))[0].host == "example.org"


async def test_a_redirect_loop_ends(world: World) -> None:
    async def answer(_: Request) -> Answer:
        return Answer(302, {"location": "/.well-known/matrix/server"}, b"")

    world.net.answers("example.org", 443, answer)
    assert (await world.discovery.targets("example.org"))[0].port == 8448
    assert len(world.net.sent) == 6
