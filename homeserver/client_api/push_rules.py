"""Push rules. Spec: Client-Server API, Push rules: API."""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.protocol.push_ruleset import Action, UserRule
from homeserver.services.push_rules import PushRules


class Rule(msgspec.Struct):
    """Body of PUT /pushrules/global/{kind}/{ruleId}."""

    actions: tuple[Action, ...]
    conditions: tuple[dict[str, Any], ...] = ()
    pattern: str | None = None


class Enabled(msgspec.Struct):
    """Body of PUT .../enabled."""

    enabled: bool


class Actions(msgspec.Struct):
    """Body of PUT .../actions."""

    actions: tuple[Action, ...]


def endpoints(endpoint: EndpointTable, push_rules: PushRules) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/pushrules/", auth=USER, limit="read", socket=True)
    async def all_push_rules(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /pushrules/."""
        return {"global": await push_rules.all_of(call.requester.user_id)}

    @endpoint("GET", "/v3/pushrules", auth=USER, limit="read", socket=True)
    async def all_push_rules_without_slash(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /pushrules/, as some clients write it."""
        return {"global": await push_rules.all_of(call.requester.user_id)}

    @endpoint("GET", "/v3/pushrules/global/", auth=USER, limit="read", socket=True)
    async def global_push_rules(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /pushrules/global/."""
        return await push_rules.all_of(call.requester.user_id)

    @endpoint("GET", "/v3/pushrules/global/<kind>/<rule_id>", auth=USER, limit="read", socket=True)
    async def push_rule(call: Call[None], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, GET /pushrules/global/{kind}/{ruleId}."""
        return await push_rules.one(call.requester.user_id, kind, rule_id)

    @endpoint("PUT", "/v3/pushrules/global/<kind>/<rule_id>", auth=USER, limit="write", body=Rule, socket=True)
    async def set_push_rule(call: Call[Rule], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, PUT /pushrules/global/{kind}/{ruleId}."""
        body, query = call.body, call.query
        rule = UserRule(rule_id, body.actions, conditions=body.conditions, pattern=body.pattern)
        await push_rules.put(call.requester.user_id, kind, rule, before=query.text("before"), after=query.text("after"))
        return {}

    @endpoint("DELETE", "/v3/pushrules/global/<kind>/<rule_id>", auth=USER, limit="write", socket=True)
    async def delete_push_rule(call: Call[None], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, DELETE /pushrules/global/{kind}/{ruleId}."""
        await push_rules.remove(call.requester.user_id, kind, rule_id)
        return {}

    @endpoint("GET", "/v3/pushrules/global/<kind>/<rule_id>/enabled", auth=USER, limit="read", socket=True)
    async def push_rule_enabled(call: Call[None], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, GET /pushrules/global/{kind}/{ruleId}/enabled."""
        return {"enabled": (await push_rules.one(call.requester.user_id, kind, rule_id))["enabled"]}

    @endpoint(
        "PUT", "/v3/pushrules/global/<kind>/<rule_id>/enabled", auth=USER, limit="write", body=Enabled, socket=True
    )
    async def set_push_rule_enabled(call: Call[Enabled], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, PUT /pushrules/global/{kind}/{ruleId}/enabled."""
        await push_rules.switch(call.requester.user_id, kind, rule_id, enabled=call.body.enabled)
        return {}

    @endpoint("GET", "/v3/pushrules/global/<kind>/<rule_id>/actions", auth=USER, limit="read", socket=True)
    async def push_rule_actions(call: Call[None], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, GET /pushrules/global/{kind}/{ruleId}/actions."""
        return {"actions": (await push_rules.one(call.requester.user_id, kind, rule_id))["actions"]}

    @endpoint(
        "PUT", "/v3/pushrules/global/<kind>/<rule_id>/actions", auth=USER, limit="write", body=Actions, socket=True
    )
    async def set_push_rule_actions(call: Call[Actions], kind: str, rule_id: str) -> Answer:
        """Spec: Client-Server API, PUT /pushrules/global/{kind}/{ruleId}/actions."""
        await push_rules.act(call.requester.user_id, kind, rule_id, call.body.actions)
        return {}
