"""Backups of room keys. Spec: Client-Server API, Server-side key backups."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import orjson

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import USER, Call, EndpointTable
from homeserver.errors import BadJson, NotFound
from homeserver.services.key_backup import KeyBackup, State
from homeserver.storage.key_backup import BackedUpKey, Backup

MAX_BODY = 8 * 1024 * 1024
"""Of an upload: clients send some hundred keys at once."""
ROOT = "/v3/room_keys"
Json = dict[str, Any]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Version(msgspec.Struct):
    """Body of POST and PUT room_keys/version."""

    algorithm: str
    auth_data: Json
    version: str | None = None


class RoomKey(msgspec.Struct):
    """One key."""

    first_message_index: Count
    forwarded_count: Count
    is_verified: bool
    session_data: msgspec.Raw


class RoomKeys(msgspec.Struct):
    """The keys of a room, by session id."""

    sessions: dict[str, RoomKey]


class AllKeys(msgspec.Struct):
    """Keys of several rooms, by room id."""

    rooms: dict[str, RoomKeys]


def _key(room_id: str, session_id: str, key: RoomKey) -> BackedUpKey:
    text = bytes(key.session_data)
    if not text.startswith(b"{"):
        raise BadJson("`session_data` is an object.")
    return BackedUpKey(room_id, session_id, key.first_message_index, key.forwarded_count, key.is_verified, text)


def _shown(key: BackedUpKey) -> Json:
    return {
        "first_message_index": key.first_message_index,
        "forwarded_count": key.forwarded_count,
        "is_verified": key.is_verified,
        "session_data": orjson.Fragment(key.session_data),
    }


def _sessions(keys: Iterable[BackedUpKey]) -> Json:
    return {key.session_id: _shown(key) for key in keys}


def _rooms(keys: Iterable[BackedUpKey]) -> Json:
    rooms: dict[str, Json] = {}
    for key in keys:
        rooms.setdefault(key.room_id, {"sessions": {}})["sessions"][key.session_id] = _shown(key)
    return rooms


def _version(backup: Backup) -> Json:
    return {
        "version": str(backup.version),
        "algorithm": backup.algorithm,
        "auth_data": orjson.Fragment(backup.auth_data),
        "etag": str(backup.etag),
        "count": backup.n_keys,
    }


def _after(state: State) -> Json:
    return {"etag": state.etag, "count": state.n_keys}


def endpoints(endpoint: EndpointTable, backup: KeyBackup) -> None:
    """Register the endpoints."""
    _versions(endpoint, backup)
    _reading(endpoint, backup)
    _writing(endpoint, backup)
    _deleting(endpoint, backup)


def _versions(endpoint: EndpointTable, backup: KeyBackup) -> None:
    @endpoint("POST", ROOT + "/version", auth=USER, limit="keys", body=Version)
    async def create_key_backup(call: Call[Version]) -> Answer:
        """Spec: Client-Server API, POST /room_keys/version."""
        version = await backup.create(call.requester.user_id, call.body.algorithm, call.body.auth_data)
        return {"version": version}

    @endpoint("GET", ROOT + "/version", auth=USER, limit="keys", socket=True)
    async def newest_key_backup(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /room_keys/version."""
        return _version(await backup.read(call.requester.user_id, None))

    @endpoint("GET", ROOT + "/version/<version>", auth=USER, limit="keys", socket=True)
    async def key_backup(call: Call[None], version: str) -> Answer:
        """Spec: Client-Server API, GET /room_keys/version/{version}."""
        return _version(await backup.read(call.requester.user_id, version))

    @endpoint("PUT", ROOT + "/version/<version>", auth=USER, limit="keys", body=Version)
    async def set_key_backup(call: Call[Version], version: str) -> Answer:
        """Spec: Client-Server API, PUT /room_keys/version/{version}."""
        await backup.set_auth_data(
            call.requester.user_id, version, call.body.algorithm, call.body.auth_data, named=call.body.version
        )
        return {}

    @endpoint("DELETE", ROOT + "/version/<version>", auth=USER, limit="keys")
    async def delete_key_backup(call: Call[None], version: str) -> Answer:
        """Spec: Client-Server API, DELETE /room_keys/version/{version}."""
        await backup.delete(call.requester.user_id, version)
        return {}


