"""Where sockets come in: the upgrade, who may have how many, and their end when access or the server ends."""

import asyncio
import itertools
from collections.abc import Sequence

from quart import Quart, Websocket, websocket

from homeserver.asgi.request import ClientGone, IpNetwork, Request, client_address
from homeserver.client_api.http import Origin
from homeserver.client_api.socket import frames
from homeserver.client_api.socket.frames import SUBPROTOCOL, Ended
from homeserver.client_api.socket.session import Parts, Session
from homeserver.errors import LimitExceeded, MatrixError
from homeserver.services.ratelimit import Limits, address_key
from homeserver.services.sessions import Sessions, concerns
from homeserver.storage.rows import RevocationRow

PATH = "/_matrix/client/unstable/app.hearth.stream/v1/ws"
PER_DEVICE = 3
PER_USER = 20
PER_ADDRESS = 100
PER_PROCESS = 20_000
RESTART_SPREAD_MS = 3_000
CHANGED_MS = 100

Refusal = tuple[dict[str, object], int, dict[str, str]]


class Door:
    """The sockets of this process."""

    def __init__(
        self,
        parts: Parts,
        sessions: Sessions,
        limits: Limits,
        *,
        stopping: asyncio.Event,
        trusted_proxies: Sequence[IpNetwork] = (),
    ) -> None:
        self._parts = parts
        self._limits = limits
        self._stopping = stopping
        self._trusted_proxies = trusted_proxies
        self._open: dict[Session, str] = {}
        """Every socket with its client's address; those before their `hello` too."""
        self._by_user: dict[int, dict[tuple[int, int, str], Session]] = {}
        self._numbers = itertools.count(1)
        sessions.on_revoked(self._revoked)

    def application(self) -> Quart:
        """The Quart application that serves the sockets."""
        quart = Quart("hearth")
        quart.add_websocket(PATH, view_func=self._connect)
        return quart

    async def run(self) -> None:
        """Send everyone away, to come back at different times, when the server stops."""
        await self._stopping.wait()
        for session in list(self._open):
            after = 500 + int(self._parts.rng.random() * RESTART_SPREAD_MS)
            session.end(Ended(frames.RESTART, "restart", retry_after_ms=after))

    # -- the upgrade -----------------------------------------------------------------------------------------------

    async def _connect(self) -> Refusal | None:
        wire: Websocket = websocket._get_current_object()  # type: ignore[attr-defined]  # Quart's proxy costs on each use
        request = Request({**wire.scope, "method": "GET"}, _nothing, f"ws-{next(self._numbers):x}")
        address = client_address(request, self._trusted_proxies)
        refused = await self._refused(wire, request, address)
        if refused is not None:
            return refused
        await wire.accept(subprotocol=SUBPROTOCOL)
        origin = Origin(address, request.user_agent, request.id)
        session = Session(self._parts, wire, origin, _bearer(request), self._admit)
        self._open[session] = address
        try:
            await session.run()
        finally:
            self._forget(session)
        return None

    async def _refused(self, wire: Websocket, request: Request, address: str) -> Refusal | None:
        """Why the upgrade is not made. Nothing is said of tokens: they never belong into an address."""
        if b"access_token" in request.raw_query:
            return _refusal(MatrixError("The access token goes into the first frame.", errcode="M_INVALID_PARAM"))
        if request.refusal is not None or SUBPROTOCOL not in wire.requested_subprotocols:
            return _refusal(MatrixError(f"The subprotocol is {SUBPROTOCOL}.", errcode="M_INVALID_PARAM"))
        from_there = sum(1 for one in self._open.values() if one == address) if len(self._open) > PER_ADDRESS else 0
        if self._stopping.is_set() or len(self._open) >= PER_PROCESS or from_there >= PER_ADDRESS:
            return _refusal(LimitExceeded(retry_after_ms=60_000))
        try:
            await self._limits.take("socket", address_key(address))
        except LimitExceeded as error:
            return _refusal(error)
        return None

    # -- who may have how many -------------------------------------------------------------------------------------

    def _admit(self, session: Session) -> None:
        """Let the newest socket of a connection win, and the oldest idle one go when there are too many."""
        mine = self._by_user.setdefault(session.requester.user_nid, {})
        older = mine.pop(session.key, None)
        if older is not None:
            older.end(Ended(frames.REPLACED, "replaced by a newer socket"))
        same_device = [one for key, one in mine.items() if key[:2] == session.key[:2]]
        for crowd, most in ((same_device, PER_DEVICE), (list(mine.values()), PER_USER)):
            if len(crowd) >= most:
                idlest = min(crowd, key=lambda one: one.used_at)
                mine.pop(idlest.key, None)
                idlest.end(Ended(frames.TOO_MANY, "too many sockets", retry_after_ms=60_000))
        mine[session.key] = session

    def _forget(self, session: Session) -> None:
        del self._open[session]
        if session.is_known:
            mine = self._by_user.get(session.requester.user_nid, {})
            if mine.get(session.key) is session:
                del mine[session.key]
                if not mine:
                    del self._by_user[session.requester.user_nid]

    def _revoked(self, revocation: RevocationRow) -> None:
        """End the sockets whose access has ended; those of an account that may do other things now begin anew."""
        for session in list(self._open):
            if not session.is_known:
                continue
            if revocation.kind == "account" and revocation.user_id == session.requester.user_id:
                session.end(Ended(frames.RESTART, "the account has changed", retry_after_ms=CHANGED_MS))
            elif concerns(revocation, session.requester):
                session.end(Ended(frames.BAD_TOKEN, "logged out", errcode="M_UNKNOWN_TOKEN", soft_logout=False))


def _refusal(error: MatrixError) -> Refusal:
    return dict(error.body()), error.status, {name: str(value) for name, value in error.headers.items()}


def _bearer(request: Request) -> str | None:
    if request.authorization is None:
        return None
    scheme, _, token = request.authorization.decode("latin-1").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


async def _nothing() -> dict[str, object]:
    raise ClientGone
