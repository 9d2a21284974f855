"""Cross-signing: the keys by which users vouch for their devices and for each other, and the signatures they make.

No signature is kept that does not verify. Spec: Client-Server API, Cross-signing.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from homeserver.errors import Forbidden, InvalidParam, InvalidSignature, MatrixError, MissingParam, NotFound
from homeserver.protocol.device_keys import (
    ED25519,
    USAGES,
    BadKeys,
    check_cross_signing_key,
    check_signed_by_key,
    public_key,
    public_part,
    signed_by_owner_alone,
    without_signatures,
)
from homeserver.protocol.errors import BadJson, BadSignature
from homeserver.protocol.signing import verify_json
from homeserver.services.confirmation import Confirmation
from homeserver.services.device_lists import DeviceLists, for_peers
from homeserver.services.requester import Requester
from homeserver.services.turns import Turns
from homeserver.storage.devices import Devices
from homeserver.storage.e2e_keys import E2eKeys, Published, Signature
from homeserver.storage.rows import CrossSigningKeyRow, DeviceChangeRow, KeySignatureRow, Row
from homeserver.storage.stream import Stream

MASTER, SELF_SIGNING, USER_SIGNING = USAGES
MAX_SIGNATURES = 1_000
"""In one upload."""
FIELDS = {f"{usage}_key": usage for usage in USAGES}

Json = Mapping[str, Any]


class CrossSigning:
    """Takes cross-signing keys and signatures."""

    def __init__(
        self,
        *,
        table: E2eKeys,
        devices: Devices,
        device_lists: DeviceLists,
        confirmation: Confirmation,
        stream: Stream,
    ) -> None:
        self._table = table
        self._devices = devices
        self._device_lists = device_lists
        self._confirmation = confirmation
        self._stream = stream
        self._turns = Turns()

    # -- keys ------------------------------------------------------------------------------------------------------

    async def upload_keys(self, requester: Requester, given: Json, auth: Json | None) -> None:
        """Set cross-signing keys (`master_key`, ... -> key). The user proves who they are unless it is the first time.

        Raises InvalidParam, MissingParam (no master key), InvalidSignature, Forbidden (the key is named like a
        device), ui_auth.Required. Spec: Client-Server API, POST keys/device_signing/upload.
        """
        async with self._turns.of(requester.user_id):
            await self._upload_keys(requester, given, auth)

    async def _upload_keys(self, requester: Requester, given: Json, auth: Json | None) -> None:
        user_id = requester.user_id
        keys = {usage: _checked(given[name], user_id, usage) for name, usage in FIELDS.items() if given.get(name)}
        published = (await self._table.published([user_id]))[user_id]
        changed = {usage: key for usage, key in keys.items() if _is_new(key, published.cross_signing.get(usage))}
        master = keys.get(MASTER) or _decoded(published.cross_signing.get(MASTER))
        if master is None:
            raise MissingParam("There is no master key: upload one first.")
        for usage in (SELF_SIGNING, USER_SIGNING):
            if usage in keys:
                _check_vouched(keys[usage], user_id, public_part(master))
        await self._check_names(user_id, keys)
        if not changed:
            return
        if MASTER in published.cross_signing:
            await self._confirmation.check(requester, "POST /keys/device_signing/upload", given, auth)
        for usage, key in changed.items():
            published.cross_signing[usage] = orjson.dumps(key)
        rows = [
            CrossSigningKeyRow(user_id=user_id, usage=usage, content=orjson.dumps(key))
            for usage, key in changed.items()
        ]
        news = await self._device_lists.changed(user_id, {}, keys=for_peers(published, user_id)[1])
        await self._stream.write(*rows, *news)

    async def _check_names(self, user_id: str, keys: Mapping[str, Json]) -> None:
        parts = [public_part(key) for key in keys.values()]
        if len(set(parts)) < len(parts):
            raise InvalidParam("Each usage needs a key of its own.")
        if {device.device_id for device in await self._devices.of_user(user_id)} & set(parts):
            raise Forbidden("A cross-signing key may not be named like a device.")

    # -- signatures ------------------------------------------------------------------------------------------------

    async def upload_signatures(self, requester: Requester, given: Json) -> dict[str, dict[str, MatrixError]]:
        """Add signatures (user id -> key id -> signed key); what was wrong with those that were not taken.

        Spec: Client-Server API, POST keys/signatures/upload.
        """
        failures: dict[str, dict[str, MatrixError]] = {}
        users = [user_id for user_id in given if "\0" not in user_id]
        if sum(len(keys) for keys in given.values() if isinstance(keys, dict)) > MAX_SIGNATURES:
            raise InvalidParam(f"At most {MAX_SIGNATURES} signatures at once.")
        known = await self._table.published({*users, requester.user_id}, requester.user_id)
        own = known[requester.user_id]
        taken: list[KeySignatureRow] = []
        for user_id, signed_keys in given.items():
            for key_id, signed in (signed_keys if isinstance(signed_keys, dict) else {}).items():
                target = known.get(user_id, Published())
                try:
                    taken += _signatures(requester.user_id, own, user_id, target, key_id, signed)
                except MatrixError as error:
                    failures.setdefault(user_id, {})[key_id] = error
        if taken:
            await self._stream.write(*taken, *await self._news(requester.user_id, own, taken))
        return failures

    async def _news(self, user_id: str, own: Published, taken: list[KeySignatureRow]) -> list[Row]:
        """Whom the signatures concern: of one's own keys everybody, of others' keys oneself."""
        for row in taken:
            if row.user_id == user_id:
                own.signatures.append(Signature(row.key_id, row.signer_id, row.signer_key_id, row.signature))
        devices, keys = for_peers(own, user_id)
        signed = {row.key_id for row in taken if row.user_id == user_id}
        rows: list[Row] = []
        if signed:
            signed_devices = {device_id: devices[device_id] for device_id in devices.keys() & signed}
            news = keys if signed - devices.keys() else None
            rows += await self._device_lists.changed(user_id, signed_devices, keys=news)
        rows += [
            DeviceChangeRow(user_id=other, device_id=None, room_nids=(), observer=user_id)
            for other in sorted({row.user_id for row in taken} - {user_id})
        ]
        return rows


def _signatures(
    signer: str, own: Published, user_id: str, target: Published, key_id: str, signed: object
) -> list[KeySignatureRow]:
    """The new signatures of `signer` on a key of `user_id`, verified. Raises MatrixError."""
    if not isinstance(signed, dict):
        raise InvalidParam("A signed key is an object.")
    stored, allowed = _target(own, target, key_id) if user_id == signer else _master_of_other(own, target, key_id)
    signatures = signed.get("signatures")
    given = signatures.get(signer) if isinstance(signatures, dict) else None
    made = {name: text for name, text in given.items() if name in allowed} if isinstance(given, dict) else {}
    if not made:
        raise InvalidSignature("The key is not signed by one of yours that may sign it.")
    if without_signatures(signed) != without_signatures(stored):
        raise InvalidSignature("What is signed is not the key that is published.")
    rows = []
    for signer_key_id, text in made.items():
        try:
            verify_json(signed, signer, signer_key_id, public_key(allowed[signer_key_id]))
        except (BadSignature, BadJson) as error:
            raise InvalidSignature(str(error)) from error
        rows.append(
            KeySignatureRow(
                user_id=user_id, key_id=key_id, signer_id=signer, signer_key_id=signer_key_id, signature=text
            )
        )
    return rows


def _target(own: Published, target: Published, key_id: str) -> tuple[Json, dict[str, str]]:
    """One's own device with what may sign it (the self-signing key), or one's master key (one's devices)."""
    if key_id in target.devices:
        return orjson.loads(target.devices[key_id]), _signing_key(own, SELF_SIGNING)
    master = _decoded(target.cross_signing.get(MASTER))
    if master is None or public_part(master) != key_id:
        raise NotFound("There is no such key.")
    devices = {device_id: orjson.loads(keys)["keys"] for device_id, keys in own.devices.items()}
    names = {device_id: ED25519 + device_id for device_id in devices}
    return master, {names[one]: keys[names[one]] for one, keys in devices.items() if names[one] in keys}


def _master_of_other(own: Published, target: Published, key_id: str) -> tuple[Json, dict[str, str]]:
    """Another's master key, and what may sign it: one's user-signing key."""
    master = _decoded(target.cross_signing.get(MASTER))
    if master is None or public_part(master) != key_id:
        raise NotFound("There is no such key.")
    return master, _signing_key(own, USER_SIGNING)


def _signing_key(own: Published, usage: str) -> dict[str, str]:
    key = _decoded(own.cross_signing.get(usage))
    return {ED25519 + public_part(key): public_part(key)} if key is not None else {}


def _checked(key: object, user_id: str, usage: str) -> dict[str, Any]:
    """A cross-signing key as it is stored."""
    if not isinstance(key, dict):
        raise InvalidParam(f"The {usage} key is an object.")
    try:
        check_cross_signing_key(key, user_id, usage)
    except (BadKeys, BadJson) as error:
        raise InvalidParam(f"{error}.") from error
    return signed_by_owner_alone(key, user_id)


def _check_vouched(key: Json, user_id: str, master: str) -> None:
    try:
        check_signed_by_key(key, user_id, master)
    except BadSignature as error:
        raise InvalidSignature(f"The master key must sign the other keys: {error}.") from error


def _decoded(text: bytes | None) -> dict[str, Any] | None:
    decoded: dict[str, Any] | None = orjson.loads(text) if text is not None else None
    return decoded


def _is_new(key: Json, stored: bytes | None) -> bool:
    """Whether this is another key than the stored one; other signatures alone do not make it so."""
    return stored is None or without_signatures(key) != without_signatures(orjson.loads(stored))
