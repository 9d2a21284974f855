"""One case for each operation of the client-server API, made from the specification's own data when the tests run.

A 200 body validates; a token is demanded where the specification says so; wrong bodies get its error codes.
"""

from typing import Any

import orjson
import pytest
from yarl import URL

from tests.openapi.recipes import Ask, path_of, recipe_for, usual_names
from tests.openapi.specification import Loaded, Operation, operations
from tests.openapi.world import World
from tests.support.client import Json

NOT_OFFERED = {"getAuthMetadata": "OAuth 2.0"}
"""Operations that belong to what this server does not offer, and what that is: they are answered as the specification
says of such a server.
"""
LEADING_ON = {"redirectToSSO", "redirectToIdP"}
"""Operations that send a browser elsewhere."""
WRONG = {"M_BAD_JSON", "M_INVALID_PARAM", "M_MISSING_PARAM", "M_NOT_JSON"}
NEVER: dict[str, object] = {
    "string": 5,
    "integer": "x",
    "number": "x",
    "boolean": "x",
    "array": "x",
    "object": "x",
}
"""A value that is not of the type."""
FREE = {
    "setAccountData",
    "setAccountDataPerRoom",
    "sendMessage",
    "setRoomStateWithKey",
    "setProfileField",
}
"""Operations whose body is whatever the client says."""

OPERATIONS = operations()
SERVED = [one for one in OPERATIONS if one.key not in NOT_OFFERED]


def named(operation: Operation) -> str:
    return operation.key


def cases(chosen: list[Operation]) -> pytest.MarkDecorator:
    """The parameter of a test; one case that says so where the specification is not here."""
    if not chosen and not OPERATIONS:
        why = pytest.mark.skip(reason="the specification is not here: set HEARTH_SPEC")
        return pytest.mark.parametrize("operation", [pytest.param(None, marks=why)], ids=["none"])
    return pytest.mark.parametrize("operation", chosen, ids=named)


async def asked(
    world: World, operation: Operation, ask: Ask, **changes: Any
) -> tuple[int, Json | None, dict[str, str]]:
    """(status, JSON or None, headers). `changes`: another token, body or raw."""
    path = path_of(operation.path, {**usual_names(world, ask.user), **ask.names})
    url = URL(world.server.base_url + path, encoded=True).update_query(ask.query)
    token = changes.get("token", ask.token or (ask.user.token if ask.user is not None else None))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    raw = changes.get("raw", ask.raw)
    body = changes.get("body", ask.body)
    if raw is None and (body is not None or operation.method in {"PUT", "POST"}):
        raw, headers["Content-Type"] = orjson.dumps(body if body is not None else {}), "application/json"
    elif raw is not None:
        headers["Content-Type"] = "image/png"
    request = world.server.session.request(operation.method, url, data=raw, headers=headers, allow_redirects=False)
    async with request as response:
        text = await response.read()
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.status, orjson.loads(text) if is_json else None, dict(response.headers)


@cases(SERVED)
async def test_the_answer_is_as_the_specification_says(world: World, operation: Operation) -> None:
    status, answer, _ = await asked(world, operation, await recipe_for(operation.key, world))
    assert status == (302 if operation.key in LEADING_ON else 200), answer
    loaded = Loaded(operation)
    if loaded.answer_schema is not None:
        assert not list(loaded.problems(answer)), answer


@cases([one for one in SERVED if one.needs_token])
async def test_a_token_is_demanded(world: World, operation: Operation) -> None:
    ask = Ask(world.alice)
    status, answer, _ = await asked(world, operation, ask, token=None)
    assert answer is not None
    assert (status, answer["errcode"]) == (401, "M_MISSING_TOKEN")
    status, answer, _ = await asked(world, operation, ask, token="hea_of_nobody")
    assert answer is not None
    assert (status, answer["errcode"]) == (401, "M_UNKNOWN_TOKEN")


@cases([one for one in SERVED if one.method in {"POST", "PUT"}])
async def test_a_wrong_body_is_told(world: World, operation: Operation) -> None:
    loaded = Loaded(operation)
    ask = await recipe_for(operation.key, world)
    if loaded.body_schema is None or ask.raw is not None:
        return
    for raw, wanted in ((b"{", "M_NOT_JSON"), (b"\xff", "M_NOT_JSON"), (b"[]", "M_BAD_JSON")):
        status, answer, _ = await asked(world, operation, ask, raw=raw)
        assert (status, (answer or {}).get("errcode")) == (400, wanted), raw
    if operation.key in FREE:
        return
    whole = ask.body or {}
    for name in loaded.required_fields:
        without = {key: value for key, value in whole.items() if key != name}
        status, answer, _ = await asked(world, operation, ask, body=without)
        assert (status, (answer or {}).get("errcode")) in [(400, code) for code in WRONG], f"without {name}"
    for name, kind in loaded.field_types.items():
        status, answer, _ = await asked(world, operation, ask, body={**whole, name: NEVER[kind]})
        refused = status == 400 and (answer or {}).get("errcode") in WRONG
        # Where a body is good, its text message may be one more than the guard lets through.
        is_taken = status == 200 or (answer or {}).get("errcode") == "M_LIMIT_EXCEEDED"
        assert refused or is_taken, f"{name} is no {kind}: {status} {answer}"
        if name in loaded.required_fields:
            assert refused, f"{name} is no {kind}, but required"


@cases([one for one in OPERATIONS if one.key in NOT_OFFERED])
async def test_what_is_not_offered_is_unknown(world: World, operation: Operation) -> None:
    status, answer, _ = await asked(world, operation, Ask(None))
    assert answer is not None
    assert (status, answer["errcode"]) == (404, "M_UNRECOGNIZED")
