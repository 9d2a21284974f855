"""How to ask each operation so that it answers 200: parameters that mean something, a body, and who asks.

Only the asking is written by hand; what the answers must be comes from the specification. Most operations need nothing
but the names in their paths, which `NAMES` fills in. Long because it is a list: one recipe for each operation.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.openapi.world import PICTURE, TOKEN, WORD, World
from tests.support.client import PASSWORD, Json, User
from tests.support.crypto import Device, Identity

ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
KEY: Json = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True, "session_data": {"ciphertext": "x"}}


@dataclass
class Ask:
    """A request. `user` None: without a token. `names`: path parameters beside the usual ones. `raw`: not JSON."""

    user: User | None
    body: Json | None = None
    query: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    token: str | None = None


Recipe = Callable[[World], Awaitable[Ask]]


def auth(user: User) -> Json:
    """What confirms an operation in one go."""
    return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": user.user_id}, "password": PASSWORD}


def usual_names(world: World, user: User | None) -> dict[str, str]:
    """A value for every path parameter of the specification."""
    return {
        "roomId": world.room,
        "roomIdOrAlias": world.public,
        "roomAlias": world.alias,
        "userId": user.user_id if user is not None else world.alice.user_id,
        "eventId": world.event,
        "eventType": "m.room.message",
        "stateKey": "",
        "txnId": world.n(),
        "deviceId": user.device_id if user is not None else "NONE",
        "type": "m.test",
        "filterId": world.filter_id,
        "kind": "content",
        "ruleId": "words",
        "tag": "m.favourite",
        "relType": "m.thread",
        "receiptType": "m.read",
        "keyName": "displayname",
        "version": world.backup,
        "sessionId": "session",
        "serverName": world.server.name,
        "mediaId": world.media,
        "fileName": "dot.png",
        "protocol": world.bridge.id,
        "networkId": "net",
        "appserviceId": world.bridge.id,
        "idpId": "cas",
    }


def path_of(template: str, names: dict[str, str]) -> str:
    """The path with its parameters filled in."""
    for name, value in names.items():
        template = template.replace("{" + name + "}", quote(value, safe=""))
    return template


def by(who: str, body: Json | None = None, query: dict[str, str] | None = None, **names: str) -> Recipe:
    """The plain case: one of the world's people, a body, a query, names."""

    async def ask(world: World) -> Ask:
        user = getattr(world, who) if who != "nobody" else None
        filled = {key: _filled(value, world) for key, value in names.items()}
        return Ask(user, _filled(body, world), {k: _filled(v, world) for k, v in (query or {}).items()}, filled)

    return ask


def _filled(value: Any, world: World) -> Any:
    """Texts like `$room` stand for the world's."""
    if isinstance(value, str) and value.startswith("$") and hasattr(world, value[1:]):
        found = getattr(world, value[1:])
        return found.user_id if isinstance(found, User) else found
    if isinstance(value, dict):
        return {_filled(key, world): _filled(one, world) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, world) for one in value]
    return value


def alone(make: Callable[[World, User], Awaitable[Ask]]) -> Recipe:
    """By a user of their own, who may be changed for good."""

    async def ask(world: World) -> Ask:
        return await make(world, await world.somebody())

    return ask


def confirmed(body: Json | None = None) -> Recipe:
    async def make(_world: World, user: User) -> Ask:
        return Ask(user, {**(body or {}), "auth": auth(user)})

    return alone(make)


async def _member(world: World, user: User) -> str:
    """A room of Alice's that the user is in."""
    room = await world.alice.creates_room(inviting=user)
    await user.joins(room)
    return room


@alone
async def _leaving(world: World, user: User) -> Ask:
    return Ask(user, {}, names={"roomId": await _member(world, user)})


@alone
async def _forgetting(world: World, user: User) -> Ask:
    room = await _member(world, user)
    await user.leaves(room)
    return Ask(user, {}, names={"roomId": room})


@alone
async def _joining(world: World, user: User) -> Ask:
    room = await world.alice.creates_room(inviting=user)
    return Ask(user, {}, names={"roomId": room, "roomIdOrAlias": room})


