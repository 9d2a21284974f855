"""The gate before every client endpoint: token, bucket, body; and the same gate for calls over the WebSocket."""

import asyncio
from typing import Any

import msgspec
import orjson
import pytest
from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.observe import RequestObserver
from homeserver.asgi.responses import Answer, Raw
from homeserver.bus.local import LocalBus
from homeserver.client_api import service, versions
from homeserver.client_api.bodies import decoder_of
from homeserver.client_api.http import ADMIN, NONE, OPTIONAL, USER, USER_OR_GUEST, Call, EndpointTable, Origin
from homeserver.config import Config
from homeserver.config.rate_limits import Bucket, RateLimits
from homeserver.errors import Forbidden, Unavailable, UnknownToken
from homeserver.protocol.identifiers import DeviceId, UserId
from homeserver.services.ratelimit import BUCKETS, Limits, address_key
from homeserver.services.requester import Requester
from tests.asgi.driver import Answered, ask

ALICE = Requester(UserId("@alice:a"), DeviceId("A"), 1, 2, 3)
GUEST = Requester(UserId("@1:a"), DeviceId("G"), 4, 5, 6, is_guest=True)
LOCKED = Requester(UserId("@locked:a"), DeviceId("L"), 7, 8, 9, is_locked=True)
ADMINISTRATOR = Requester(UserId("@admin:a"), DeviceId("R"), 10, 11, 12, is_admin=True)
TOKENS = {"alice": ALICE, "guest": GUEST, "locked": LOCKED, "admin": ADMINISTRATOR}
ORIGIN = Origin("192.0.2.1", "test", "1")


class Numbers(msgspec.Struct):
    """A body with a required field."""

    n: int
    words: list[str] = []


class Anything(msgspec.Struct):
    """A body that is kept as it comes."""

    auth: dict[str, Any]
    text: str


class Reason(msgspec.Struct):
    """A body without required fields."""

    reason: str | None = None


async def authenticate(token: str) -> Requester:
    if token not in TOKENS:
        raise UnknownToken
    return TOKENS[token]


class Gate:
    """A table of small endpoints behind a dispatcher."""

    def __init__(self, limits: RateLimits | None = None) -> None:
        self.table = endpoint = EndpointTable(authenticate, Limits(limits or RateLimits(), LocalBus()))

        @endpoint("GET", "/v3/open", auth=NONE, limit="public")
        async def open_to_all(_call: Call[None]) -> Answer:
            return {}

        @endpoint("GET", "/v3/maybe", auth=OPTIONAL, limit="read")
        async def maybe(call: Call[None]) -> Answer:
            return {"user": call.requester_or_none.user_id if call.requester_or_none else None}

        @endpoint("GET", "/v3/whoami", auth=USER, limit="read", socket=True)
        async def whoami(call: Call[None]) -> Answer:
            return {"user": call.requester.user_id, "q": call.query.text("q")}

        @endpoint("GET", "/v3/guests", auth=USER_OR_GUEST, limit="read")
        async def guests(call: Call[None]) -> Answer:
            return {"user": call.requester.user_id}

        @endpoint("GET", "/v3/rooms/<room_id>/state/<event_type>", auth=USER, limit="read")
        async def room_state(_call: Call[None], room_id: str, event_type: str) -> Answer:
            return {"path": [room_id, event_type]}

        @endpoint("POST", "/v3/logout", auth=USER, limit="account", locked=True)
        async def logout(_call: Call[None]) -> Answer:
            return {}

        @endpoint("GET", "/_synapse/admin/v1/users", auth=ADMIN, limit="admin", resource="admin")
        async def users(_call: Call[None]) -> Answer:
            return {}

        @endpoint("POST", "/v3/numbers", auth=NONE, limit="public", body=Numbers)
        async def numbers(call: Call[Numbers]) -> Answer:
            return {"n": call.body.n + 1}

        @endpoint("POST", "/v3/leave", auth=NONE, limit="public", body=Reason)
        async def leave(call: Call[Reason]) -> Answer:
            return {"reason": call.body.reason}

        @endpoint(
            "PUT", "/v3/rooms/<room_id>/send/<event_type>/<txn_id>", auth=USER, limit="message", body=dict, socket=True
        )
        async def send_message(call: Call[dict[str, Any]], room_id: str, event_type: str, txn_id: str) -> Answer:
            if event_type == "m.no":
                raise Forbidden
            if event_type == "m.bug":
                raise KeyError(event_type)
            return {"path": [room_id, event_type, txn_id], "content": call.body, "txn": call.txn}

        dispatcher = Dispatcher(
            self.table.routes(), observer=RequestObserver(CollectorRegistry()), stopping=asyncio.Event()
        )
        self.app = dispatcher.listener(frozenset({"client", "admin"}))

    async def ask(self, method: str, path: str, body: bytes | object = b"", token: str | None = None) -> Answered:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return await ask(self.app, method, f"/_matrix/client{path}", body, headers)


