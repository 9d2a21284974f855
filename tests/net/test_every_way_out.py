"""T1.2: no spelling of an inside address is dialled, by any client; a client or a way out without a row here fails."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import homeserver
from homeserver.clock import SystemClock, SystemRng
from homeserver.config import Config
from homeserver.config.accounts import Oidc
from homeserver.config.network import Federation, OutboundHttp
from homeserver.errors import MatrixError
from homeserver.federation import parts as federation
from homeserver.federation.client.discovery import Discovery
from homeserver.federation.client.errors import FederationError
from homeserver.federation.client.media import MediaRequests
from homeserver.federation.client.policy import Policy
from homeserver.federation.client.queries import Queries
from homeserver.federation.client.requests import Requests
from homeserver.federation.client.transactions import Transactions
from homeserver.federation.doctor import Doctor
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.errors import NetError
from homeserver.net.http import Answer, Http, HttpClient, Request, fetch, stream_url
from homeserver.net.resolver import DnsResolver, SrvRecord
from homeserver.opening import open_outbound
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.server_acl import ServerAcl
from homeserver.protocol.signing import SigningKey
from homeserver.providers.cas import CasProvider
from homeserver.providers.hooks import SignOnFailed, Visit
from homeserver.providers.http_push import HttpPush, PushFailed
from homeserver.providers.oidc import OidcProvider
from homeserver.providers.pages import Pages
from homeserver.providers.web_push import Subscription, Vapid, WebPush, decoded
from homeserver.services.appservices.asking import Asking
from homeserver.services.media import parts as media
from homeserver.services.push import parts as push
from homeserver.services.stages.captcha import Captcha
from homeserver.services.threepids.identity_server import IdentityServer, IdentityServers

CLOCK, RNG = SystemClock(), SystemRng()
KEY = SigningKey(ServerName("a.test"), "ed25519:1", b"." * 32)
Attempt = Callable[[Http, str], Awaitable[object]]


def _words(text: str) -> list[str]:
    return text.split()


LOOPBACK_4 = _words(
    "127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 127.1 127.0.1 127.000.000.001 0177.0.0.1 0177.0.0.01 0x7f.0.0.1 "
    "0x7f.1 0x7F.0.0.1 0x7f000001 0x7F000001 2130706433 017700000001 00000000177.1 127.0.0.1. 127.0.0.0x1 127.0x1 "
    "0 0.0.0.0 0.1.2.3 00.00.00.00 0x0 0x0.0x0 ①②⑦.⓪.⓪.① １２７.0.0.1 127。0。0。1 127．0．0．1 127｡0｡0｡1 "
    "६.0.0.1 १२७.०.०.१ localhost localhost. LOCALHOST LocalHost a.localhost a.b.localhost. "
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ loc\u00adalhost"
)
INSIDE_4 = _words(
    "10.0.0.1 10.255.255.254 172.16.0.1 172.31.255.254 192.168.0.1 192.168.1.1 100.64.0.1 100.100.100.200 "
    "169.254.0.1 169.254.169.254 169.254.170.2 168.63.129.16 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 "
    "198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 0xA9FEA9FE "
    "2852039166 0251.0376.0251.0376 0xa9.0xfe.0xa9.0xfe 169.254.43518 0x0a000001 167772161 012.0.0.1"
)
LOOPBACK_6 = _words(
    "[::1] [::] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::0:1] [0::1] [::127.0.0.1] [::7f00:1] "
    "[::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:7F00:0001] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] "
    "[::ffff:0.0.0.0] [64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1] "
    "[2001:0:7f00:1::] [2001::7f00:1] [::1%lo] [::1%25lo] [::1%251] [fe80::1%25lo] [fe80::1] [febf::1]"
)
INSIDE_6 = _words(
    "[fc00::1] [fd00::1] [fd00:ec2::254] [fec0::1] [ff01::1] [ff02::1] [ff05::2] [2001:db8::1] [2001:2::1] "
    "[2001:10::1] [2001:20::1] [3fff::1] [5f00::1] [100::1] [100:0:0:1::1] [4000::1] [::ffff:10.0.0.1] "
    "[::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe] [2002:a9fe:a9fe::] [2002:c0a8:1::1] [2002:a00:1::]"
)
TRICKS = _words(
    "inside.test rebound.test mixed.test x@127.0.0.1 public.test@127.0.0.1 127.0.0.1#@public.test 127.0.0.1%00.test "
    "127.0.0.1%2f.test 127.0.0.1%20 %31%32%37.0.0.1 127.0.0.1.nip.test 127.0.0.1\\.test [127.0.0.1] [::1 ::1"
)
SPELLINGS = [*LOOPBACK_4, *INSIDE_4, *LOOPBACK_6, *INSIDE_6, *TRICKS]


class Anybody:
    """Keeps no score."""

    async def may_ask(self, server: str) -> bool:
        return True

    async def answered(self, server: str) -> None:
        return

    async def failed(self, server: str, why: str = "") -> None:
        return


class LeadsInside:
    """The http of a first hop in public, which sends everybody who asks it to one inside URL; the rest is real."""

    def __init__(self, real: Http, url: str) -> None:
        self._real = real
        self._url = url

    async def send(self, request: Request) -> Answer:
        if request.host == "public.test":
            return Answer(302, {"location": self._url}, b"")
        return await self._real.send(request)

    def stream(self, request: Request) -> Any:
        return self._real.stream(request)


def _requests(http: Http) -> Requests:
    resolver = DnsResolver(CLOCK.monotonic, RNG.random)
    discovery = Discovery(http, resolver, CLOCK)
    return Requests(KEY, http, discovery, contact=Anybody(), allowed=ServerAcl.of({"allow": ["*"]}))


async def _sends_a_transaction(http: Http, place: str) -> None:
    await Transactions(_requests(http)).send(place, "t", ts=1, pdus=[], edus=[])


async def _asks_a_profile(http: Http, place: str) -> None:
    await Queries(_requests(http)).profile(place, f"@u:{place}", None)


async def _asks_a_policy_server(http: Http, place: str) -> None:
    await Policy(_requests(http)).sign(place, {})


async def _fetches_a_file(http: Http, place: str) -> None:
    async with MediaRequests(_requests(http), http).download(place, "m", timeout_ms=1000, max_bytes=9) as file:
        async for _ in file.parts:
            pass


async def _follows_a_file(http: Http, place: str) -> None:
    async with stream_url(http, f"https://{place}/file", max_bytes=9, timeout_s=5) as answer:
        async for _ in answer.parts:
            pass


async def _follows_a_well_known(http: Http, place: str) -> None:
    await fetch(LeadsInside(http, f"https://{place}/x"), "https://public.test/", redirects=5, max_bytes=9, timeout_s=5)


async def _is_delegated(http: Http, place: str) -> None:
    key = SigningKey(ServerName(place), "ed25519:1", b"." * 32)
    async for finding in Doctor(key, http, DnsResolver(CLOCK.monotonic, RNG.random), CLOCK, key_servers=()).findings():
        assert finding.name != "reachability" or not finding.is_good


async def _pushes(http: Http, place: str) -> None:
    await HttpPush(http).notify(f"https://{place}/_matrix/push/v1/notify", {})


BROWSER_KEY = ec.derive_private_key(7, ec.SECP256R1())
VAPID = Vapid(BROWSER_KEY, "https://a.test", CLOCK)


async def _tells_a_browser(http: Http, place: str) -> None:
    browser = Subscription(f"https://{place}/send/x", decoded(VAPID.public), b"." * 16)
    await WebPush(http, VAPID, RNG).notify(browser, {}, is_urgent=False, topic="x")


async def _previews(http: Http, place: str) -> None:
    await Pages(http).fetch(f"http://{place}/", 9)


async def _asks_an_identity_server(http: Http, place: str) -> None:
    await IdentityServers(http).user_of(IdentityServer(place, "token"), "email", "a@b.test")


async def _checks_a_captcha(http: Http, place: str) -> None:
    parts = urlsplit(f"http://{place}/siteverify")
    await Captcha(http, parts.geturl(), "key").check({"response": "x"}, None)  # type: ignore[arg-type]  # not looked at


VISIT = Visit("flow", "secret", "https://a.test/callback")


async def _asks_an_openid_provider(http: Http, place: str) -> None:
    config = Oidc(id="x", name="x", issuer=f"http://{place}", client_id="x")
    await OidcProvider(config, http, CLOCK).way(VISIT)


async def _asks_a_cas_server(http: Http, place: str) -> None:
    await CasProvider(f"http://{place}/cas", "x", http).vouch(VISIT, {"ticket": "ST-1"})


def _federation(resources: AsyncExitStack) -> Http:
    return federation.outside(Federation(), CLOCK, RNG, resources)[0]


def _push(resources: AsyncExitStack) -> Http:
    return push.outside(OutboundHttp(), CLOCK, RNG, resources)


def _outbound(resources: AsyncExitStack) -> Http:
    return open_outbound(Config(server_name="a.test"), CLOCK, RNG, resources)


def _pages(resources: AsyncExitStack) -> Http:
    nothing: Any = None
    made = media.previews(
        Config(server_name="a.test"),
        ServerName("a.test"),
        database=nothing,
        media=nothing,
        store=nothing,
        clock=CLOCK,
        rng=RNG,
        closing=resources,
    )
    http: Http = made._pages._http
    return http


WAYS_OUT: dict[str, Callable[[AsyncExitStack], Http] | None] = {
    "homeserver/federation/parts.py": _federation,
    "homeserver/opening.py": _outbound,
    "homeserver/services/media/parts.py": _pages,
    "homeserver/services/push/parts.py": _push,
    # The admin wrote the addresses of application services down: they may be inside.
    "homeserver/services/appservice_sender/parts.py": None,
}
"""By the file that constructs an `HttpClient`."""

CLIENTS: dict[str, tuple[type, str, Attempt]] = {
    "transactions": (Requests, "homeserver/federation/parts.py", _sends_a_transaction),
    "queries": (Requests, "homeserver/federation/parts.py", _asks_a_profile),
    "policy server": (Requests, "homeserver/federation/parts.py", _asks_a_policy_server),
    "files of peers": (MediaRequests, "homeserver/federation/parts.py", _fetches_a_file),
    "files elsewhere": (MediaRequests, "homeserver/federation/parts.py", _follows_a_file),
    "well-known": (Discovery, "homeserver/federation/parts.py", _follows_a_well_known),
    "doctor": (Doctor, "homeserver/federation/parts.py", _is_delegated),
    "push gateways": (HttpPush, "homeserver/services/push/parts.py", _pushes),
    "browsers": (WebPush, "homeserver/services/push/parts.py", _tells_a_browser),
    "previews": (Pages, "homeserver/services/media/parts.py", _previews),
    "identity servers": (IdentityServers, "homeserver/opening.py", _asks_an_identity_server),
    "OpenID providers": (OidcProvider, "homeserver/opening.py", _asks_an_openid_provider),
    "CAS servers": (CasProvider, "homeserver/opening.py", _asks_a_cas_server),
    "captchas": (Captcha, "homeserver/opening.py", _checks_a_captcha),
}
ASKS_INSIDE: frozenset[type] = frozenset({Asking})
"""Clients for application services alone."""
PASSES_ON = frozenset({"Push"})
"""Classes that hand the way out to a client of the table."""


def _trees() -> dict[str, ast.Module]:
    """The modules that speak of HTTP to others."""
    root = Path(homeserver.__file__).parent
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(root.rglob("*.py"))}
    return {str(file.relative_to(root.parent)): ast.parse(text) for file, text in texts.items() if "Http" in text}


def test_every_way_out_has_a_row() -> None:
    makers = {
        file
        for file, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == HttpClient.__name__
    }
    assert makers == WAYS_OUT.keys()


def test_every_client_has_a_row() -> None:
    clients = {
        node.name
        for tree in _trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
        for argument in (*method.args.args, *method.args.kwonlyargs)
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id in {"Http", "HttpClient"}
    }
    rows = {kind.__name__ for kind, _, _ in CLIENTS.values()} | {kind.__name__ for kind in ASKS_INSIDE}
    assert clients - PASSES_ON == rows


def test_there_are_enough_spellings() -> None:
    assert len(set(SPELLINGS)) >= 120


async def test_without_the_check_many_spellings_would_come_through(visits: tuple[int, list[object]]) -> None:
    port, came = visits
    resolver = DnsResolver(CLOCK.monotonic, RNG.random)
    http = HttpClient(AddressPolicy.of(True), resolver, tls_context(), user_agent="test")
    for spelling in LOOPBACK_4[:7] + LOOPBACK_6[:6] + ["localhost", "a.localhost"]:
        with suppress(NetError):
            await _previews(http, f"{spelling}:{port}")
    await http.close()
    assert len(came) >= 8


@pytest.fixture
async def visits() -> AsyncIterator[tuple[int, list[object]]]:
    """A port where IPv4 and IPv6 loopback listen, and who came."""
    came: list[object] = []

    async def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("sockname"))
        writer.close()

    listener = await asyncio.start_server(note, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    with suppress(OSError):
        second = await asyncio.start_server(note, "::1", port)
        async with listener, second:
            yield port, came
            return
    async with listener:
        yield port, came


@pytest.mark.parametrize("client", CLIENTS)
async def test_no_client_dials_an_inside_address(
    client: str, visits: tuple[int, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, came = visits
    _, maker, attempt = CLIENTS[client]
    way_out = WAYS_OUT[maker]
    assert way_out is not None

    async def addresses(_resolver: object, host: str) -> Sequence[str]:
        """A stranger's DNS: every name leads inside; one also to a public address that nobody answers at."""
        return ("::1", "127.0.0.1", "::ffff:127.0.0.1") if host == "mixed.test" else ("127.0.0.1",)

    async def srv(_resolver: object, name: str) -> Sequence[SrvRecord]:
        return (SrvRecord("127.0.0.1", port, 0, 0),)

    monkeypatch.setattr(DnsResolver, "addresses", addresses)
    monkeypatch.setattr(DnsResolver, "srv", srv)
    refused = 0
    async with AsyncExitStack() as resources:
        http = way_out(resources)
        for spelling in SPELLINGS:
            try:
                await attempt(http, f"{spelling}:{port}")
            except (NetError, FederationError, MatrixError, PushFailed, SignOnFailed, ValueError, AssertionError):
                refused += 1
    assert came == []
    assert refused == len(SPELLINGS) or client == "doctor"
