"""Backups of room keys that only their owner can read: versions, keys, which of two keys is kept.

Spec: Client-Server API, Server-side key backups.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from homeserver.errors import InvalidParam, NotFound, WrongRoomKeysVersion
from homeserver.storage.key_backup import BackedUpKey, Backup, Change, KeyBackups

MAX_ALGORITHM = 255
MAX_AUTH_DATA_BYTES = 64 * 1024
MAX_VERSION = 2**63

Json = Mapping[str, Any]


class State(NamedTuple):
    """A backup after a change."""

    etag: str
    n_keys: int


class KeyBackup:
    """Keeps backups."""

    def __init__(self, table: KeyBackups) -> None:
        self._table = table

    async def create(self, user_id: str, algorithm: str, auth_data: Json) -> str:
        """Begin a version; its name. Older ones can be read from then on, no more written."""
        if not algorithm or len(algorithm) > MAX_ALGORITHM or "\0" in algorithm:
            raise InvalidParam("That is no algorithm.")
        return str(await self._table.create(user_id, algorithm, _auth_data(auth_data)))

    async def read(self, user_id: str, version: str | None) -> Backup:
        """A version, with None the newest. Raises NotFound."""
        number = None if version is None else _number(version)
        backup = await self._table.read(user_id, number)
        if backup is None:
            raise NotFound("There is no such backup.")
        return backup

    async def set_auth_data(
        self, user_id: str, version: str, algorithm: str, auth_data: Json, *, named: str | None
    ) -> None:
        """Replace the version's `auth_data`; its algorithm stays. `named`: the version as the body has it, if it does.

        Raises NotFound, InvalidParam.
        """
        backup = await self.read(user_id, version)
        if backup.algorithm != algorithm or named not in {None, version}:
            raise InvalidParam("Neither the algorithm nor the version of a backup can change.")
        await self._table.set_auth_data(user_id, backup.version, _auth_data(auth_data))

    async def delete(self, user_id: str, version: str) -> None:
        """Delete a version with its keys. Raises NotFound."""
        if not await self._table.delete(user_id, _number(version)):
            raise NotFound("There is no such backup.")

    async def keys(
        self, user_id: str, version: str, room_id: str | None = None, session_id: str | None = None
    ) -> Sequence[BackedUpKey]:
        """The keys of a version, of one room of it, or one key. Raises NotFound without the version."""
        backup = await self.read(user_id, version)
        _check_ids(room_id, session_id)
        return await self._table.keys(backup.version, room_id, session_id)

    async def put(self, user_id: str, version: str, keys: Sequence[BackedUpKey]) -> State:
        """Add keys; of two for one session the better stays. Raises NotFound, WrongRoomKeysVersion."""
        for key in keys:
            _check_ids(key.room_id, key.session_id)
        return _state(await self._table.put(user_id, _number(version), keys))

    async def delete_keys(
        self, user_id: str, version: str, room_id: str | None = None, session_id: str | None = None
    ) -> State:
        """Delete the keys of a version, of one room of it, or one key. Raises NotFound."""
        _check_ids(room_id, session_id)
        return _state(await self._table.delete_keys(user_id, _number(version), room_id, session_id))


def _state(change: Change | None) -> State:
    if change is None:
        raise NotFound("There is no such backup.")
    if change.etag is None or change.n_keys is None:
        raise WrongRoomKeysVersion(str(change.version))
    return State(str(change.etag), change.n_keys)


def _check_ids(*ids: str | None) -> None:
    if any(one is not None and ("\0" in one or len(one) > 255) for one in ids):
        raise InvalidParam("That is no id of a room or session.")


def _number(version: str) -> int:
    """The number of a version. Raises NotFound: no version has another name."""
    if not version.isascii() or not version.isdigit() or int(version) >= MAX_VERSION:
        raise NotFound("There is no such backup.")
    return int(version)


def _auth_data(auth_data: Json) -> bytes:
    text = orjson.dumps(auth_data)
    if len(text) > MAX_AUTH_DATA_BYTES:
        raise InvalidParam(f"`auth_data` has at most {MAX_AUTH_DATA_BYTES} bytes.")
    return text