@alone
async def _knocking(world: World, user: User) -> Ask:
    rule = {"type": "m.room.join_rules", "content": {"join_rule": "knock"}}
    room = await world.alice.creates_room(initial_state=[rule])
    return Ask(user, {"reason": "please"}, names={"roomIdOrAlias": room})


def on_somebody(is_banned: bool = False, is_member: bool = True) -> Recipe:
    """Alice does it to a user in, or out of, a room of hers."""

    async def ask(world: World) -> Ask:
        user = await world.somebody()
        room = await _member(world, user) if is_member else await world.alice.creates_room()
        if is_banned:
            await world.alice.bans(user, room)
        return Ask(world.alice, {"user_id": user.user_id, "reason": "so"}, names={"roomId": room})

    return ask


async def _upgrading(world: World) -> Ask:
    return Ask(world.alice, {"new_version": "12"}, names={"roomId": await world.alice.creates_room()})


@alone
async def _other_device(world: World, user: User) -> Ask:
    other = await world.server.login(user.user_id)
    return Ask(user, {"auth": auth(user)}, names={"deviceId": other.device_id})


@alone
async def _devices(world: World, user: User) -> Ask:
    other = await world.server.login(user.user_id)
    return Ask(user, {"devices": [other.device_id], "auth": auth(user)})


@alone
async def _device_keys(_world: World, user: User) -> Ask:
    device = Device(user)
    return Ask(user, {"device_keys": device.keys, "one_time_keys": device.one_time_keys(3)})


@alone
async def _claim(_world: World, user: User) -> Ask:
    await Device(user).uploads(3, fallback=True)
    return Ask(user, {"one_time_keys": {user.user_id: {user.device_id: "signed_curve25519"}}})


@alone
async def _query_keys(_world: World, user: User) -> Ask:
    await Device(user).uploads(1)
    await user.call("POST", "/v3/keys/device_signing/upload", {**Identity(user.user_id).upload, "auth": auth(user)})
    return Ask(user, {"device_keys": {user.user_id: []}})


@alone
async def _cross_signing(_world: World, user: User) -> Ask:
    return Ask(user, {**Identity(user.user_id).upload, "auth": auth(user)})


@alone
async def _signatures(_world: World, user: User) -> Ask:
    device, identity = Device(user), Identity(user.user_id)
    await device.uploads(0)
    await user.call("POST", "/v3/keys/device_signing/upload", {**identity.upload, "auth": auth(user)})
    signed = identity.signed(device.keys, identity.self_signing)
    return Ask(user, {user.user_id: {device.device_id: signed}})


async def _changes(world: World) -> Ask:
    token = (await world.alice.call("GET", "/v3/sync"))["next_batch"]
    return Ask(world.alice, None, {"from": token, "to": token})


def backed_up(body: Json | None = None, **names: str) -> Recipe:
    """On a backup of its own with one key in it."""

    async def make(world: World, user: User) -> Ask:
        version = {"algorithm": ALGORITHM, "auth_data": {"public_key": "x"}}
        number = (await user.call("POST", "/v3/room_keys/version", version))["version"]
        await user.call("PUT", f"/v3/room_keys/keys/{quote(world.room)}/session?version={number}", KEY)
        given = dict(body) if body is not None else None
        if given is not None and given.get("version") == "$own":
            given["version"] = number
        return Ask(user, _filled(given, world), {"version": number}, {"version": number, **names})

    return alone(make)


async def _refresh(world: World) -> Ask:
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": (await world.somebody()).user_id},
        "password": PASSWORD,
        "refresh_token": True,
    }
    answer = await world.server.call("POST", "/v3/login", body)
    return Ask(None, {"refresh_token": answer["refresh_token"]})


async def _register(world: World) -> Ask:
    return Ask(None, {"username": f"new-{world.n()}", "password": PASSWORD, "auth": {"type": "m.login.dummy"}})


async def _log_in(world: World) -> Ask:
    user = await world.somebody()
    identifier = {"type": "m.id.user", "user": user.user_id}
    return Ask(None, {"type": "m.login.password", "identifier": identifier, "password": PASSWORD})


