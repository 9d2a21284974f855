"""Member events beyond the table of cases: joins, knocks, third-party invites, odd values."""

from dataclasses import replace

import pytest

from homeserver.protocol.events import Json
from homeserver.protocol.identifiers import EventId
from homeserver.protocol.room_versions import ROOM_VERSIONS, V6, V7, V9, V10, V12, RoomVersion
from tests.protocol.auth_room import ALICE, BOB, DAVE, ERIN, IDENTITY_KEY, Room, key_of

each_version = pytest.mark.parametrize("rules", ROOM_VERSIONS.values(), ids=lambda rules: f"v{rules.id}")


@each_version
def test_a_member_event_is_refused_without_membership(rules: RoomVersion) -> None:
    room = Room(rules)
    assert room.refuses(room.event("m.room.member", BOB, {}, BOB)) == rules.numbered("5.1")
    assert room.refuses(room.event("m.room.member", BOB, {"membership": 5}, BOB)) == rules.numbered("5.8")


def test_a_knock_is_no_membership_before_version_7() -> None:
    room = Room(V6).rule("knock")
    assert room.refuses(room.member(DAVE, DAVE, "knock")) == V6.numbered("5.8")
    assert room.refuses(room.has(DAVE, "invite").join(DAVE)) == V6.numbered("5.3.7")


def test_a_knock_can_be_withdrawn_from_version_7_on() -> None:
    for rules, refused in ((V6, V6.numbered("5.5.1")), (V7, None)):
        room = Room(rules).has(DAVE, "knock")
        assert room.refuses(room.member(DAVE, DAVE, "leave")) == refused


@pytest.mark.parametrize("rules", [V9, V10], ids=["v9", "v10"])
def test_knock_restricted_rooms_open_in_version_10(rules: RoomVersion) -> None:
    room = Room(rules).rule("knock_restricted")
    opened = rules is V10
    assert (room.refuses(room.member(DAVE, DAVE, "knock")) is None) == opened
    assert (room.refuses(room.join(DAVE, join_authorised_via_users_server=ALICE)) is None) == opened


@pytest.mark.parametrize("user", [5, ERIN, None])
def test_a_restricted_join_needs_a_joined_user_to_authorise_it(user: object) -> None:
    room = Room(V12).rule("restricted").levels(invite=0)
    assert room.refuses(room.join(DAVE, join_authorised_via_users_server=user)) == "5.3.5.2"


def test_the_creator_that_the_content_names_joins_first_in_old_versions() -> None:
    room = Room(V10).put("m.room.create", "", {"creator": DAVE}).lacks("m.room.join_rules")
    first = replace(room.join(DAVE), prev_events=(EventId("$create"),))
    assert room.refuses(first) is None
    assert room.put("m.room.create", "", {"creator": 5}).refuses(first) == V10.numbered("5.3.7")


def test_an_unreadable_join_rule_lets_nobody_in() -> None:
    room = Room(V12).put("m.room.join_rules", "", {"join_rule": ["public"]})
    assert room.refuses(room.join(DAVE)) == "5.3.7"


@pytest.mark.parametrize(
    "content",
    [
        {"public_keys": "no list"},
        {"public_keys": ["no object"]},
        {"public_keys": [{"public_key": 5}]},
        {"public_key": "A"},
        {"public_key": "AAAA"},
        {"x": "no key"},
    ],
)
def test_an_invite_without_a_readable_key_admits_nobody(content: Json) -> None:
    room = Room(V12).invites_by_token(**content)
    assert room.refuses(room.token_invite()) == "5.4.1.8"


def test_each_key_of_an_invite_is_tried() -> None:
    keys = [{"public_key": "A"}, {"public_key": key_of("other").verify_key_base64}]
    room = Room(V12).invites_by_token(public_key=IDENTITY_KEY.verify_key_base64, public_keys=keys)
    assert room.refuses(room.token_invite()) is None


@pytest.mark.parametrize(
    "signatures",
    [
        None,
        {},
        {"identity.example": 5},
        {"identity.example": {}},
        {"identity.example": {"rsa:1": "AAAA"}},
        {"identity.example": {"ed25519:1": 5}},
        {"identity.example": {"ed25519:1": "AAAA"}},
        {"identity.example": {"ed25519:0": "A"}},
    ],
)
def test_an_invite_needs_a_readable_signature(signatures: object) -> None:
    assert refused_signatures(signatures) == "5.4.1.8"


def test_only_the_first_signature_of_an_invite_is_tried() -> None:
    good = signed_invite()["signatures"]
    assert refused_signatures(good) is None
    assert refused_signatures({"z.example": {"ed25519:1": "AAAA"}, **good}) is None
    assert refused_signatures({"a.example": {"ed25519:1": "AAAA"}, **good}) == "5.4.1.8"


def test_what_an_identity_server_signed_is_canonical_json() -> None:
    assert refused_signatures(signed_invite()["signatures"], number=1.5) == "5.4.1.8"


def signed_invite() -> dict[str, dict[str, dict[str, str]]]:
    signed: dict[str, dict[str, dict[str, str]]]
    signed = Room(V12).invites_by_token().token_invite().content["third_party_invite"]["signed"]
    return signed


def refused_signatures(signatures: object, **changes: object) -> str | None:
    room = Room(V12).invites_by_token()
    signed = {**signed_invite(), "signatures": signatures, **changes}
    return room.refuses(room.member(ALICE, DAVE, "invite", third_party_invite={"signed": signed}))


@each_version
def test_a_token_that_is_no_text_names_no_invite(rules: RoomVersion) -> None:
    room = Room(rules).invites_by_token()
    assert room.refuses(room.token_invite(token=5)) == rules.numbered("5.4.1.5")
