"""Push rules by the API: reading, adding, ordering, switching, deleting. What they match is tested in the protocol."""

import asyncio
from typing import Any

import pytest

from tests.support.client import Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


BASE = "/v3/pushrules/global"
RULE = {"actions": ["notify"], "pattern": "cake"}


async def ids(user: User, kind: str) -> list[str]:
    return [rule["rule_id"] for rule in (await user.call("GET", f"{BASE}/"))[kind]]


async def test_a_new_user_has_the_default_rules(server: Server) -> None:
    alice = await server.register("alice")
    rules = (await alice.call("GET", "/v3/pushrules/"))["global"]
    assert set(rules) == {"override", "content", "room", "sender", "underride"}
    assert rules["override"][0]["rule_id"] == ".m.rule.master"
    assert await alice.call("GET", "/v3/pushrules") == {"global": rules}
    assert (await alice.call("GET", f"/v3/user/{alice.user_id}/account_data/m.push_rules")) == {"global": rules}


async def test_a_rule_is_added_read_and_deleted(server: Server) -> None:
    alice = await server.register("alice")
    await alice.call("PUT", f"{BASE}/content/cake", RULE)
    shown = await alice.call("GET", f"{BASE}/content/cake")
    assert shown == {**RULE, "rule_id": "cake", "default": False, "enabled": True}
    await alice.call("DELETE", f"{BASE}/content/cake")
    assert (await alice.ask("GET", f"{BASE}/content/cake"))[0] == 404


async def test_a_rule_may_be_put_before_or_after_another(server: Server) -> None:
    alice = await server.register("alice")
    await alice.call("PUT", f"{BASE}/content/a", RULE)
    await alice.call("PUT", f"{BASE}/content/b", RULE)
    await alice.call("PUT", f"{BASE}/content/c", RULE, after="b")
    await alice.call("PUT", f"{BASE}/content/d", RULE, before="a")
    assert await ids(alice, "content") == ["b", "c", "d", "a"]


async def test_a_rule_can_be_switched_off_and_told_to_do_something_else(server: Server) -> None:
    alice = await server.register("alice")
    rule = f"{BASE}/underride/.m.rule.message"
    await alice.call("PUT", f"{rule}/enabled", {"enabled": False})
    await alice.call("PUT", f"{rule}/actions", {"actions": []})
    assert await alice.call("GET", f"{rule}/enabled") == {"enabled": False}
    assert await alice.call("GET", f"{rule}/actions") == {"actions": []}


async def test_rules_changed_at_once_are_all_kept(server: Server) -> None:
    alice = await server.register("alice")
    await asyncio.gather(*(alice.call("PUT", f"{BASE}/content/rule{n}", RULE) for n in range(10)))
    assert set(await ids(alice, "content")) == {f"rule{n}" for n in range(10)}


async def test_rules_belong_to_one_user(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    await alice.call("PUT", f"{BASE}/content/cake", RULE)
    assert (await bob.ask("GET", f"{BASE}/content/cake"))[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "errcode"),
    [
        ("PUT", "content/.mine", RULE, 400, "M_INVALID_PARAM"),
        ("PUT", "content/a%2Fb", RULE, 400, "M_INVALID_PARAM"),
        ("PUT", "content/x", {"actions": ["notify"]}, 400, "M_INVALID_PARAM"),
        ("PUT", "content/x", {"pattern": "x"}, 400, "M_MISSING_PARAM"),
        ("PUT", "override/x", {"actions": ["shout"]}, 400, "M_INVALID_PARAM"),
        ("PUT", "override/x", {"actions": [], "conditions": [{}]}, 400, "M_INVALID_PARAM"),
        ("PUT", "elsewhere/x", RULE, 400, "M_INVALID_PARAM"),
        ("PUT", "content/x?before=nothing", RULE, 400, "M_UNKNOWN"),
        ("DELETE", "override/.m.rule.master", None, 400, "M_INVALID_PARAM"),
        ("DELETE", "content/x", None, 404, "M_NOT_FOUND"),
        ("GET", "override/.m.rule.contains_display_name", None, 404, "M_NOT_FOUND"),
        ("PUT", "override/.m.rule.nothing/enabled", {"enabled": True}, 404, "M_NOT_FOUND"),
        ("PUT", "override/.m.rule.master/enabled", {}, 400, "M_MISSING_PARAM"),
    ],
)
async def test_what_cannot_be_is_refused(
    server: Server, method: str, path: str, body: dict[str, Any] | None, status: int, errcode: str
) -> None:
    alice = await server.register("alice")
    answered, answer = await alice.ask(method, f"{BASE}/{path}", body)
    assert (answered, answer["errcode"]) == (status, errcode)
    assert await ids(alice, "content") == []
