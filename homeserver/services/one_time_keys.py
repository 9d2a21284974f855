"""One-time and fallback keys of users here: taken from their devices, handed out once, counted for sync.

Spec: Client-Server API, One-time and fallback keys.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from homeserver.errors import InvalidParam, InvalidSignature
from homeserver.protocol import canonical_json
from homeserver.protocol.device_keys import check_signed_by_device
from homeserver.protocol.errors import BadJson, BadSignature
from homeserver.services.requester import Requester
from homeserver.storage.one_time_keys import Claimed, KeyCounts, UploadedKey, Wanted
from homeserver.storage.one_time_keys import OneTimeKeys as KeyTable
from homeserver.storage.rows import OneTimeKeysRow, Row
from homeserver.storage.stream import Stream

SIGNED = "signed_curve25519"
MAX_KEY_BYTES = 4_096
MAX_KEYS = 1_000
"""Of one device that wait to be claimed; clients keep 50 or 100."""
CACHED = 50_000
NOTHING = KeyCounts({SIGNED: 0}, ())

Json = Mapping[str, Any]
Keys = dict[str, dict[str, dict[str, Any]]]
"""user id -> device id -> `algorithm:key_id` -> key."""


class OneTimeKeys:
    """Keeps, counts and hands out keys."""

    def __init__(self, table: KeyTable, stream: Stream) -> None:
        self._table = table
        self._stream = stream
        self._counts: OrderedDict[int, KeyCounts] = OrderedDict()
        self._reads: dict[int, list[int]] = {}
        """Device -> reads of its counts that are under way, and how often it changed meanwhile."""

    # -- from their device -----------------------------------------------------------------------------------------

    async def add(
        self, user_id: str, device_id: str, device_nid: int, given: Json, fallback: Json, *, identity: Json | None
    ) -> None:
        """Keep one-time keys and fallback keys (`algorithm:key_id` -> key). `identity`: the device's own keys.

        Raises InvalidParam (malformed, too many, an id that is another key's), InvalidSignature.
        """
        keys = [_parsed(name, key, identity) for name, key in given.items()]
        spare = {key.algorithm: key for key in (_parsed(name, key, identity) for name, key in fallback.items())}
        if len(spare) < len(fallback):
            raise InvalidParam("There is one fallback key for each algorithm.")
        if keys:
            known = await self._table.known(device_nid, keys)
            for key in keys:
                if known.get((key.algorithm, key.key_id), key.key) != key.key:
                    raise InvalidParam(f"Another key has the id {key.algorithm}:{key.key_id}.")
            fresh = [key for key in keys if (key.algorithm, key.key_id) not in known]
            waiting = await self._table.counts(device_nid)
            if len(fresh) + sum(waiting.counts.values()) > MAX_KEYS:
                raise InvalidParam(f"At most {MAX_KEYS} one-time keys of a device are kept.")
            if fresh:
                await self._table.add(device_nid, fresh)
        if spare:
            await self._table.set_fallback(device_nid, list(spare.values()))
        if keys or spare:
            await self._changed([OneTimeKeysRow(user_id=user_id, device_id=device_id, device_nid=device_nid)])

    async def counts(self, requester: Requester) -> KeyCounts:
        """What the requester's device has left [0 trips known, 1 new]."""
        return NOTHING if requester.device_nid is None else await self.counts_of(requester.device_nid)

    async def counts_of(self, device_nid: int) -> KeyCounts:
        """What a device has left; `signed_curve25519` is always named [0 trips known, 1 new]."""
        known = self._counts.get(device_nid)
        if known is not None:
            self._counts.move_to_end(device_nid)
            return known
        changes = self._reads.setdefault(device_nid, [0, 0])
        changes[0] += 1
        before = changes[1]
        try:
            read = await self._table.counts(device_nid)
        finally:
            changes[0] -= 1
            if not changes[0]:
                del self._reads[device_nid]
        found = KeyCounts({SIGNED: 0, **read.counts}, read.unused_fallback)
        if changes[1] == before:
            self._counts[device_nid] = found
            if len(self._counts) > CACHED:
                self._counts.popitem(last=False)
        return found

    def apply(self, row: Row) -> None:
        """Follow the stream."""
        if isinstance(row, OneTimeKeysRow):
            self._counts.pop(row.device_nid, None)
            if row.device_nid in self._reads:
                self._reads[row.device_nid][1] += 1

    def forget(self) -> None:
        """Rows were missed: read everything anew."""
        self._counts.clear()
        for changes in self._reads.values():
            changes[1] += 1

    # -- to others -------------------------------------------------------------------------------------------------

    async def claim(self, wanted: Iterable[Wanted]) -> Keys:
        """One key for each device that has one: the oldest one-time key, else the fallback key."""
        asked = set(wanted)
        if not asked:
            return {}
        claimed = await self._table.claim(asked)
        changed = {key.device_nid: key for key in claimed}
        left = asked - {Wanted(key.user_id, key.device_id, key.algorithm) for key in claimed}
        if left:
            for key, is_first in await self._table.use_fallback(left):
                claimed.append(key)
                if is_first:
                    changed[key.device_nid] = key
        await self._changed(
            OneTimeKeysRow(user_id=key.user_id, device_id=key.device_id, device_nid=nid) for nid, key in changed.items()
        )
        return _by_device(claimed)

    async def _changed(self, rows: Iterable[OneTimeKeysRow]) -> None:
        changed = list(rows)
        if changed:
            await self._stream.write(*changed)


def wanted_of(body: Json, is_asked: Callable[[str], bool]) -> list[Wanted]:
    """The keys that a claim (user id -> device id -> algorithm) asks for, of users that `is_asked` picks."""
    wanted = []
    for user_id, devices in body.items():
        if not is_asked(user_id):
            continue
        if not isinstance(devices, dict) or not all(isinstance(algorithm, str) for algorithm in devices.values()):
            raise InvalidParam("`one_time_keys` is an object of objects of names of algorithms.")
        wanted += [Wanted(user_id, device_id, algorithm) for device_id, algorithm in devices.items()]
    if any("\0" in text for one in wanted for text in one):
        raise InvalidParam("A name holds a NUL character.")
    return wanted


def _by_device(claimed: Iterable[Claimed]) -> Keys:
    keys: Keys = {}
    for key in claimed:
        device = keys.setdefault(key.user_id, {}).setdefault(key.device_id, {})
        device[f"{key.algorithm}:{key.key_id}"] = orjson.Fragment(key.key)
    return keys


def _parsed(name: str, key: object, identity: Json | None) -> UploadedKey:
    """A key with its id taken apart; a signed one must be signed by its device, where that has published its keys."""
    algorithm, _, key_id = name.partition(":")
    if not algorithm or not key_id or len(name) > 255 or "\0" in name or not isinstance(key, str | dict):
        raise InvalidParam("A key is named `algorithm:key_id` and is a text or an object.")
    try:
        text = canonical_json.encode(key)
        if isinstance(key, dict):
            if not isinstance(key.get("key"), str):
                raise InvalidParam(f"The key {name} has no `key`.")
            if identity is not None:
                check_signed_by_device(key, identity)
    except BadJson as error:
        raise InvalidParam(f"The key {name}: {error}") from error
    except BadSignature as error:
        raise InvalidSignature(f"The key {name}: {error}") from error
    if len(text) > MAX_KEY_BYTES:
        raise InvalidParam(f"A key has at most {MAX_KEY_BYTES} bytes.")
    return UploadedKey(algorithm, key_id, text)
