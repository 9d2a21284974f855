"""A small room to try authorisation rules in: its state, events to send, and the rule that refuses each."""

from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Self

from homeserver.protocol.auth_rules import auth_state_keys, check, check_auth_events
from homeserver.protocol.errors import BadSignature, NotAllowed
from homeserver.protocol.events import Event, Json, StateKey, build_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId, UserId, server_of
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import SigningKey, required_signers, sign_event, sign_json, verify_event

ALICE = UserId("@alice:a.example")  # made the room; level 100, or a creator's
CAROL = UserId("@carol:a.example")  # joined, level 50
BOB = UserId("@bob:b.example")  # joined, level 0
DAVE = UserId("@dave:b.example")  # not in the room
ERIN = UserId("@erin:c.example")  # not in the room

LEVELS = MappingProxyType({"users": {CAROL: 50}, "events": {"m.room.power_levels": 50}, "invite": 50})


def key_of(server: str) -> SigningKey:
    return SigningKey(server_of(f":{server}"), "ed25519:1", sha256(server.encode()).digest())


IDENTITY_KEY = key_of("identity.example")


class Room:
    """Alice, Carol and Bob are in it; by invitation only, unless changed."""

    def __init__(self, rules: RoomVersion) -> None:
        self.rules = rules
        self.state: dict[StateKey, Event] = {}
        self.rejected: set[EventId] = set()
        self.others: list[Event] = []
        self.id = RoomId("!create" if rules.create_is_room else "!room:a.example")
        self.put("m.room.create", "", self.create_content())
        self.rule("invite").levels()
        for user in (ALICE, CAROL, BOB):
            self.has(user, "join")

    # What is there

    def create_content(self, **content: object) -> Json:
        creator = {"creator": ALICE} if self.rules.creator_in_content else {}
        return {"room_version": self.rules.id, **creator, **content}

    def put(self, kind: str, state_key: str, content: Json, sender: UserId = ALICE) -> Self:
        event_id = EventId("$create" if kind == "m.room.create" else f"${kind}-{state_key}")
        self.state[(kind, state_key)] = replace(self.event(kind, sender, content, state_key), event_id=event_id)
        return self

    def rule(self, join_rule: str) -> Self:
        return self.put("m.room.join_rules", "", {"join_rule": join_rule})

    def has(self, user: UserId, membership: str) -> Self:
        return self.put("m.room.member", user, {"membership": membership}, user)

    def levels(self, **changes: object) -> Self:
        return self.put("m.room.power_levels", "", self.level_content(**changes))

    def level_content(self, **changes: object) -> Json:
        """The levels in force, or to be, with changes; a value of `...` takes one away."""
        users = {CAROL: 50} if self.rules.create_is_room else {CAROL: 50, ALICE: 100}
        levels: Json = {**LEVELS, "users": users}
        for name, value in changes.items():
            if value is ...:
                levels.pop(name, None)
            elif isinstance(value, dict) and isinstance(levels.get(name), dict):
                levels[name] = {key: level for key, level in {**levels[name], **value}.items() if level is not ...}
            else:
                levels[name] = value
        return levels

    def lacks(self, kind: str) -> Self:
        del self.state[(kind, "")]
        return self

    def federates(self, value: object) -> Self:
        return self.put("m.room.create", "", self.create_content(**{"m.federate": value}))

    def invites_by_token(self, sender: UserId = ALICE, **content: Any) -> Self:
        content = content or {"public_key": IDENTITY_KEY.verify_key_base64}
        return self.put("m.room.third_party_invite", "token", content, sender)

    # What is sent

    def event(self, kind: str, sender: UserId, content: Json, state_key: str | None = None) -> Event:
        keys = auth_state_keys(kind, sender, state_key, content, self.rules)
        auth_events = tuple(self.state[key].event_id for key in sorted(keys) if key in self.state)
        pdu = {"type": kind, "content": content, "state_key": state_key}
        prev_events = () if kind == "m.room.create" else (EventId("$before"),)
        event_id = EventId("$new")
        return Event(event_id, self.id, kind, sender, state_key, content, prev_events, auth_events, 9, 9, pdu)

    def message(self, sender: UserId) -> Event:
        return self.event("m.room.message", sender, {"body": "hello"})

    def member(self, sender: UserId, target: UserId, membership: str, **content: object) -> Event:
        return self.event("m.room.member", sender, {"membership": membership, **content}, target)

    def join(self, user: UserId, **content: object) -> Event:
        return self.member(user, user, "join", **content)

    def new_levels(self, sender: UserId, **changes: object) -> Event:
        return self.event("m.room.power_levels", sender, self.level_content(**changes), "")

    def token_invite(self, sender: UserId = ALICE, **changes: object) -> Event:
        """An invite of Dave by what an identity server has signed, with changes to that."""
        signed: Json = {"mxid": DAVE, "token": "token", **changes}
        signed = sign_json({key: value for key, value in signed.items() if value is not ...}, IDENTITY_KEY)
        return self.member(sender, DAVE, "invite", third_party_invite={"signed": signed})

    def signed_join(self, *servers: str) -> Event:
        """Dave's join in the name of Alice, signed by some servers."""
        content = {"membership": "join", "join_authorised_via_users_server": ALICE}
        kind, rules = "m.room.member", self.rules
        auth = self.event(kind, DAVE, content, DAVE).auth_events
        proto = build_pdu(
            rules,
            room_id=self.id,
            sender=DAVE,
            type=kind,
            state_key=DAVE,
            content=content,
            prev_events=[EventId("$before")],
            auth_events=auth,
            depth=9,
            ts=9,
        )
        event = seal(proto, rules, key_of("b.example"))
        for server in servers:
            event = replace(event, pdu=sign_event(event.pdu, rules, key_of(server)))
        return event

    # What comes of it

    def refuses(self, event: Event) -> str | None:
        """The number of the rule that refuses an event; None: it is allowed."""
        known = {other.event_id: other for other in (*self.state.values(), *self.others)}
        try:
            if "signatures" in event.pdu:
                for server in required_signers(event.pdu, self.rules):
                    verify_event(event.pdu, self.rules, server, "ed25519:1", key_of(server).verify_key)
            check_auth_events(event, known, self.rejected, self.rules)
            check(event, self.state, self.rules)
        except NotAllowed as refusal:
            return refusal.rule
        except BadSignature:
            return self.rules.numbered("5.2.1")
        return None
