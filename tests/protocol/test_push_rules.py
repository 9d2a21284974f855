from collections.abc import Mapping
from typing import Any

import pytest

from homeserver.protocol.events import Event
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.push_rules import NOTHING, Actions, Evaluation, compile_rules, read_actions
from homeserver.protocol.push_ruleset import UNCHANGED, Kind, Ruleset, UserRule, put_rule, set_actions, set_enabled
from homeserver.protocol.room_versions import ROOM_VERSIONS
from tests.protocol.factory import ALICE, BOB, CAROL, ROOM, event, member

NOTIFY = read_actions(["notify"])
HIGHLIGHT_ACTIONS: tuple[Any, ...] = ("notify", {"set_tweak": "highlight"})
LOUD = read_actions(["notify", {"set_tweak": "sound", "value": "default"}])
MENTION = read_actions(["notify", {"set_tweak": "sound", "value": "default"}, {"set_tweak": "highlight"}])
HIGHLIGHT = read_actions(["notify", {"set_tweak": "highlight"}])


def levels(**content: Any) -> PowerLevels:
    return PowerLevels(content, frozenset(), ROOM_VERSIONS["11"])


def evaluation(seen: Event, *, count: int = 3, power: PowerLevels | None = None) -> Evaluation:
    return Evaluation(seen, member_count=count, power=power or levels())


def message(body: object = "hello", **content: Any) -> Event:
    return event("m.room.message", {"msgtype": "m.text", "body": body, **content})


def with_rule(kind: Kind = "override", *, actions: tuple[Any, ...] = HIGHLIGHT_ACTIONS, **fields: Any) -> Ruleset:
    return put_rule(UNCHANGED, kind, UserRule(fields.pop("rule_id", "mine"), actions, **fields))


def matches(seen: Event, condition: Mapping[str, Any], **room: Any) -> bool:
    """Whether an override rule of Bob's with this one condition matches."""
    rules = compile_rules(with_rule(conditions=(dict(condition),)))
    return evaluation(seen, **room).for_member(BOB, rules, "Bobby *") == HIGHLIGHT


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (message(), NOTIFY),
        (event("m.room.encrypted"), NOTIFY),
        (message(msgtype="m.notice"), NOTHING),
        (member(BOB, "invite", sender=ALICE), LOUD),
        (member(CAROL, "invite", sender=ALICE), NOTHING),
        (member(CAROL, "join"), NOTHING),
        (message(**{"m.mentions": {"user_ids": [BOB]}}), MENTION),
        (message(**{"m.mentions": {"user_ids": [CAROL]}}), NOTIFY),
        (message(**{"m.mentions": {"user_ids": BOB}}), NOTIFY),
        (message(**{"m.mentions": {"user_ids": [1, None, {}]}}), NOTIFY),
        (event("m.room.tombstone", state_key=""), HIGHLIGHT),
        (event("m.room.tombstone", state_key="x"), NOTHING),
        (event("m.room.tombstone"), NOTHING),
        (event("m.reaction"), NOTHING),
        (event("m.room.server_acl", state_key=""), NOTHING),
        (message(**{"m.relates_to": {"rel_type": "m.replace"}}), NOTHING),
        (event("m.call.invite"), read_actions(["notify", {"set_tweak": "sound", "value": "ring"}])),
        (event("m.room.topic", state_key=""), NOTHING),
    ],
)
def test_the_default_rules_do_what_the_specification_says(seen: Event, expected: Actions) -> None:
    assert evaluation(seen).for_member(BOB) == expected


@pytest.mark.parametrize("event_type", ["m.room.message", "m.room.encrypted"])
def test_a_message_between_two_makes_a_sound(event_type: str) -> None:
    assert evaluation(event(event_type), count=2).for_member(BOB) == LOUD
    assert evaluation(event(event_type), count=3).for_member(BOB) == NOTIFY


def test_the_whole_room_is_mentioned_only_by_who_has_the_power() -> None:
    seen = message(**{"m.mentions": {"room": True}})
    assert evaluation(seen, power=levels(users={ALICE: 50})).for_member(BOB) == HIGHLIGHT
    assert evaluation(seen, power=levels(users={ALICE: 49})).for_member(BOB) == NOTIFY
    assert evaluation(seen, power=levels(notifications={"room": 0})).for_member(BOB) == HIGHLIGHT
    assert evaluation(message(**{"m.mentions": {"room": 1}}), power=levels(users={ALICE: 50})).for_member(BOB) == NOTIFY


def test_nobody_is_told_of_their_own_events() -> None:
    seen = message(**{"m.mentions": {"user_ids": [ALICE]}})
    assert evaluation(seen).for_member(ALICE) == NOTHING
    assert evaluation(seen).for_member(ALICE, compile_rules(with_rule())) == NOTHING


def test_the_defaults_are_one_answer_for_all_and_others_for_the_mentioned() -> None:
    outcome = evaluation(message(**{"m.mentions": {"user_ids": [BOB]}})).default
    assert outcome.common == NOTIFY
    assert outcome.special == {BOB: MENTION}


