"""The push rules of a user as data: the server's defaults, what the user added and changed, and the ways to edit that.

Stored is only what differs from the defaults, so these may change with a release. Evaluation is in `push_rules`.
Spec: Client-Server API, Push Rules; Predefined Rules; Push Rules: API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

import msgspec

from homeserver.protocol.errors import ProtocolError

Kind = Literal["override", "content", "room", "sender", "underride"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""In the order in which they are tried."""

ME: Final = "\0me"
"""Stands in conditions of the defaults for the id of the user whose rules they are."""

MASTER: Final = ".m.rule.master"
MAX_RULES: Final = 500
MAX_BYTES: Final = 64 * 1024

_HISTORICAL: Final = ("dont_notify", "coalesce")

Action = str | dict[str, Any]


class BadRule(ProtocolError, ValueError):
    """A rule, or a change of one, is not possible; the message says why."""


class UnknownNeighbour(BadRule):
    """`before` or `after` does not name a rule of the user's own of that kind."""


class TooManyRules(BadRule):
    """The user's rules would be more, or larger, than we keep."""


class RuleNotFound(ProtocolError, LookupError):
    """There is no rule of this kind and id."""


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule that every user has; they may change its actions and switch it off and on."""

    rule_id: str
    conditions: tuple[Mapping[str, Any], ...]
    actions: tuple[Action, ...] = ()
    enabled: bool = True


def _matches(key: str, pattern: str) -> Mapping[str, Any]:
    return {"kind": "event_match", "key": key, "pattern": pattern}


def _is(key: str, value: object) -> Mapping[str, Any]:
    return {"kind": "event_property_is", "key": key, "value": value}


_TWO_MEMBERS: Final = {"kind": "room_member_count", "is": "2"}
_HIGHLIGHT: Final = {"set_tweak": "highlight"}
_POLL: Final = "org.matrix.msc3381.poll."
_POLL_RULE: Final = ".org.matrix.msc3930.rule."
"""Polls are merged into the specification, and not yet released with it (MSC3381, MSC3930)."""


def _sound(name: str) -> dict[str, Any]:
    return {"set_tweak": "sound", "value": name}


OVERRIDE_DEFAULTS: Final = (
    DefaultRule(MASTER, (), enabled=False),
    DefaultRule(".m.rule.suppress_notices", (_matches("content.msgtype", "m.notice"),)),
    DefaultRule(
        ".m.rule.invite_for_me",
        (_matches("type", "m.room.member"), _matches("content.membership", "invite"), _matches("state_key", ME)),
        ("notify", _sound("default")),
    ),
    DefaultRule(".m.rule.member_event", (_matches("type", "m.room.member"),)),
    DefaultRule(
        ".m.rule.is_user_mention",
        ({"kind": "event_property_contains", "key": "content.m\\.mentions.user_ids", "value": ME},),
        ("notify", _sound("default"), _HIGHLIGHT),
    ),
    DefaultRule(
        ".m.rule.is_room_mention",
        (_is("content.m\\.mentions.room", True), {"kind": "sender_notification_permission", "key": "room"}),
        ("notify", _HIGHLIGHT),
    ),
    DefaultRule(
        ".m.rule.tombstone", (_matches("type", "m.room.tombstone"), _matches("state_key", "")), ("notify", _HIGHLIGHT)
    ),
    DefaultRule(".m.rule.reaction", (_matches("type", "m.reaction"),)),
    DefaultRule(".m.rule.room.server_acl", (_matches("type", "m.room.server_acl"), _matches("state_key", ""))),
    DefaultRule(".m.rule.suppress_edits", (_is("content.m\\.relates_to.rel_type", "m.replace"),)),
    DefaultRule(f"{_POLL_RULE}poll_response", (_matches("type", f"{_POLL}response"),)),
)
UNDERRIDE_DEFAULTS: Final = (
    DefaultRule(".m.rule.call", (_matches("type", "m.call.invite"),), ("notify", _sound("ring"))),
    DefaultRule(
        ".m.rule.encrypted_room_one_to_one",
        (_TWO_MEMBERS, _matches("type", "m.room.encrypted")),
        ("notify", _sound("default")),
    ),
    DefaultRule(
        ".m.rule.room_one_to_one", (_TWO_MEMBERS, _matches("type", "m.room.message")), ("notify", _sound("default"))
    ),
    DefaultRule(".m.rule.message", (_matches("type", "m.room.message"),), ("notify",)),
    DefaultRule(".m.rule.encrypted", (_matches("type", "m.room.encrypted"),), ("notify",)),
    *(
        rule
        for step in ("start", "end")
        for rule in (
            DefaultRule(
                f"{_POLL_RULE}poll_{step}_one_to_one",
                (_TWO_MEMBERS, _matches("type", f"{_POLL}{step}")),
                ("notify", _sound("default")),
            ),
            DefaultRule(f"{_POLL_RULE}poll_{step}", (_matches("type", f"{_POLL}{step}"),), ("notify",)),
        )
    ),
)

_DEFAULTS: Final[Mapping[Kind, tuple[DefaultRule, ...]]] = {
    "override": OVERRIDE_DEFAULTS,
    "underride": UNDERRIDE_DEFAULTS,
}


class UserRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule that a user made. `conditions` is for override and underride rules, `pattern` for content rules."""

    rule_id: str
    actions: tuple[Action, ...]
    conditions: tuple[dict[str, Any], ...] = ()
    pattern: str | None = None
    enabled: bool = True


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a user changed of a default rule; None: nothing."""

    enabled: bool | None = None
    actions: tuple[Action, ...] | None = None


class Ruleset(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is stored of a user's push rules. Rules stand in the order of their importance."""

    override: tuple[UserRule, ...] = ()
    content: tuple[UserRule, ...] = ()
    room: tuple[UserRule, ...] = ()
    sender: tuple[UserRule, ...] = ()
    underride: tuple[UserRule, ...] = ()
    defaults: dict[str, Change] = {}

    def of_kind(self, kind: Kind) -> tuple[UserRule, ...]:
        """The user's own rules of a kind."""
        return cast("tuple[UserRule, ...]", getattr(self, kind))  # KINDS are names of fields


