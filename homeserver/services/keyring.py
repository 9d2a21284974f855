"""Signing keys: our own, and those of peers as they are, were, and for how long. The only judge of foreign signatures.

A peer's keys come from memory, the database, the peer itself, and only then from notaries; every document is checked
by its owner's own signature, and a key id once known never changes its key.
Spec: Server-Server API, Retrieving server keys.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import structlog

from homeserver.clock import Clock
from homeserver.federation.client.errors import FederationError
from homeserver.federation.client.keys import Keys
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadJson, BadSignature
from homeserver.protocol.hashes import decode_base64
from homeserver.protocol.room_versions import RoomVersion
from homeserver.protocol.signing import (
    SigningKey,
    required_signers,
    sign_json,
    signature_of,
    verify_event,
    verify_json,
)
from homeserver.services.turns import slices
from homeserver.storage.server_keys import ServerKeyTable

log = structlog.get_logger()

MAX_VALIDITY_MS: Final = 7 * 24 * 3600 * 1000
OUR_VALIDITY_MS: Final = 24 * 3600 * 1000
FIRST_PAUSE_S: Final = 30.0
MAX_PAUSE_S: Final = 900.0
MAX_SERVERS: Final = 20_000
MAX_KEYS: Final = 100
"""Keys taken from one document."""
INLINE: Final = 30
"""Up to this many events are verified on the loop (about 0.1 ms each); more go to the pool. To hand a few to a thread
costs more: the loop has to wait until the thread gives the interpreter back."""
AT_ONCE: Final = 20
MANY: Final = 500
"""PDUs that are looked at in one turn on the loop."""
POLICY_SERVER_KEY: Final = "ed25519:policy_server"


class KeyUnknown(BadSignature):
    """The key could not be had: nothing is known about the signature."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key of a peer. Times in ms. `expired_ts`: since when the peer no longer signs with it, None while it does."""

    server: str
    key_id: str
    verify_key: bytes
    valid_until_ts: int
    fetched_ts: int
    expired_ts: int | None = None

    @property
    def good_until(self) -> int:
        """The last moment for which the key vouches, as far as we have heard."""
        return min(self.valid_until_ts, self.fetched_ts + MAX_VALIDITY_MS)

    @property
    def half_life(self) -> int:
        """When a notary should ask again."""
        return self.fetched_ts + (self.good_until - self.fetched_ts) // 2


@dataclass(slots=True)
class _Server:
    keys: dict[str, KeyRecord]
    not_before: float = 0.0
    """Monotonic time before which the peer is not asked again."""
    pause_s: float = 0.0


