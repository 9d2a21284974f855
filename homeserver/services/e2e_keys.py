"""Public keys of users: published by their devices, looked up by others, one-time keys claimed, here and elsewhere.

Spec: Client-Server API, End-to-End Encryption, Key management API; Server-Server API, End-to-End Encryption.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from homeserver.errors import InvalidParam, InvalidSignature
from homeserver.federation.client.devices import Devices as PeerDevices
from homeserver.federation.client.errors import FederationError
from homeserver.protocol.device_keys import (
    USAGES,
    BadKeys,
    check_device_keys,
    check_signed_by_device,
    same_identity,
    signed_by_owner_alone,
)
from homeserver.protocol.errors import BadIdentifier, BadJson, BadSignature
from homeserver.protocol.identifiers import parse_user_id, server_of
from homeserver.services.device_lists import DeviceLists, for_peers, shown_device, shown_key
from homeserver.services.one_time_keys import Keys, OneTimeKeys, wanted_of
from homeserver.services.remote_devices import RemoteDevices
from homeserver.services.requester import Requester
from homeserver.storage.e2e_keys import E2eKeys as KeyTable
from homeserver.storage.e2e_keys import Published
from homeserver.storage.one_time_keys import KeyCounts
from homeserver.storage.rows import DeviceChangeRow, DeviceKeysRow
from homeserver.storage.stream import Stream

MAX_USERS = 5_000
"""In one question."""
TIMEOUT_S = 10.0
MAX_TIMEOUT_S = 20.0

Json = Mapping[str, Any]


class E2eKeys:
    """Publishes and looks up keys."""

    def __init__(
        self, us: str, table: KeyTable, *, one_time_keys: OneTimeKeys, device_lists: DeviceLists, stream: Stream
    ) -> None:
        self._us = us
        self._table = table
        self._one_time_keys = one_time_keys
        self._device_lists = device_lists
        self._stream = stream
        self._remote: RemoteDevices | None = None
        self._peers: PeerDevices | None = None

    def ask_others_by(self, remote: RemoteDevices, peers: PeerDevices) -> None:
        """Look up users elsewhere, too."""
        self._remote = remote
        self._peers = peers

    # -- publishing ------------------------------------------------------------------------------------------------

    async def upload(
        self, requester: Requester, device_keys: Json | None, one_time_keys: Json, fallback_keys: Json
    ) -> KeyCounts:
        """Publish keys of the requester's device; how many one-time keys wait. Raises InvalidParam, InvalidSignature.

        A device's identity never changes: keys it is known by can be published again, others not.
        """
        if requester.device_nid is None or requester.device_id is None:
            raise InvalidParam("Keys belong to a device; this access token has none.")
        nid = requester.device_nid
        return await self.upload_for(requester, nid, requester.device_id, device_keys, one_time_keys, fallback_keys)

    async def upload_for(
        self,
        requester: Requester,
        device_nid: int,
        device_id: str,
        device_keys: Json | None,
        one_time_keys: Json,
        fallback_keys: Json,
    ) -> KeyCounts:
        """`upload` for a device of the requester that may be another than the one that asks."""
        stored = await self._table.of_device(device_nid)
        identity = orjson.loads(stored) if stored is not None else None
        if device_keys:
            checked = _checked(device_keys, requester.user_id, device_id)
            if identity is not None and not same_identity(identity, checked):
                raise InvalidParam("The keys by which a device is known never change: log in anew to have others.")
            if checked != identity:
                await self._publish(requester.user_id, device_nid, device_id, checked)
            identity = checked
        if one_time_keys or fallback_keys:
            await self._one_time_keys.add(
                requester.user_id, device_id, device_nid, one_time_keys, fallback_keys, identity=identity
            )
        return await self._one_time_keys.counts_of(device_nid)

    async def _publish(self, user_id: str, device_nid: int, device_id: str, keys: Json) -> None:
        """Store identity keys together with the news of them."""
        text = orjson.dumps(keys)
        published = (await self._table.published([user_id]))[user_id]
        published.devices[device_id] = text
        await self._stream.write(
            DeviceKeysRow(device_nid=device_nid, user_id=user_id, device_id=device_id, keys=text),
            *await self._device_lists.changed(user_id, {device_id: for_peers(published, user_id)[0][device_id]}),
        )

    async def renamed(self, user_id: str, device_id: str) -> None:
        """Tell users here that a device has another name; peers are not told any. For devices with keys."""
        if device_id in (await self._table.published([user_id]))[user_id].devices:
            rooms = (await self._table.audience(user_id)).room_nids
            await self._stream.write(DeviceChangeRow(user_id=user_id, device_id=device_id, room_nids=rooms))

    # -- looking up ------------------------------------------------------------------------------------------------

    async def query(self, requester: Requester, wanted: Json, timeout_ms: int | None) -> dict[str, Any]:
        """Identity and cross-signing keys of users: user id -> device ids, none meaning all; as the answer's JSON."""
        asked = _checked_question(wanted)
        here = [user_id for user_id in asked if server_of(user_id) == self._us]
        elsewhere = [user_id for user_id in asked if server_of(user_id) != self._us]
        known = await self._table.published(here, requester.user_id) if here else {}
        failed: set[str] = {server_of(user_id) for user_id in elsewhere}
        if elsewhere and self._remote is not None:
            found, failed = await self._remote.published(elsewhere, requester.user_id, _seconds(timeout_ms))
            known = {**known, **found}
        answer: dict[str, Any] = {f"{usage}_keys": {} for usage in USAGES}
        answer["device_keys"] = {}
        answer["failures"] = {server: {} for server in failed}
        for user_id, device_ids in asked.items():
            published = known.get(user_id)
            if published is None or (server_of(user_id) in failed and not published.devices):
                continue
            answer["device_keys"][user_id] = _shown_devices(published, device_ids)
            for usage in USAGES:
                key = shown_key(published, usage)
                if key is not None and (usage != "user_signing" or user_id == requester.user_id):
                    answer[f"{usage}_keys"][user_id] = key
        return answer

    async def claim(self, wanted: Json, timeout_ms: int | None) -> tuple[Keys, set[str]]:
        """One one-time key for each device asked for (user id -> device id -> algorithm); servers that failed."""
        keys = await self._one_time_keys.claim(wanted_of(wanted, lambda user_id: server_of(user_id) == self._us))
        by_server: dict[str, dict[str, dict[str, str]]] = {}
        for one in wanted_of(wanted, lambda user_id: server_of(user_id) != self._us):
            users = by_server.setdefault(server_of(one.user_id), {})
            users.setdefault(one.user_id, {})[one.device_id] = one.algorithm
        answers = await asyncio.gather(
            *(self._claim_from(server, users, _seconds(timeout_ms)) for server, users in by_server.items())
        )
        failed = set()
        for server, answer in zip(by_server, answers, strict=True):
            if answer is None:
                failed.add(server)
            else:
                keys.update(answer)
        return keys, failed

    async def _claim_from(self, server: str, users: Mapping[str, Mapping[str, str]], timeout_s: float) -> Keys | None:
        """What a peer hands out, less what was not asked for."""
        if self._peers is None:
            return None
        try:
            async with asyncio.timeout(timeout_s):
                answer = (await self._peers.claim(server, users)).get("one_time_keys")
        except (FederationError, TimeoutError):
            return None
        found: Keys = {}
        for user_id, devices in users.items():
            given = answer.get(user_id) if isinstance(answer, dict) else None
            for device_id, algorithm in devices.items():
                keys = given.get(device_id) if isinstance(given, dict) else None
                if isinstance(keys, dict):
                    good = {name: key for name, key in keys.items() if name.startswith(f"{algorithm}:")}
                    found.setdefault(user_id, {})[device_id] = good
        return found

    # -- what peers ask --------------------------------------------------------------------------------------------

    async def for_peer(self, user_ids: Collection[str]) -> dict[str, Any]:
        """Keys of users here as a peer is shown them. Spec: Server-Server API, POST user/keys/query."""
        here = [user_id for user_id in user_ids if server_of(user_id) == self._us and "\0" not in user_id]
        answer: dict[str, dict[str, Any]] = {"device_keys": {}, "master_keys": {}, "self_signing_keys": {}}
        for user_id, published in (await self._table.published(here)).items():
            answer["device_keys"][user_id], keys = for_peers(published, user_id)
            for name, key in keys.items():
                answer[f"{name}s"][user_id] = key
        return answer

    async def list_for_peer(self, user_id: str) -> dict[str, Any]:
        """The device list of a user here, with its number. Spec: Server-Server API, GET user/devices."""
        # The number first: a change after it is told again, one before it is in the list.
        number = (await self._table.audience(user_id)).stream_id
        devices, keys = for_peers((await self._table.published([user_id]))[user_id], user_id)
        listed = [{"device_id": device_id, "keys": shown} for device_id, shown in devices.items()]
        return {"user_id": user_id, "stream_id": number, "devices": listed, **keys}

    async def claim_for_peer(self, wanted: Json) -> Keys:
        """One-time keys of users here. Spec: Server-Server API, POST user/keys/claim."""
        return await self._one_time_keys.claim(wanted_of(wanted, lambda user_id: server_of(user_id) == self._us))


