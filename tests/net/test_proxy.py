"""A proxy connects in our place, to addresses that we have checked; what is inside stays out of its reach."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest

from homeserver.clock import SystemClock, SystemRng
from homeserver.config import Config
from homeserver.config.network import OutboundHttp
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.errors import AddressRefused, NetError
from homeserver.net.http import HttpClient, Request
from homeserver.net.resolver import SrvRecord
from homeserver.opening import CannotStart, open_outbound


class Names:
    """One name is outside, one has an inside address beside an outside one."""

    async def addresses(self, host: str) -> Sequence[str]:
        return {"out.test": ("1.1.1.1",), "mixed.test": ("1.1.1.1", "10.0.0.1")}.get(host, ("127.0.0.1",))

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        return ()


class Proxy:
    """Answers plain requests itself and refuses to connect; remembers what it was asked."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        is_plain = self.heads[-1].startswith("GET ")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" if is_plain else b"HTTP/1.1 403 No\r\n\r\n")
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy


@pytest.fixture
async def http(proxy: Proxy) -> AsyncIterator[HttpClient]:
    client = HttpClient(AddressPolicy(), Names(), tls_context(), user_agent="test", proxy=proxy.url)
    yield client
    await client.close()


async def test_a_plain_request_names_the_checked_address_and_the_host(proxy: Proxy, http: HttpClient) -> None:
    answer = await http.send(Request("GET", "out.test", 80, "/x?y=%21", scheme="http", authority="out.test"))
    assert answer.body == b"{}"
    assert proxy.heads[0].startswith("GET http://1.1.1.1/x?y=%21 HTTP/1.1\r\n")
    assert "\r\nHost: out.test\r\n" in proxy.heads[0]


async def test_a_tunnel_leads_to_the_checked_address(proxy: Proxy, http: HttpClient) -> None:
    with pytest.raises(NetError):
        await http.send(Request("GET", "out.test", 443, "/"))
    assert proxy.heads[0].startswith("CONNECT 1.1.1.1:443 HTTP/1.1\r\n")


@pytest.mark.parametrize("host", ["inside.test", "mixed.test", "127.0.0.1", "::1", "10.0.0.1", "::ffff:7f00:1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_proxy_is_not_asked_for_inside_addresses(
    proxy: Proxy, http: HttpClient, host: str, scheme: str
) -> None:
    with pytest.raises(AddressRefused):
        await http.send(Request("GET", host, 8080, "/", scheme=scheme))
    assert proxy.heads == []


@pytest.mark.parametrize(
    "proxy", ["https://proxy.test:1", "proxy.test:3128", "http://proxy.test", "http://u:p@proxy.test:1", "socks5://x:1"]
)
async def test_a_proxy_of_another_form_is_refused_in_one_line(proxy: str) -> None:
    config = Config(server_name="a.test", outbound_http=OutboundHttp(proxy=proxy))
    async with AsyncExitStack() as resources:
        with pytest.raises(CannotStart, match=r"outbound_http\.proxy .* must be of the form http://host:port"):
            open_outbound(config, SystemClock(), SystemRng(), resources)
