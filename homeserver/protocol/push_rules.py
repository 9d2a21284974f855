"""Evaluation of push rules: what an event does to each member of a room.

An `Evaluation` is made once per event and asked for every member. The default rules are tried once for all: their
outcome is one `common` answer and the few members (mentioned, invited) for whom it differs. Only members who changed
their rules cost more, and what their conditions need of the event is prepared once too.
Spec: Client-Server API, Push Rules; Conditions; Actions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.events import Event
from homeserver.protocol.globs import MAX_PATTERN, Glob, WordGlob, contains_words
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.property_paths import Path, parse_path, value_at
from homeserver.protocol.push_ruleset import (
    ME,
    OVERRIDE_DEFAULTS,
    UNCHANGED,
    UNDERRIDE_DEFAULTS,
    Action,
    DefaultRule,
    Kind,
    Ruleset,
    UserRule,
    defaults_of,
)

_BODY: Final[Path] = ("content", "body")
_COUNT: Final = re.compile(r"(==|<=|>=|<|>)?(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Actions:
    """What an event does: notify, highlight, make a sound. `tweaks` go to push gateways as they are."""

    notify: bool
    highlight: bool
    sound: str | None
    tweaks: Mapping[str, object]


NOTHING: Final = Actions(notify=False, highlight=False, sound=None, tweaks={})


def read_actions(actions: Sequence[Action]) -> Actions:
    """Spec: Client-Server API, Push Rules, Actions. Tweaks without `notify` do nothing."""
    if "notify" not in actions:
        return NOTHING
    tweaks: dict[str, object] = {}
    for action in actions:
        if isinstance(action, dict) and isinstance(action.get("set_tweak"), str):
            tweaks[action["set_tweak"]] = action.get("value", True)
    sound = tweaks.get("sound")
    return Actions(
        notify=True,
        highlight=tweaks.get("highlight") is True,
        sound=sound if isinstance(sound, str) else None,
        tweaks=tweaks,
    )


class Evaluation:
    """One event, looked at by the push rules of many members."""

    def __init__(self, event: Event, *, member_count: int, power: PowerLevels) -> None:
        """`member_count`: joined members; `power`: the levels in force at the event."""
        self.event = event
        self.event_type = event.type.lower()
        self.member_count = member_count
        self.power = power
        self._texts: dict[Path, str | None] = {}

    def for_member(
        self, user_id: str, rules: "CompiledRules | None" = None, display_name: str | None = None
    ) -> Actions:
        """What the event does to a member. `rules` None: they changed nothing. `display_name`: theirs in the room."""
        if user_id == self.event.sender:
            return NOTHING
        if rules is None:
            return self.default.of(user_id)
        for step in rules.steps:
            actions = step(self, user_id, display_name)
            if actions is not None:
                return actions
        return NOTHING

    @cached_property
    def default(self) -> "DefaultOutcome":
        """The outcome for the members who did not change their rules (the sender is not left out)."""
        special: dict[str, Actions] = {}
        for rule, actions in _DEFAULT_STEPS:
            who = rule.matches(self)
            if who is True:
                return DefaultOutcome(actions, special)
            for user_id in who or ():
                special.setdefault(user_id, actions)
        return DefaultOutcome(NOTHING, special)

    @cached_property
    def default_matches(self) -> Mapping[str, frozenset[str] | bool]:
        """Whether each default rule, by its id, matches the event: for all, for none, or for whom."""
        return {rule_id: rule.matches(self) for rule_id, rule in _COMPILED_DEFAULTS.items()}

    @cached_property
    def _view(self) -> Mapping[str, Any]:
        """The properties of the event that conditions may name."""
        event = self.event
        view = {
            "type": event.type,
            "sender": event.sender,
            "room_id": event.room_id,
            "event_id": event.event_id,
            "origin_server_ts": event.ts,
            "content": event.content,
        }
        if event.state_key is not None:
            view["state_key"] = event.state_key
        return view

    def sender_may_notify(self, key: str) -> bool:
        """Whether the sender's level is enough for `key` mentions; not if old rooms' levels cannot be read."""
        try:
            return self.power.of_user(self.event.sender) >= self.power.notification(key)
        except NotAllowed:
            return False

    def value(self, path: Path) -> object:
        """What stands at `path`, or ABSENT."""
        return value_at(self._view, path)

    def text(self, path: Path) -> str | None:
        """The text at `path` in lower case, or None if there is no text."""
        if path not in self._texts:
            value = self.value(path)
            self._texts[path] = value.lower() if isinstance(value, str) else None
        return self._texts[path]


@dataclass(frozen=True, slots=True)
class DefaultOutcome:
    """What the unchanged rules make of an event: `common` for all members but those in `special`."""

    common: Actions
    special: Mapping[str, Actions]

    def of(self, user_id: str) -> Actions:
        return self.special.get(user_id, self.common)


_Test = Callable[[Evaluation, str | None], bool]
_Step = Callable[[Evaluation, str, str | None], Actions | None]


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """The rules of a user who changed something, ready to be tried in order."""

    steps: tuple[_Step, ...]


def compile_rules(ruleset: Ruleset) -> CompiledRules | None:
    """None when the user changed nothing. Keep the result: compiling costs more than many evaluations."""
    if ruleset == UNCHANGED:
        return None
    steps: list[_Step] = []
    master, *defaults = defaults_of(ruleset, "override")
    steps += _default_steps([master])
    steps += _own_steps(ruleset.override)
    steps += _default_steps(defaults)
    steps += _own_steps([_as_condition(rule) for rule in ruleset.content])
    steps += _by_value("room", ruleset.room)
    steps += _by_value("sender", ruleset.sender)
    steps += _own_steps(ruleset.underride)
    steps += _default_steps(defaults_of(ruleset, "underride"))
    return CompiledRules(tuple(steps))


def _as_condition(rule: UserRule) -> UserRule:
    """A content rule as an override rule with the condition that it stands for."""
    condition = {"kind": "event_match", "key": "content.body", "pattern": rule.pattern}
    return UserRule(rule.rule_id, rule.actions, conditions=(condition,), enabled=rule.enabled)


def _own_steps(rules: Sequence[UserRule]) -> list[_Step]:
    steps = []
    for rule in rules:
        tests = [_test(condition) for condition in rule.conditions]
        if rule.enabled and None not in tests:
            steps.append(_own_step([test for test in tests if test is not None], read_actions(rule.actions)))
    return steps


def _own_step(tests: Sequence[_Test], actions: Actions) -> _Step:
    def step(evaluation: Evaluation, _user_id: str, display_name: str | None) -> Actions | None:
        return actions if all(test(evaluation, display_name) for test in tests) else None

    return step


def _by_value(kind: Kind, rules: Sequence[UserRule]) -> list[_Step]:
    """All room or sender rules in one step: at most one of them can match."""
    by_id = {rule.rule_id: read_actions(rule.actions) for rule in rules if rule.enabled}
    if not by_id:
        return []
    if kind == "room":
        return [lambda evaluation, _user_id, _name: by_id.get(evaluation.event.room_id)]
    return [lambda evaluation, _user_id, _name: by_id.get(evaluation.event.sender)]


def _default_steps(rules: Sequence[DefaultRule]) -> list[_Step]:
    return [_default_step(rule.rule_id, read_actions(rule.actions)) for rule in rules if rule.enabled]


def _default_step(rule_id: str, actions: Actions) -> _Step:
    def step(evaluation: Evaluation, user_id: str, _display_name: str | None) -> Actions | None:
        who = evaluation.default_matches[rule_id]
        return actions if who is True or (who and user_id in who) else None

    return step


def _test(condition: Mapping[str, Any]) -> _Test | None:
    """The condition as a function; None if it is not one that we know, and so matches nothing.

    Spec: Client-Server API, Push Rules, Conditions.
    """
    key, pattern = condition.get("key"), condition.get("pattern")
    match condition.get("kind"):
        case "event_match" if isinstance(key, str) and isinstance(pattern, str):
            return _event_match(parse_path(key), pattern)
        case "event_property_is" if isinstance(key, str) and "value" in condition:
            return _event_property_is(parse_path(key), condition["value"])
        case "event_property_contains" if isinstance(key, str) and "value" in condition:
            return _event_property_contains(parse_path(key), condition["value"])
        case "room_member_count":
            return _room_member_count(condition.get("is"))
        case "sender_notification_permission" if isinstance(key, str):
            return lambda evaluation, _: evaluation.sender_may_notify(key)
        case "contains_display_name":
            return _contains_display_name
        case _:
            return None


def _event_match(path: Path, pattern: str) -> _Test:
    if path == _BODY:
        in_body = WordGlob(pattern)
        return lambda evaluation, _: (text := evaluation.text(_BODY)) is not None and in_body.found_in(text)
    if len(pattern) <= MAX_PATTERN and not {"*", "?"} & set(pattern):
        plain = pattern.lower()
        return lambda evaluation, _: evaluation.text(path) == plain
    glob = Glob(pattern)
    return lambda evaluation, _: (text := evaluation.text(path)) is not None and glob.matches(text)


def _event_property_is(path: Path, value: object) -> _Test:
    return lambda evaluation, _: _same(evaluation.value(path), value)


def _event_property_contains(path: Path, value: object) -> _Test:
    def test(evaluation: Evaluation, _display_name: str | None) -> bool:
        found = evaluation.value(path)
        return isinstance(found, list) and any(_same(each, value) for each in found)

    return test


def _same(found: object, value: object) -> bool:
    """Equal without casts (1 is not true); only texts, integers, booleans and null can be equal."""
    return type(found) is type(value) and isinstance(value, str | int | None) and found == value


def _room_member_count(text: object) -> _Test | None:
    form = _COUNT.fullmatch(text) if isinstance(text, str) else None
    if form is None:
        return None
    number = int(form[2])
    match form[1]:
        case "<":
            return lambda evaluation, _: evaluation.member_count < number
        case ">":
            return lambda evaluation, _: evaluation.member_count > number
        case "<=":
            return lambda evaluation, _: evaluation.member_count <= number
        case ">=":
            return lambda evaluation, _: evaluation.member_count >= number
        case _:
            return lambda evaluation, _: evaluation.member_count == number


def _contains_display_name(evaluation: Evaluation, display_name: str | None) -> bool:
    """Deprecated, but users may still have rules with it."""
    body = evaluation.text(_BODY)
    return display_name is not None and body is not None and contains_words(display_name.lower(), body)


@dataclass(frozen=True, slots=True)
class _CompiledDefault:
    """A default rule: conditions on the event alone, and perhaps one that names the user."""

    event_type: str | None
    """The type that it asks for, which rules most of them out at once."""
    tests: tuple[_Test, ...]
    users: Callable[[Evaluation], frozenset[str]] | None

    def matches(self, evaluation: Evaluation) -> frozenset[str] | bool:
        """For all, for none, or for whom."""
        if self.event_type is not None and self.event_type != evaluation.event_type:
            return False
        for test in self.tests:
            if not test(evaluation, None):
                return False
        return True if self.users is None else self.users(evaluation)


def _compile_default(rule: DefaultRule) -> _CompiledDefault:
    event_type, tests, users = None, [], None
    for condition in rule.conditions:
        if ME in condition.values():
            users = _users_at(parse_path(condition["key"]), listed=condition["kind"] == "event_property_contains")
        elif condition.get("key") == "type":
            event_type = condition["pattern"]
        else:
            tests.append(_test(condition))
    return _CompiledDefault(event_type, tuple(filter(None, tests)), users)


def _users_at(path: Path, *, listed: bool) -> Callable[[Evaluation], frozenset[str]]:
    """The users in the list, or else the user named by the text, at `path`."""

    def users(evaluation: Evaluation) -> frozenset[str]:
        found = evaluation.value(path)
        if not listed:
            return frozenset({found}) if isinstance(found, str) else frozenset()
        return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()

    return users


_COMPILED_DEFAULTS: Final = {rule.rule_id: _compile_default(rule) for rule in OVERRIDE_DEFAULTS + UNDERRIDE_DEFAULTS}
_DEFAULT_STEPS: Final = tuple(
    (_COMPILED_DEFAULTS[rule.rule_id], read_actions(rule.actions))
    for rule in OVERRIDE_DEFAULTS + UNDERRIDE_DEFAULTS
    if rule.enabled
)
