"""The half of the authorisation rules that is about `m.room.member`: rule 5 of version 12's page.

Spec: Room Version 12, Authorisation rules, 5 (and the pages before).
"""

from collections.abc import Mapping
from typing import Any

from homeserver.protocol.canonical_json import encode
from homeserver.protocol.errors import BadJson, BadSignature, NotAllowed
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.hashes import decode_base64
from homeserver.protocol.power_levels import PowerLevels, creators
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import verify


class _Members:
    """The state that member rules look at."""

    def __init__(self, state: Mapping[StateKey, Event]) -> None:
        self._state = state

    def membership(self, user_id: str) -> str:
        """`leave` also stands for those who were never there."""
        event = self._state.get(("m.room.member", user_id))
        return "leave" if event is None else event.membership or "leave"

    def join_rule(self) -> str:
        """`invite` where none is set."""
        event = self._state.get(("m.room.join_rules", ""))
        rule = "invite" if event is None else event.content.get("join_rule", "invite")
        return rule if isinstance(rule, str) else ""

    def third_party_invite(self, token: object) -> Event | None:
        """The invite that was stored in the room under `token`."""
        return self._state.get(("m.room.third_party_invite", token)) if isinstance(token, str) else None


def check_member(
    event: Event, state: Mapping[StateKey, Event], create: Event, power: PowerLevels, rules: RoomVersion
) -> None:
    """Raises NotAllowed. That the authorising user's server has signed (5.2) is for the caller to see to."""
    if event.state_key is None or "membership" not in event.content:
        raise NotAllowed(rules.numbered("5.1"), "a member event has a state key and a membership")
    members = _Members(state)
    match event.membership:
        case "join":
            _check_join(event, members, create, power, rules)
        case "invite" if "third_party_invite" in event.content:
            _check_third_party_invite(event, members, rules)
        case "invite":
            _check_invite(event, members, power, rules)
        case "leave":
            _check_leave(event, members, power, rules)
        case "ban":
            _check_ban(event, members, power, rules)
        case "knock" if rules.knock:
            _check_knock(event, members, rules)
        case _:
            raise NotAllowed(rules.numbered("5.8"), "the membership is not known")


def _check_join(event: Event, members: _Members, create: Event, power: PowerLevels, rules: RoomVersion) -> None:
    if event.prev_events == (create.event_id,) and event.target in _first_members(create, rules):
        return
    if event.sender != event.target:
        raise NotAllowed(rules.numbered("5.3.2"), "nobody can join for another user")
    membership = members.membership(event.sender)
    if membership == "ban":
        raise NotAllowed(rules.numbered("5.3.3"), "the sender is banned")
    rule = members.join_rule()
    if rule == "public":
        return
    if rule == "invite" or (rule == "knock" and rules.knock):
        if membership not in {"invite", "join"}:
            raise NotAllowed(rules.numbered("5.3.7"), "the sender is not invited")
        return
    if not (rule == "restricted" and rules.restricted) and not (rule == "knock_restricted" and rules.knock_restricted):
        raise NotAllowed(rules.numbered("5.3.7"), "the join rule lets nobody in")
    if membership not in {"invite", "join"} and not _is_authorised(event, members, power):
        raise NotAllowed(rules.numbered("5.3.5.2"), "no joined user who may invite has authorised the join")


def _first_members(create: Event, rules: RoomVersion) -> frozenset[str]:
    """Who may join right after the create event: its sender, in older versions the creator that it names."""
    return creators(create, rules) if rules.creator_in_content else frozenset({create.sender})


def _is_authorised(event: Event, members: _Members, power: PowerLevels) -> bool:
    user_id = event.content.get("join_authorised_via_users_server")
    return isinstance(user_id, str) and members.membership(user_id) == "join" and power.of_user(user_id) >= power.invite


