"""The authorisation rules of rooms, in the order of the specification's pages.

Rules carry the numbers of version 12's page; `RoomVersion.numbered` turns them into those of the event's version. Rules
about members are in `membership_rules`. Signatures are the caller's to verify before (`signing.required_signers`).
Spec: Room Version 12, Authorisation rules (and the pages before); Server-Server API, Auth events selection.
"""

from collections.abc import Collection, Mapping
from typing import Any

from homeserver.protocol.errors import BadIdentifier, NotAllowed
from homeserver.protocol.events import Event, StateKey
from homeserver.protocol.identifiers import EventId, parse_user_id, server_of
from homeserver.protocol.level_rules import check_levels
from homeserver.protocol.membership_rules import check_member
from homeserver.protocol.power_levels import PowerLevels
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion

CREATE: StateKey = ("m.room.create", "")
POWER_LEVELS: StateKey = ("m.room.power_levels", "")
JOIN_RULES: StateKey = ("m.room.join_rules", "")


def auth_state_keys(
    event_type: str, sender: str, state_key: str | None, content: Mapping[str, Any], rules: RoomVersion
) -> frozenset[StateKey]:
    """The keys of the state before an event whose events are its `auth_events`, where they exist.

    Spec: Server-Server API, Auth events selection.
    """
    if event_type == "m.room.create":
        return frozenset()
    keys = {POWER_LEVELS, ("m.room.member", sender)}
    if not rules.create_is_room:
        keys.add(CREATE)
    if event_type == "m.room.member":
        keys |= _member_keys(state_key, content, rules)
    return frozenset(keys)


def check_auth_events(
    event: Event, auth_events: Mapping[EventId, Event], rejected: Collection[EventId], rules: RoomVersion
) -> None:
    """Rules about an event's own `auth_events` (2; 2 and 3 in version 12). Raises NotAllowed.

    `auth_events` holds every known event that `event.auth_events` names and, in version 12, the room's create event.
    """
    if event.type == "m.room.create":
        return
    if rules.create_is_room:
        _check_room_exists(event, auth_events, rejected, rules)
    entries = [auth_events[event_id] for event_id in event.auth_events if event_id in auth_events]
    if len(entries) != len(event.auth_events):
        raise NotAllowed(rules.numbered("3.3"), "an auth event is not known")
    keys = [(entry.type, entry.state_key) for entry in entries]
    if len(set(keys)) != len(keys):
        raise NotAllowed(rules.numbered("3.1"), "two auth events are of one type and state key")
    if not auth_state_keys(event.type, event.sender, event.state_key, event.content, rules).issuperset(keys):
        raise NotAllowed(rules.numbered("3.2"), "an auth event is not of those that authorise the event")
    if any(entry.event_id in rejected for entry in entries):
        raise NotAllowed(rules.numbered("3.3"), "an auth event was rejected")
    if not rules.create_is_room and CREATE not in keys:
        raise NotAllowed(rules.numbered("3.4"), "the create event is not among the auth events")
    if any(entry.room_id != event.room_id for entry in entries):
        raise NotAllowed(rules.numbered("3.5"), "an auth event is of another room")


def check(
    event: Event,
    state: Mapping[StateKey, Event],
    rules: RoomVersion,
    *,
    create: Event | None = None,
    power: PowerLevels | None = None,
) -> None:
    """All rules but those about `auth_events` and signatures, on top of a room state. Raises NotAllowed.

    `state` needs to hold the keys of `auth_state_keys` only. `create` is for version 12, where those do not name the
    create event; `power` spares the reading of the levels to a caller who keeps those of `state`.
    """
    if event.type == "m.room.create":
        _check_create(event, rules)
        return
    create = create or state.get(CREATE)
    if create is None:
        raise NotAllowed(rules.numbered("2" if rules.create_is_room else "3.4"), "there is no create event")
    if power is None:
        levels = state.get(POWER_LEVELS)
        power = PowerLevels.of(None if levels is None else levels.content, create, rules)
    _check_federate(event, create, rules)
    if rules.aliases_rule and event.type == "m.room.aliases":
        _check_aliases(event)
    elif event.type == "m.room.member":
        check_member(event, state, create, power, rules)
    else:
        _check_other(event, state, create, power, rules)


