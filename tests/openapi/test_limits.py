"""Every operation that the specification rate-limits answers 429 in the end, and says when to come back."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from yarl import URL

from homeserver.config.content import Media, UrlPreviews
from homeserver.config.rate_limits import Bucket, RateLimits
from homeserver.services.ratelimit import BUCKETS
from tests.openapi.recipes import path_of
from tests.openapi.specification import Operation
from tests.openapi.test_answers import SERVED, cases
from tests.support.client import Server, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

BURST = 4
SIGN_UPS = {"public", "registration"}
"""Buckets that the user of these tests comes through."""


@pytest.fixture(scope="module")
async def hurried(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[User]:
    """A user of a server that has little patience."""
    sizes = {name: Bucket(0.001, BURST * (2 if name in SIGN_UPS else 1)) for name in BUCKETS}
    folder = tmp_path_factory.mktemp("hurried")
    limits, previews = RateLimits(enabled=True, **sizes), UrlPreviews(enabled=True)
    media = Media(legacy_routes=True, url_previews=previews)
    async with running_app(cluster, folder, rate_limits=limits, media=media) as (_, server):
        yield await server.register("hurried")


async def asked(server: Server, operation: Operation, token: str | None) -> tuple[int, dict[str, str], object]:
    names = {part[1:-1]: "x" for part in operation.path.split("/") if part.startswith("{")}
    url = URL(server.base_url + path_of(operation.path, names), encoded=True)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = b"{}" if operation.method in {"PUT", "POST"} else None
    async with server.session.request(operation.method, url, data=body, headers=headers) as response:
        return response.status, dict(response.headers), await response.json(content_type=None)


@cases([one for one in SERVED if one.is_limited and one.auth != "as_token"])
async def test_who_asks_too_often_is_told_when_to_come_back(hurried: User, operation: Operation) -> None:
    token = hurried.token if operation.auth.startswith("bearer") else None
    answers = [await asked(hurried.server, operation, token) for _ in range(3 * BURST)]
    status, headers, answer = answers[-1]
    assert status == 429
    assert isinstance(answer, dict)
    assert answer["errcode"] == "M_LIMIT_EXCEEDED"
    assert int(headers["Retry-After"]) > 0
    assert answer["retry_after_ms"] > 0
