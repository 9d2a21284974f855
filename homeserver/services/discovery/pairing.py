"""Contacts across servers that their admins have paired: each asks the other by hashes, and signs what it answers.

Both sides keep their own rules: who is found wants it and has the asker's number, and nobody learns more than a few new
numbers a day. Hashes of numbers can be guessed by who has the pepper: a paired server is trusted not to. Not of the
specification: docs/extensions.md, Being found by number.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
import structlog
from msgspec import structs

from homeserver.clock import Clock
from homeserver.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError
from homeserver.protocol.canonical_json import encode
from homeserver.protocol.errors import BadIdentifier, BadJson, BadSignature
from homeserver.protocol.hashes import encode_base64
from homeserver.protocol.identifiers import parse_user_id, server_of
from homeserver.protocol.signing import SigningKey, sign_json, verify_json
from homeserver.services.discovery.contacts import MAX_ASKED, MAX_HASH, NEW_A_DAY, ContactDiscovery, InvalidPepper
from homeserver.services.keyring import Keyring
from homeserver.storage.contact_lookups import DAY_MS, ContactLookups

log = structlog.get_logger()

MAX_OWN: Final = 10
SERVER_A_DAY: Final = 1_000
"""Numbers that all users of one server are told of within a day."""

Json = Mapping[str, Any]
Ask = Callable[[str, Json], Awaitable[Json]]
"""Brings a question to a server; its answer, unchecked. Raises MatrixError."""


class Question(msgspec.Struct, frozen=True):
    """What a server asks for one of its users: hashes of the user's own numbers, and of those they look for."""

    finder: str
    own: Sequence[str]
    addresses: Sequence[str]
    pepper: str


class Pairing:
    """Asks paired servers, and answers them."""

    def __init__(
        self,
        *,
        key: SigningKey,
        servers: Collection[str],
        discovery: ContactDiscovery,
        lookups: ContactLookups,
        keyring: Keyring,
        ask: Ask,
        clock: Clock,
    ) -> None:
        """`servers`: those that the admin has named."""
        self._key = key
        self._servers = sorted(set(servers) - {key.server})
        self._discovery = discovery
        self._lookups = lookups
        self._keyring = keyring
        self._ask = ask
        self._clock = clock

    async def lookup(self, finder: str, own: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
        """Whom the finder finds on paired servers, by hash; a server that does not answer rightly is left out."""
        if not wanted or not own:
            return {}
        question = Question(finder, own[:MAX_OWN], wanted, self._discovery.pepper)
        answers = await asyncio.gather(*(self._lookup_at(server, question) for server in self._servers))
        found: dict[str, str] = {}
        for answer in answers:
            found.update({one: who for one, who in answer.items() if one not in found})
        return found

    async def _lookup_at(self, server: str, question: Question) -> dict[str, str]:
        try:
            answer = await self._ask(server, structs.asdict(question))
            await self._check(server, question, answer)
        except (MatrixError, BadSignature, BadJson) as error:
            log.warning("a paired server was left out", server=server, why=str(error))
            return {}
        mappings, wanted = answer.get("mappings"), set(question.addresses)
        told = mappings.items() if isinstance(mappings, dict) else ()
        return {one: str(who) for one, who in told if one in wanted and _is_of(server, who)}

    async def _check(self, server: str, question: Question, answer: Json) -> None:
        """That the server has signed this answer to this question. Raises BadSignature, BadJson."""
        if answer.get("asked") != _digest(question):
            raise BadSignature("the answer is to another question")
        signatures = answer.get("signatures")
        block = signatures.get(server) if isinstance(signatures, Mapping) else None
        key_id = next(iter(block), None) if isinstance(block, Mapping) else None
        if not isinstance(key_id, str):
            raise BadSignature(f"not signed by {server}")
        verify_json(answer, server, key_id, await self._keyring.request_key(server, key_id))

    async def answer(self, origin: str, question: Question) -> Json:
        """Whom a user of a paired server finds here, signed. Raises Forbidden, InvalidParam, LimitExceeded."""
        if origin not in self._servers:
            raise Forbidden("This server is not paired with yours.")
        if not _is_of(origin, question.finder):
            raise Forbidden("You may ask for your own users only.")
        if question.pepper != self._discovery.pepper:
            raise InvalidPepper
        hashes = [*question.own, *question.addresses]
        if len(question.addresses) > MAX_ASKED or len(question.own) > MAX_OWN:
            raise InvalidParam(f"At most {MAX_ASKED} numbers are looked up at once, for {MAX_OWN} of one's own.")
        if any(len(one) > MAX_HASH for one in hashes):
            raise InvalidParam("A hash of SHA-256 is shorter.")
        now = self._clock.now_ms()
        if await self._lookups.told_to(origin, now) >= SERVER_A_DAY:
            raise LimitExceeded("Your server was told enough for today.", retry_after_ms=DAY_MS)
        indexes = {self._discovery.index(one): one for one in question.addresses}
        own = [self._discovery.index(one) for one in question.own]
        found = await self._lookups.mutual(question.finder, own, list(indexes))
        told = await self._lookups.admit(question.finder, found, now, NEW_A_DAY)
        mappings = {indexes[index]: who for index, who in found.items() if index in told}
        return sign_json({"asked": _digest(question), "mappings": mappings, "ts": now}, self._key)


def _digest(question: Question) -> str:
    return encode_base64(sha256(encode(structs.asdict(question))).digest())


def _is_of(server: str, user_id: object) -> bool:
    try:
        return isinstance(user_id, str) and server_of(parse_user_id(user_id)) == server
    except BadIdentifier:
        return False
