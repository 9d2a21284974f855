"""A room with many members on a simulated resident server: everything in it is signed once and answered from memory."""

import asyncio
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import orjson

from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet, Peer
from homeserver.protocol.events import Event, build_pdu, parse_pdu, seal
from homeserver.protocol.identifiers import EventId, RoomId, ServerName, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey, sign_json

NAMES = ("resident.test:8448", *(f"s{number}.test:8448" for number in range(10)))
FAR_FUTURE = 2**52
_numbers = itertools.count()
Json = dict[str, Any]


class BigRoom:
    """The room and the server that serves it, the first of `names`; its members are of the others.

    `is_open` cleared: /state is not answered until it is set. `omits`: members are left out for who asks for that.
    """

    def __init__(self, members: int, *, version: str = "12", omits: bool = True, names: Sequence[str] = NAMES) -> None:
        self.rules: RoomVersion = ROOM_VERSIONS[version]
        self.name = ServerName(names[0])
        self.keys = {ServerName(name): _key(name) for name in names}
        self.creator = UserId(f"@creator:{self.name}")
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.omits = omits
        self.served: list[str] = []
        self.sent: list[Json] = []
        self.joined: list[Json] = []
        self._ts = 1_700_000_000_000 + 10_000_000 * next(_numbers)  # else it is the room made before
        self._depth = 0
        self.state: list[Event] = []
        self._begin()
        self.plain = list(self.state)
        levels, rules = self._held("m.room.power_levels"), self._held("m.room.join_rules")
        self._auth = [*([] if self.rules.create_is_room else [self.state[0]]), levels, rules]
        for number in range(members):
            server = names[1 + number % (len(names) - 1)]
            user = UserId(f"@u{number}:{server}")
            content = {"membership": "join", "displayname": f"User {number}"}
            self.state.append(self._event(user, "m.room.member", user, content, self._auth))
        self._replies: dict[str, bytes] = {}
        self._said: dict[str, list[Event]] = {}

    def _begin(self) -> None:
        me, bare = self.creator, self.rules.create_is_room
        content: Json = {"room_version": self.rules.id} | ({"creator": me} if self.rules.creator_in_content else {})
        proto = build_pdu(
            self.rules,
            room_id=None if bare else RoomId(f"!big:{self.name}"),
            sender=me,
            type="m.room.create",
            state_key="",
            content=content,
            prev_events=[],
            auth_events=[],
            depth=1,
            ts=self._ts,
        )
        create = seal(proto, self.rules, self.keys[self.name])
        self.room_id = create.room_id
        self.state.append(create)
        cited = [] if bare else [create]
        join = self._event(me, "m.room.member", me, {"membership": "join"}, cited)
        self.state.append(join)
        users = {} if bare else {me: 100}
        levels = self._event(me, "m.room.power_levels", "", {"users": users}, [*cited, join])
        self.state.append(levels)
        for kind, body in (
            ("m.room.join_rules", {"join_rule": "public"}),
            ("m.room.history_visibility", {"history_visibility": "shared"}),
            ("m.room.name", {"name": "Agora"}),
            ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
        ):
            self.state.append(self._event(me, kind, "", body, [*cited, join, levels]))

    def _event(self, sender: UserId, kind: str, key: str | None, content: Json, cited: Sequence[Event]) -> Event:
        self._depth = min(self._depth + 1, 2**40)
        self._ts += 1
        proto = build_pdu(
            self.rules,
            room_id=self.room_id,
            sender=sender,
            type=kind,
            state_key=key,
            content=content,
            prev_events=[self.state[-1].event_id],
            auth_events=[event.event_id for event in cited],
            depth=self._depth + 1,
            ts=self._ts,
        )
        return seal(proto, self.rules, self.keys[ServerName(sender.partition(":")[2])])

    def bans(self, user: UserId) -> None:
        """Let the creator have banned somebody."""
        cited = [*self._auth[:-1], self.plain[1]]
        self.state.append(self._event(self.creator, "m.room.member", user, {"membership": "ban"}, cited))

    def id_of(self, pdu: Json) -> str:
        """The id of an event of this room."""
        return parse_pdu(pdu, self.rules).event_id

    def _held(self, kind: str) -> Event:
        return next(event for event in self.state if event.type == kind)

    def listen(self, net: FakeNet) -> None:
        """Answer on this net: the resident, and the keys of all servers."""
        net.answers("resident.test", 8448, self.answer)
        for name in self.keys:
            if name != self.name:
                net.answers(name.partition(":")[0], 8448, self.other(name))

    def other(self, name: str) -> Peer:
        """What the server of some members answers."""

        async def answer(request: Request) -> Answer:
            if request.target.startswith("/_matrix/key/v2/server"):
                return _json(self.key_document(name))
            if request.method == "PUT" and "/send/" in request.target:
                self.sent.append(orjson.loads(request.body or b"{}"))
                return _json({"pdus": {}})
            return Answer(404, {}, b'{"errcode":"M_NOT_FOUND","error":"no"}')

        return answer

    def key_document(self, name: str) -> Json:
        """What a server says of its key."""
        key = self.keys[ServerName(name)]
        return sign_json(
            {
                "server_name": name,
                "valid_until_ts": FAR_FUTURE,
                "verify_keys": {key.key_id: {"key": key.verify_key_base64}},
                "old_verify_keys": {},
            },
            key,
        )

    async def answer(self, request: Request) -> Answer:
        """What the resident answers."""
        path, _, query = request.target.partition("?")
        *_, second, last = [unquote(part) for part in path.split("/")]
        if path.startswith("/_matrix/key/v2/server"):
            return _json(self.key_document(self.name))
        self.served.append(path)
        if "/make_join/" in path:
            return _json({"room_version": self.rules.id, "event": self._template(UserId(last))})
        if "/send_join/" in path:
            self.joined.append(orjson.loads(request.body or b"{}"))
            return self._joined(omits=self.omits and "omit_members=true" in query)
        if "/state_ids/" in path:
            await self.is_open.wait()
            return _json({"pdu_ids": [event.event_id for event in self.state], "auth_chain_ids": []})
        if "/state/" in path:
            await self.is_open.wait()
            return self._cached("state", lambda: {"pdus": _pdus(self.state), "auth_chain": []})
        if "/event_auth/" in path and last in self._said:
            return _json({"auth_chain": _pdus(self._said[last])})
        if "/event/" in path:
            found = [event for event in self.state if event.event_id == last]
            return _json({"pdus": _pdus(found)}) if found else Answer(404, {}, b"{}")
        if request.method == "PUT" and second == "send":
            self.sent.append(orjson.loads(request.body or b"{}"))
            return _json({"pdus": {}})
        return Answer(404, {}, b'{"errcode":"M_NOT_FOUND","error":"no"}')

    @property
    def joined_after(self) -> int:
        """How many are in the room once one more has joined."""
        return len([event for event in self.state if event.type == "m.room.member"]) + 1

    def prepare(self) -> None:
        """Have the large answers ready."""
        self._joined(omits=self.omits)
        self._cached("state", lambda: {"pdus": _pdus(self.state), "auth_chain": []})

    def _cached(self, name: str, make: Any) -> Answer:
        if name not in self._replies:
            self._replies[name] = orjson.dumps(make())
        return Answer(200, {}, self._replies[name])

    def _template(self, user: UserId) -> Mapping[str, Any]:
        return build_pdu(
            self.rules,
            room_id=self.room_id,
            sender=user,
            type="m.room.member",
            state_key=user,
            content={"membership": "join"},
            prev_events=[self.state[-1].event_id],
            auth_events=[event.event_id for event in self._auth],
            depth=self._depth + 2,
            ts=self._ts + 1,
        )

    def _joined(self, *, omits: bool) -> Answer:
        told = self.plain if omits else self.state
        told = [event for event in told if not omits or event.type != "m.room.member"]
        chain = [event for event in self.plain if event.type == "m.room.member"] if omits else []
        rest = {
            "origin": self.name,
            "state": _pdus(told),
            "auth_chain": _pdus(chain),
            "members_omitted": omits,
            "servers_in_room": sorted(self.keys),
        }
        return self._cached(f"joined {omits}", lambda: rest)

    def says(
        self,
        user: UserId,
        text: str,
        after: EventId | str,
        *,
        kind: str = "m.room.message",
        key: str | None = None,
        content: Json | None = None,
    ) -> Json:
        """An event of a member, a message if nothing else is said, as a PDU that follows `after` ("join": the last)."""
        member = next(event for event in self.state if event.state_key == user)
        self._depth += 10
        proto = build_pdu(
            self.rules,
            room_id=self.room_id,
            sender=user,
            type=kind,
            state_key=key,
            content=content or {"msgtype": "m.text", "body": text},
            prev_events=[parse_pdu(self.joined[-1], self.rules).event_id if after == "join" else EventId(after)],
            auth_events=[event.event_id for event in (*self._auth[:-1], member)],
            depth=self._depth,
            ts=self._ts + self._depth,
        )
        event = seal(proto, self.rules, self.keys[ServerName(user.partition(":")[2])])
        self._said[event.event_id] = [*self.plain, member]
        return dict(event.pdu)


def _pdus(events: Sequence[Event]) -> list[Mapping[str, Any]]:
    return [event.pdu for event in events]


def _json(value: object) -> Answer:
    return Answer(200, {}, orjson.dumps(value))


def _key(name: str) -> SigningKey:
    return SigningKey(ServerName(name), "ed25519:1", hashlib.sha256(name.encode()).digest())
