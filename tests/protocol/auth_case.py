"""What the table of authorisation rule cases is made of: the form of a case, its events, and which versions have it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import EventId, RoomId, UserId, server_of
from homeserver.protocol.room_versions import RoomVersion
from tests.protocol.auth_room import ALICE, BOB, DAVE, IDENTITY_KEY, Room, key_of

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
        number = rule.removeprefix("aliases ").removeprefix("redaction ")
        return rules.numbered(rule) if number == rule else number


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


def redaction(sender: UserId, redacts: str) -> Send:
    def send(room: Room) -> Event:
        event = replace(room.event("m.room.redaction", sender, {}), event_id=EventId(f"$new:{server_of(sender)}"))
        return replace(event, pdu={**event.pdu, "redacts": redacts})

    return send


def has_redaction_rule(rules: RoomVersion) -> bool:
    return rules.redaction_rule


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