@pytest.fixture
async def gate() -> Gate:
    return Gate()


@pytest.mark.parametrize(
    ("path", "token", "status", "errcode"),
    [
        ("/v3/open", None, 200, None),
        ("/v3/open", "nobody", 200, None),
        ("/v3/maybe", None, 200, None),
        ("/v3/maybe", "alice", 200, None),
        ("/v3/maybe", "nobody", 401, "M_UNKNOWN_TOKEN"),
        ("/v3/whoami", "alice", 200, None),
        ("/v3/whoami", None, 401, "M_MISSING_TOKEN"),
        ("/v3/whoami", "", 401, "M_MISSING_TOKEN"),
        ("/v3/whoami", "nobody", 401, "M_UNKNOWN_TOKEN"),
        ("/v3/whoami", "guest", 403, "M_GUEST_ACCESS_FORBIDDEN"),
        ("/v3/whoami", "locked", 401, "M_USER_LOCKED"),
        ("/v3/guests", "guest", 200, None),
        ("/v3/nothing", "alice", 404, "M_UNRECOGNIZED"),
    ],
)
async def test_who_may_call(gate: Gate, path: str, token: str | None, status: int, errcode: str | None) -> None:
    answer = await gate.ask("GET", path, token=token)
    assert (answer.status, answer.json.get("errcode")) == (status, errcode)


async def test_an_unknown_token_is_no_soft_logout_and_a_lock_is(gate: Gate) -> None:
    assert (await gate.ask("GET", "/v3/whoami", token="nobody")).json["soft_logout"] is False
    assert (await gate.ask("GET", "/v3/whoami", token="locked")).json["soft_logout"] is True


async def test_a_locked_account_may_log_out(gate: Gate) -> None:
    assert (await gate.ask("POST", "/v3/logout", token="locked")).status == 200


async def test_the_admin_api_is_for_admins(gate: Gate) -> None:
    for token, status in (("alice", 403), ("admin", 200)):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await ask(gate.app, "GET", "/_synapse/admin/v1/users", headers=headers)).status == status


async def test_a_token_in_the_query_is_taken_only_if_configured(gate: Gate) -> None:
    assert (await gate.ask("GET", "/v3/whoami?access_token=alice")).status == 200
    strict = Gate()
    strict.table._query_access_token = False
    assert (await strict.ask("GET", "/v3/whoami?access_token=alice")).errcode == "M_MISSING_TOKEN"


async def test_another_scheme_is_no_token(gate: Gate) -> None:
    answer = await ask(gate.app, "GET", "/_matrix/client/v3/whoami", headers={"Authorization": "Basic alice"})
    assert answer.errcode == "M_MISSING_TOKEN"


async def test_the_old_name_of_a_path_works(gate: Gate) -> None:
    assert (await gate.ask("GET", "/r0/whoami", token="alice")).status == 200


async def test_a_slash_after_the_type_of_a_state_event_is_an_empty_state_key(gate: Gate) -> None:
    for path in ("/v3/rooms/!r/state/m.x", "/v3/rooms/!r/state/m.x/", "/r0/rooms/!r/state/m.x/"):
        assert (await gate.ask("GET", path, token="alice")).json == {"path": ["!r", "m.x"]}


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"", "M_NOT_JSON"),
        (b"{", "M_NOT_JSON"),
        (b'{"n":NaN}', "M_NOT_JSON"),
        (b'{"n":1,"words":["\\ud800"]}', "M_NOT_JSON"),
        (b'{"n":1,"words":["\xff"]}', "M_NOT_JSON"),
        (b"[]", "M_BAD_JSON"),
        (b"null", "M_BAD_JSON"),
        (b'{"n":"1"}', "M_BAD_JSON"),
        (b'{"n":1.5}', "M_BAD_JSON"),
        (b'{"n":1,"words":[1]}', "M_BAD_JSON"),
        (b'{"n":' + b"[" * 3000 + b"]" * 3000 + b"}", "M_BAD_JSON"),
        (b'{"n":1,"x":' + b"[" * 3000 + b"]" * 3000 + b"}", "M_BAD_JSON"),
        (b"{}", "M_MISSING_PARAM"),
        (b'{"words":[]}', "M_MISSING_PARAM"),
    ],
)
async def test_a_bad_body_is_told_apart(gate: Gate, body: bytes, errcode: str) -> None:
    answer = await gate.ask("POST", "/v3/numbers", body)
    assert (answer.status, answer.errcode) == (400, errcode)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30])