UNCHANGED: Final = Ruleset()


def dump_ruleset(ruleset: Ruleset) -> bytes:
    """The stored form."""
    return msgspec.json.encode(ruleset)


def load_ruleset(stored: bytes) -> Ruleset:
    return msgspec.json.decode(stored, type=Ruleset)


def defaults_of(ruleset: Ruleset, kind: Kind) -> list[DefaultRule]:
    """The default rules of a kind with the user's changes."""
    changed = []
    for rule in _DEFAULTS.get(kind, ()):
        change = ruleset.defaults.get(rule.rule_id, Change())
        enabled = rule.enabled if change.enabled is None else change.enabled
        actions = rule.actions if change.actions is None else change.actions
        changed.append(DefaultRule(rule.rule_id, rule.conditions, actions, enabled))
    return changed


def parse_kind(text: str) -> Kind:
    """Raises BadRule."""
    for kind in KINDS:
        if kind == text:
            return kind
    raise BadRule("the kind of a push rule is override, content, room, sender or underride")


def client_ruleset(ruleset: Ruleset, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """The rules as clients see them: the value of `global`, most important rules first."""
    shown = {}
    for kind in KINDS:
        own = [_client_rule(kind, rule) for rule in ruleset.of_kind(kind)]
        defaults = [_client_default(rule, user_id) for rule in defaults_of(ruleset, kind)]
        first = 1 if kind == "override" else 0  # the master rule comes before the user's own
        shown[kind] = defaults[:first] + own + defaults[first:]
    return {str(kind): rules for kind, rules in shown.items()}


def client_rule(ruleset: Ruleset, kind: Kind, rule_id: str, user_id: str) -> dict[str, Any]:
    """One rule as clients see it. Raises RuleNotFound."""
    for rule in client_ruleset(ruleset, user_id)[kind]:
        if rule["rule_id"] == rule_id:
            return rule
    raise RuleNotFound(f"there is no {kind} rule {rule_id}")


def put_rule(
    ruleset: Ruleset, kind: Kind, rule: UserRule, *, before: str | None = None, after: str | None = None
) -> Ruleset:
    """Add a rule, or replace the one of this id. Raises BadRule, UnknownNeighbour, TooManyRules.

    A new rule is enabled and the most important of its kind unless `before` or `after` says otherwise; a replaced one
    stays on or off, and in its place. Spec: Client-Server API, PUT pushrules/global/{kind}/{ruleId}.
    """
    rule = _checked(kind, rule)
    rules = list(ruleset.of_kind(kind))
    place = next((i for i, old in enumerate(rules) if old.rule_id == rule.rule_id), None)
    if place is not None:
        rule = msgspec.structs.replace(rule, enabled=rules.pop(place).enabled)
    ids = [old.rule_id for old in rules]
    for neighbour in (before, after):
        if neighbour is not None and neighbour not in ids:
            raise UnknownNeighbour(f"before/after rule not found: {neighbour}")
    if before is not None:
        place = ids.index(before)
    elif after is not None:
        place = ids.index(after) + 1
    rules.insert(place or 0, rule)
    changed = _with_rules(ruleset, kind, rules)
    if sum(len(changed.of_kind(each)) for each in KINDS) > MAX_RULES or len(dump_ruleset(changed)) > MAX_BYTES:
        raise TooManyRules(f"push rules may be {MAX_RULES} in number and {MAX_BYTES} bytes in size")
    return changed


def remove_rule(ruleset: Ruleset, kind: Kind, rule_id: str) -> Ruleset:
    """Raises RuleNotFound, and BadRule for a default rule, which stays."""
    if rule_id.startswith("."):
        _default(kind, rule_id)
        raise BadRule("a default rule cannot be deleted; disable it instead")
    rules = [rule for rule in ruleset.of_kind(kind) if rule.rule_id != rule_id]
    if len(rules) == len(ruleset.of_kind(kind)):
        raise RuleNotFound(f"there is no {kind} rule {rule_id}")
    return _with_rules(ruleset, kind, rules)


def set_enabled(ruleset: Ruleset, kind: Kind, rule_id: str, *, enabled: bool) -> Ruleset:
    """Switch a rule on or off, also a default one. Raises RuleNotFound."""
    return _with_change(ruleset, kind, rule_id, {"enabled": enabled})


def set_actions(ruleset: Ruleset, kind: Kind, rule_id: str, actions: Sequence[Action]) -> Ruleset:
    """Change what a rule does, also a default one. Raises RuleNotFound, BadRule, TooManyRules."""
    changed = _with_change(ruleset, kind, rule_id, {"actions": _checked_actions(actions)})
    if len(dump_ruleset(changed)) > MAX_BYTES:
        raise TooManyRules(f"push rules may be {MAX_BYTES} bytes in size")
    return changed


def _with_change(ruleset: Ruleset, kind: Kind, rule_id: str, fields: Mapping[str, Any]) -> Ruleset:
    if rule_id.startswith("."):
        _default(kind, rule_id)
        change = msgspec.structs.replace(ruleset.defaults.get(rule_id, Change()), **fields)
        return msgspec.structs.replace(ruleset, defaults={**ruleset.defaults, rule_id: change})
    if all(rule.rule_id != rule_id for rule in ruleset.of_kind(kind)):
        raise RuleNotFound(f"there is no {kind} rule {rule_id}")
    rules = [
        msgspec.structs.replace(rule, **fields) if rule.rule_id == rule_id else rule for rule in ruleset.of_kind(kind)
    ]
    return _with_rules(ruleset, kind, rules)


def _with_rules(ruleset: Ruleset, kind: Kind, rules: Sequence[UserRule]) -> Ruleset:
    return msgspec.structs.replace(ruleset, **{kind: tuple(rules)})


def _default(kind: Kind, rule_id: str) -> DefaultRule:
    for rule in _DEFAULTS.get(kind, ()):
        if rule.rule_id == rule_id:
            return rule
    raise RuleNotFound(f"there is no {kind} rule {rule_id}")


def _checked(kind: Kind, rule: UserRule) -> UserRule:
    """The rule without what its kind does not have. Raises BadRule."""
    if not rule.rule_id or len(rule.rule_id) > 255 or rule.rule_id[0] == "." or {"/", "\\"} & set(rule.rule_id):
        raise BadRule("the id of a push rule has 1 to 255 signs, no slash or backslash, and no dot in front")
    if kind == "content" and rule.pattern is None:
        raise BadRule("a content rule needs a pattern")
    has_conditions = kind in ("override", "underride")
    if has_conditions and not all(isinstance(condition.get("kind"), str) for condition in rule.conditions):
        raise BadRule("each condition of a push rule needs a kind")
    return UserRule(
        rule.rule_id,
        _checked_actions(rule.actions),
        conditions=rule.conditions if has_conditions else (),
        pattern=rule.pattern if kind == "content" else None,
    )


def _checked_actions(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions without the historical ones, which mean nothing. Raises BadRule."""
    kept = tuple(action for action in actions if action not in _HISTORICAL)
    for action in kept:
        if action != "notify" and not (isinstance(action, dict) and isinstance(action.get("set_tweak"), str)):
            raise BadRule("the actions of a push rule are notify and objects with set_tweak")
    return kept


def _client_rule(kind: Kind, rule: UserRule) -> dict[str, Any]:
    shown = {"rule_id": rule.rule_id, "default": False, "enabled": rule.enabled, "actions": list(rule.actions)}
    if kind == "content":
        shown["pattern"] = rule.pattern
    elif kind in ("override", "underride"):
        shown["conditions"] = list(rule.conditions)
    return shown


def _client_default(rule: DefaultRule, user_id: str) -> dict[str, Any]:
    conditions = [{key: user_id if value == ME else value for key, value in c.items()} for c in rule.conditions]
    return {
        "rule_id": rule.rule_id,
        "default": True,
        "enabled": rule.enabled,
        "conditions": conditions,
        "actions": list(rule.actions),
    }
