"""Every numbered rule of every room version's page, and what else the authorisation rules meet."""

import re
from dataclasses import replace

import pytest

from homeserver.protocol.auth_rules import auth_state_keys, check, check_auth_events
from homeserver.protocol.errors import NotAllowed
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.room_versions import ROOM_VERSIONS, V5, V6, V7, V9, V10, V11, V12, RoomVersion
from tests.protocol.auth_case import Case
from tests.protocol.auth_cases import CASES
from tests.protocol.auth_room import ALICE, BOB, CAROL, DAVE, Room
from tests.support.spec import spec_file

TRIALS = [(rules, case) for rules in ROOM_VERSIONS.values() for case in CASES if case.applies(rules)]
each_trial = pytest.mark.parametrize(
    ("rules", "case"), TRIALS, ids=[f"v{rules.id}-{case.number(rules)}" for rules, case in TRIALS]
)
each_version = pytest.mark.parametrize("rules", ROOM_VERSIONS.values(), ids=lambda rules: f"v{rules.id}")


@each_trial
def test_a_rule_lets_pass_what_it_allows(rules: RoomVersion, case: Case) -> None:
    room = Room(rules)
    assert room.refuses(case.allowed(room)) is None


@each_trial
def test_a_rule_refuses_what_it_forbids(rules: RoomVersion, case: Case) -> None:
    if case.refused is not None:
        room = Room(rules)
        assert room.refuses(case.refused(room)) == case.number(rules, case.by)


@each_version
def test_no_rule_of_the_page_is_without_a_case(rules: RoomVersion) -> None:
    cases = {case.number(rules): case for case in CASES if case.applies(rules)}
    page = rules_of_page(f"v{rules.id}")
    assert {number for number in page if number not in cases} == set()
    allowing = {number for number, text in page.items() if re.fullmatch(r"Otherwise, allow\.*", text)}
    assert {number for number, case in cases.items() if case.refused is None} == allowing


def rules_of_page(name: str) -> dict[str, str]:
    """The rules of a room version's page that have none below them, by number."""
    text = expanded(name)
    text = re.split(r"rules are as follows:|as of room version 3, is as follows:", text)[1].split("{{% boxes")[0]
    rules: dict[str, str] = {}
    stack: list[tuple[int, int]] = []
    number = ""
    for line in text.splitlines():
        match = re.match(r"( *)(\d+)\. *(.*)", line)
        if match is None:
            if number:
                rules[number] = f"{rules[number]} {line.strip()}".strip()
            continue
        indent, position = len(match[1]), int(match[2])
        while stack and stack[-1][0] > indent:
            stack.pop()
        if stack and stack[-1][0] == indent:
            # A number printed twice in a row counts on.
            position = max(position, stack.pop()[1] + 1)
        stack.append((indent, position))
        number = ".".join(str(item) for _, item in stack)
        rules[number] = re.sub(r"\{\{.*?\}\} *", "", match[3])
    return {key: text for key, text in rules.items() if not any(other.startswith(f"{key}.") for other in rules)}


def expanded(name: str) -> str:
    text = spec_file(f"text/rooms/{name}.md").read_text()
    fragments = r'\{\{% rver-fragment name="([\w-]*auth-rules)" %\}\}'
    return re.sub(fragments, lambda match: spec_file(f"text/rooms/fragments/{match[1]}.md").read_text(), text)


@each_version
def test_the_auth_events_of_a_message_are_levels_and_membership(rules: RoomVersion) -> None:
    keys = auth_state_keys("m.room.message", BOB, None, {}, rules)
    create = set() if rules.create_is_room else {("m.room.create", "")}
    assert keys == {("m.room.power_levels", ""), ("m.room.member", BOB), *create}


def test_a_create_event_has_no_auth_events() -> None:
    assert auth_state_keys("m.room.create", ALICE, "", {}, V12) == frozenset()


def test_a_restricted_join_cites_whoever_authorised_it() -> None:
    content = {"membership": "join", "join_authorised_via_users_server": CAROL}
    assert ("m.room.member", CAROL) in auth_state_keys("m.room.member", BOB, BOB, content, V9)
    assert ("m.room.member", CAROL) not in auth_state_keys("m.room.member", BOB, BOB, content, V7)
    unreadable = {**content, "join_authorised_via_users_server": 5}
    assert len(auth_state_keys("m.room.member", BOB, BOB, unreadable, V12)) == 3


