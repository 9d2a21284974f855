"""Walks the table of the real server: every endpoint has auth, a bucket and its section; none lets strangers by."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import msgspec
import orjson
import pytest

from homeserver.app import App, build
from homeserver.asgi.interface import App as AsgiApp
from homeserver.client_api.http import Auth, Endpoint
from homeserver.clock import NoFaults, SystemClock, SystemRng
from homeserver.config import Config
from homeserver.config.accounts import Login, Password, PhoneLogin, Registration
from homeserver.config.rate_limits import RateLimits
from homeserver.config.server import EVERYTHING, Database
from homeserver.services.ratelimit import BUCKETS
from tests.asgi.driver import Answered, ask

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

OPEN = {
    "admin_register",
    "admin_register_nonce",
    "admin_server_version",
    "auth_metadata",
    "choose_sso_name",
    "confirm_sso",
    "email_page",
    "health",
    "identity_key",
    "is_ephemeral_identity_key_valid",
    "is_identity_key_valid",
    "log_in",
    "login_flows",
    "login_page",
    "metrics",
    "redirect_to_confirm",
    "redirect_to_provider",
    "redirect_to_sso",
    "refresh",
    "register",
    "registration_token_validity",
    "request_code",
    "request_email_for_password",
    "request_email_to_register",
    "request_msisdn_for_password",
    "request_msisdn_to_register",
    "sign_in_state",
    "sso_callback",
    "stage_page",
    "submit_email",
    "submit_number",
    "submit_stage_page",
    "username_available",
    "versions",
    "well_known",
    "well_known_policy_server",
    "well_known_server",
    "well_known_support",
}
"""Every endpoint that anybody may call: a new one must be added here on purpose."""

OURS = {"health", "metrics"}
"""Endpoints that no spec describes."""

BEFORE_THEY_ARE_KNOWN = {
    "admin_block",
    "admin_quarantine_room",
    "admin_room_media",
    "admin_delete_room",
    "admin_delete_room_v1",
    "admin_is_blocked",
}
"""Endpoints that take rooms which this server does not know."""

ENDING = {"logout", "logout_all", "deactivate", "change_password"}
"""Endpoints that may end the session they are tried with."""

_numbers = itertools.count(1)

AS_TOKEN = "of the walk's application service"

NOT_JSON = (b"{", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":"\xff"}', b"'a'")
WRONG_VALUES = (None, True, -1, 2**70, 1.5, "", "\0", "x" * 300, [], [None], {}, {"a": [{}]})


@dataclass
class Walk:
    """A real server in this process, and a session on it."""

    app: App
    asgi: AsgiApp
    database_url: str
    token: str = ""
    user_id: str = ""

    async def position(self) -> int:
        """Where the stream is: it moves when anything is stored."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return int(await connection.fetchval("SELECT max(position) FROM stream"))
        finally:
            await connection.close()

    async def make_admin(self) -> None:
        """Let the session into the API of admins, too."""
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute("UPDATE users SET is_admin = true WHERE user_id = $1", self.user_id)
        finally:
            await connection.close()
        identifier = {"type": "m.id.user", "user": self.user_id}
        login = {"type": "m.login.password", "identifier": identifier, "password": "correct horse"}
        self.token = (await self.ask(self.app.table.named("log_in"), login)).json["access_token"]

    def closed_endpoints(self) -> Iterator[Endpoint]:
        """Those that need a token, without those that would end ours."""
        return (one for one in self.app.table if one.auth is not Auth.NONE and one.name not in ENDING)

    async def ask(
        self,
        endpoint: Endpoint,
        body: bytes | object = b"{}",
        token: str | None = None,
        *,
        value: str = "x",
        query: str = "",
        own: bool = False,
    ) -> Answered:
        """Call it with every path parameter set to `value`; `own`: with the requester's id where a user is meant."""
        values = {"<user_id>": self.user_id, "<field>": "displayname"} if own else {}
        path = "/".join(values.get(part, value) if part.startswith("<") else part for part in endpoint.path.split("/"))
        if endpoint.auth is Auth.APPSERVICE and token == self.token:
            token = AS_TOKEN
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await asyncio.wait_for(ask(self.asgi, endpoint.method, path + query, body, headers), 30)


def _registration(folder: Path) -> str:
    """A registration file, for the endpoints of application services."""
    path = folder / "appservice.yaml"
    namespaces = {"users": [{"regex": "@_walk_.*", "exclusive": True}]}
    registration = {"id": "walk", "url": None, "as_token": AS_TOKEN, "hs_token": "h", "sender_localpart": "_walk"}
    path.write_bytes(orjson.dumps({**registration, "namespaces": namespaces}))
    return str(path)


@contextlib.asynccontextmanager
async def running(cluster: "Cluster", folder: Path) -> AsyncIterator[Walk]:
    """A server that nobody has an account on."""
    async with cluster.database() as url:
        config = Config(
            server_name="walk.test",
            data_dir=str(folder),
            database=Database(url=url),
            rate_limits=RateLimits(enabled=False),
            registration=Registration(enabled=True, without_verification=True),
            login=Login(password=Password(hash_cost="test"), phone=PhoneLogin(enabled=True)),
            app_service_config_files=(_registration(folder),),
        )
        app = await build(config, clock=SystemClock(), rng=SystemRng(), faults=NoFaults())
        working = asyncio.ensure_future(app.run())
        yield Walk(app, app.listener(frozenset({*EVERYTHING, "metrics"})), url)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await app.close()