@pytest.mark.parametrize(
    "seen", [message(), message(**{"m.mentions": {"user_ids": [BOB]}}), member(BOB, "invite", sender=ALICE)]
)
def test_a_changed_ruleset_gives_the_same_answers_where_nothing_is_changed(seen: Event) -> None:
    rules = compile_rules(with_rule("room", rule_id="!other"))
    for user_id in (BOB, CAROL):
        assert evaluation(seen).for_member(user_id, rules) == evaluation(seen).for_member(user_id)


def test_an_unchanged_ruleset_needs_no_compiling() -> None:
    assert compile_rules(UNCHANGED) is None


def test_the_master_rule_silences_everything() -> None:
    ruleset = set_enabled(with_rule(), "override", ".m.rule.master", enabled=True)
    assert evaluation(message()).for_member(BOB, compile_rules(ruleset)) == NOTHING


def test_a_default_rule_can_be_off_or_do_something_else() -> None:
    off = set_enabled(UNCHANGED, "underride", ".m.rule.message", enabled=False)
    assert evaluation(message()).for_member(BOB, compile_rules(off)) == NOTHING
    other = set_actions(UNCHANGED, "underride", ".m.rule.message", ["notify", {"set_tweak": "highlight"}])
    assert evaluation(message()).for_member(BOB, compile_rules(other)) == HIGHLIGHT


@pytest.mark.parametrize("stronger", ["override", "content", "room", "sender", "underride"])
def test_kinds_are_tried_in_their_order(stronger: Kind) -> None:
    ids: dict[Kind, str] = {"override": "o", "content": "c", "room": ROOM, "sender": ALICE, "underride": "u"}
    kinds = list(ids)
    ruleset = UNCHANGED
    for kind in kinds[kinds.index(stronger) :]:
        actions = ("notify", {"set_tweak": "kind", "value": kind})
        ruleset = put_rule(ruleset, kind, UserRule(ids[kind], actions, pattern="hello"))
    assert evaluation(message()).for_member(BOB, compile_rules(ruleset)).tweaks == {"kind": stronger}


def test_the_first_matching_rule_of_a_kind_decides() -> None:
    ruleset = with_rule("content", rule_id="tea", pattern="tea", actions=("notify",))
    ruleset = put_rule(ruleset, "content", UserRule("time", HIGHLIGHT_ACTIONS, pattern="time"))
    assert evaluation(message("It's time for tea")).for_member(BOB, compile_rules(ruleset)) == HIGHLIGHT


@pytest.mark.parametrize("kind", ["override", "room", "sender", "content"])
def test_a_disabled_rule_never_matches(kind: Kind) -> None:
    rule_id = {"room": ROOM, "sender": ALICE}.get(kind, "mine")
    ruleset = with_rule(kind, rule_id=rule_id, pattern="hello")
    assert evaluation(message()).for_member(BOB, compile_rules(ruleset)) == HIGHLIGHT
    ruleset = set_enabled(ruleset, kind, rule_id, enabled=False)
    assert evaluation(message()).for_member(BOB, compile_rules(ruleset)) == NOTIFY


@pytest.mark.parametrize(
    ("value", "match"), [("Lunch plans", True), ("LUNCH", True), (" lunch", False), ("lunc", False), (None, False)]
)
def test_event_match_fits_the_whole_value_in_any_case(value: object, match: bool) -> None:
    seen = event("m.room.topic", {"topic": value}, state_key="")
    assert matches(seen, {"kind": "event_match", "key": "content.topic", "pattern": "lunc?*"}) is match


def test_event_match_without_stars_fits_the_whole_value() -> None:
    assert matches(message(), {"kind": "event_match", "key": "type", "pattern": "M.room.message"})
    assert not matches(message(), {"kind": "event_match", "key": "type", "pattern": "m.room"})
    assert not matches(message(), {"kind": "event_match", "key": "type", "pattern": "m" * 2000})


def test_event_match_never_fits_what_is_absent_or_no_text() -> None:
    assert not matches(message(), {"kind": "event_match", "key": "content.topic", "pattern": "*"})
    assert not matches(message(7), {"kind": "event_match", "key": "content.body", "pattern": "*"})
    assert not matches(message(), {"kind": "event_match", "key": "state_key", "pattern": "*"})


@pytest.mark.parametrize(
    ("body", "match"),
    [("An example event.", True), ("exple", True), ("An exciting triple-whammy", True), ("flexible", False)],
)
def test_event_match_on_the_body_looks_for_words(body: str, match: bool) -> None:
    assert matches(message(body), {"kind": "event_match", "key": "content.body", "pattern": "ex*ple"}) is match


@pytest.mark.parametrize(
    ("key", "pattern"), [("room_id", ROOM), ("sender", ALICE), ("event_id", "$event"), ("content.body", "hello")]
)
def test_conditions_may_name_the_properties_of_the_client_format(key: str, pattern: str) -> None:
    assert matches(message(), {"kind": "event_match", "key": key, "pattern": pattern})


