"""For every authorisation rule an event that it lets pass and one that it alone refuses, in every version that has it.

Rules are named as on the page of version 12, but for those that its page lacks: `aliases` (versions 3 to 5) and the
create event among the auth events, 3.4 (to version 11).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId, RoomId, UserId
from homeserver.protocol.room_versions import RoomVersion
from tests.protocol.auth_room import ALICE, BOB, CAROL, DAVE, ERIN, IDENTITY_KEY, Room, key_of

Send = Callable[[Room], Event]
PUBLIC_KEY = IDENTITY_KEY.verify_key_base64
OTHER_KEY = key_of("other.example").verify_key_base64


@dataclass(frozen=True, slots=True)
class Case:
    """`refused` is None where a rule only says "otherwise, allow". `by` is the rule that refuses: where a rule allows
    and what it does not allow is left to the end of its list, that end.
    """

    rule: str
    allowed: Send
    refused: Send | None
    by: str = ""
    applies: Callable[[RoomVersion], bool] = lambda rules: True

    def number(self, rules: RoomVersion, rule: str = "") -> str:
        rule = rule or self.rule
        return rule.removeprefix("aliases ") if rule.startswith("aliases") else rules.numbered(rule)


def message(room: Room) -> Event:
    return room.message(BOB)


def token_invite(room: Room) -> Event:
    return room.invites_by_token().token_invite()


def create(room: Room, **content: object) -> Event:
    return room.event("m.room.create", ALICE, room.create_content(**content), "")


def misplaced_create(room: Room) -> Event:
    """A room id of another server; in version 12 one at all."""
    event = replace(create(room), room_id=RoomId("!room:b.example"))
    return replace(event, pdu={**event.pdu, "room_id": "!room:b.example"}) if room.rules.create_is_room else event


def create_with_wrong_creators(room: Room) -> Event:
    if room.rules.create_is_room:
        return create(room, additional_creators=[BOB, "bob"])
    event = create(room)
    return replace(event, content={"room_version": room.rules.id})


def citing(event: Event, *others: Event) -> Event:
    return replace(event, auth_events=(*event.auth_events, *(other.event_id for other in others)))


def with_twin(room: Room) -> Event:
    twin = replace(room.state["m.room.member", BOB], event_id=EventId("$twin"))
    room.others.append(twin)
    return citing(room.message(BOB), twin)


def with_topic(room: Room) -> Event:
    room.put("m.room.topic", "", {"topic": "rules"})
    return citing(room.message(BOB), room.state["m.room.topic", ""])


def with_rejected(room: Room) -> Event:
    room.rejected.add(room.state["m.room.member", BOB].event_id)
    return room.message(BOB)


def without_create(room: Room) -> Event:
    event = room.message(BOB)
    return replace(event, auth_events=tuple(key for key in event.auth_events if key != "$create"))


def from_elsewhere(room: Room) -> Event:
    member = room.state["m.room.member", BOB]
    elsewhere = replace(member, event_id=EventId("$elsewhere"), room_id=RoomId("!other:a.example"))
    room.others.append(elsewhere)
    event = room.message(BOB)
    return citing(replace(event, auth_events=tuple(set(event.auth_events) - {member.event_id})), elsewhere)


def first_join(room: Room, *prev_events: str) -> Event:
    del room.state["m.room.member", ALICE]
    return replace(room.lacks("m.room.join_rules").join(ALICE), prev_events=tuple(map(EventId, prev_events)))


def not_a_state_event(event: Event) -> Event:
    return replace(event, state_key=None)


def in_name_of(user: UserId) -> Send:
    def send(room: Room) -> Event:
        return room.rule("restricted").join(DAVE, join_authorised_via_users_server=user)

    return send


def aliases(state_key: str | None) -> Send:
    def send(room: Room) -> Event:
        event = room.event("m.room.aliases", DAVE, {"aliases": []}, state_key)
        return replace(event, auth_events=room.message(DAVE).auth_events)

    return send


def has_aliases(rules: RoomVersion) -> bool:
    return rules.aliases_rule


def has_room_ids_in_create(rules: RoomVersion) -> bool:
    return not rules.create_is_room


def has_rooms_named_by_create(rules: RoomVersion) -> bool:
    return rules.create_is_room


def has_creators_in_content(rules: RoomVersion) -> bool:
    return rules.creator_in_content or rules.create_is_room


def has_knocks(rules: RoomVersion) -> bool:
    return rules.knock


def has_restricted_joins(rules: RoomVersion) -> bool:
    return rules.restricted


def has_integer_levels(rules: RoomVersion) -> bool:
    return rules.integer_levels


CASES = (
    Case("1.1", create, lambda room: replace(create(room), prev_events=(EventId("$before"),))),
    Case("1.2", create, misplaced_create),
    Case("1.3", create, lambda room: create(room, room_version="no-such-version")),
    Case("1.4", create, create_with_wrong_creators, applies=has_creators_in_content),
    Case("1.5", create, None),
    Case(
        "2",
        message,
        lambda room: replace(room.message(BOB), room_id=RoomId("!unknown")),
        applies=has_rooms_named_by_create,
    ),
    Case("3.1", message, with_twin),
    Case("3.2", message, with_topic),
    Case("3.3", message, with_rejected),
    Case("3.4", message, without_create, applies=has_room_ids_in_create),
    Case("3.5", message, from_elsewhere),
    Case("4", lambda room: room.federates(True).message(BOB), lambda room: room.federates(False).message(BOB)),
    Case("aliases 4.1", aliases("b.example"), aliases(None), applies=has_aliases),
    Case("aliases 4.2", aliases("b.example"), aliases("a.example"), applies=has_aliases),
    Case("aliases 4.3", aliases("b.example"), None, applies=has_aliases),
    Case(
        "5.1",
        lambda room: room.member(BOB, BOB, "leave"),
        lambda room: not_a_state_event(room.event("m.room.member", BOB, {"membership": "leave"})),
    ),
    Case(
        "5.2.1",
        lambda room: room.rule("restricted").signed_join("a.example"),
        lambda room: room.rule("restricted").signed_join(),
        applies=has_restricted_joins,
    ),
    Case("5.3.1", lambda room: first_join(room, "$create"), lambda room: first_join(room, "$create", "$x"), "5.3.7"),
    Case(
        "5.3.2",
        lambda room: room.rule("public").member(DAVE, DAVE, "join"),
        lambda room: room.rule("public").member(BOB, DAVE, "join"),
    ),
    Case(
        "5.3.3",
        lambda room: room.rule("public").has(DAVE, "leave").join(DAVE),
        lambda room: room.rule("public").has(DAVE, "ban").join(DAVE),
    ),
    Case("5.3.4", lambda room: room.has(DAVE, "invite").join(DAVE), lambda room: room.join(DAVE), "5.3.7"),
    Case(
        "5.3.5.1",
        lambda room: room.rule("restricted").has(DAVE, "invite").join(DAVE),
        lambda room: room.rule("restricted").join(DAVE),
        "5.3.5.2",
        has_restricted_joins,
    ),
    Case("5.3.5.2", in_name_of(CAROL), in_name_of(BOB), applies=has_restricted_joins),
    Case("5.3.5.3", in_name_of(CAROL), None, applies=has_restricted_joins),
    Case("5.3.6", lambda room: room.rule("public").join(DAVE), lambda room: room.rule("x").join(DAVE), "5.3.7"),
    Case(
        "5.3.7",
        lambda room: room.has(DAVE, "invite").join(DAVE),
        lambda room: room.has(DAVE, "invite").rule("private").join(DAVE),
    ),
    Case(
        "5.4.1.1",
        token_invite,
        lambda room: room.has(DAVE, "ban").invites_by_token().token_invite(),
    ),
    Case(
        "5.4.1.2",
        token_invite,
        lambda room: room.invites_by_token().member(ALICE, DAVE, "invite", third_party_invite={}),
    ),
    Case(
        "5.4.1.3",
        token_invite,
        lambda room: room.invites_by_token().token_invite(mxid=...),
    ),
    Case(
        "5.4.1.4",
        token_invite,
        lambda room: room.invites_by_token().token_invite(mxid=ERIN),
    ),
    Case(
        "5.4.1.5",
        token_invite,
        lambda room: room.invites_by_token().token_invite(token="unknown"),
    ),
    Case(
        "5.4.1.6",
        lambda room: room.invites_by_token(CAROL).token_invite(CAROL),
        lambda room: room.invites_by_token(ALICE).token_invite(CAROL),
    ),
    Case(
        "5.4.1.7.1",
        lambda room: room.invites_by_token(public_key=PUBLIC_KEY).token_invite(),
        lambda room: room.invites_by_token(public_key=OTHER_KEY).token_invite(),
        "5.4.1.8",
    ),
    Case(
        "5.4.1.7.2",
        lambda room: room.invites_by_token(public_keys=[{"public_key": PUBLIC_KEY}]).token_invite(),
        lambda room: room.invites_by_token(public_keys=[{"public_key": OTHER_KEY}]).token_invite(),
        "5.4.1.8",
    ),
    Case(
        "5.4.1.8",
        token_invite,
        lambda room: room.invites_by_token(public_key="no key").token_invite(),
    ),
    Case(
        "5.4.2",
        lambda room: room.levels(invite=0).member(BOB, DAVE, "invite"),
        lambda room: room.levels(invite=0).member(ERIN, DAVE, "invite"),
    ),
    Case(
        "5.4.3",
        lambda room: room.has(DAVE, "leave").member(ALICE, DAVE, "invite"),
        lambda room: room.has(DAVE, "ban").member(ALICE, DAVE, "invite"),
    ),
    Case(
        "5.4.4",
        lambda room: room.member(CAROL, DAVE, "invite"),
        lambda room: room.levels(invite=51).member(CAROL, DAVE, "invite"),
        "5.4.5",
    ),
    Case(
        "5.4.5",
        lambda room: room.levels(invite=0).member(BOB, DAVE, "invite"),
        lambda room: room.levels(invite=1).member(BOB, DAVE, "invite"),
    ),
    Case(
        "5.5.1",
        lambda room: room.has(DAVE, "invite").member(DAVE, DAVE, "leave"),
        lambda room: room.member(DAVE, DAVE, "leave"),
    ),
    Case(
        "5.5.2",
        lambda room: room.levels(kick=0, users_default=1, users={DAVE: 0}).member(BOB, DAVE, "leave"),
        lambda room: room.levels(kick=0, users_default=1, users={DAVE: 0}).member(ERIN, DAVE, "leave"),
    ),
    Case(
        "5.5.3",
        lambda room: room.has(DAVE, "ban").member(CAROL, DAVE, "leave"),
        lambda room: room.levels(ban=51).has(DAVE, "ban").member(CAROL, DAVE, "leave"),
    ),
    Case(
        "5.5.4",
        lambda room: room.member(CAROL, BOB, "leave"),
        lambda room: room.levels(users={BOB: 50}).member(CAROL, BOB, "leave"),
        "5.5.5",
    ),
    Case(
        "5.5.5",
        lambda room: room.levels(kick=50).member(CAROL, BOB, "leave"),
        lambda room: room.levels(kick=51).member(CAROL, BOB, "leave"),
    ),
    Case(
        "5.6.1",
        lambda room: room.levels(users={ERIN: 60}).has(ERIN, "join").member(ERIN, BOB, "ban"),
        lambda room: room.levels(users={ERIN: 60}).member(ERIN, BOB, "ban"),
    ),
    Case(
        "5.6.2",
        lambda room: room.member(CAROL, BOB, "ban"),
        lambda room: room.levels(users={BOB: 50}).member(CAROL, BOB, "ban"),
        "5.6.3",
    ),
    Case(
        "5.6.3",
        lambda room: room.levels(ban=50).member(CAROL, BOB, "ban"),
        lambda room: room.levels(ban=51).member(CAROL, BOB, "ban"),
    ),
    Case(
        "5.7.1",
        lambda room: room.rule("knock").member(DAVE, DAVE, "knock"),
        lambda room: room.rule("public").member(DAVE, DAVE, "knock"),
        applies=has_knocks,
    ),
    Case(
        "5.7.2",
        lambda room: room.rule("knock").member(DAVE, DAVE, "knock"),
        lambda room: room.rule("knock").member(ERIN, DAVE, "knock"),
        applies=has_knocks,
    ),
    Case(
        "5.7.3",
        lambda room: room.rule("knock").has(DAVE, "leave").member(DAVE, DAVE, "knock"),
        lambda room: room.rule("knock").has(DAVE, "invite").member(DAVE, DAVE, "knock"),
        "5.7.4",
        has_knocks,
    ),
    Case(
        "5.7.4",
        lambda room: room.rule("knock").has(DAVE, "knock").member(DAVE, DAVE, "knock"),
        lambda room: room.rule("knock").has(DAVE, "ban").member(DAVE, DAVE, "knock"),
        applies=has_knocks,
    ),
    Case("5.8", lambda room: room.member(BOB, BOB, "leave"), lambda room: room.member(BOB, BOB, "dance")),
    Case("6", message, lambda room: room.message(DAVE)),
    Case(
        "7.1",
        lambda room: room.event("m.room.third_party_invite", CAROL, {}, "token"),
        lambda room: room.event("m.room.third_party_invite", BOB, {}, "token"),
    ),
    Case(
        "8",
        lambda room: room.levels(events_default=0).message(BOB),
        lambda room: room.levels(events_default=1).message(BOB),
    ),
    Case(
        "9",
        lambda room: room.event("app.hearth.note", CAROL, {}, CAROL),
        lambda room: room.event("app.hearth.note", CAROL, {}, BOB),
    ),
    Case(
        "10.1",
        lambda room: room.new_levels(ALICE, kick=40),
        lambda room: room.new_levels(ALICE, kick="40"),
        applies=has_integer_levels,
    ),
    Case(
        "10.2",
        lambda room: room.new_levels(ALICE, events={"x": 40}),
        lambda room: room.new_levels(ALICE, events={"x": "40"}),
        applies=has_integer_levels,
    ),
    Case(
        "10.3",
        lambda room: room.new_levels(ALICE, users={BOB: 10}),
        lambda room: room.new_levels(ALICE, users={"bob": 10}),
    ),
    Case(
        "10.4",
        lambda room: room.new_levels(ALICE, users={BOB: 10}),
        lambda room: room.new_levels(ALICE, users={ALICE: 10}),
        applies=has_rooms_named_by_create,
    ),
    Case(
        "10.5",
        lambda room: room.lacks("m.room.power_levels").new_levels(ALICE, users={BOB: 1000}),
        lambda room: room.new_levels(CAROL, users={BOB: 1000}),
        "10.10.1",
    ),
    Case(
        "10.6.1",
        lambda room: room.levels(kick=50).new_levels(CAROL, kick=...),
        lambda room: room.levels(kick=51).new_levels(CAROL, kick=...),
    ),
    Case(
        "10.6.2",
        lambda room: room.new_levels(CAROL, kick=50),
        lambda room: room.new_levels(CAROL, kick=51),
    ),
    Case(
        "10.7.1",
        lambda room: room.levels(events={"x": 50}).new_levels(CAROL, events={"x": ...}),
        lambda room: room.levels(events={"x": 51}).new_levels(CAROL, events={"x": ...}),
    ),
    Case(
        "10.8.1",
        lambda room: room.new_levels(CAROL, events={"x": 50}),
        lambda room: room.new_levels(CAROL, events={"x": 51}),
    ),
    Case(
        "10.9.1",
        lambda room: room.levels(users={BOB: 49}).new_levels(CAROL, users={BOB: 10}),
        lambda room: room.levels(users={BOB: 50}).new_levels(CAROL, users={BOB: 10}),
    ),
    Case(
        "10.10.1",
        lambda room: room.new_levels(CAROL, users={BOB: 50}),
        lambda room: room.new_levels(CAROL, users={BOB: 51}),
    ),
    Case("10.11", lambda room: room.new_levels(CAROL), None),
    Case("11", message, None),
)
