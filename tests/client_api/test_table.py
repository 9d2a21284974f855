"""Walks the table of the real server: every endpoint has auth, a bucket and its section; none lets strangers by."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.app import App, build
from homeserver.asgi.interface import App as AsgiApp
from homeserver.client_api.http import Auth, Endpoint
from homeserver.clock import NoFaults, SystemClock, SystemRng
from homeserver.config import Config, RateLimits
from homeserver.config.server import EVERYTHING, Database
from homeserver.services.ratelimit import BUCKETS
from tests.asgi.driver import Answered, ask

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

OPEN = {
    "versions",
    "health",
    "metrics",
    "well_known",
    "well_known_server",
    "well_known_support",
}
"""Every endpoint that anybody may call: a new one must be added here on purpose."""

OURS = {"health", "metrics"}
"""Endpoints that no spec describes."""


@dataclass
class Walk:
    app: App
    asgi: AsgiApp

    async def ask(self, endpoint: Endpoint, body: bytes = b"{}", token: str | None = None) -> Answered:
        path = "/".join("x" if part.startswith("<") else part for part in endpoint.path.split("/"))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await asyncio.wait_for(ask(self.asgi, endpoint.method, path, body, headers), 20)


@pytest.fixture
async def walk(cluster: "Cluster", tmp_path: Path) -> AsyncIterator[Walk]:
    async with cluster.database() as url:
        config = Config(
            server_name="walk.test",
            data_dir=str(tmp_path),
            database=Database(url=url),
            rate_limits=RateLimits(enabled=False),
        )
        app = await build(config, clock=SystemClock(), rng=SystemRng(), faults=NoFaults())
        yield Walk(app, app.listener(frozenset({*EVERYTHING, "metrics"})))
        await app.close()


async def test_every_endpoint_says_who_may_call_it_and_how_often(walk: Walk) -> None:
    for endpoint in walk.app.table:
        assert isinstance(endpoint.auth, Auth), endpoint.path
        assert endpoint.limit in BUCKETS, endpoint.path


async def test_every_endpoint_names_its_section_of_the_spec(walk: Walk) -> None:
    silent = [endpoint.name for endpoint in walk.app.table if "Spec: " not in (endpoint.handler.__doc__ or "")]
    assert set(silent) <= OURS


async def test_only_the_listed_endpoints_are_open_to_anybody(walk: Walk) -> None:
    assert {endpoint.name for endpoint in walk.app.table if endpoint.auth is Auth.NONE} == OPEN


async def test_no_endpoint_lets_a_stranger_by(walk: Walk) -> None:
    for endpoint in walk.app.table:
        if endpoint.auth not in {Auth.NONE, Auth.OPTIONAL}:
            missing, foreign = await walk.ask(endpoint), await walk.ask(endpoint, token="hea_foreign")
            assert (missing.status, missing.errcode) == (401, "M_MISSING_TOKEN"), endpoint.path
            assert (foreign.status, foreign.errcode) == (401, "M_UNKNOWN_TOKEN"), endpoint.path


async def test_no_open_endpoint_breaks_on_a_bad_body(walk: Walk) -> None:
    for endpoint in walk.app.table:
        if endpoint.auth is Auth.NONE:
            for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"a":NaN}', b"[" * 3000):
                answer = await walk.ask(endpoint, body)
                assert answer.status < 500, (endpoint.path, body)
                if endpoint.body is not None and body:
                    assert answer.errcode in {"M_NOT_JSON", "M_BAD_JSON"}, (endpoint.path, body)


async def test_nothing_over_the_socket_needs_no_token_or_waits_long(walk: Walk) -> None:
    for endpoint in walk.app.table:
        if endpoint.socket:
            assert endpoint.auth is not Auth.NONE, endpoint.path
            assert not endpoint.long_poll, endpoint.path
