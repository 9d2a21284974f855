"""What every request meets: CORS, unknown paths, limits, deadlines, errors as JSON, an end to long-polls."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
import structlog
from prometheus_client import CollectorRegistry

from homeserver.asgi import request as request_module
from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.interface import App, Receive, Scope, Send
from homeserver.asgi.observe import RequestObserver
from homeserver.asgi.request import IpNetwork, Request
from homeserver.asgi.responses import Answer, Raw
from homeserver.asgi.routes import Params, Route
from homeserver.errors import Forbidden, LimitExceeded
from tests.asgi.driver import Exchange, ask

ALL = frozenset({"client", "media", "web"})


class Fixture:
    """Some routes, and the dispatcher in front of them."""

    def __init__(self, *, site: App | None = None, proxies: Sequence[IpNetwork] = ()) -> None:
        self.forever = asyncio.Event()
        self.cancelled = False
        self.stopping = asyncio.Event()
        self.dispatcher = Dispatcher(
            [
                Route("GET", "/_matrix/client/hello/<name>", "client", self.hello),
                Route("PUT", "/_matrix/client/echo", "client", self.echo),
                Route("GET", "/_matrix/client/no", "client", self.no),
                Route("GET", "/_matrix/client/slow_down", "client", self.slow_down),
                Route("GET", "/_matrix/client/bug", "client", self.bug),
                Route("GET", "/_matrix/client/deep", "client", self.deep),
                Route("GET", "/_matrix/client/ip", "client", self.ip),
                Route("POST", "/_matrix/client/wait", "client", self.wait, long_poll=True),
                Route("GET", "/_matrix/media/file", "media", self.file),
            ],
            observer=RequestObserver(CollectorRegistry()),
            stopping=self.stopping,
            trusted_proxies=proxies,
            site=site,
        )
        self.app = self.dispatcher.listener(ALL)

    async def hello(self, request: Request, params: Params) -> Answer:
        return {"hello": params["name"], "times": request.query.int("times", 1, 1, 5)}

    async def echo(self, request: Request, params: Params) -> Answer:
        return Raw(await request.body(100), "text/plain", 201, {"X-Own": "1", "Cache-Control": "max-age=5"})

    async def no(self, request: Request, params: Params) -> Answer:
        raise Forbidden("not you", extra=1)

    async def slow_down(self, request: Request, params: Params) -> Answer:
        raise LimitExceeded(retry_after_ms=1500)

    async def bug(self, request: Request, params: Params) -> Answer:
        raise KeyError("secret")

    async def deep(self, request: Request, params: Params) -> Answer:
        raise RecursionError

    async def ip(self, request: Request, params: Params) -> Answer:
        return {"ip": request.ip}

    async def wait(self, request: Request, params: Params) -> Answer:
        wanted = await request.body()
        if wanted == b"forbidden":
            raise Forbidden
        try:
            await self.forever.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return {"wanted": wanted.decode()}

    async def file(self, request: Request, params: Params) -> Answer:
        return Raw(b"", "image/png")


@pytest.fixture
async def fixture() -> Fixture:
    return Fixture()


async def test_an_answer_is_json_with_cors_and_its_length(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "GET", "/_matrix/client/hello/%C3%A9?times=3")
    assert (answer.status, answer.json) == (200, {"hello": "é", "times": 3})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-length"] == str(len(answer.body))


async def test_head_is_get_without_the_body(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "HEAD", "/_matrix/client/hello/a")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "23")


async def test_a_raw_answer_keeps_its_status_and_headers(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "PUT", "/_matrix/client/echo", b"abc")
    assert (answer.status, answer.body, answer.headers["x-own"]) == (201, b"abc", "1")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("text/plain", "max-age=5")
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/", "/_matrix/client/nothing", "/_matrix/client/echo", "*"])
async def test_options_is_allowed_everywhere_and_does_nothing(fixture: Fixture, path: str) -> None:
    answer = await ask(fixture.app, "OPTIONS", path)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert "Authorization" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("method", "path", "status", "errcode"),
    [
        ("GET", "/_matrix/client/nothing", 404, "M_UNRECOGNIZED"),
        ("GET", "/elsewhere", 404, "M_UNRECOGNIZED"),
        ("DELETE", "/_matrix/client/echo", 405, "M_UNRECOGNIZED"),
        ("GET", "/_matrix/client/no", 403, "M_FORBIDDEN"),
        ("GET", "/_matrix/client/bug", 500, "M_UNKNOWN"),
        ("GET", "/_matrix/client/deep", 400, "M_BAD_JSON"),
        ("GET", "/_matrix/client/hello/%FF", 400, "M_INVALID_PARAM"),
        ("GET", "/_matrix/client/hello/a?times=x", 400, "M_INVALID_PARAM"),
        ("GET", "/_matrix/client/hello/a?times=0", 400, "M_INVALID_PARAM"),
        ("GET", "/_matrix/client/hello/a?times=%FF", 400, "M_INVALID_PARAM"),
    ],
)
async def test_every_error_is_json_with_cors(
    fixture: Fixture, method: str, path: str, status: int, errcode: str
) -> None:
    answer = await ask(fixture.app, method, path)
    assert (answer.status, answer.errcode) == (status, errcode)
    assert answer.json["error"]
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_further_fields_of_an_error_are_sent(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "GET", "/_matrix/client/no")
    assert answer.json == {"errcode": "M_FORBIDDEN", "error": "not you", "extra": 1}


async def test_a_limit_says_when_to_come_back_in_both_ways(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "GET", "/_matrix/client/slow_down")
    assert (answer.status, answer.json["retry_after_ms"], answer.headers["retry-after"]) == (429, 1500, "2")


async def test_a_bug_is_logged_and_not_shown(fixture: Fixture) -> None:
    with structlog.testing.capture_logs() as entries:
        answer = await ask(fixture.app, "GET", "/_matrix/client/bug")
    assert b"secret" not in answer.body
    assert [entry["event"] for entry in entries] == ["request_failed", "request"]


async def test_the_log_has_the_pattern_and_never_the_query(fixture: Fixture) -> None:
    with structlog.testing.capture_logs() as entries:
        await ask(fixture.app, "GET", "/_matrix/client/hello/alice?access_token=hea_secret")
    (entry,) = entries
    assert (entry["route"], entry["status"]) == ("/_matrix/client/hello/<name>", 200)
    assert "hea_secret" not in str(entry)
    assert "alice" not in str(entry)


async def test_a_number_above_the_highest_is_cut(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "GET", "/_matrix/client/hello/a?times=99")
    assert answer.json["times"] == 5


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "3"), ("Transfer-Encoding", "chunked")],
        [("Content-Length", "3"), ("Content-Length", "3")],
        [("Content-Length", "+3")],
        [("Content-Length", "-3")],
        [("Host", "a"), ("Host", "b")],
        [(f"X-{n}", "1") for n in range(101)],
    ],
    ids=["CL and TE", "two CL", "CL with sign", "negative CL", "two hosts", "101 headers"],
)
async def test_an_ambiguous_head_is_refused_and_the_connection_closed(
    fixture: Fixture, headers: list[tuple[str, str]]
) -> None:
    answer = await ask(fixture.app, "PUT", "/_matrix/client/echo", b"abc", headers)
    assert (answer.status, answer.headers["connection"]) == (400, "close")


async def test_a_body_over_the_limit_is_refused_by_its_length(fixture: Fixture) -> None:
    answer = await ask(fixture.app, "PUT", "/_matrix/client/echo", b"a" * 101, {"Content-Length": "101"})
    assert (answer.status, answer.errcode) == (413, "M_TOO_LARGE")


async def test_a_body_over_the_limit_is_refused_while_it_comes(fixture: Fixture) -> None:
    exchange = Exchange("PUT", "/_matrix/client/echo")
    exchange.body(b"a" * 60, more=True)
    exchange.body(b"a" * 60, more=True)
    exchange.body(b"")
    answer = await exchange.run(fixture.app)
    assert (answer.status, answer.errcode) == (413, "M_TOO_LARGE")
    assert exchange.incoming.empty(), "the rest of a refused body is read, so that the client sees the answer"


async def test_a_body_that_stalls_is_given_up(fixture: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_module, "BODY_GRACE_S", 0.05)
    exchange = Exchange("PUT", "/_matrix/client/echo")
    exchange.body(b"a", more=True)
    answer = await asyncio.wait_for(exchange.run(fixture.app), 5)
    assert (answer.status, answer.headers["connection"]) == (408, "close")


async def test_a_client_that_leaves_within_its_body_gets_nothing(fixture: Fixture) -> None:
    exchange = Exchange("PUT", "/_matrix/client/echo")
    exchange.body(b"a", more=True)
    exchange.leave()
    assert (await exchange.run(fixture.app)).status == 0


async def test_a_listener_offers_its_resources_only(fixture: Fixture) -> None:
    only_media = fixture.dispatcher.listener(frozenset({"media"}))
    assert (await ask(only_media, "GET", "/_matrix/media/file")).status == 200
    assert (await ask(only_media, "GET", "/_matrix/client/ip")).status == 404


async def test_a_long_poll_answers(fixture: Fixture) -> None:
    fixture.forever.set()
    answer = await asyncio.wait_for(ask(fixture.app, "POST", "/_matrix/client/wait", b"x"), 5)
    assert answer.json == {"wanted": "x"}


async def test_a_long_poll_may_fail(fixture: Fixture) -> None:
    assert (await ask(fixture.app, "POST", "/_matrix/client/wait", b"forbidden")).status == 403


async def test_a_long_poll_ends_when_its_client_leaves(fixture: Fixture) -> None:
    exchange = Exchange("POST", "/_matrix/client/wait")
    exchange.body(b"x")
    exchange.leave()
    answer = await asyncio.wait_for(exchange.run(fixture.app), 5)
    assert (answer.status, fixture.cancelled) == (0, True)


async def test_a_long_poll_that_does_not_end_by_itself_is_ended_at_stop(
    fixture: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeserver.asgi.dispatch.STOP_GRACE_S", 0.05)
    asking = asyncio.ensure_future(ask(fixture.app, "POST", "/_matrix/client/wait", b"x"))
    await asyncio.sleep(0.05)
    fixture.dispatcher.stop()
    answer = await asyncio.wait_for(asking, 5)
    assert (answer.status, "retry-after" in answer.headers) == (503, True)


@pytest.mark.parametrize(
    ("client", "forwarded", "ip"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
async def test_forwarded_addresses_are_believed_of_trusted_proxies_only(
    client: str, forwarded: str | None, ip: str
) -> None:
    fixture = Fixture(proxies=[ip_network("10.0.0.0/8")])
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = await ask(fixture.app, "GET", "/_matrix/client/ip", headers=headers, client=client)
    assert answer.json == {"ip": ip}


async def test_the_web_client_has_every_path_that_is_no_api() -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    fixture = Fixture(site=site)
    assert (await ask(fixture.app, "GET", "/room/x")).body == b"page"
    assert (await ask(fixture.app, "GET", "/_matrix/client/nothing")).status == 404
    assert (await ask(fixture.app, "POST", "/room/x")).status == 404
    without_web = fixture.dispatcher.listener(frozenset({"client"}))
    assert (await ask(without_web, "GET", "/room/x")).status == 404