@pytest.mark.parametrize(
    ("found", "value", "match"),
    [
        (True, True, True),
        ("true", True, False),
        (1, True, False),
        (True, 1, False),
        (1, 1, True),
        ("a", "a", True),
        ("A", "a", False),
        (None, None, True),
        ([1], [1], False),
        ({}, {}, False),
        (1.5, 1.5, False),
    ],
)
def test_event_property_is_compares_exactly(found: object, value: object, match: bool) -> None:
    condition = {"kind": "event_property_is", "key": r"content.m\.federate", "value": value}
    assert matches(event("m.x", {"m.federate": found}), condition) is match
    listed = {"kind": "event_property_contains", "key": "content.list", "value": value}
    assert matches(event("m.x", {"list": ["other", found]}), listed) is match


def test_conditions_on_properties_never_fit_what_is_absent() -> None:
    assert not matches(message(), {"kind": "event_property_is", "key": "content.x", "value": None})
    assert not matches(message(), {"kind": "event_property_contains", "key": "content.x", "value": None})
    assert not matches(
        event("m.x", {"x": "text"}), {"kind": "event_property_contains", "key": "content.x", "value": "t"}
    )


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("2", [2]),
        ("==2", [2]),
        ("<2", [1]),
        (">2", [3]),
        ("<=2", [1, 2]),
        (">=2", [2, 3]),
        ("!=2", []),
        ("two", []),
        ("", []),
        (2, []),
    ],
)
def test_members_are_counted(text: object, counts: list[int]) -> None:
    condition = {"kind": "room_member_count", "is": text}
    assert [count for count in (1, 2, 3) if matches(message(), condition, count=count)] == counts


def test_a_condition_may_ask_for_the_senders_power() -> None:
    condition = {"kind": "sender_notification_permission", "key": "room"}
    assert matches(message(), condition, power=levels(users={ALICE: 50}))
    assert not matches(message(), condition)


def test_levels_that_cannot_be_read_give_no_power() -> None:
    condition = {"kind": "sender_notification_permission", "key": "room"}
    assert not matches(message(), condition, power=levels(users={ALICE: "many"}))


@pytest.mark.parametrize(
    ("body", "match"), [("ask bobby *!", True), ("bobby!", False), ("xbobby *", False), (None, False)]
)
def test_the_display_name_is_looked_for_as_it_is(body: object, match: bool) -> None:
    assert matches(message(body), {"kind": "contains_display_name"}) is match


def test_without_a_display_name_none_is_found() -> None:
    rules = compile_rules(with_rule(conditions=({"kind": "contains_display_name"},)))
    assert evaluation(message()).for_member(BOB, rules) == NOTIFY


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "org.example.unknown"},
        {"kind": "event_match", "key": "type"},
        {"kind": "event_match", "pattern": "*"},
        {"kind": "event_property_is", "key": "type"},
        {"kind": "event_property_contains", "value": 1},
        {"kind": "sender_notification_permission"},
        {"kind": "room_member_count"},
    ],
)
def test_a_condition_that_is_not_understood_matches_nothing(condition: dict[str, Any]) -> None:
    assert not matches(message(), condition)


def test_all_conditions_of_a_rule_must_hold() -> None:
    of_type = {"kind": "event_match", "key": "type", "pattern": "m.room.message"}
    of_bob = {"kind": "event_match", "key": "sender", "pattern": BOB}
    assert evaluation(message()).for_member(BOB, compile_rules(with_rule(conditions=(of_type, of_bob)))) == NOTIFY
    assert evaluation(message()).for_member(BOB, compile_rules(with_rule(conditions=(of_type,)))) == HIGHLIGHT
    assert evaluation(message()).for_member(BOB, compile_rules(with_rule(conditions=()))) == HIGHLIGHT


def test_two_conditions_may_be_about_the_same_property() -> None:
    starts = {"kind": "event_match", "key": "content.topic", "pattern": "lunch*"}
    ends = {"kind": "event_match", "key": "content.topic", "pattern": "*noon"}
    rules = compile_rules(with_rule(conditions=(starts, ends)))
    assert evaluation(event("m.x", {"topic": "Lunch at noon"})).for_member(BOB, rules) == HIGHLIGHT
    assert evaluation(event("m.x", {"topic": "Lunch at one"})).for_member(BOB, rules) == NOTHING


def test_actions_are_read_as_the_specification_says() -> None:
    loud = Actions(notify=True, highlight=True, sound="default", tweaks={"sound": "default", "highlight": True})
    assert loud == MENTION
    assert Actions(notify=True, highlight=False, sound=None, tweaks={}) == NOTIFY
    assert Actions(notify=False, highlight=False, sound=None, tweaks={}) == NOTHING
    assert read_actions([]) == NOTHING
    assert read_actions([{"set_tweak": "highlight"}]) == NOTHING
    assert read_actions(["notify", {"set_tweak": "highlight", "value": False}]).highlight is False
    assert read_actions(["notify", {"set_tweak": "sound", "value": 1}]).sound is None
    assert read_actions(["notify", {"x": 1}, {"set_tweak": "flash", "value": 3}]).tweaks == {"flash": 3}