def _check_third_party_invite(event: Event, members: _Members, rules: RoomVersion) -> None:
    if members.membership(event.target) == "ban":
        raise NotAllowed(rules.numbered("5.4.1.1"), "the target is banned")
    invite = event.content["third_party_invite"]
    signed = invite.get("signed") if isinstance(invite, Mapping) else None
    if not isinstance(signed, Mapping):
        raise NotAllowed(rules.numbered("5.4.1.2"), "the third-party invite holds nothing signed")
    if "mxid" not in signed or "token" not in signed:
        raise NotAllowed(rules.numbered("5.4.1.3"), "the signed part names no user or no token")
    if signed["mxid"] != event.state_key:
        raise NotAllowed(rules.numbered("5.4.1.4"), "the signed part is for another user")
    stored = members.third_party_invite(signed["token"])
    if stored is None:
        raise NotAllowed(rules.numbered("5.4.1.5"), "the room has no invite of this token")
    if stored.sender != event.sender:
        raise NotAllowed(rules.numbered("5.4.1.6"), "the invite of this token is another user's")
    if not any(_has_signed(key, signed) for key in _public_keys(stored.content)):
        raise NotAllowed(rules.numbered("5.4.1.8"), "no signature matches a key of the invite")


def _public_keys(content: Mapping[str, Any]) -> list[bytes]:
    entries = content.get("public_keys")
    texts = [content.get("public_key")]
    if isinstance(entries, list):
        texts += [entry.get("public_key") for entry in entries if isinstance(entry, Mapping)]
    keys = []
    for text in texts:
        if isinstance(text, str):
            try:
                keys.append(decode_base64(text))
            except ValueError:
                continue
    return keys


def _has_signed(public_key: bytes, signed: Mapping[str, Any]) -> bool:
    """Whether the first Ed25519 signature matches. The text accepts any; peers try the first and stop there."""
    signatures = signed.get("signatures")
    blocks = sorted(signatures.items()) if isinstance(signatures, Mapping) else []
    for _, block in blocks:
        for key_id, signature in sorted(block.items()) if isinstance(block, Mapping) else ():
            if key_id.startswith("ed25519:") and isinstance(signature, str):
                return _matches(signed, signature, public_key)
    return False


def _matches(signed: Mapping[str, Any], signature: str, public_key: bytes) -> bool:
    try:
        message = encode({key: value for key, value in signed.items() if key not in {"signatures", "unsigned"}})
        verify(message, signature, public_key)
    except (BadSignature, BadJson):
        return False
    return True


def _check_invite(event: Event, members: _Members, power: PowerLevels, rules: RoomVersion) -> None:
    if members.membership(event.sender) != "join":
        raise NotAllowed(rules.numbered("5.4.2"), "the sender is not in the room")
    if members.membership(event.target) in {"join", "ban"}:
        raise NotAllowed(rules.numbered("5.4.3"), "the target is in the room already, or banned")
    if power.of_user(event.sender) < power.invite:
        raise NotAllowed(rules.numbered("5.4.5"), "the sender may not invite")


def _check_leave(event: Event, members: _Members, power: PowerLevels, rules: RoomVersion) -> None:
    if event.sender == event.target:
        present = {"invite", "join", "knock"} if rules.knock else {"invite", "join"}
        if members.membership(event.sender) not in present:
            raise NotAllowed(rules.numbered("5.5.1"), "the sender is not in the room, nor invited")
        return
    if members.membership(event.sender) != "join":
        raise NotAllowed(rules.numbered("5.5.2"), "the sender is not in the room")
    sender, target = power.of_user(event.sender), power.of_user(event.target)
    if members.membership(event.target) == "ban" and sender < power.ban:
        raise NotAllowed(rules.numbered("5.5.3"), "the sender may not lift the ban")
    if sender < power.kick or target >= sender:
        raise NotAllowed(rules.numbered("5.5.5"), "the sender may not remove the target")


def _check_ban(event: Event, members: _Members, power: PowerLevels, rules: RoomVersion) -> None:
    if members.membership(event.sender) != "join":
        raise NotAllowed(rules.numbered("5.6.1"), "the sender is not in the room")
    sender, target = power.of_user(event.sender), power.of_user(event.target)
    if sender < power.ban or target >= sender:
        raise NotAllowed(rules.numbered("5.6.3"), "the sender may not ban the target")


def _check_knock(event: Event, members: _Members, rules: RoomVersion) -> None:
    rule = members.join_rule()
    if rule != "knock" and not (rule == "knock_restricted" and rules.knock_restricted):
        raise NotAllowed(rules.numbered("5.7.1"), "the join rule does not let users knock")
    if event.sender != event.target:
        raise NotAllowed(rules.numbered("5.7.2"), "nobody can knock for another user")
    if members.membership(event.sender) in {"ban", "invite", "join"}:
        raise NotAllowed(rules.numbered("5.7.4"), "the sender is banned, invited or in the room")
