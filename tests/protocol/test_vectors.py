"""The core gives the same verdicts as a running server, on every reference vector of the room versions we know.

Where that server is not of one mind with the text, we follow it: a server alone with its reading splits rooms.
`FOLLOWED` lists the reasons it may have; a vector with another reason fails until somebody has decided.
"""

import functools
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from homeserver.protocol.auth_rules import check, check_auth_events
from homeserver.protocol.canonical_json import decode, encode, encode_lenient
from homeserver.protocol.errors import BadEvent, BadJson, BadSignature, NotAllowed
from homeserver.protocol.events import Event, Json, join, parse_pdu, referred_ids, split
from homeserver.protocol.hashes import (
    canonical,
    check_content_hash,
    content_hash,
    decode_base64,
    encode_base64,
    event_id_of,
)
from homeserver.protocol.identifiers import EventId, RoomId, ServerName
from homeserver.protocol.redaction import redact
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey, required_signers, sign_event, sign_json, verify_event
from tests.support.spec import vectors

FOLLOWED = {
    "oracle stricter: m.federate": "what is not plainly true closes the room; safe, and all peers must agree on it",
    "oracle stricter: in a room with m.federate false": "a member of another server could do nothing in such a room",
    "oracle stricter: per public key only the first": "an invite that only we accept would split the room",
    "oracle laxer: keys of users": "ids with odd server names are in the levels of old rooms",
    "oracle laxer: values of users": "so are levels that are booleans or texts of many kinds",
    "oracle laxer: the authorising server's signature": "on other memberships the key has no effect",
    "oracle laxer: at this point a sender": "such a sender fails later, for want of a key or of a membership",
    "oracle laxer: a redaction whose redacts": "it takes nothing away, and is in the rooms of others",
    "oracle keeps an empty third_party_invite": "it is in the reference hash: dropping it gives other event ids",
    "see redactions: empty third_party_invite": "it is in the reference hash: dropping it gives other event ids",
    "oracle also leaves out top-level age_ts": "it is in the content hash: keeping it would redact the event here only",
    "oracle measures the event with an empty unsigned": "an event of the last 14 bytes would get nowhere",
    "v12: the create event counts": "an event with ten others would get nowhere",
    "spec silent": "where the text says nothing, the peers decide",
}


def of_version(name: str, version: str) -> list[Json]:
    return [case for case in _all(name) if case.get("room_version") == version]


@functools.cache
def _all(name: str) -> list[Json]:
    return list(vectors(name))


def wire_form(pdu: Json, rules: RoomVersion) -> Json:
    """The event as peers exchange it: the id is there for convenience from version 3 on."""
    dropped = {"unsigned"} if rules.ids_in_events else {"event_id", "unsigned"}
    return {key: value for key, value in pdu.items() if key not in dropped}


def succeeds(act: Callable[..., Any], *arguments: object) -> bool:
    try:
        act(*arguments)
    except (BadEvent, BadJson, BadSignature, NotAllowed):
        return False
    return True


def rewritten(write: Callable[[object], bytes], text: str) -> bytes:
    return write(decode(text))


def key_of(server: str) -> SigningKey:
    return SigningKey(ServerName(server), "ed25519:v1", hashlib.sha256(f"vector-key:{server}".encode()).digest())


each_version = pytest.mark.parametrize("rules", ROOM_VERSIONS.values(), ids=lambda rules: f"v{rules.id}")


@pytest.mark.parametrize("name", ["auth_rules", "event_checks", "redactions", "event_ids", "content_hashes"])
def test_every_departure_from_the_text_has_been_decided(name: str) -> None:
    ours = [case for case in _all(name) if case["room_version"] in ROOM_VERSIONS]
    reasons = {case["differs_from_spec"] for case in ours if "differs_from_spec" in case}
    assert [reason for reason in reasons if not reason.startswith(tuple(FOLLOWED))] == []


def test_canonical_json_takes_and_writes_what_the_vectors_do() -> None:
    for case in _all("canonical_json"):
        for write, expected in ((encode_lenient, case["verdict"] == "ok"), (encode, case["strict"] == "accept")):
            assert succeeds(rewritten, write, case["json"]) == expected, case
            if expected:
                assert rewritten(write, case["json"]) == case["canonical"].encode()