class Keyring:
    """Verifies requests and events of peers; publishes our key."""

    def __init__(
        self,
        key: SigningKey,
        table: ServerKeyTable,
        client: Keys,
        clock: Clock,
        *,
        notaries: Sequence[str] = (),
        old_keys: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self._key = key
        self._table = table
        self._client = client
        self._clock = clock
        self._notaries = [name for name in notaries if name != key.server]
        self._old_keys = dict(old_keys or {})
        self._servers: dict[str, _Server] = {}
        self._fetching: dict[str, asyncio.Future[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="verify")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- our own key -----------------------------------------------------------------------------------------------

    def own_document(self) -> dict[str, Any]:
        """What `/_matrix/key/v2/server` answers, valid for a day from now."""
        return sign_json(
            {
                "server_name": self._key.server,
                "valid_until_ts": self._clock.now_ms() + OUR_VALIDITY_MS,
                "verify_keys": {self._key.key_id: {"key": self._key.verify_key_base64}},
                "old_verify_keys": {
                    key_id: {"key": public, "expired_ts": expired}
                    for key_id, (public, expired) in self._old_keys.items()
                },
            },
            self._key,
        )

    # -- verifying -------------------------------------------------------------------------------------------------

    async def request_key(self, server: str, key_id: str) -> bytes:
        """The key for a request signed now. Raises KeyUnknown."""
        now = self._clock.now_ms()
        record = await self._key_at(server, key_id, now)
        if record is None or record.expired_ts is not None or record.good_until < now:
            raise KeyUnknown(f"no valid key {key_id} of {server}")
        return record.verify_key

    async def verify_pdus(self, pdus: Sequence[tuple[Mapping[str, Any], RoomVersion]]) -> list[BadSignature | None]:
        """For each PDU None, or why a signature that it needs is not good. PDUs must be well-formed.

        Spec: Server-Server API, Signing Events; Room Versions, Signing key validity period.
        """
        wanted: set[tuple[str, str, int]] = set()
        async for portion in slices(pdus, MANY):
            wanted.update(need for pdu, rules in portion for need in _needs(pdu, rules))
        await self.prepare(wanted)
        jobs = []
        async for portion in slices(pdus, MANY):
            jobs += [(pdu, rules, self._usable(pdu, rules)) for pdu, rules in portion]
        if len(jobs) <= INLINE:
            return [_verify(*job) for job in jobs]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: [_verify(*job) for job in jobs])

    async def verify_signed_by(self, pdu: Mapping[str, Any], rules: RoomVersion, server: str) -> None:
        """Check the signature of one more server than the event needs (an invited user's). Raises BadSignature."""
        wanted = {(server, key_id, _ts(pdu, rules)) for key_id in _key_ids(pdu, server)}
        await self.prepare(wanted)
        problem = _verify(pdu, rules, {server: self._usable_of(pdu, rules, server)})
        if problem is not None:
            raise problem

    async def prepare(self, wanted: Collection[tuple[str, str, int]]) -> None:
        """Have the keys (server, key id, needed at ms) in memory, as far as they can be had."""
        unknown = {server for server, _, _ in wanted if server not in self._servers and server != self._key.server}
        if unknown:
            await self._load(unknown)
        missing: dict[str, int] = {}
        for server, key_id, ts in wanted:
            if server != self._key.server and not self._has(server, key_id, ts):
                missing[server] = max(missing.get(server, 0), ts)
        if not missing:
            return
        await asyncio.gather(*(self._fetch(server) for server in missing))
        left = {server: ts for server, key_id, ts in wanted if server in missing and not self._has(server, key_id, ts)}
        if left and self._notaries:
            await self._ask_notaries(left)

    async def documents(self, wanted: Mapping[str, int]) -> list[dict[str, Any]]:
        """Key documents of `wanted` (server -> needed until ms) with our signature added, as a notary gives them."""
        others = [server for server in wanted if server != self._key.server]
        await self._load(set(others))
        now = self._clock.now_ms()
        stale = [server for server in others if self._half_life(server) < max(now, min(wanted[server], now))]
        await asyncio.gather(*(self._fetch(server) for server in stale))
        kept = await self._table.documents(others) if others else []
        found = [sign_json(canonical_json.decode(entry.document), self._key) for entry in kept]
        if self._key.server in wanted:
            found.append(self.own_document())
        return found

    # -- keys in memory --------------------------------------------------------------------------------------------

    async def _key_at(self, server: str, key_id: str, ts: int) -> KeyRecord | None:
        if server == self._key.server:
            return None  # nobody but us signs requests in our name
        await self.prepare({(server, key_id, ts)})
        known = self._servers.get(server)
        return known.keys.get(key_id) if known else None

    def _has(self, server: str, key_id: str, ts: int) -> bool:
        known = self._servers.get(server)
        record = known.keys.get(key_id) if known else None
        return record is not None and (record.expired_ts is not None or record.good_until >= ts)

    def _half_life(self, server: str) -> int:
        known = self._servers.get(server)
        return (
            min((record.half_life for record in known.keys.values() if record.expired_ts is None), default=0)
            if known
            else 0
        )

    def _usable(self, pdu: Mapping[str, Any], rules: RoomVersion) -> dict[str, dict[str, bytes]]:
        return {server: self._usable_of(pdu, rules, server) for server in required_signers(pdu, rules)}

    def _usable_of(self, pdu: Mapping[str, Any], rules: RoomVersion, server: str) -> dict[str, bytes]:
        """Keys of `server` that signed `pdu`, are known, and were good at its time."""
        if server == self._key.server:
            ours = self._key.key_id
            return {ours: self._key.verify_key} if ours in _key_ids(pdu, server) else {}
        known = self._servers.get(server)
        usable: dict[str, bytes] = {}
        for key_id in _key_ids(pdu, server) if known else ():
            record = known.keys.get(key_id) if known else None
            if record is not None and _was_good(record, pdu["origin_server_ts"], rules):
                usable[key_id] = record.verify_key
        return usable

    async def _load(self, servers: Collection[str]) -> None:
        found: dict[str, dict[str, KeyRecord]] = {server: {} for server in servers}
        for kept in await self._table.documents(list(servers)) if servers else ():
            for record in read_document(kept.server, canonical_json.decode(kept.document), kept.fetched_ts):
                found[kept.server].setdefault(record.key_id, record)
                if record.verify_key == found[kept.server][record.key_id].verify_key:
                    found[kept.server][record.key_id] = record
        for server, keys in found.items():
            if server not in self._servers:
                if len(self._servers) >= MAX_SERVERS:
                    del self._servers[next(iter(self._servers))]
                self._servers[server] = _Server(keys)

    # -- fetching --------------------------------------------------------------------------------------------------

    async def _fetch(self, server: str) -> None:
        """Ask the peer itself; calls for one peer share a request, and failures are remembered for a while."""
        fetching = self._fetching.get(server)
        if fetching is not None:
            await asyncio.shield(fetching)
            return
        known = self._servers.setdefault(server, _Server({}))
        if known.not_before > self._clock.monotonic():
            return
        fetching = self._fetching[server] = asyncio.get_running_loop().create_future()
        try:
            async with self._slots:
                document = await self._client.of(server)
            await self._take(server, document)
            # A key id that the document lacks must not make us ask with every request.
            known.pause_s = 0.0
            known.not_before = self._clock.monotonic() + FIRST_PAUSE_S
        except (FederationError, BadSignature, BadJson) as error:
            known.pause_s = min(MAX_PAUSE_S, known.pause_s * 2 or FIRST_PAUSE_S)
            known.not_before = self._clock.monotonic() + known.pause_s
            log.info("keys not fetched", server=server, why=str(error))
        finally:
            del self._fetching[server]
            fetching.set_result(None)

    async def _ask_notaries(self, wanted: Mapping[str, int]) -> None:
        for notary in self._notaries:
            left = {server: ts for server, ts in wanted.items() if server != notary}
            if not left:
                continue
            await self._load({notary} - self._servers.keys())
            await self._fetch(notary)
            try:
                documents = await self._client.by_notary(notary, left)
            except FederationError as error:
                log.info("notary did not answer", notary=notary, why=str(error))
                continue
            for document in documents:
                server = document.get("server_name")
                if not isinstance(server, str) or server not in left:
                    continue
                try:
                    self._check_notary(document, notary)
                    await self._take(server, document)
                except (BadSignature, BadJson) as error:
                    log.warning("bad key document from notary", notary=notary, server=server, why=str(error))

    def _check_notary(self, document: Mapping[str, Any], notary: str) -> None:
        known = self._servers[notary]
        now = self._clock.now_ms()
        for key_id in _key_ids(document, notary):
            record = known.keys.get(key_id)
            if record is not None and record.expired_ts is None and record.good_until >= now:
                verify_json(document, notary, key_id, record.verify_key)
                return
        raise BadSignature(f"not signed by {notary}")

    async def _take(self, server: str, document: Mapping[str, Any]) -> None:
        """Check a document and keep its keys. Raises BadSignature, BadJson."""
        records = read_document(server, document, self._clock.now_ms())
        known = self._servers.setdefault(server, _Server({}))
        fresh: list[KeyRecord] = []
        for record in records:
            before = known.keys.get(record.key_id)
            if before is not None and before.verify_key != record.verify_key:
                log.warning("a key id changed its key; the first one stays", server=server, key_id=record.key_id)
                continue
            if before is not None and record.expired_ts is None and before.good_until >= record.good_until:
                continue
            known.keys[record.key_id] = record
            fresh.append(record)
        if fresh:
            keys = [(record.key_id, record.verify_key, record.valid_until_ts) for record in fresh]
            text = canonical_json.encode_lenient(document)
            await self._table.save(server, keys, self._clock.now_ms(), text)


def read_document(server: str, document: Mapping[str, Any], now_ms: int) -> list[KeyRecord]:
    """The keys of a key document that signs itself. Raises BadSignature, BadJson.

    Each current key that signed must have signed well, and at least one must have.
    """
    valid_until = document.get("valid_until_ts")
    if document.get("server_name") != server or type(valid_until) is not int:
        raise BadJson("not a key document of this server")
    current = _keys_in(document.get("verify_keys"))
    signed = [key_id for key_id in _key_ids(document, server) if key_id in current]
    if not signed:
        raise BadSignature("the document is not signed by a key that it lists")
    for key_id in signed:
        verify_json(document, server, key_id, current[key_id][0])
    good_until = min(valid_until, now_ms + MAX_VALIDITY_MS)
    records = [KeyRecord(server, key_id, key, good_until, now_ms, None) for key_id, (key, _) in current.items()]
    for key_id, (key, entry) in _keys_in(document.get("old_verify_keys")).items():
        expired = entry.get("expired_ts")
        if type(expired) is int and key_id not in current:
            records.append(KeyRecord(server, key_id, key, expired, now_ms, expired))
    return records


def _keys_in(listed: object) -> dict[str, tuple[bytes, Mapping[str, Any]]]:
    found: dict[str, tuple[bytes, Mapping[str, Any]]] = {}
    for key_id, entry in listed.items() if isinstance(listed, dict) else ():
        if not key_id.startswith("ed25519:") or key_id == POLICY_SERVER_KEY or not isinstance(entry, dict):
            continue
        try:
            key = decode_base64(entry.get("key", ""))
        except (ValueError, TypeError, AttributeError):
            continue
        if len(key) == 32 and len(key_id) <= 80 and len(found) < MAX_KEYS:
            found[key_id] = (key, entry)
    return found


def _key_ids(obj: Mapping[str, Any], server: str) -> list[str]:
    """Ids of the ed25519 keys with which `server` signed `obj`, as it claims."""
    signatures = obj.get("signatures")
    block = signatures.get(server) if isinstance(signatures, Mapping) else None
    if not isinstance(block, Mapping):
        return []
    return [key_id for key_id in block if key_id.startswith("ed25519:") and key_id != POLICY_SERVER_KEY][:MAX_KEYS]


def _needs(pdu: Mapping[str, Any], rules: RoomVersion) -> Iterable[tuple[str, str, int]]:
    for server in required_signers(pdu, rules):
        for key_id in _key_ids(pdu, server):
            yield server, key_id, _ts(pdu, rules)


def _ts(pdu: Mapping[str, Any], rules: RoomVersion) -> int:
    return int(pdu["origin_server_ts"]) if rules.enforce_key_validity else 0


def _was_good(record: KeyRecord, ts: int, rules: RoomVersion) -> bool:
    if record.expired_ts is not None:
        return ts <= record.expired_ts
    return not rules.enforce_key_validity or ts <= record.good_until


def _verify(
    pdu: Mapping[str, Any], rules: RoomVersion, usable: Mapping[str, Mapping[str, bytes]]
) -> BadSignature | None:
    """All signatures of known, good keys of each required server must match, and there must be one."""
    for server, keys in usable.items():
        if not keys:
            return KeyUnknown(f"no key of {server} is known that was good when it signed")
        for key_id, key in keys.items():
            try:
                signature_of(pdu, server, key_id)
                verify_event(pdu, rules, server, key_id, key)
            except BadSignature as error:
                return error
    return None