def _member_keys(state_key: str | None, content: Mapping[str, Any], rules: RoomVersion) -> set[StateKey]:
    keys = set() if state_key is None else {("m.room.member", state_key)}
    membership = content.get("membership")
    if membership in ("join", "invite", "knock"):
        keys.add(JOIN_RULES)
    if membership == "invite":
        invite = content.get("third_party_invite")
        signed = invite.get("signed") if isinstance(invite, Mapping) else None
        token = signed.get("token") if isinstance(signed, Mapping) else None
        if isinstance(token, str):
            keys.add(("m.room.third_party_invite", token))
    if membership == "join" and rules.restricted:
        authorising = content.get("join_authorised_via_users_server")
        if isinstance(authorising, str):
            keys.add(("m.room.member", authorising))
    return keys


def _check_room_exists(
    event: Event, auth_events: Mapping[EventId, Event], rejected: Collection[EventId], rules: RoomVersion
) -> None:
    create = auth_events.get(EventId("$" + event.room_id[1:]))
    if create is None or create.type != "m.room.create" or create.event_id in rejected:
        raise NotAllowed(rules.numbered("2"), "the room id is not the id of an accepted create event")


def _check_create(event: Event, rules: RoomVersion) -> None:
    if event.prev_events:
        raise NotAllowed(rules.numbered("1.1"), "a create event has no prev_events")
    if not rules.create_is_room and server_of(event.room_id) != server_of(event.sender):
        raise NotAllowed(rules.numbered("1.2"), "the room id is of another server than the sender")
    if rules.create_is_room and "room_id" in event.pdu:
        raise NotAllowed(rules.numbered("1.2"), "a create event has no room_id")
    version = event.content.get("room_version", rules.id)
    if not isinstance(version, str) or version not in ROOM_VERSIONS:
        raise NotAllowed(rules.numbered("1.3"), "the room version is not known")
    if rules.creator_in_content and "creator" not in event.content:
        raise NotAllowed(rules.numbered("1.4"), "the create event names no creator")
    if rules.create_is_room and not _are_user_ids(event.content.get("additional_creators", [])):
        raise NotAllowed(rules.numbered("1.4"), "additional_creators is not a list of user ids")


def _are_user_ids(value: object) -> bool:
    try:
        return isinstance(value, list) and all(isinstance(item, str) and parse_user_id(item) for item in value)
    except BadIdentifier:
        return False


def _check_federate(event: Event, create: Event, rules: RoomVersion) -> None:
    """What is neither true nor absent counts as false, and a member event's target must be local too: as peers do."""
    if create.content.get("m.federate", True) is True:
        return
    home = server_of(create.sender)
    if server_of(event.sender) != home:
        raise NotAllowed(rules.numbered("4"), "the room is not federated, and the sender is of another server")
    if event.type == "m.room.member" and event.state_key is not None and server_of(event.state_key) != home:
        raise NotAllowed(rules.numbered("4"), "the room is not federated, and the target is of another server")


def _check_aliases(event: Event) -> None:
    if event.state_key is None:
        raise NotAllowed("4.1", "an aliases event is a state event")
    if server_of(event.sender) != event.state_key:
        raise NotAllowed("4.2", "the state key is not the sender's server")


def _check_other(
    event: Event, state: Mapping[StateKey, Event], create: Event, power: PowerLevels, rules: RoomVersion
) -> None:
    member = state.get(("m.room.member", event.sender))
    if member is None or member.membership != "join":
        raise NotAllowed(rules.numbered("6"), "the sender is not in the room")
    sender = power.of_user(event.sender)
    if event.type == "m.room.third_party_invite":
        if sender < power.invite:
            raise NotAllowed(rules.numbered("7.1"), "the sender may not invite")
        return
    if sender < power.for_event(event.type, event.is_state):
        raise NotAllowed(rules.numbered("8"), "the sender's power level is too low for this event")
    if event.state_key is not None and event.state_key.startswith("@") and event.state_key != event.sender:
        raise NotAllowed(rules.numbered("9"), "the state key is another user's")
    if rules.redaction_rule and event.type == "m.room.redaction":
        _check_redaction(event, sender, power, rules)
    if event.type == "m.room.power_levels":
        levels = state.get(POWER_LEVELS)
        check_levels(event, None if levels is None else levels.content, sender, create, rules)


def _check_redaction(event: Event, sender: int, power: PowerLevels, rules: RoomVersion) -> None:
    """Peers let pass what names no event: there is nothing that it could take away."""
    target = event.redacts(rules)
    if sender < power.redact and target is not None and server_of(target) != server_of(event.event_id):
        raise NotAllowed("11.3", "the sender may not redact events of other servers")