async def walked_by_another(walk: Walk) -> Walk:
    """The same server with a session of a new admin."""
    account = {"username": f"walker{next(_numbers)}", "password": "correct horse", "auth": {"type": "m.login.dummy"}}
    registered = await walk.ask(walk.app.table.named("register"), account)
    another = replace(walk, token=registered.json["access_token"], user_id=registered.json["user_id"])
    await another.make_admin()
    return another


@pytest.fixture(scope="module")
async def busy(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    """A server for all tests that do not mind what others do there."""
    async with running(cluster, tmp_path_factory.mktemp("busy")) as walk:
        yield walk


@pytest.fixture(scope="module")
async def quiet(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    """A server where nothing is stored, or ought to be: all that is asked there is refused."""
    async with running(cluster, tmp_path_factory.mktemp("quiet")) as walk:
        yield walk


@pytest.fixture
async def walk(busy: Walk) -> Walk:
    return await walked_by_another(busy)


@pytest.fixture
async def quiet_walk(quiet: Walk) -> Walk:
    return await walked_by_another(quiet)


async def test_every_endpoint_says_who_may_call_it_and_how_often(walk: Walk) -> None:
    for endpoint in walk.app.table:
        assert isinstance(endpoint.auth, Auth), endpoint.path
        assert endpoint.limit in BUCKETS, endpoint.path
        if endpoint.socket:
            assert endpoint.auth is not Auth.NONE, endpoint.path
            assert not endpoint.long_poll, endpoint.path


async def test_every_endpoint_names_its_section_of_the_spec(walk: Walk) -> None:
    described = [endpoint for endpoint in walk.app.table if not endpoint.path.startswith("/_synapse/")]
    silent = {endpoint.name for endpoint in described if "Spec: " not in (endpoint.handler.__doc__ or "")}
    assert silent == OURS


async def test_only_the_listed_endpoints_are_open_to_anybody(walk: Walk) -> None:
    assert {endpoint.name for endpoint in walk.app.table if endpoint.auth is Auth.NONE} == OPEN


async def test_no_endpoint_lets_a_stranger_by(walk: Walk) -> None:
    for endpoint in walk.app.table:
        if endpoint.auth not in {Auth.NONE, Auth.OPTIONAL}:
            missing, foreign = await walk.ask(endpoint), await walk.ask(endpoint, token="hea_foreign")
            assert (missing.status, missing.errcode) == (401, "M_MISSING_TOKEN"), endpoint.path
            assert (foreign.status, foreign.errcode) == (401, "M_UNKNOWN_TOKEN"), endpoint.path


async def test_what_is_not_json_is_told_by_every_endpoint(walk: Walk) -> None:
    for endpoint in walk.app.table:
        for body in NOT_JSON if endpoint.body is not None else ():
            answer = await walk.ask(endpoint, body, walk.token)
            assert (answer.status, answer.errcode) == (400, "M_NOT_JSON"), (endpoint.path, body)


async def test_json_of_the_wrong_shape_is_told_by_every_endpoint(walk: Walk) -> None:
    deep = b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"
    for endpoint in walk.app.table:
        for body in (b"[]", b"null", b'"a"', b"1", deep) if endpoint.body is not None else ():
            answer = await walk.ask(endpoint, body, walk.token)
            assert answer.status == 400, (endpoint.path, body[:20])
            assert answer.errcode in {"M_BAD_JSON", "M_NOT_JSON"}, (endpoint.path, body[:20])


async def test_over_long_ids_are_refused_by_every_endpoint(walk: Walk) -> None:
    for endpoint in walk.app.table:
        if "<" in endpoint.path:
            answer = await walk.ask(endpoint, b"{}", walk.token, value="x" * (endpoint.max_param + 1))
            assert (answer.status, answer.errcode) == (400, "M_INVALID_PARAM"), endpoint.path


@pytest.mark.parametrize("value", ["x", "%21nowhere:walk.test", "@nobody:walk.test", "%23none:walk.test", "%C3%A9"])
async def test_unknown_ids_never_break_an_endpoint(walk: Walk, value: str) -> None:
    for endpoint in walk.closed_endpoints():
        if not endpoint.long_poll:
            answer = await walk.ask(endpoint, b"{}", walk.token, value=value)
            assert answer.status < 500, (endpoint.path, answer.body)


async def test_bad_queries_never_break_an_endpoint(walk: Walk) -> None:
    bad = "limit=x&from=x&to=x&dir=x&since=x&filter=x&ts=x&timeout=x&at=x&format=x&membership=x&set_presence=x"
    for endpoint in walk.closed_endpoints():
        for query in (bad, "limit=-1", "limit=99999999999999999999", "from=%00", "a=%FF", "filter=%7B", "since=s"):
            answer = await walk.ask(endpoint, b"{}", walk.token, query=f"?{query}&timeout=0")
            assert answer.status < 500, (endpoint.path, query, answer.body)


async def test_wrong_types_never_break_an_endpoint(walk: Walk) -> None:
    for endpoint in walk.app.table:
        if endpoint.body is None or not issubclass(endpoint.body, msgspec.Struct) or endpoint.name in ENDING:
            continue
        for field in msgspec.structs.fields(endpoint.body):
            for value in WRONG_VALUES:
                body = (
                    orjson.dumps({field.encode_name: value})
                    if value != 2**70
                    else b'{"%s":%d}'
                    % (
                        field.encode_name.encode(),
                        value,
                    )
                )
                answer = await walk.ask(endpoint, body, walk.token)
                assert answer.status < 500, (endpoint.path, field.name, value, answer.body)


UNKNOWN_ROOM = "%21unheard-of:walk.test"
BAD_EVENTS = {
    b'{"body":1.5}': (400, "M_BAD_JSON"),
    b'{"body":9007199254740992}': (400, "M_BAD_JSON"),
    b'{"body":"%s"}' % (b"x" * 65_537): (413, "M_TOO_LARGE"),
    b'{"body":"\\ud800"}': (400, "M_NOT_JSON"),
    b'{"body":NaN}': (400, "M_NOT_JSON"),
    b'{"body":' + b"[" * 3000 + b"]" * 3000 + b"}": (400, None),
}


async def test_rooms_that_nobody_knows_are_refused_by_every_endpoint(walk: Walk) -> None:
    for endpoint in walk.closed_endpoints():
        if endpoint.name in BEFORE_THEY_ARE_KNOWN:
            continue
        if "<room_id>" in endpoint.path and not endpoint.long_poll:
            answer = await walk.ask(endpoint, _least(endpoint), walk.token, value=UNKNOWN_ROOM)
            assert answer.status in {400, 403, 404}, (endpoint.path, answer.status, answer.body)
            assert answer.errcode != "M_UNKNOWN", (endpoint.path, answer.body)


async def test_no_endpoint_breaks_for_who_has_no_device(walk: Walk) -> None:
    for endpoint in walk.app.table:
        for body in (b"{}", _least(endpoint)):
            value = UNKNOWN_ROOM if "<room_id>" in endpoint.path else "x"
            answer = await walk.ask(endpoint, body, AS_TOKEN, value=value, query="?timeout=0&dir=b")
            assert answer.status < 500, (endpoint.path, answer.body)


async def test_nothing_of_what_is_refused_is_stored(quiet_walk: Walk) -> None:
    before = await quiet_walk.position()
    for endpoint in quiet_walk.app.table:
        for body in (*NOT_JSON, b"[]", b"null") if endpoint.body is not None else ():
            await quiet_walk.ask(endpoint, body, quiet_walk.token)
    assert await quiet_walk.position() == before


@pytest.mark.parametrize("body", BAD_EVENTS, ids=[f"{body[:20]!r}" for body in BAD_EVENTS])
async def test_content_that_no_event_may_have_is_refused_and_not_stored(quiet_walk: Walk, body: bytes) -> None:
    made = await quiet_walk.ask(quiet_walk.app.table.named("create_room"), b"{}", quiet_walk.token)
    room = made.json["room_id"]
    before = await quiet_walk.position()
    for place in ("send/m.room.message/t1", "state/m.room.topic/"):
        path = f"/_matrix/client/v3/rooms/{room.replace('!', '%21')}/{place}"
        answer = await ask(quiet_walk.asgi, "PUT", path, body, {"Authorization": f"Bearer {quiet_walk.token}"})
        status, errcode = BAD_EVENTS[body]
        assert answer.status == status, (path, answer.body)
        assert errcode is None or answer.errcode == errcode, (path, answer.body)
    assert await quiet_walk.position() == before


def _least(endpoint: Endpoint) -> bytes:
    """A body with every field that must be there, as texts that name nobody."""
    if endpoint.body is None or not issubclass(endpoint.body, msgspec.Struct):
        return b"{}"
    needed = [field for field in msgspec.structs.fields(endpoint.body) if field.required]
    return orjson.dumps({field.encode_name: "@nobody:walk.test" for field in needed})


async def test_deep_bodies_and_great_numbers_never_break_an_endpoint(walk: Walk) -> None:
    great = b"1" + b"0" * 30
    values = (b"[" * 300 + b"]" * 300, b'{"a":' * 200 + b"1" + b"}" * 200, great, b'{"a":%s}' % great, b'{"a":1e400}')
    for endpoint in walk.app.table:
        if endpoint.body is None or endpoint.name in ENDING:
            continue
        fields = ["displayname"]
        if issubclass(endpoint.body, msgspec.Struct):
            fields = [field.encode_name for field in msgspec.structs.fields(endpoint.body)]
        for field, value in itertools.product(fields, values):
            body = b'{"%s":%s}' % (field.encode(), value)
            answer = await walk.ask(endpoint, body, walk.token, own=True)
            assert answer.status < 500, (endpoint.path, body[:40], answer.body)