def test_whatever_number_is_taken_can_be_written_again(number: int) -> None:
    body = b'{"auth": {"n": %d}, "text": "%d"}' % (number, number)
    taken = decoder_of(Anything).decode(body)
    assert isinstance(taken, Anything)
    assert taken.text == str(number)
    assert orjson.loads(orjson.dumps(taken.auth)) == {"n": pytest.approx(number)}


async def test_a_missing_field_is_named(gate: Gate) -> None:
    assert "`n`" in (await gate.ask("POST", "/v3/numbers", {})).json["error"]


async def test_unknown_fields_are_ignored(gate: Gate) -> None:
    assert (await gate.ask("POST", "/v3/numbers", {"n": 1, "org.example": {}})).json == {"n": 2}


async def test_a_body_without_required_fields_may_be_absent(gate: Gate) -> None:
    assert (await gate.ask("POST", "/v3/leave")).json == {"reason": None}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":1e400}', b"[" * 3000 + b"]" * 3000]
)
async def test_an_event_must_be_a_json_object(gate: Gate, body: bytes) -> None:
    answer = await gate.ask("PUT", "/v3/rooms/!r/send/m.x/1", body, token="alice")
    assert (answer.status, answer.errcode) in {(400, "M_NOT_JSON"), (400, "M_BAD_JSON")}


async def test_a_body_over_a_mebibyte_is_refused(gate: Gate) -> None:
    answer = await gate.ask("PUT", "/v3/rooms/!r/send/m.x/1", b'"' + b"x" * 2**20 + b'"', token="alice")
    assert (answer.status, answer.errcode) == (413, "M_TOO_LARGE")


async def test_a_path_parameter_may_hold_255_bytes(gate: Gate) -> None:
    fits = await gate.ask("PUT", f"/v3/rooms/!{'r' * 254}/send/m.x/1", {}, token="alice")
    over = await gate.ask("PUT", f"/v3/rooms/!{'%C3%A9' * 128}/send/m.x/1", {}, token="alice")
    assert (fits.status, over.status, over.errcode) == (200, 400, "M_INVALID_PARAM")


async def test_a_bucket_belongs_to_a_user_wherever_they_come_from() -> None:
    gate = Gate(RateLimits(message=Bucket(0.001, 2)))
    statuses = [(await gate.ask("PUT", f"/v3/rooms/!r/send/m/{n}", {}, token="alice")).status for n in range(3)]
    assert statuses == [200, 200, 429]
    assert (await gate.ask("PUT", "/v3/rooms/!r/send/m/1", {}, token="admin")).status == 200
    assert (await gate.ask("GET", "/v3/whoami", token="alice")).status == 200, "another bucket"


async def test_without_a_token_the_bucket_belongs_to_the_address() -> None:
    gate = Gate(RateLimits(public=Bucket(0.001, 1)))
    assert [(await gate.ask("GET", "/v3/open")).status for _ in range(2)] == [200, 429]
    other = await ask(gate.app, "GET", "/_matrix/client/v3/open", client="192.0.2.2")
    assert other.status == 200


async def test_trying_tokens_is_limited_by_address() -> None:
    gate = Gate(RateLimits(bad_token=Bucket(0.001, 2)))
    statuses = [(await gate.ask("GET", "/v3/whoami", token=f"guess{n}")).status for n in range(3)]
    assert statuses == [401, 401, 429]


async def test_limits_may_be_switched_off() -> None:
    gate = Gate(RateLimits(enabled=False, public=Bucket(0, 0)))
    assert (await gate.ask("GET", "/v3/open")).status == 200


