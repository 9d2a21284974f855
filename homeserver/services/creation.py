"""Creating rooms: presets, the order of the first events, one batch for all of them.

Spec: Client-Server API, Creation; Room Version 12. Not for: upgrades.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from homeserver.clock import Clock, Rng
from homeserver.errors import BadJson, InvalidParam, InvalidRoomState, RoomInUse, UnsupportedRoomVersion
from homeserver.protocol.errors import BadEvent, BadIdentifier
from homeserver.protocol.errors import BadJson as NotCanonical
from homeserver.protocol.events import Event, build_pdu, seal
from homeserver.protocol.identifiers import RoomId, UserId, parse_user_id
from homeserver.protocol.room_versions import ROOM_VERSIONS, RoomVersion
from homeserver.protocol.signing import SigningKey
from homeserver.services.commits import Commits
from homeserver.services.heads import MEMBER
from homeserver.services.intents import Draft, Finished, Intent
from homeserver.services.inviting import Inviting, MemberProfiles
from homeserver.services.requester import Requester
from homeserver.services.rooms import Rooms
from homeserver.storage.rooms import RoomTable

ROOM_ID_LETTERS = 18
MAX_INITIAL_STATE = 100
MAX_INVITES = 100


@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset stands for. Spec: Client-Server API, POST /createRoom."""

    join_rule: str
    history_visibility: str
    guest_access: str
    invite_level: int = 50
    invitees_are_equals: bool = False


PRESETS: Mapping[str, Preset] = {
    "private_chat": Preset("invite", "shared", "can_join", invite_level=0),
    "trusted_private_chat": Preset("invite", "shared", "can_join", invite_level=0, invitees_are_equals=True),
    "public_chat": Preset("public", "shared", "forbidden"),
}


@dataclass(frozen=True, slots=True)
class StateDraft:
    """One event of `initial_state`."""

    type: str
    content: Mapping[str, Any]
    state_key: str = ""


@dataclass(frozen=True, slots=True)
class NewRoom:
    """What is asked for. `alias_name`: the local part of the alias; `version` None: the server's default."""

    preset: str | None = None
    is_public: bool = False
    version: str | None = None
    name: str | None = None
    topic: str | None = None
    alias_name: str | None = None
    invite: Sequence[str] = ()
    is_direct: bool = False
    creation_content: Mapping[str, Any] = field(default_factory=dict)
    initial_state: Sequence[StateDraft] = ()
    power_levels: Mapping[str, Any] = field(default_factory=dict)
    bans: Mapping[str, str | None] = field(default_factory=dict)
    """Who is banned from the beginning, and why (replacements of rooms)."""


