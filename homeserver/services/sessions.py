"""Sessions: the one auth gate, tokens, refreshing, logging out.

A token is 256 bits of chance behind a prefix that says its kind; only its SHA-256 is stored. A revocation is a row of
the stream, so it reaches every process and every open socket. Spec: Client-Server API, Client Authentication.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from homeserver.clock import Clock, Rng
from homeserver.errors import InvalidParam, UnknownToken, UserDeactivated, UserLocked
from homeserver.protocol.identifiers import DeviceId, UserId
from homeserver.services.requester import Requester
from homeserver.storage.rows import RevocationRow, Row
from homeserver.storage.sessions import Session
from homeserver.storage.sessions import Sessions as SessionTable
from homeserver.storage.stream import Stream

ACCESS_PREFIX = "hea_"
REFRESH_PREFIX = "her_"
TOKEN_BYTES = 32
ACCESS_LIFE_MS = 60 * 60 * 1000
CACHED_SESSIONS = 50_000
DEVICE_ID_LETTERS = 10
MAX_DEVICE_ID = 255
MAX_DEVICE_NAME = 100

Revoked = Callable[[RevocationRow], None]
NewsOfDevices = Callable[[str, Collection[str] | None], Awaitable[Sequence[Row]]]


class Tokens(NamedTuple):
    """What a client gets; `refresh_token` and `expires_in_ms` only when it asked for a refresh token."""

    user_id: UserId
    device_id: DeviceId
    access_token: str
    refresh_token: str | None
    expires_in_ms: int | None


class Sessions:
    """Who a token belongs to, for as long as it is good."""

    def __init__(self, table: SessionTable, stream: Stream, clock: Clock, rng: Rng) -> None:
        self._table = table
        self._stream = stream
        self._clock = clock
        self._rng = rng
        self._cached: OrderedDict[bytes, Requester] = OrderedDict()
        self._by_user: dict[str, set[bytes]] = {}
        self._revocations = 0
        """How many were applied: a session read before the last one may have ended."""
        self._unconfirmed: set[int] = set()
        self._on_revoked: list[Revoked] = []
        self._news_of: NewsOfDevices = _no_news

    def on_revoked(self, listener: Revoked) -> None:
        """Have `listener` called when access ends, to close what is open."""
        self._on_revoked.append(listener)

    def tell_of_devices_by(self, news_of: NewsOfDevices) -> None:
        """Have the rows of `news_of` written with the end of devices (None: all of the user)."""
        self._news_of = news_of

    async def authenticate(self, token: str) -> Requester:
        """Whose token it is [0 trips known, 1 new]. Raises UnknownToken, UserDeactivated; locked users get through.

        The gate looks at `is_locked`: logging out stays allowed.
        """
        digest = _digest(token)
        requester = self._cached.get(digest)
        if requester is None:
            session = await self._read(digest)
            if session is None:
                raise UnknownToken
            if session.is_deactivated:
                raise UserDeactivated
            requester = self._remember(digest, session)
        expires = requester.expires_at_ms
        if expires is not None and expires <= self._clock.now_ms():
            raise UnknownToken("The access token has expired.", soft_logout=True)
        if requester.session_nid in self._unconfirmed:
            self._unconfirmed.discard(requester.session_nid)
            await self._table.confirm_refresh(requester.session_nid)
        return requester

    async def _read(self, digest: bytes) -> Session | None:
        """The session of a token; read again when access of anyone ended meanwhile, since it may be this one's."""
        while True:
            before = self._revocations
            session = await self._table.authenticate(digest)
            if session is None or before == self._revocations:
                return session

    def _remember(self, digest: bytes, session: Session) -> Requester:
        requester = Requester(
            user_id=UserId(session.user_id),
            device_id=DeviceId(session.device_id) if session.device_id is not None else None,
            user_nid=session.user_nid,
            device_nid=session.device_nid,
            session_nid=session.session_nid,
            is_guest=session.is_guest,
            is_admin=session.is_admin,
            is_locked=session.is_locked,
            is_suspended=session.is_suspended,
            is_shadow_banned=session.is_shadow_banned,
            is_unlimited=session.messages_per_second == 0 and session.message_burst == 0,
            message_rate=_rate(session),
            expires_at_ms=session.access_expires_ts,
        )
        self._cached[digest] = requester
        self._by_user.setdefault(session.user_id, set()).add(digest)
        if len(self._cached) > CACHED_SESSIONS:
            self._drop(next(iter(self._cached)))
        return requester

    def _drop(self, digest: bytes) -> None:
        requester = self._cached.pop(digest, None)
        if requester is None:
            return
        digests = self._by_user[requester.user_id]
        digests.discard(digest)
        if not digests:
            del self._by_user[requester.user_id]

    async def begin(
        self, user_id: str, *, device_id: str | None, display_name: str | None, wants_refresh: bool
    ) -> Tokens:
        """Log a user in on a device, new or known; what was logged in on that device before is logged out.

        Raises InvalidParam.
        """
        check_device(device_id, display_name)
        if device_id is None:
            device_id = self._rng.capitals(DEVICE_ID_LETTERS)
        else:
            await self._end_device_sessions(user_id, device_id)
        access = ACCESS_PREFIX + self._rng.token(TOKEN_BYTES)
        refresh = REFRESH_PREFIX + self._rng.token(TOKEN_BYTES) if wants_refresh else None
        now, before = self._clock.now_ms(), self._revocations
        session = await self._table.create(
            user_id=user_id,
            device_id=device_id,
            access_hash=_digest(access),
            access_expires_ts=now + ACCESS_LIFE_MS if wants_refresh else None,
            refresh_hash=_digest(refresh) if refresh is not None else None,
            display_name=display_name,
            now_ms=now,
        )
        if before == self._revocations:
            self._remember(_digest(access), session)
        life = ACCESS_LIFE_MS if wants_refresh else None
        return Tokens(UserId(user_id), DeviceId(device_id), access, refresh, life)

    async def _end_device_sessions(self, user_id: str, device_id: str) -> None:
        ended = await self._table.sessions_of_device(user_id, device_id)
        if ended:
            await self._stream.write(
                *(RevocationRow(user_id=user_id, kind="session", device_id=device_id, session_nid=nid) for nid in ended)
            )

    async def refresh(self, refresh_token: str) -> Tokens:
        """New tokens for a refresh token. One that was used up and replaced ends the session: it was stolen.

        Raises UnknownToken, UserLocked. Spec: Client-Server API, Refreshing access tokens.
        """
        access = ACCESS_PREFIX + self._rng.token(TOKEN_BYTES)
        renewed = REFRESH_PREFIX + self._rng.token(TOKEN_BYTES)
        before = self._revocations
        outcome = await self._table.refresh(
            _digest(refresh_token),
            access_hash=_digest(access),
            new_refresh_hash=_digest(renewed),
            access_expires_ts=self._clock.now_ms() + ACCESS_LIFE_MS,
        )
        session = outcome.session
        if session is not None and outcome.reused:
            await self._revoke(session.user_id, "session", session.device_id, session.session_nid)
        if session is None or outcome.reused:
            raise UnknownToken("The refresh token is not known.", soft_logout=False)
        if session.is_locked:
            raise UserLocked
        for digest in list(self._by_user.get(session.user_id, ())):
            if self._cached[digest].session_nid == session.session_nid:
                self._drop(digest)
        if before == self._revocations:
            self._remember(_digest(access), session)
        self._unconfirmed.add(session.session_nid)
        assert session.device_id is not None
        return Tokens(UserId(session.user_id), DeviceId(session.device_id), access, renewed, ACCESS_LIFE_MS)

    async def end(self, requester: Requester) -> None:
        """Log out: the session and its device are gone. Spec: Client-Server API, POST /logout."""
        if requester.device_id is None:
            await self._revoke(requester.user_id, "session", None, requester.session_nid)
        else:
            await self.end_devices(requester.user_id, [requester.device_id])

    async def end_devices(self, user_id: str, device_ids: Iterable[str]) -> None:
        """Delete devices with their sessions, all at once."""
        ended = list(device_ids)
        rows = [RevocationRow(user_id=user_id, kind="device", device_id=device_id) for device_id in ended]
        if rows:
            await asyncio.shield(self._stream.write(*rows, *await self._news_of(user_id, ended)))

    async def end_all(self, user_id: str, *, but: Requester | None = None) -> None:
        """Log a user out everywhere, or everywhere but here."""
        if but is None:
            news = await self._news_of(user_id, None)
            await asyncio.shield(self._stream.write(RevocationRow(user_id=user_id, kind="user"), *news))
            return
        others = {device for _, device in await self._table.of_user(user_id) if device != but.device_id}
        await self.end_devices(user_id, (device for device in others if device))

    async def _revoke(self, user_id: str, kind: str, device_id: str | None, session_nid: int | None) -> None:
        await asyncio.shield(
            self._stream.write(RevocationRow(user_id=user_id, kind=kind, device_id=device_id, session_nid=session_nid))
        )

    def apply(self, row: Row) -> None:
        """Follow the stream: forget tokens that are revoked."""
        if not isinstance(row, RevocationRow):
            return
        self._revocations += 1
        for digest in list(self._by_user.get(row.user_id, ())):
            if row.kind == "account" or concerns(row, self._cached[digest]):
                self._drop(digest)
        for listener in self._on_revoked:
            listener(row)


def check_device(device_id: str | None, display_name: str | None) -> None:
    """Raise InvalidParam for an id or a name that no device can have."""
    for text, limit in ((device_id, MAX_DEVICE_ID), (display_name, MAX_DEVICE_NAME)):
        if text is not None and (len(text) > limit or "\0" in text):
            raise InvalidParam(f"A device's id has at most {MAX_DEVICE_ID} characters, its name {MAX_DEVICE_NAME}.")
    if device_id == "":
        raise InvalidParam("A device's id is not empty.")


async def _no_news(_user_id: str, _device_ids: Collection[str] | None) -> Sequence[Row]:
    return ()


def concerns(revocation: RevocationRow, requester: Requester) -> bool:
    """Whether the requester's access ends with this revocation."""
    if revocation.user_id != requester.user_id:
        return False
    match revocation.kind:
        case "session":
            return revocation.session_nid == requester.session_nid
        case "device":
            return revocation.device_id == requester.device_id
        case kind:
            return kind == "user"


def _rate(session: Session) -> tuple[float, float] | None:
    if session.messages_per_second is None or session.message_burst is None:
        return None
    return session.messages_per_second, session.message_burst


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
