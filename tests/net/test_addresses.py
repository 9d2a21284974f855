"""Which addresses are dialled: a table of spellings, and the same at a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence

import pytest

from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.errors import AddressRefused, BadAnswer, NameNotFound, NetError, TooBig, Unreachable
from homeserver.net.http import HttpClient, Request, fetch
from homeserver.net.resolver import SrvRecord

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.254",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:c0a8:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "ff05::2",
    "4000::1",
    "8000::1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.9.9.9",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.0.1",
    "198.20.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
]

SPELLINGS = [
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "127.000.000.001",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[fe80::1%25lo]",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "a.localhost",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "0",
    "0.0.0.0",
    "[::]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


class Names:
    """A resolver whose every name leads to loopback, as a stranger's DNS may."""

    async def addresses(self, host: str) -> Sequence[str]:
        if host == "nowhere.test":
            raise NameNotFound(host)
        if host == "mixed.test":
            return ("127.0.0.1", "::1", "::ffff:127.0.0.1")
        return ("127.0.0.1",)

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        return ()


class Canary:
    """A listener on loopback that counts who came."""

    def __init__(self) -> None:
        self.visits = 0
        self.port = 0
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        self.heads: list[bytes] = []

    async def visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    canary = Canary()
    server = await asyncio.start_server(canary.visit, "127.0.0.1", 0)
    canary.port = server.sockets[0].getsockname()[1]
    async with server:
        yield canary


def client(policy: AddressPolicy, tls: ssl.SSLContext | None = None) -> HttpClient:
    return HttpClient(policy, Names(), tls or tls_context(), user_agent="test")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_inside_address_is_refused(address: str) -> None:
    assert AddressPolicy().why_refused(address, 443) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_dialled(address: str) -> None:
    assert AddressPolicy().why_refused(address, 443) is None


def test_an_exemption_opens_its_network_and_nothing_else() -> None:
    policy = AddressPolicy.of(["127.0.0.0/8", "fd00::/64"])
    assert policy.why_refused("127.0.0.1", 8448) is None
    assert policy.why_refused("fd00::1", 8448) is None
    assert policy.why_refused("10.0.0.1", 8448) is not None
    assert policy.why_refused("fd00:0:0:1::1", 8448) is not None
    assert policy.why_refused("::ffff:127.0.0.1", 8448) is not None


@pytest.mark.parametrize("port", [22, 25, 53, 5432, 6379, 11211])
def test_ports_of_local_services_stay_closed_at_exempted_addresses(port: int) -> None:
    assert AddressPolicy.of(True).why_refused("127.0.0.1", port) is not None
    assert AddressPolicy.of(True).why_refused("1.1.1.1", port) is None


def test_an_empty_list_of_exemptions_exempts_nothing() -> None:
    assert AddressPolicy.of([]).why_refused("127.0.0.1", 443) is not None
    assert AddressPolicy.of(False).why_refused("127.0.0.1", 443) is not None


@pytest.mark.parametrize("host", [*SPELLINGS, "rebound.test", "mixed.test"])
async def test_no_spelling_reaches_loopback(canary: Canary, host: str) -> None:
    http = client(AddressPolicy())
    bare = host[1:-1] if host.startswith("[") else host
    with pytest.raises(NetError):
        await http.send(Request("GET", bare, canary.port, "/", scheme="http", timeout_s=5))
    with pytest.raises(NetError):
        await fetch(http, f"https://{host}:{canary.port}/", max_bytes=100, timeout_s=5)
    await http.close()
    assert canary.visits == 0


async def test_the_refusal_is_told_apart_from_other_failures(canary: Canary) -> None:
    http = client(AddressPolicy())
    with pytest.raises(AddressRefused):
        await http.send(Request("GET", "inside.test", canary.port, "/", scheme="http"))
    with pytest.raises(NameNotFound):
        await http.send(Request("GET", "nowhere.test", canary.port, "/", scheme="http"))
    await http.close()


async def test_an_exempted_address_is_asked_with_our_host_and_the_exact_target(canary: Canary) -> None:
    http = client(AddressPolicy.of(["127.0.0.1"]))
    target = "/_matrix/x/%21a%2Fb:c%3A1?v=%24x&v=y+z"
    answer = await http.send(
        Request("GET", "any.test", canary.port, target, scheme="http", authority="delegated.test:1234")
    )
    await http.close()
    assert (answer.status, answer.body) == (200, b"{}")
    assert canary.heads[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())
    assert b"\r\nHost: delegated.test:1234\r\n" in canary.heads[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", TooBig),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n", TooBig),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", Unreachable),
        (b"SSH-2.0-nonsense\r\n\r\n", BadAnswer),
    ],
)
async def test_a_bad_answer_is_named(canary: Canary, answer: bytes, error: type[NetError]) -> None:
    canary.answer = answer
    http = client(AddressPolicy.of(True))
    with pytest.raises(error):
        await http.send(Request("GET", "x.test", canary.port, "/", scheme="http", max_bytes=500, timeout_s=5))
    await http.close()


@pytest.mark.parametrize("url", ["http://a.test/", "https://user@a.test/", "https://u:p@a.test/", "ftp://a.test", "x"])
async def test_only_plain_https_urls_are_fetched(url: str) -> None:
    http = client(AddressPolicy.of(True))
    with pytest.raises(BadAnswer):
        await fetch(http, url, max_bytes=1, timeout_s=1)
    await http.close()