def test_an_ipv6_subscriber_is_one_address() -> None:
    assert address_key("2001:db8:1:2:3::4") == address_key("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert address_key("192.0.2.1") == "192.0.2.1"
    assert address_key("fe80::1%eth0") == "fe80::/64"


async def test_the_scope_of_a_transaction_is_the_same_however_the_path_is_written(gate: Gate) -> None:
    first = (await gate.ask("PUT", "/v3/rooms/!r/send/m.x/7", {}, token="alice")).json["txn"]
    escaped = (await gate.ask("PUT", "/r0/rooms/%21r/send/m%2Ex/7", {}, token="alice")).json["txn"]
    other_txn = (await gate.ask("PUT", "/v3/rooms/!r/send/m.x/8", {}, token="alice")).json["txn"]
    other_room = (await gate.ask("PUT", "/v3/rooms/!s/send/m.x/7", {}, token="alice")).json["txn"]
    assert first == escaped
    assert (other_txn[0], other_txn[1]) == (first[0], "8")
    assert other_room[0] != first[0]
    assert -(2**63) <= first[0] < 2**63


async def over_socket(gate: Gate, method: str, path: str, **more: Any) -> tuple[int, Any]:
    result = await gate.table.call(method, f"/_matrix/client{path}", requester=ALICE, origin=ORIGIN, **more)
    return result.status, result.answer


async def test_a_call_over_the_socket_is_the_same_as_over_http(gate: Gate) -> None:
    over_http = await gate.ask("PUT", "/v3/rooms/!r/send/m.x/7", {"body": "hi"}, token="alice")
    status, answer = await over_socket(gate, "PUT", "/v3/rooms/!r/send/m.x/7", body={"body": "hi"})
    assert (status, {**answer, "txn": list(answer["txn"])}) == (200, over_http.json)


async def test_a_call_over_the_socket_has_a_query(gate: Gate) -> None:
    assert await over_socket(gate, "GET", "/v3/whoami", query={"q": "é"}) == (200, {"user": "@alice:a", "q": "é"})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "errcode"),
    [
        ("GET", "/v3/guests", None, 404, "M_UNRECOGNIZED"),
        ("GET", "/v3/nothing", None, 404, "M_UNRECOGNIZED"),
        ("PUT", "/v3/whoami", None, 405, "M_UNRECOGNIZED"),
        ("PUT", "/v3/rooms/!r/send/m.no/1", {}, 403, "M_FORBIDDEN"),
        ("PUT", "/v3/rooms/!r/send/m.bug/1", {}, 500, "M_UNKNOWN"),
        ("PUT", "/v3/rooms/!r/send/m.x/1", [], 400, "M_BAD_JSON"),
        ("PUT", "/v3/rooms/!r/send/m.x/1", None, 400, "M_BAD_JSON"),
        ("PUT", "/v3/rooms/%FF/send/m.x/1", {}, 400, "M_INVALID_PARAM"),
    ],
)
async def test_errors_over_the_socket(
    gate: Gate, method: str, path: str, body: object, status: int, errcode: str
) -> None:
    got, answer = await over_socket(gate, method, path, body=body)
    assert (got, answer["errcode"]) == (status, errcode)


async def test_http_and_socket_share_one_bucket() -> None:
    gate = Gate(RateLimits(message=Bucket(0.001, 1)))
    assert (await gate.ask("PUT", "/v3/rooms/!r/send/m.x/1", {}, token="alice")).status == 200
    status, answer = await over_socket(gate, "PUT", "/v3/rooms/!r/send/m.x/2", body={})
    assert (status, answer["errcode"]) == (429, "M_LIMIT_EXCEEDED")


async def test_a_row_that_is_not_whole_is_refused_when_it_is_registered(gate: Gate) -> None:
    async def handler(_call: Call[None]) -> Answer:
        return {}

    async def whoami(_call: Call[None]) -> Answer:
        return {}

    with pytest.raises(ValueError, match="no bucket is named 'lots'"):
        gate.table("GET", "/v3/x", auth=USER, limit="lots")(handler)
    with pytest.raises(ValueError, match="has the parameters"):
        gate.table("GET", "/v3/x/<room_id>", auth=USER, limit="read")(handler)
    with pytest.raises(ValueError, match="two endpoints are named whoami"):
        gate.table("GET", "/v3/y", auth=USER, limit="read")(whoami)
    with pytest.raises(ValueError, match="cannot be a body"):
        gate.table("GET", "/v3/z", auth=USER, limit="read", body=int)
        gate.table("GET", "/v3/z", auth=USER, limit="read", body=int)(handler)


async def test_every_endpoint_of_the_service_has_its_auth_and_its_bucket() -> None:
    table = EndpointTable(authenticate, Limits(RateLimits(), LocalBus()))

    async def down() -> None:
        raise Unavailable

    versions.endpoints(table, Config(), by_phone=False, web_push="")
    service.endpoints(table, down, CollectorRegistry())
    assert all(endpoint.limit in BUCKETS for endpoint in table)
    assert {endpoint.name: endpoint.auth for endpoint in table}["capabilities"] is USER_OR_GUEST
    result = await table.invoke(table.named("health"), {}, requester=ALICE, origin=ORIGIN)
    assert result.status == 503
    result = await table.invoke(table.named("metrics"), {}, requester=ALICE, origin=ORIGIN)
    assert isinstance(result.answer, Raw)