@pytest.mark.parametrize("invite", [None, {}, {"signed": 5}, {"signed": {"token": []}}])
def test_an_unreadable_third_party_invite_cites_none(invite: object) -> None:
    content = {"membership": "invite", "third_party_invite": invite}
    kinds = {kind for kind, _ in auth_state_keys("m.room.member", ALICE, BOB, content, V12)}
    assert kinds == {"m.room.member", "m.room.power_levels", "m.room.join_rules"}


def test_a_member_event_without_state_key_cites_the_sender_only() -> None:
    assert ("m.room.member", BOB) in auth_state_keys("m.room.member", BOB, None, {"membership": "leave"}, V12)


@each_version
def test_an_unknown_auth_event_refuses(rules: RoomVersion) -> None:
    room = Room(rules)
    event = room.message(BOB)
    known = {key: value for value in room.state.values() if (key := value.event_id) != event.auth_events[-1]}
    with pytest.raises(NotAllowed) as refusal:
        check_auth_events(event, known, (), rules)
    assert refusal.value.rule == rules.numbered("3.3")


@pytest.mark.parametrize(("kind", "rejected"), [("m.room.topic", False), ("m.room.create", True)])
def test_a_room_needs_an_accepted_create_event_of_its_name(kind: str, rejected: bool) -> None:
    room = Room(V12)
    named = replace(room.state["m.room.create", ""], type=kind)
    known = {event.event_id: event for event in (*room.state.values(), named)}
    with pytest.raises(NotAllowed) as refusal:
        check_auth_events(room.message(BOB), known, [named.event_id] if rejected else [], V12)
    assert refusal.value.rule == "2"


@pytest.mark.parametrize(("rules", "rule"), [(V11, "2.4"), (V12, "2")], ids=["v11", "v12"])
def test_nothing_is_allowed_in_a_room_without_create_event(rules: RoomVersion, rule: str) -> None:
    room = Room(rules)
    event = room.message(BOB)
    with pytest.raises(NotAllowed) as refusal:
        check(event, room.lacks("m.room.create").state, rules)
    assert refusal.value.rule == rule


def test_the_create_event_may_be_given_beside_the_state() -> None:
    room = Room(V12)
    create = room.state["m.room.create", ""]
    check(room.message(BOB), room.lacks("m.room.create").state, V12, create=create)


def test_kept_power_levels_stand_for_those_of_the_state() -> None:
    room = Room(V12)
    strict = PowerLevels.of({"events_default": 1}, room.state["m.room.create", ""], V12)
    with pytest.raises(NotAllowed):
        check(room.message(BOB), room.state, V12, power=strict)


@pytest.mark.parametrize("creators", ["@bob:b.example", [5], ["bob"], ["@bob:b c"], {}, None])
def test_additional_creators_are_a_list_of_user_ids(creators: object) -> None:
    room = Room(V12)
    content = room.create_content(additional_creators=creators)
    assert room.refuses(room.event("m.room.create", ALICE, content, "")) == "1.4"


@pytest.mark.parametrize("version", [5, None, [], "13"])
def test_a_room_version_that_is_not_known_is_refused(version: object) -> None:
    room = Room(V10)
    assert room.refuses(room.event("m.room.create", ALICE, room.create_content(room_version=version), "")) == "1.3"


@pytest.mark.parametrize("closed", [False, None, "true", 1, {}])
def test_only_a_true_federate_lets_other_servers_in(closed: object) -> None:
    room = Room(V12).federates(closed)
    assert room.refuses(room.message(BOB)) == "4"
    assert room.refuses(room.message(CAROL)) is None
    assert room.refuses(room.member(ALICE, DAVE, "invite")) == "4"
    assert room.refuses(room.member(ALICE, CAROL, "leave")) is None


def test_aliases_are_state_like_any_other_from_version_6_on() -> None:
    for rules, refused in ((V5, None), (V6, V6.numbered("6"))):
        room = Room(rules)
        assert room.refuses(room.event("m.room.aliases", DAVE, {"aliases": []}, "b.example")) == refused