def _reading(endpoint: EndpointTable, backup: KeyBackup) -> None:
    @endpoint("GET", ROOT + "/keys", auth=USER, limit="keys")
    async def backed_up_keys(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /room_keys/keys."""
        return {"rooms": _rooms(await backup.keys(call.requester.user_id, call.query.required("version")))}

    @endpoint("GET", ROOT + "/keys/<room_id>", auth=USER, limit="keys", socket=True)
    async def backed_up_keys_of_room(call: Call[None], room_id: str) -> Answer:
        """Spec: Client-Server API, GET /room_keys/keys/{roomId}."""
        version = call.query.required("version")
        return {"sessions": _sessions(await backup.keys(call.requester.user_id, version, room_id))}

    @endpoint("GET", ROOT + "/keys/<room_id>/<session_id>", auth=USER, limit="keys", socket=True)
    async def backed_up_key(call: Call[None], room_id: str, session_id: str) -> Answer:
        """Spec: Client-Server API, GET /room_keys/keys/{roomId}/{sessionId}."""
        version = call.query.required("version")
        for key in await backup.keys(call.requester.user_id, version, room_id, session_id):
            return _shown(key)
        raise NotFound("There is no such key.")


def _writing(endpoint: EndpointTable, backup: KeyBackup) -> None:
    @endpoint("PUT", ROOT + "/keys", auth=USER, limit="keys", body=AllKeys, max_body=MAX_BODY)
    async def back_up_keys(call: Call[AllKeys]) -> Answer:
        """Spec: Client-Server API, PUT /room_keys/keys."""
        keys = [
            _key(room_id, session_id, key)
            for room_id, room in call.body.rooms.items()
            for session_id, key in room.sessions.items()
        ]
        return _after(await backup.put(call.requester.user_id, call.query.required("version"), keys))

    @endpoint("PUT", ROOT + "/keys/<room_id>", auth=USER, limit="keys", body=RoomKeys, max_body=MAX_BODY)
    async def back_up_keys_of_room(call: Call[RoomKeys], room_id: str) -> Answer:
        """Spec: Client-Server API, PUT /room_keys/keys/{roomId}."""
        keys = [_key(room_id, session_id, key) for session_id, key in call.body.sessions.items()]
        return _after(await backup.put(call.requester.user_id, call.query.required("version"), keys))

    @endpoint("PUT", ROOT + "/keys/<room_id>/<session_id>", auth=USER, limit="keys", body=RoomKey)
    async def back_up_key(call: Call[RoomKey], room_id: str, session_id: str) -> Answer:
        """Spec: Client-Server API, PUT /room_keys/keys/{roomId}/{sessionId}."""
        key = _key(room_id, session_id, call.body)
        return _after(await backup.put(call.requester.user_id, call.query.required("version"), [key]))


def _deleting(endpoint: EndpointTable, backup: KeyBackup) -> None:
    @endpoint("DELETE", ROOT + "/keys", auth=USER, limit="keys")
    async def delete_backed_up_keys(call: Call[None]) -> Answer:
        """Spec: Client-Server API, DELETE /room_keys/keys."""
        return _after(await backup.delete_keys(call.requester.user_id, call.query.required("version")))

    @endpoint("DELETE", ROOT + "/keys/<room_id>", auth=USER, limit="keys")
    async def delete_backed_up_keys_of_room(call: Call[None], room_id: str) -> Answer:
        """Spec: Client-Server API, DELETE /room_keys/keys/{roomId}."""
        return _after(await backup.delete_keys(call.requester.user_id, call.query.required("version"), room_id))

    @endpoint("DELETE", ROOT + "/keys/<room_id>/<session_id>", auth=USER, limit="keys")
    async def delete_backed_up_key(call: Call[None], room_id: str, session_id: str) -> Answer:
        """Spec: Client-Server API, DELETE /room_keys/keys/{roomId}/{sessionId}."""
        version = call.query.required("version")
        return _after(await backup.delete_keys(call.requester.user_id, version, room_id, session_id))
