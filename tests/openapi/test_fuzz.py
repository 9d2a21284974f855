"""Requests by chance for each operation and role, made from the specification's data: nothing breaks, nothing leaks.

What one request hears, later ones say: ids, tokens, versions. Words that only their owner may know stand in what Alice
keeps and in a closed room; every byte of every answer to others is searched for them.
"""

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pytest
from yarl import URL

from tests.openapi.recipes import path_of, usual_names
from tests.openapi.specification import Loaded, Operation
from tests.openapi.test_answers import SERVED, cases
from tests.openapi.values import Fuzz
from tests.openapi.world import World, world_of
from tests.support import parts
from tests.support.client import Json, Server, User

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

OWN = b"w.canary.of.alice.e"
ROOM = b"w.canary.of.the.room.e"
ROLES = ("admin", "member", "stranger", "guest", "nobody")
OF_OTHERS = (b"M_NOT_YET_UPLOADED", b"The identity server does not answer")
"""What is told by 5xx, as the specification says, of files and servers that are not there."""
PLAIN = 0.3
"""How often a path parameter is a strange text, although there is a right one."""


@dataclass
class Field:
    """A world with secrets in it, and who walks through it."""

    world: World
    walkers: dict[str, User | None]
    fuzz: Fuzz
    n_asked: int = 0
    n_fine: int = 0

    def may_know(self, role: str) -> tuple[bytes, ...]:
        """What an answer to this role must not hold."""
        return (OWN,) if role == "member" else (OWN, ROOM)

    async def ask(self, operation: Operation, loaded: Loaded, role: str) -> tuple[int, bytes, str]:
        """One request: (status, answer, what was asked)."""
        fuzz, user = self.fuzz, self.walkers[role]
        names = usual_names(self.world, user)
        for name in names:
            if fuzz.chance.random() < PLAIN:
                names[name] = fuzz.text(name) or "x"
        query = [
            (parameter["name"], fuzz.query(parameter))
            for parameter in loaded.parameters
            if parameter["in"] == "query" and (parameter.get("required") or fuzz.chance.random() < 0.5)
        ]
        url = URL(self.world.server.base_url + path_of(operation.path, names), encoded=True).update_query(query)
        headers = {"Authorization": f"Bearer {user.token}"} if user is not None else {}
        data = None
        if operation.method in {"PUT", "POST"}:
            data = _written(fuzz.value(loaded.body_schema or {"type": "object"}))
            headers["Content-Type"] = "application/json"
        request = self.world.server.session.request(
            operation.method, url, data=data, headers=headers, allow_redirects=False
        )
        async with request as response:
            return response.status, await response.read(), f"{operation.method} {url} {data!r} by {role}"


def _written(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a number that JSON of the server's kind does not write
        return b'{"a":1180591620717411303424}'


async def _guest(server: Server) -> User:
    answer = await server.call("POST", "/v3/register?kind=guest", {})
    return User(server, answer["user_id"], answer["access_token"], answer["device_id"])


async def _again(world: World, role: str, user: User) -> User:
    """The role with a new session, where the old one was logged out."""
    return await _guest(world.server) if role == "guest" else await world.server.login(user.user_id)


@pytest.fixture(scope="module")
async def field(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Field]:
    async with world_of(cluster, tmp_path_factory.mktemp("field")) as world:
        alice, bob = world.alice, world.bob
        levels = {"invite": 100, "events_default": 0}
        shown = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
        closed = await alice.creates_room(power_level_content_override=levels, initial_state=[shown])
        await alice.invites(bob, closed)
        await bob.joins(closed)
        world.room, secret = closed, {"word": OWN.decode()}
        world.event = await alice.says(ROOM.decode(), closed)
        await alice.sets(closed, "m.room.topic", {"topic": ROOM.decode()})
        mine = f"/v3/user/{alice.user_id}"
        await alice.call("PUT", f"{mine}/account_data/m.test", secret)
        await alice.call("PUT", f"{mine}/rooms/{quote(closed)}/account_data/m.test", secret)
        await alice.call("PUT", f"{mine}/rooms/{quote(closed)}/tags/u.{OWN.decode()}", {})
        rule = {"pattern": OWN.decode(), "actions": ["notify"]}
        await alice.call("PUT", "/v3/pushrules/global/content/secret", rule)
        world.filter_id = (await alice.call("POST", f"{mine}/filter", {"event_fields": [OWN.decode()]}))["filter_id"]
        key: Json = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True, "session_data": secret}
        await alice.call("PUT", f"/v3/room_keys/keys/{quote(closed)}/session?version={world.backup}", key)
        walkers = {
            "admin": world.admin,
            "member": bob,
            "stranger": world.carol,
            "guest": await _guest(world.server),
            "nobody": None,
        }
        yield Field(world, walkers, Fuzz(11))


@cases(SERVED)
async def test_nothing_breaks_and_nothing_is_told_to_others(
    field: Field, operation: Operation, request: pytest.FixtureRequest
) -> None:
    in_full = "fuzz" in parts.asked(request.config)
    loaded = Loaded(operation)
    for role, _ in itertools.product(ROLES, range(30 if in_full else 3)):
        status, answer, asked = await field.ask(operation, loaded, role)
        field.n_asked += 1
        assert status < 500 or any(words in answer for words in OF_OTHERS), (status, answer, asked)
        for secret in field.may_know(role):
            assert secret not in answer, asked
        if status == 200 and answer[:1] in {b"{", b"["}:
            field.n_fine += 1
            field.fuzz.hears(orjson.loads(answer))
        user = field.walkers[role]
        if status == 401 and b"M_UNKNOWN_TOKEN" in answer and user is not None:
            field.walkers[role] = await _again(field.world, role, user)


async def test_some_of_what_is_asked_by_chance_is_answered(
    field: Field, record_property: Callable[[str, object], None]
) -> None:
    """Otherwise the others would prove nothing."""
    record_property("answered by 200", f"{field.n_fine} of {field.n_asked}")
    assert field.n_asked == 0 or field.n_fine > field.n_asked / 20


async def test_the_words_are_there_to_be_found(field: Field) -> None:
    alice, room = field.world.alice, quote(field.world.room)
    own = await alice.call("GET", f"/v3/user/{alice.user_id}/account_data/m.test")
    assert OWN in orjson.dumps(own)
    assert ROOM in orjson.dumps(await alice.call("GET", f"/v3/rooms/{room}/messages", dir="b"))
