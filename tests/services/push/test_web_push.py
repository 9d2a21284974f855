"""Web Push: what a browser gets, that it alone can read it, and what push services are told of us."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from homeserver.clock import SystemClock
from homeserver.config.network import OutboundHttp
from homeserver.providers.web_push import BadVapidKey, Vapid, decoded, encoded
from tests.services.push.browsers import KIND, PushService, running_service
from tests.support.client import Json, Refused, Server, User
from tests.support.waiting import eventually
from tools.certificates import LocalCertificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture(scope="module")
async def server(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    from tests.support.running import running_app

    outbound = OutboundHttp(verify_certificates=False, allow_private_addresses=True)
    async with running_app(cluster, tmp_path_factory.mktemp("webpush"), outbound_http=outbound) as (_, running):
        yield running


async def pair(server: Server) -> tuple[User, User, str]:
    alice, bob = await server.people(2)
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    return alice, bob, room


async def test_a_browser_is_told_where_something_is_new_and_nobody_else_can_read_it(
    server: Server, certificate: LocalCertificate
) -> None:
    alice, bob, room = await pair(server)
    vapid = (await bob.call("GET", "/v3/capabilities"))["capabilities"][KIND]["vapid"]
    async with running_service(certificate) as service:
        await bob.call("POST", "/v3/pushers/set", service.subscription("bob"))
        event_id = await alice.says("nobody on the way reads this", room)
        await service.has(1)
        path, headers, body = service.came[0]
        assert path == "/send/bob"
        assert b"nobody" not in body
        shown = {"user_id": bob.user_id, "room_id": room, "event_id": event_id, "unread": 1, "sound": True}
        assert service.opened(body) == shown
        assert (headers["Content-Encoding"], headers["TTL"], headers["Urgency"]) == ("aes128gcm", "86400", "high")
        scheme, token, key = headers["Authorization"].replace(",", "").split()
        assert (scheme, key) == ("vapid", f"k={vapid}")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(vapid))
        origin = f"https://localhost:{service.port}"
        claims = jwt.decode(token.removeprefix("t="), public, algorithms=["ES256"], audience=origin)
        assert claims["sub"].startswith("https://")

        await alice.sends(room, "m.room.message", {"msgtype": "m.text", "body": "psst", "app.hearth.silent": True})
        await service.has(2)
        assert service.came[1][1]["Topic"] == headers["Topic"]
        assert service.opened(service.came[1][2])["sound"] is False


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(server: Server, certificate: LocalCertificate, status: int) -> None:
    alice, bob, room = await pair(server)
    async with running_service(certificate) as service:
        service.status = status
        await bob.call("POST", "/v3/pushers/set", service.subscription("gone"))
        await alice.says("anybody there?", room)

        async def is_forgotten() -> bool:
            return not (await bob.call("GET", "/v3/pushers"))["pushers"]

        await eventually(is_forgotten)


@pytest.mark.full("reliability")
async def test_what_a_push_service_does_not_take_is_sent_again(server: Server, certificate: LocalCertificate) -> None:
    alice, bob, room = await pair(server)
    async with running_service(certificate) as service:
        service.status = 503
        await bob.call("POST", "/v3/pushers/set", service.subscription("busy"))
        await alice.says("again", room)
        await service.has(1)
        service.status = 201
        await service.has(2)
        assert service.opened(service.came[0][2]) == service.opened(service.came[1][2])


@pytest.mark.parametrize(
    "change",
    [
        {"pushkey": "AAAA"},
        {"pushkey": encoded(b"\x04" + b"1" * 64)},
        {"data": {"url": "https://push.example/x", "auth": "c2hvcnQ"}},
        {"data": {"url": "https://push.example/x", "auth": 7}},
        {"data": {"url": "http://push.example/x", "auth": encoded(b"sixteen letters.")}},
        {"data": {"url": "https://who@push.example/x", "auth": encoded(b"sixteen letters.")}},
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_subscription_is_refused(server: Server, change: Json) -> None:
    [alice] = await server.people(1)
    with pytest.raises(Refused) as refused:
        await alice.call("POST", "/v3/pushers/set", {**PushService(1).subscription("x"), **change})
    assert (refused.value.status, refused.value.errcode) == (400, "M_INVALID_PARAM")


def test_the_key_is_made_once_and_kept_secret(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vapid.pem"
    first = Vapid.load_or_create(path, "https://hearth.test", SystemClock())
    assert path.stat().st_mode & 0o777 == 0o600
    assert Vapid.load_or_create(path, "https://hearth.test", SystemClock()).public == first.public
    assert [one.name for one in path.parent.iterdir()] == ["vapid.pem"]
    path.write_text("no key")
    with pytest.raises(BadVapidKey):
        Vapid.load_or_create(path, "https://hearth.test", SystemClock())
