"""User-interactive authentication: proving in stages that it is really you.

A session is bound to what it was begun for (method, path, body, user); nothing of the request is kept but a digest.
Spec: Client-Server API, User-Interactive Authentication API.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden, InvalidParam, LimitExceeded, MatrixError, MissingParam, Unrecognized
from homeserver.storage.sessions import UiAuthSession, UiAuthSessions

SESSION_LIFE_MS = 15 * 60 * 1000
SESSION_BYTES = 18
DUMMY = "m.login.dummy"
EMAIL = "m.login.email.identity"
MSISDN = "m.login.msisdn"
SSO = "m.login.sso"
RECAPTCHA = "m.login.recaptcha"
TERMS = "m.login.terms"
PASSWORD = "m.login.password"  # noqa: S105 - the name of a stage
TOKEN = "m.login.registration_token"  # noqa: S105 - the name of a stage
ADDRESSES = (EMAIL, MSISDN)
"""Stages that prove an address."""

Json = Mapping[str, Any]
Stage = Callable[[Json, UiAuthSession], Awaitable[Json | None]]
"""Checks one stage's `auth` object; raises MatrixError if it proves nothing. What it returns is kept (`kept`)."""
NO_PARAMS: Json = {}


class Served(NamedTuple):
    """A stage that this server can check by itself, and what clients must know to do it."""

    check: Stage
    params: Json


class Required(MatrixError):
    """More stages are to be done: 401 with the flows. Has an errcode only after a failed stage."""

    def __init__(
        self,
        flows: Sequence[Sequence[str]],
        session: UiAuthSession,
        failed: MatrixError | None = None,
        *,
        params: Mapping[str, Json] = NO_PARAMS,
    ) -> None:
        super().__init__("More authentication is needed.", status=401)
        self._body: dict[str, object] = {
            "flows": [{"stages": list(stages)} for stages in flows],
            "params": params,
            "session": session.session_id,
        }
        if session.completed or failed is not None:
            self._body["completed"] = list(session.completed)
        if failed is not None:
            self._body.update(failed.body())

    def body(self) -> dict[str, object]:
        return self._body


class Operation(NamedTuple):
    """What is to be authorised: a name (method and path pattern), the body without `auth`, the user if one is known."""

    name: str
    body: Json
    user_id: str | None

    def digest(self) -> str:
        """Names exactly this operation."""
        text = orjson.dumps([self.name, self.user_id, self.body], option=orjson.OPT_SORT_KEYS)
        return sha256(text).hexdigest()


class UiAuth:
    """Runs sessions."""

    def __init__(self, table: UiAuthSessions, clock: Clock, rng: Rng) -> None:
        self._table = table
        self._clock = clock
        self._rng = rng
        self._served: dict[str, Served] = {DUMMY: Served(dummy, NO_PARAMS)}

    def serve(self, kind: str, check: Stage, params: Json = NO_PARAMS) -> None:
        """Offer a stage, in requests and on its fallback page. `params`: what clients must know to do it."""
        self._served[kind] = Served(check, params)

    def serves(self, kind: str) -> bool:
        """Whether there is such a stage here."""
        return kind in self._served

    def params_of(self, kind: str) -> Json:
        """What clients must know to do the stage."""
        return self._served[kind].params

    async def check(self, operation: Operation, auth: Json | None, *, flows: Sequence[Sequence[str]]) -> UiAuthSession:
        """Return when one of the flows is complete; the session is then used up. Raises Required until it is.

        Every stage of the flows must be served.
        """
        session = await self._session(operation, auth)
        kind = auth.get("type") if auth is not None else None
        if kind is not None:
            session = await self._attempt(session, str(kind), auth or {}, flows)
        if not any(set(stages_of_flow) <= set(session.completed) for stages_of_flow in flows):
            raise Required(flows, session, params=self._params(flows))
        await self._table.delete(session.session_id)
        return session

    def _params(self, flows: Sequence[Sequence[str]]) -> dict[str, Json]:
        kinds = {kind for flow in flows for kind in flow}
        return {kind: self._served[kind].params for kind in sorted(kinds) if self._served[kind].params}

    async def find(self, session_id: str) -> UiAuthSession:
        """A session under way. Raises InvalidParam for one that is not known, or too old."""
        session = await self._table.read(session_id)
        if session is None or session.created_ts < self._clock.now_ms() - SESSION_LIFE_MS:
            raise InvalidParam("The session is not known, or too old: begin again without `auth`.")
        return session

    async def complete(self, session_id: str, kind: str, auth: Json) -> None:
        """Do one stage on its own, from its fallback page. Raises what the stage raises, InvalidParam, Unrecognized."""
        session = await self.find(session_id)
        if kind in session.completed:
            return
        if kind not in self._served:
            raise Unrecognized(f"There is no stage {kind!r}.")
        await self._done(session, kind, await self._served[kind].check(auth, session))

    async def vouch(self, session_id: str, kind: str) -> None:
        """Take a stage as done that was proven elsewhere, by whoever the session is of. Raises InvalidParam."""
        session = await self.find(session_id)
        if kind not in session.completed:
            await self._done(session, kind, None)

    async def _done(self, session: UiAuthSession, kind: str, proven: Json | None) -> UiAuthSession:
        """The session with the stage completed."""
        state = orjson.dumps({**orjson.loads(session.state), kind: proven}) if proven is not None else session.state
        session = session._replace(completed=(*session.completed, kind), state=state)
        await self._table.save(session)
        return session

    async def _session(self, operation: Operation, auth: Json | None) -> UiAuthSession:
        """The session that `auth` names, if it was begun for this very operation; else a new one."""
        named = auth.get("session") if auth is not None else None
        if isinstance(named, str):
            session = await self.find(named)
            if session.operation != operation.digest():
                raise Forbidden("The session was begun for another request.")
            return session
        session = UiAuthSession(
            session_id=self._rng.token(SESSION_BYTES),
            user_id=operation.user_id,
            operation=operation.digest(),
            completed=(),
            state=b"{}",
            created_ts=self._clock.now_ms(),
        )
        await self._table.save(session)
        return session

    async def _attempt(
        self,
        session: UiAuthSession,
        kind: str,
        auth: Json,
        flows: Sequence[Sequence[str]],
    ) -> UiAuthSession:
        if kind in session.completed:
            return session
        if not any(kind in flow for flow in flows):
            raise Unrecognized(f"The stage {kind!r} is not asked for here.", status=400)
        try:
            proven = await self._served[kind].check(auth, session)
        except LimitExceeded:
            raise
        except MatrixError as failed:
            raise Required(flows, session, failed, params=self._params(flows)) from failed
        return await self._done(session, kind, proven)


def kept(session: UiAuthSession, kind: str) -> Json | None:
    """What the stage proved in this session."""
    proven: Json | None = orjson.loads(session.state).get(kind)
    return proven


async def dummy(_auth: Json, _session: UiAuthSession) -> None:
    """`m.login.dummy` proves nothing, and is always fine."""


def text_of(auth: Json, key: str) -> str:
    """A text in an `auth` object. Raises MissingParam."""
    value = auth.get(key)
    if not isinstance(value, str):
        raise MissingParam(f"`auth.{key}` is missing.")
    return value
