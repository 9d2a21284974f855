"""Nothing that was to be told is lost when the server is killed, wherever it stands."""

import random
from collections.abc import Awaitable, Callable

import pytest

from tests.services.push.gateway import running_gateway, sets_pusher
from tests.support.client import Server
from tests.support.server import ServerProcess
from tools.certificates import LocalCertificate

NewServer = Callable[..., Awaitable[ServerProcess]]


@pytest.mark.timeout(180)
async def test_every_message_is_told_at_least_once_through_kills(
    new_server: NewServer, certificate: LocalCertificate, database_url: str
) -> None:
    await _survives(new_server, certificate, database_url, rounds=2)


@pytest.mark.full("reliability")
@pytest.mark.timeout(900)
async def test_every_message_is_told_at_least_once_through_many_kills(
    new_server: NewServer, certificate: LocalCertificate, database_url: str
) -> None:
    await _survives(new_server, certificate, database_url, rounds=20)


async def _survives(new_server: NewServer, certificate: LocalCertificate, database_url: str, rounds: int) -> None:
    chance = random.Random(18)
    process = await new_server(
        database={"url": database_url},
        rate_limits={"enabled": False},
        federation={"enabled": False},
        outbound_http={"verify_certificates": False, "allow_private_addresses": True},
    )
    async with running_gateway(certificate) as gateway, Server(process.url, process.name) as server:
        alice, bob = await server.register("alice"), await server.register("bob")
        room = await alice.creates_room(inviting=bob)
        await bob.joins(room)
        await sets_pusher(bob, gateway.url, "bob")
        said: list[str] = []
        for number in range(rounds):
            gateway.failing = -1 if number % 2 else 0
            said += [await alice.says(f"{number}.{nth}", room) for nth in range(chance.randint(1, 8))]
            await process.kill()
            gateway.failing = 0
            await process.start()
        await gateway.until(lambda: set(said) <= set(gateway.events_of("bob")))
        first = list(dict.fromkeys(one for one in gateway.events_of("bob") if one in said))
        assert first == said