async def _alias(world: World) -> Ask:
    return Ask(world.alice, {"room_id": world.room}, names={"roomAlias": f"#{world.n()}:{world.server.name}"})


async def _old_alias(world: World) -> Ask:
    alias = f"#{world.n()}:{world.server.name}"
    await world.alice.call("PUT", f"/v3/directory/room/{quote(alias)}", {"room_id": world.room})
    return Ask(world.alice, names={"roomAlias": alias})


async def _push_rule(world: World) -> Ask:
    return Ask(world.alice, {"pattern": "other", "actions": ["notify"]}, names={"ruleId": world.n()})


async def _old_push_rule(world: World) -> Ask:
    rule = world.n()
    await world.alice.call("PUT", f"/v3/pushrules/global/content/{rule}", {"pattern": "x", "actions": []})
    return Ask(world.alice, names={"ruleId": rule})


async def _upload(world: World) -> Ask:
    return Ask(world.alice, query={"filename": "dot.png"}, raw=PICTURE)


async def _upload_later(world: World) -> Ask:
    uri = (await world.alice.call("POST", "/_matrix/media/v1/create"))["content_uri"]
    return Ask(world.alice, raw=PICTURE, names={"mediaId": uri.rpartition("/")[2]})


async def _profile_field(world: World) -> Ask:
    await world.alice.call("PUT", f"/v3/profile/{world.alice.user_id}/m.tz", {"m.tz": "Europe/Berlin"})
    return Ask(world.alice, names={"keyName": "m.tz"})


async def _own_tag(world: World) -> Ask:
    path = f"/v3/user/{world.alice.user_id}/rooms/{quote(world.room)}/tags/u.gone"
    await world.alice.call("PUT", path, {})
    return Ask(world.alice, names={"tag": "u.gone"})


async def _ping(world: World) -> Ask:
    return Ask(None, {"transaction_id": "t"}, token=world.bridge.as_token)


async def _bridge_lists(world: World) -> Ask:
    return Ask(None, {"visibility": "public"}, token=world.bridge.as_token)


async def _other_of_server(world: World) -> Ask:
    user = await world.somebody()
    return Ask(world.admin, names={"userId": user.user_id})


def setting_of_other(body: Json) -> Recipe:
    async def ask(world: World) -> Ask:
        return Ask(world.admin, body, names={"userId": (await world.somebody()).user_id})

    return ask


async def _seen_rooms(world: World) -> Ask:
    return Ask(world.alice, query={"user_id": world.bob.user_id})


async def _own_event(world: World) -> Ask:
    return Ask(world.alice, {"reason": "wrong"}, names={"eventId": await world.alice.says("gone soon", world.room)})


async def _request_email(world: World) -> Ask:
    return Ask(None, {"client_secret": world.n(), "email": f"{world.n()}@example.org", "send_attempt": 1})


async def _preview(world: World) -> Ask:
    return Ask(world.alice, query={"url": f"{world.server.base_url}/_matrix/static/client/login/"})


async def _request_number(world: World) -> Ask:
    number = {"country": "GB", "phone_number": f"07400 {100000 + int(world.n()[1:])}"}
    return Ask(None, {"client_secret": world.n(), "send_attempt": 1, **number})


@alone
async def _add_address(world: World, user: User) -> Ask:
    return Ask(user, {**await world.proven(user), "auth": auth(user)})


@alone
async def _add_address_the_old_way(world: World, user: User) -> Ask:
    return Ask(user, {"three_pid_creds": await world.proven(user)})


@alone
async def _address(world: World, user: User) -> Ask:
    proof = await world.proven(user)
    await user.call("POST", "/v3/account/3pid", {"three_pid_creds": proof})
    return Ask(user, {"medium": "email", "address": f"{proof['client_secret']}@example.org"})


async def _bind_address(world: World) -> Ask:
    body = {"id_server": world.identity.name, "id_access_token": "mine", "sid": "s", "client_secret": "c"}
    return Ask(world.alice, body)


async def _invite_address(world: World) -> Ask:
    address = {"medium": "email", "address": "new@example.org"}
    return Ask(world.alice, {"id_server": world.identity.name, "id_access_token": "mine", **address})