class Creation:
    """Makes rooms of this server's users."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        table: RoomTable,
        commits: Commits,
        inviting: Inviting,
        profiles: MemberProfiles,
        key: SigningKey,
        clock: Clock,
        rng: Rng,
        default_version: str,
    ) -> None:
        self._rooms = rooms
        self._table = table
        self._commits = commits
        self._inviting = inviting
        self._profiles = profiles
        self._key = key
        self._clock = clock
        self._rng = rng
        self._default_version = default_version
        self._may_publish: Callable[[Requester], None] | None = None
        self._check_limit: Callable[[Requester], Awaitable[None]] | None = None
        self._last_ts = 0

    def list_if(self, may_publish: Callable[[Requester], None]) -> None:
        """Have `may_publish` asked before a room is made public; it raises Forbidden."""
        self._may_publish = may_publish

    def limit_by(self, check_limit: Callable[[Requester], Awaitable[None]]) -> None:
        """Have `check_limit` asked before a room is made; it raises Forbidden for who is in too many."""
        self._check_limit = check_limit

    async def create(self, requester: Requester, new: NewRoom) -> RoomId:
        """Create the room with all its first events, or nothing. Remote users are invited when it stands.

        Raises TooManyRooms, UnsupportedRoomVersion, InvalidParam, BadJson, RoomInUse (the alias), InvalidRoomState
        (events that the authorisation rules refuse).
        """
        requester.must_be_active()
        if new.is_public and self._may_publish is not None:
            self._may_publish(requester)
        if self._check_limit is not None:
            await self._check_limit(requester)
        rules = self._rules_of(new)
        preset = self._preset_of(new)
        invitees = _invitees(new, requester.user_id)
        create = self._create_event(requester, rules, self._create_content(requester, rules, new, preset, invitees))
        alias = await self._take_alias(new, create.room_id, requester)
        try:
            await self._table.allocate(create.room_id, rules.id, created_ts=create.ts, is_public=new.is_public)
            room = await self._rooms.room(create.room_id)
            drafts = await self._drafts(requester, rules, new, preset, invitees, alias)
            intents = [Intent(requester.user_id, draft) for draft in drafts]
            await self._commits.commit_all(room, [Finished(create), *intents])
        except BaseException:
            if alias is not None:
                await self._table.delete_alias(alias)
            raise
        for user_id in invitees:
            if not self._inviting.is_local(user_id):
                await self._inviting.invite(requester, create.room_id, user_id, is_direct=new.is_direct)
        return create.room_id

    def _rules_of(self, new: NewRoom) -> RoomVersion:
        version = new.version if new.version is not None else self._default_version
        rules = ROOM_VERSIONS.get(version)
        if rules is None:
            raise UnsupportedRoomVersion(f"This server does not know room version {version!r}.")
        return rules

    @staticmethod
    def _preset_of(new: NewRoom) -> Preset:
        name = new.preset or ("public_chat" if new.is_public else "private_chat")
        preset = PRESETS.get(name)
        if preset is None:
            raise InvalidParam(f"There is no preset {name!r}.")
        return preset

    @staticmethod
    def _create_content(
        requester: Requester, rules: RoomVersion, new: NewRoom, preset: Preset, invitees: Sequence[UserId]
    ) -> dict[str, Any]:
        content = {key: value for key, value in new.creation_content.items() if key not in {"creator", "room_version"}}
        content["room_version"] = rules.id
        if rules.creator_in_content:
            content["creator"] = requester.user_id
        if rules.create_is_room and preset.invitees_are_equals and invitees:
            given = content.get("additional_creators")
            more = list(given) if isinstance(given, list) else []
            content["additional_creators"] = more + [user_id for user_id in invitees if user_id not in more]
        return content

    def _create_event(self, requester: Requester, rules: RoomVersion, content: Mapping[str, Any]) -> Event:
        """Signed before anything is stored: from version 12 on its hash is the room's id.

        No two have the same time: equal rooms of one user, made in one millisecond, would be one room.
        """
        self._last_ts = max(self._clock.now_ms(), self._last_ts + 1)
        room_id = None
        if not rules.create_is_room:
            room_id = RoomId(f"!{self._rng.letters(ROOM_ID_LETTERS)}:{self._key.server}")
        try:
            proto = build_pdu(
                rules,
                room_id=room_id,
                sender=requester.user_id,
                type="m.room.create",
                state_key="",
                content=content,
                prev_events=[],
                auth_events=[],
                depth=1,
                ts=self._last_ts,
            )
            return seal(proto, rules, self._key)
        except NotCanonical as bad:
            raise BadJson(str(bad)) from bad
        except BadEvent as bad:
            raise InvalidParam(str(bad)) from bad

    async def _take_alias(self, new: NewRoom, room_id: RoomId, requester: Requester) -> str | None:
        if new.alias_name is None:
            return None
        alias = f"#{new.alias_name}:{self._key.server}"
        if not new.alias_name or ":" in new.alias_name or "\0" in new.alias_name or len(alias.encode()) > 255:
            raise InvalidParam("That is no valid alias.")
        if not await self._table.create_alias(alias, room_id, requester.user_id, self._clock.now_ms()):
            raise RoomInUse("The alias is taken.")
        return alias

    async def _drafts(
        self,
        requester: Requester,
        rules: RoomVersion,
        new: NewRoom,
        preset: Preset,
        invitees: Sequence[UserId],
        alias: str | None,
    ) -> list[Draft]:
        """The events after the create event, in the order of the specification."""
        profile = await self._profiles.member_content(requester.user_id)
        drafts = [Draft.member(requester.user_id, "join", **profile)]
        drafts.append(_state("m.room.power_levels", _power_levels(requester, rules, new, preset, invitees)))
        if alias is not None:
            drafts.append(_state("m.room.canonical_alias", {"alias": alias}))
        given = {(event.type, event.state_key) for event in new.initial_state}
        for event_type, content in (
            ("m.room.join_rules", {"join_rule": preset.join_rule}),
            ("m.room.history_visibility", {"history_visibility": preset.history_visibility}),
            ("m.room.guest_access", {"guest_access": preset.guest_access}),
        ):
            if (event_type, "") not in given:
                drafts.append(_state(event_type, content))
        for event in new.initial_state:
            if event.type in {"m.room.create", MEMBER}:
                raise InvalidRoomState(f"`initial_state` may not hold {event.type}.")
            drafts.append(Draft(event.type, event.content, state_key=event.state_key))
        if new.name is not None:
            drafts.append(_state("m.room.name", {"name": new.name}))
        if new.topic is not None:
            plain = {"body": new.topic, "mimetype": "text/plain"}
            drafts.append(_state("m.room.topic", {"topic": new.topic, "m.topic": {"m.text": [plain]}}))
        local = [user_id for user_id in invitees if self._inviting.is_local(user_id)]
        drafts += [await self._inviting.draft(requester, user_id, is_direct=new.is_direct) for user_id in local]
        drafts += [Draft.member(user_id, "ban", reason=reason) for user_id, reason in new.bans.items()]
        return drafts


def _state(event_type: str, content: Mapping[str, Any]) -> Draft:
    return Draft(event_type, content, state_key="")


def _invitees(new: NewRoom, creator: str) -> list[UserId]:
    if len(new.invite) > MAX_INVITES or len(new.initial_state) > MAX_INITIAL_STATE:
        raise InvalidParam(f"At most {MAX_INVITES} invites and {MAX_INITIAL_STATE} events of initial state.")
    try:
        invitees = [parse_user_id(user_id) for user_id in dict.fromkeys(new.invite)]
    except BadIdentifier as bad:
        raise InvalidParam(str(bad)) from bad
    if creator in invitees:
        raise InvalidParam("You cannot invite yourself.")
    return invitees


def _power_levels(
    requester: Requester, rules: RoomVersion, new: NewRoom, preset: Preset, invitees: Sequence[UserId]
) -> dict[str, Any]:
    """The first power levels. From version 12 on creators stand above them and are not listed."""
    users: dict[str, int] = {}
    if not rules.create_is_room:
        users = {requester.user_id: 100}
        if preset.invitees_are_equals:
            users.update(dict.fromkeys(invitees, 100))
    levels: dict[str, Any] = {
        "users": users,
        "users_default": 0,
        "events": {
            "m.room.name": 50,
            "m.room.avatar": 50,
            "m.room.canonical_alias": 50,
            "m.room.power_levels": 100,
            "m.room.history_visibility": 100,
            "m.room.encryption": 100,
            "m.room.server_acl": 100,
            "m.room.tombstone": 150 if rules.create_is_room else 100,
        },
        "events_default": 0,
        "state_default": 50,
        "ban": 50,
        "kick": 50,
        "redact": 50,
        "invite": preset.invite_level,
    }
    levels.update(new.power_levels)
    return levels
