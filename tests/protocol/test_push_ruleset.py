from typing import Any

import pytest

from homeserver.protocol.push_ruleset import (
    KINDS,
    MAX_RULES,
    UNCHANGED,
    BadRule,
    Kind,
    RuleNotFound,
    Ruleset,
    TooManyRules,
    UnknownNeighbour,
    UserRule,
    client_rule,
    client_ruleset,
    dump_ruleset,
    load_ruleset,
    parse_kind,
    put_rule,
    remove_rule,
    set_actions,
    set_enabled,
)
from tests.protocol.factory import ALICE
from tests.support.spec import spec_json


def rule(rule_id: str, *actions: Any, **more: Any) -> UserRule:
    return UserRule(rule_id, actions, **more)


def with_rooms(*room_ids: str) -> Ruleset:
    ruleset = UNCHANGED
    for room_id in reversed(room_ids):
        ruleset = put_rule(ruleset, "room", rule(room_id))
    return ruleset


def order(ruleset: Ruleset, kind: Kind = "room") -> list[str]:
    return [shown["rule_id"] for shown in client_ruleset(ruleset, ALICE)[kind]]


POLLS = ".org.matrix.msc3930.rule."


def test_the_defaults_are_those_of_the_specification() -> None:
    expected = spec_json("default-push-rules.json")["global"]
    for listed in expected.values():
        for default in listed:
            for condition in default["conditions"]:
                for key in ("pattern", "value"):
                    if condition.get(key) == "[the user's Matrix ID]":
                        condition[key] = ALICE
    shown = client_ruleset(UNCHANGED, ALICE)
    released = {kind: [one for one in rules if not one["rule_id"].startswith(POLLS)] for kind, rules in shown.items()}
    assert released == expected


def test_polls_notify_when_they_start_and_end_and_votes_do_not() -> None:
    shown = client_ruleset(UNCHANGED, ALICE)
    polls = {
        one["rule_id"].removeprefix(POLLS): one["actions"]
        for kind in ("override", "underride")
        for one in shown[kind]
        if one["rule_id"].startswith(POLLS)
    }
    loud = ["notify", {"set_tweak": "sound", "value": "default"}]
    assert polls == {
        "poll_response": [],
        "poll_start_one_to_one": loud,
        "poll_start": ["notify"],
        "poll_end_one_to_one": loud,
        "poll_end": ["notify"],
    }


def test_a_user_rule_stands_between_the_master_rule_and_the_other_defaults() -> None:
    ruleset = put_rule(UNCHANGED, "override", rule("mine", "notify"))
    assert order(ruleset, "override")[:3] == [".m.rule.master", "mine", ".m.rule.suppress_notices"]


def test_a_rule_is_shown_with_what_its_kind_has() -> None:
    ruleset = put_rule(UNCHANGED, "content", rule("cake", "notify", pattern="cake*lie"))
    assert client_rule(ruleset, "content", "cake", ALICE) == {
        "rule_id": "cake",
        "default": False,
        "enabled": True,
        "actions": ["notify"],
        "pattern": "cake*lie",
    }
    ruleset = put_rule(UNCHANGED, "underride", rule("u", conditions=({"kind": "x"},), pattern="left out"))
    assert client_rule(ruleset, "underride", "u", ALICE)["conditions"] == [{"kind": "x"}]
    assert "pattern" not in client_rule(ruleset, "underride", "u", ALICE)
    ruleset = put_rule(UNCHANGED, "sender", rule("@b:x", conditions=({"kind": "x"},)))
    assert "conditions" not in client_rule(ruleset, "sender", "@b:x", ALICE)


def test_a_rule_that_is_not_there_cannot_be_shown() -> None:
    with pytest.raises(RuleNotFound):
        client_rule(UNCHANGED, "content", "cake", ALICE)


def test_a_new_rule_is_the_most_important_of_its_kind() -> None:
    assert order(put_rule(with_rooms("!a", "!b"), "room", rule("!c"))) == ["!c", "!a", "!b"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("!b", None, ["!a", "!new", "!b", "!c"]),
        (None, "!b", ["!a", "!b", "!new", "!c"]),
        ("!c", "!a", ["!a", "!b", "!new", "!c"]),
        ("!a", None, ["!new", "!a", "!b", "!c"]),
        (None, "!c", ["!a", "!b", "!c", "!new"]),
    ],
)
def test_a_new_rule_goes_where_before_and_after_say(before: str | None, after: str | None, expected: list[str]) -> None:
    assert order(put_rule(with_rooms("!a", "!b", "!c"), "room", rule("!new"), before=before, after=after)) == expected


def test_a_replaced_rule_stays_in_its_place_and_off() -> None:
    ruleset = set_enabled(with_rooms("!a", "!b", "!c"), "room", "!b", enabled=False)
    ruleset = put_rule(ruleset, "room", rule("!b", "notify"))
    assert order(ruleset) == ["!a", "!b", "!c"]
    assert client_rule(ruleset, "room", "!b", ALICE)["actions"] == ["notify"]
    assert client_rule(ruleset, "room", "!b", ALICE)["enabled"] is False