PUSHER: Json = {
    "app_id": "org.example",
    "pushkey": "key",
    "kind": "http",
    "app_display_name": "App",
    "device_display_name": "Phone",
    "lang": "en",
    "data": {"url": "https://push.example.org/_matrix/push/v1/notify", "format": "event_id_only"},
}

RECIPES: dict[str, Recipe] = {
    "getWellknown": by("nobody"),
    "getWellknownPolicy": by("nobody"),
    "getWellknownSupport": by("nobody"),
    "getVersions": by("nobody"),
    "getAdminLockUser": _other_of_server,
    "setAdminLockUser": setting_of_other({"locked": True}),
    "getAdminSuspendUser": _other_of_server,
    "setAdminSuspendUser": setting_of_other({"suspended": True}),
    "getWhoIs": by("alice"),
    "pingAppservice": _ping,
    "updateAppserviceRoomDirectoryVisibility": _bridge_lists,
    "generateLoginToken": confirmed(),
    "getThreadRoots": by("bob"),
    "getEventByTimestamp": by("bob", None, {"ts": "0", "dir": "f"}),
    "getMutualRooms": _seen_rooms,
    "registrationTokenValidity": by("nobody", None, {"token": TOKEN}),
    "getRoomSummary": by("carol"),
    "deactivateAccount": confirmed({"erase": False}),
    "changePassword": confirmed({"new_password": "another good password"}),
    "createRoom": by("alice", {"name": "New", "preset": "public_chat"}),
    "deleteDevice": _other_device,
    "deleteDevices": _devices,
    "updateDevice": by("alice", {"display_name": "Phone"}),
    "getRoomIdByAlias": by("nobody"),
    "setRoomAlias": _alias,
    "deleteRoomAlias": _old_alias,
    "getRoomVisibilityOnDirectory": by("nobody", roomId="$public"),
    "setRoomVisibilityOnDirectory": by("alice", {"visibility": "private"}),
    "joinRoom": _joining,
    "joinRoomById": _joining,
    "knockRoom": _knocking,
    "getKeysChanges": _changes,
    "claimKeys": _claim,
    "uploadCrossSigningKeys": _cross_signing,
    "queryKeys": _query_keys,
    "uploadCrossSigningSignatures": _signatures,
    "uploadKeys": _device_keys,
    "getLoginFlows": by("nobody"),
    "login": _log_in,
    "redirectToSSO": by("nobody", None, {"redirectUrl": "https://app.hearth.test/"}),
    "redirectToIdP": by("nobody", None, {"redirectUrl": "https://app.hearth.test/"}),
    "logout": confirmed(),
    "logout_all": confirmed(),
    "refresh": _refresh,
    "register": _register,
    "checkUsernameAvailability": by("nobody", None, {"username": "free-name"}),
    "setPresence": by("alice", {"presence": "online", "status_msg": "here"}),
    "getUserProfile": by("nobody"),
    "getProfileField": by("nobody"),
    "setProfileField": by("alice", {"displayname": "Alice"}),
    "deleteProfileField": _profile_field,
    "getPublicRooms": by("alice", None, {"limit": "10"}),
    "queryPublicRooms": by("alice", {"limit": 10, "filter": {"generic_search_term": "every"}}),
    "postPusher": by("alice", PUSHER),
    "setPushRule": _push_rule,
    "deletePushRule": _old_push_rule,
    "setPushRuleActions": by("alice", {"actions": ["notify"]}),
    "setPushRuleEnabled": by("alice", {"enabled": True}),
    "postRoomKeysVersion": confirmed({"algorithm": ALGORITHM, "auth_data": {"public_key": "x"}}),
    "putRoomKeysVersion": backed_up({"algorithm": ALGORITHM, "auth_data": {"public_key": "x"}, "version": "$own"}),
    "deleteRoomKeysVersion": backed_up(),
    "getRoomKeysVersion": backed_up(),
    "getRoomKeysVersionCurrent": backed_up(),
    "getRoomKeys": backed_up(),
    "putRoomKeys": backed_up({"rooms": {"!r:x": {"sessions": {"s": KEY}}}}),
    "deleteRoomKeys": backed_up(),
    "getRoomKeysByRoomId": backed_up(),
    "putRoomKeysByRoomId": backed_up({"sessions": {"s": KEY}}),
    "deleteRoomKeysByRoomId": backed_up(),
    "getRoomKeyBySessionId": backed_up(),
    "putRoomKeyBySessionId": backed_up(KEY),
    "deleteRoomKeyBySessionId": backed_up(),
    "ban": on_somebody(),
    "kick": on_somebody(),
    "unban": on_somebody(is_banned=True),
    "inviteUser": on_somebody(is_member=False),
    "leaveRoom": _leaving,
    "forgetRoom": _forgetting,
    "getRoomEvents": by("bob", None, {"dir": "b", "limit": "5"}),
    "setReadMarker": by("bob", {"m.fully_read": "$event", "m.read": "$event"}),
    "postReceipt": by("bob", {}),
    "redactEvent": _own_event,
    "reportRoom": by("bob", {"reason": "bad"}),
    "reportEvent": by("bob", {"reason": "bad"}),
    "reportUser": by("bob", {"reason": "bad"}, userId="$alice"),
    "sendMessage": by("bob", {"msgtype": "m.text", "body": f"{WORD} again"}),
    "setRoomStateWithKey": by("alice", {"a": 1}, eventType="org.example.state"),
    "getRoomStateWithKey": by("bob", eventType="m.room.name"),
    "setTyping": by("bob", {"typing": True, "timeout": 1000}),
    "upgradeRoom": _upgrading,
    "search": by("bob", {"search_categories": {"room_events": {"search_term": WORD}}}),
    "sendToDevice": by("alice", {"messages": {"$bob": {"*": {"a": 1}}}}, eventType="m.test"),
    "queryLocationByAlias": by("alice", None, {"alias": "#_bridge_x:hearth.test"}),
    "queryUserByID": by("alice", None, {"userid": "@_bridge_x:hearth.test"}),
    "setAccountData": by("alice", {"a": 1}),
    "setAccountDataPerRoom": by("alice", {"a": 1}),
    "defineFilter": by("alice", {"room": {"timeline": {"limit": 7}}}),
    "requestOpenIdToken": by("alice", {}),
    "setRoomTag": by("alice", {"order": 0.1}),
    "deleteRoomTag": _own_tag,
    "searchUserDirectory": by("alice", {"search_term": "bob"}),
    "createContent": by("alice"),
    "uploadContent": _upload,
    "uploadContentToMXC": _upload_later,
    "getContentThumbnailAuthed": by("alice", None, {"width": "32", "height": "32", "method": "crop"}),
    "getContentThumbnail": by("nobody", None, {"width": "32", "height": "32", "method": "crop"}),
    "getContent": by("nobody"),
    "getContentOverrideName": by("nobody"),
    "getEvents": by("alice", None, {"timeout": "0"}),
    "peekEvents": by("alice", None, {"timeout": "0", "room_id": "$room"}),
    "getSpaceHierarchy": by("bob"),
    "getNotifications": by("bob"),
    "getUrlPreviewAuthed": _preview,
    "getUrlPreview": _preview,
    "bind3PID": _bind_address,
    "inviteBy3PID": _invite_address,
    "requestTokenToRegisterEmail": _request_email,
    "requestTokenToResetPasswordEmail": _request_email,
    "requestTokenTo3PIDEmail": _request_email,
    "requestTokenToRegisterMSISDN": _request_number,
    "requestTokenToResetPasswordMSISDN": _request_number,
    "requestTokenTo3PIDMSISDN": _request_number,
    "add3PID": _add_address,
    "post3PIDs": _add_address_the_old_way,
    "delete3pidFromAccount": _address,
    "unbind3pidFromAccount": _address,
}


async def recipe_for(key: str, world: World) -> Ask:
    """The request of an operation: by its recipe, else Alice's with the usual names."""
    return await RECIPES[key](world) if key in RECIPES else Ask(world.alice)