@each_version
def test_redactions_leave_what_the_vectors_do(rules: RoomVersion) -> None:
    for case in of_version("redactions", rules.id):
        assert redact(wire_form(case["event"], rules), rules) == wire_form(case["redacted"], rules)


@each_version
def test_event_ids_are_those_of_the_vectors(rules: RoomVersion) -> None:
    for case in of_version("event_ids", rules.id):
        assert event_id_of(wire_form(case["event"], rules), rules) == case["event_id"]


@each_version
def test_content_hashes_are_those_of_the_vectors(rules: RoomVersion) -> None:
    for case in of_version("content_hashes", rules.id):
        assert encode_base64(content_hash(wire_form(case["event"], rules), rules)) == case["sha256"]


def test_signed_objects_are_those_of_the_vectors() -> None:
    for case in [case for case in _all("signatures") if case["kind"] == "sign_json"]:
        key = SigningKey(case["server"], case["key_id"], decode_base64(case["seed"]))
        assert sign_json(case["object"], key) == case["signed"]


@each_version
def test_event_signatures_are_those_of_the_vectors(rules: RoomVersion) -> None:
    for case in of_version("signatures", rules.id):
        pdu = wire_form(case["event"], rules)
        if case["kind"] == "sign_event":
            key = SigningKey(case["server"], case["key_id"], decode_base64(case["seed"]))
            assert sign_event(pdu, rules, key)["signatures"] == case["signatures"]
        else:
            public_key = decode_base64(case["public_key"])
            valid = succeeds(verify_event, pdu, rules, case["server"], case["key_id"], public_key)
            assert (valid, check_content_hash(pdu, rules)) == (case["valid"], case["content_hash_ok"]), case


@each_version
def test_the_format_of_events_is_checked_as_in_the_vectors(rules: RoomVersion) -> None:
    for case in of_version("event_checks", rules.id):
        event = parsed(case["event_json"], rules)
        assert (event is not None) == (case["verdict"] == "accept"), case
        if event is not None:
            assert check_content_hash(event.pdu, rules) == case["content_hash_ok"], case


@each_version
def test_every_event_of_the_vectors_survives_storage(rules: RoomVersion) -> None:
    for case in of_version("event_checks", rules.id):
        event = parsed(case["event_json"], rules)
        if event is not None:
            stored = join(*split(event, rules), rules)
            assert stored == event
            assert canonical(stored.pdu, rules) == canonical(event.pdu, rules)


@each_version
def test_the_authorisation_rules_decide_as_in_the_vectors(rules: RoomVersion) -> None:
    wrong = []
    for case in of_version("auth_rules", rules.id):
        known = {EventId(key): accepted(EventId(key), pdu, rules) for key, pdu in case["pdus"].items()}
        allowed = succeeds(authorise, case, known, rules)
        if allowed != (case["verdict"] == "allow"):
            wrong.append((case["id"], case["note"]))
    assert wrong == []


def parsed(text: str, rules: RoomVersion) -> Event | None:
    try:
        value = decode(text)
        return parse_pdu(value, rules) if isinstance(value, dict) else None
    except (BadJson, BadEvent):
        return None


def accepted(event_id: EventId, pdu: Json, rules: RoomVersion) -> Event:
    """An event that was accepted earlier: not checked again, its signatures are gone."""
    names_room = rules.create_is_room and pdu["type"] == "m.room.create"
    return Event(
        event_id,
        RoomId("!" + event_id[1:]) if names_room else pdu["room_id"],
        pdu["type"],
        pdu["sender"],
        pdu.get("state_key"),
        pdu["content"],
        referred_ids(pdu["prev_events"], rules),
        referred_ids(pdu["auth_events"], rules),
        pdu["depth"],
        pdu["origin_server_ts"],
        wire_form(pdu, rules),
    )


def authorise(case: Json, known: dict[EventId, Event], rules: RoomVersion) -> None:
    """Everything that an event goes through on receipt: format, signatures, auth events, room state."""
    event = parse_pdu(wire_form(case["event"], rules), rules)
    assert event.event_id == case["event_id"]
    for server in required_signers(event.pdu, rules):
        verify_event(event.pdu, rules, server, "ed25519:v1", key_of(server).verify_key)
    check_auth_events(event, known, case["rejected"], rules)
    state = {known[event_id].key: known[event_id] for event_id in case["state"]}
    create = known.get(EventId("$" + event.room_id[1:])) if rules.create_is_room else None
    check(event, state, rules, create=create)