def test_a_replaced_rule_can_be_moved() -> None:
    assert order(put_rule(with_rooms("!a", "!b", "!c"), "room", rule("!c"), before="!a")) == ["!c", "!a", "!b"]
    assert order(put_rule(with_rooms("!a", "!b", "!c"), "room", rule("!a"), after="!c")) == ["!b", "!c", "!a"]


@pytest.mark.parametrize("neighbour", ["!missing", "!b", ".m.rule.master"])
def test_a_rule_cannot_be_put_beside_one_that_is_not_the_users_own(neighbour: str) -> None:
    for where in ({"before": neighbour}, {"after": neighbour}):
        with pytest.raises(UnknownNeighbour):
            put_rule(with_rooms("!a", "!b"), "room", rule("!b"), **where)


@pytest.mark.parametrize("rule_id", ["", ".mine", "a/b", "a\\b", "a" * 256])
def test_a_rule_needs_a_proper_id(rule_id: str) -> None:
    with pytest.raises(BadRule):
        put_rule(UNCHANGED, "room", rule(rule_id))


def test_a_content_rule_needs_a_pattern_and_a_condition_a_kind() -> None:
    with pytest.raises(BadRule):
        put_rule(UNCHANGED, "content", rule("cake"))
    with pytest.raises(BadRule):
        put_rule(UNCHANGED, "override", rule("mine", conditions=({"key": "type"},)))


@pytest.mark.parametrize("action", ["explode", {"value": 1}, {"set_tweak": 1}])
def test_an_action_must_be_one_of_the_specification(action: Any) -> None:
    with pytest.raises(BadRule):
        put_rule(UNCHANGED, "room", rule("!a", action))
    with pytest.raises(BadRule):
        set_actions(UNCHANGED, "override", ".m.rule.master", [action])


def test_historical_actions_are_dropped() -> None:
    ruleset = put_rule(UNCHANGED, "room", rule("!a", "dont_notify", "coalesce", {"set_tweak": "highlight"}))
    assert client_rule(ruleset, "room", "!a", ALICE)["actions"] == [{"set_tweak": "highlight"}]


def test_rules_are_bounded_in_number_and_size() -> None:
    full = Ruleset(sender=tuple(rule(f"@u{n}:x") for n in range(MAX_RULES)))
    with pytest.raises(TooManyRules):
        put_rule(full, "room", rule("!a"))
    put_rule(full, "sender", rule("@u1:x", "notify"))
    with pytest.raises(TooManyRules):
        put_rule(UNCHANGED, "content", rule("long", pattern="a" * 70_000))
    with pytest.raises(TooManyRules):
        set_actions(UNCHANGED, "override", ".m.rule.master", [{"set_tweak": "a" * 70_000}])


def test_a_users_rule_can_be_removed() -> None:
    assert order(remove_rule(with_rooms("!a", "!b"), "room", "!a")) == ["!b"]
    with pytest.raises(RuleNotFound):
        remove_rule(UNCHANGED, "room", "!a")


def test_a_default_rule_cannot_be_removed() -> None:
    with pytest.raises(BadRule):
        remove_rule(UNCHANGED, "override", ".m.rule.master")
    with pytest.raises(RuleNotFound):
        remove_rule(UNCHANGED, "override", ".m.rule.contains_display_name")
    with pytest.raises(RuleNotFound):
        remove_rule(UNCHANGED, "room", ".m.rule.master")


def test_a_default_rule_can_be_switched_and_given_other_actions() -> None:
    ruleset = set_enabled(UNCHANGED, "override", ".m.rule.master", enabled=True)
    ruleset = set_actions(ruleset, "override", ".m.rule.master", ["notify"])
    shown = client_rule(ruleset, "override", ".m.rule.master", ALICE)
    assert (shown["enabled"], shown["actions"], shown["default"]) == (True, ["notify"], True)


def test_a_users_rule_can_be_switched_and_given_other_actions() -> None:
    ruleset = set_actions(with_rooms("!a", "!b"), "room", "!a", ["notify"])
    ruleset = set_enabled(ruleset, "room", "!a", enabled=False)
    assert client_rule(ruleset, "room", "!a", ALICE)["actions"] == ["notify"]
    assert client_rule(ruleset, "room", "!a", ALICE)["enabled"] is False
    assert client_rule(ruleset, "room", "!b", ALICE)["enabled"] is True


@pytest.mark.parametrize("rule_id", ["!missing", ".m.rule.missing"])
def test_a_rule_that_is_not_there_cannot_be_changed(rule_id: str) -> None:
    with pytest.raises(RuleNotFound):
        set_enabled(UNCHANGED, "room", rule_id, enabled=True)
    with pytest.raises(RuleNotFound):
        set_actions(UNCHANGED, "underride", rule_id, [])


def test_a_ruleset_is_read_back_as_it_was_stored() -> None:
    ruleset = put_rule(UNCHANGED, "override", rule("mine", "notify", conditions=({"kind": "event_match"},)))
    ruleset = set_enabled(ruleset, "underride", ".m.rule.call", enabled=False)
    assert load_ruleset(dump_ruleset(ruleset)) == ruleset
    assert dump_ruleset(UNCHANGED) == b"{}"


def test_kinds_are_known_by_name() -> None:
    assert [parse_kind(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(BadRule):
        parse_kind("device")