def _checked(keys: Json, user_id: str, device_id: str) -> dict[str, Any]:
    """Identity keys as they are stored: signed by the device, with no signatures but the user's own."""
    try:
        check_device_keys(keys, user_id, device_id)
        check_signed_by_device(keys, keys)
    except (BadKeys, BadJson) as error:
        raise InvalidParam(f"`device_keys`: {error}.") from error
    except BadSignature as error:
        raise InvalidSignature(f"`device_keys`: {error}.") from error
    return signed_by_owner_alone(keys, user_id)


def _checked_question(wanted: Json) -> dict[str, Collection[str]]:
    if len(wanted) > MAX_USERS:
        raise InvalidParam(f"At most {MAX_USERS} users at once.")
    asked: dict[str, Collection[str]] = {}
    for user_id, device_ids in wanted.items():
        if not isinstance(device_ids, list) or not all(isinstance(one, str) for one in device_ids):
            raise InvalidParam("`device_keys` is an object of lists of device ids.")
        try:
            asked[parse_user_id(user_id)] = device_ids
        except BadIdentifier as error:
            raise InvalidParam(f"`device_keys` holds what is no user id: {error}.") from error
    return asked


def _shown_devices(published: Published, device_ids: Collection[str]) -> dict[str, Any]:
    shown = {}
    for device_id in published.devices:
        if not device_ids or device_id in device_ids:
            shown[device_id] = device = shown_device(published, device_id)
            name = published.names.get(device_id)
            device["unsigned"] = {"device_display_name": name} if name is not None else {}
    return shown


def _seconds(timeout_ms: int | None) -> float:
    return TIMEOUT_S if timeout_ms is None else min(max(timeout_ms, 0) / 1000, MAX_TIMEOUT_S)
