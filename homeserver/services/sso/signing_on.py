"""Logging in, and confirming, through a provider: who comes back, which account is theirs, what they agree to.

A flow has steps: `away` (at the provider), `checking`, then `name` (a new account needs one) and `consent`. Each is
left once, and only by the browser that began: it alone has the secret, in a cookie. An account that has the wished name
already is never given away: whoever comes from a provider chooses another.

Spec: Client-Server API, SSO client login/authentication. Security: S-14.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson
import structlog

from homeserver.clock import Clock, Rng
from homeserver.errors import Exclusive, Forbidden, InvalidUsername, NotFound, Unavailable, UserInUse
from homeserver.protocol.identifiers import UserId
from homeserver.providers.hooks import Identity, IdentityProvider, SignOnFailed, Visit
from homeserver.services import ui_auth
from homeserver.services.login import Login
from homeserver.services.login_tokens import LoginTokens
from homeserver.services.registration import Registration
from homeserver.services.sso import redirects
from homeserver.services.ui_auth import UiAuth
from homeserver.storage.profiles import Profiles
from homeserver.storage.sessions import UiAuthSession
from homeserver.storage.single_sign_on import ExternalIds, Flow, Flows
from homeserver.storage.users import Users

log = structlog.get_logger()

FLOW_LIFE_MS: Final = 15 * 60 * 1000
TOKEN_LIFE_MS: Final = 10 * 1000
FLOW_BYTES: Final = 18
SECRET_BYTES: Final = 32
MAX_LOCALPART: Final = 64
AWAY, CHECKING, NAME, CONSENT = "away", "checking", "name", "consent"


class Begun(NamedTuple):
    """Where the browser goes, and what it keeps until it is back."""

    location: str
    flow_id: str
    secret: str


class Below(NamedTuple):
    """What single sign-on stands on."""

    flows: Flows
    external_ids: ExternalIds
    users: Users
    profiles: Profiles
    login: Login
    login_tokens: LoginTokens
    registration: Registration
    ui_auth: UiAuth


class SigningOn:
    """Runs flows."""

    def __init__(
        self,
        providers: Sequence[IdentityProvider],
        below: Below,
        *,
        callback: str,
        trusted: Sequence[str],
        clock: Clock,
        rng: Rng,
    ) -> None:
        """`callback`: where providers send browsers back to; `trusted`: clients that need no consent."""
        self.providers = {one.id: one for one in providers}
        self._below = below
        self._callback = callback
        self._trusted = trusted
        self._clock = clock
        self._rng = rng
        if providers:
            below.ui_auth.serve(ui_auth.SSO, _in_the_browser)

    async def begin_login(self, provider_id: str, redirect_url: str) -> Begun:
        """Send a browser to the provider. Raises NotFound, InvalidParam, Unavailable."""
        redirects.check(redirect_url)
        return await self._begin(provider_id, redirect_url=redirect_url)

    async def begin_confirmation(self, provider_id: str, session_id: str) -> Begun:
        """The same to prove that it is still the person who once logged in. Raises NotFound, Unavailable."""
        await self._below.ui_auth.find(session_id)
        return await self._begin(provider_id, ui_auth_session=session_id)

    async def _begin(
        self, provider_id: str, *, redirect_url: str | None = None, ui_auth_session: str | None = None
    ) -> Begun:
        if provider_id not in self.providers:
            raise NotFound("This server knows no such provider.")
        flow_id, secret = self._rng.token(FLOW_BYTES), self._rng.token(SECRET_BYTES)
        flow = Flow(
            flow_id=flow_id,
            secret_hash=_digest(secret),
            provider=provider_id,
            step=AWAY,
            created_ts=self._clock.now_ms(),
            redirect_url=redirect_url,
            ui_auth_session=ui_auth_session,
        )
        try:
            location = await self.providers[provider_id].way(self._visit(flow, secret))
        except SignOnFailed as error:
            log.warning("sso.no_way", error=str(error))
            raise Unavailable("The provider does not answer.") from error
        await self._below.flows.begin(flow)
        return Begun(location, flow_id, secret)

    def _visit(self, flow: Flow, secret: str) -> Visit:
        proven_since_ms = flow.created_ts if flow.ui_auth_session is not None else None
        return Visit(flow.flow_id, secret, self._callback, proven_since_ms)

    async def come_back(self, flow_id: str, secret: str, given: Mapping[str, str]) -> Flow:
        """Ask the provider who it was, and find or make their account: a flow at `name` or at `consent`.

        Raises Forbidden (another browser, a replay, too old, declined, another person), Unavailable, what `Login.admit`
        raises.
        """
        flow = await self.at(flow_id, secret, AWAY)
        if not await self._below.flows.step(flow_id, AWAY, CHECKING):
            raise Forbidden(_OVER)
        provider = self.providers.get(flow.provider)
        if provider is None:
            raise Forbidden(_OVER)
        try:
            identity = await provider.vouch(self._visit(flow, secret), given)
        except SignOnFailed as error:
            log.warning("sso.nobody", error=str(error))
            raise Forbidden(_DECLINED if error.is_declined else f"{provider.name} did not say who you are.") from error
        owner = await self._below.external_ids.owner(provider.id, identity.subject)
        if flow.ui_auth_session is not None:
            session = await self._below.ui_auth.find(flow.ui_auth_session)
            if owner is None or owner != session.user_id:
                raise Forbidden(f"At {provider.name} you are somebody else than here.")
        return await self._with_account(flow, identity, owner)

    async def _with_account(self, flow: Flow, identity: Identity, owner: str | None) -> Flow:
        flow = replace(flow, subject=identity.subject, display_name=identity.display_name, user_id=owner, step=CONSENT)
        if owner is None:
            localpart = mapped(identity.localpart) if identity.localpart else None
            flow = replace(flow, step=NAME, localpart=localpart)
            if localpart:
                try:
                    return await self._make(flow, localpart)
                except (InvalidUsername, UserInUse, Exclusive):
                    log.info("sso.name_taken", provider=flow.provider)
        else:
            await self._admit(owner)
        await self._below.flows.save(flow)
        return flow

    async def choose_name(self, flow_id: str, secret: str, localpart: str) -> Flow:
        """Make the account by the name that the person chose; a flow at `consent`.

        Raises Forbidden, InvalidUsername, UserInUse, Exclusive.
        """
        return await self._make(await self.at(flow_id, secret, NAME), localpart.strip().lower())

    async def _make(self, flow: Flow, localpart: str) -> Flow:
        assert flow.subject is not None, "a flow that needs a name knows whose"
        below = self._below
        user_id = await below.registration.check_name(localpart)
        is_made = await below.external_ids.create_account(
            flow.provider,
            flow.subject,
            user_id,
            is_approved=below.registration.approves_at_once,
            now_ms=self._clock.now_ms(),
        )
        owner = user_id if is_made else await below.external_ids.owner(flow.provider, flow.subject)
        if owner is None:
            raise UserInUse("The name is taken.")
        if is_made and flow.display_name:
            await below.profiles.set(user_id, "displayname", orjson.dumps(flow.display_name))
        flow = replace(flow, user_id=owner, step=CONSENT)
        await below.flows.save(flow)
        await self._admit(owner)
        return flow

    async def _admit(self, user_id: str) -> None:
        user = await self._below.users.read(user_id)
        if user is None:
            raise Forbidden("The account is gone.")
        self._below.login.admit(user)

    def needs_consent(self, flow: Flow) -> bool:
        """Whether the person is asked before the client gets the account."""
        return flow.redirect_url is None or not redirects.is_trusted(flow.redirect_url, self._trusted)

    async def finish(self, flow_id: str, secret: str) -> str | None:
        """The person agrees: the address of the client, with a token; None after a confirmation.

        Raises Forbidden, and what `Login.admit` raises.
        """
        flow = await self.at(flow_id, secret, CONSENT)
        if flow.user_id is None or not await self._below.flows.end(flow_id, CONSENT):
            raise Forbidden(_OVER)
        if flow.ui_auth_session is not None:
            await self._below.ui_auth.vouch(flow.ui_auth_session, ui_auth.SSO)
            return None
        assert flow.redirect_url is not None, "a flow is a login or a confirmation"
        await self._admit(flow.user_id)
        token, _ = await self._below.login_tokens.issue_for(UserId(flow.user_id), life_ms=TOKEN_LIFE_MS)
        return redirects.with_token(flow.redirect_url, token)

    async def at(self, flow_id: str, secret: str, step: str) -> Flow:
        """The flow of this browser, if it is at that step. Raises Forbidden."""
        since = self._clock.now_ms() - FLOW_LIFE_MS
        flow = await self._below.flows.read(flow_id, _digest(secret), since) if flow_id and secret else None
        if flow is None or flow.step != step or not hmac.compare_digest(flow.secret_hash, _digest(secret)):
            raise Forbidden(_OVER)
        return flow

    async def prune(self, now_ms: int) -> int:
        """Forget flows that can no longer be finished; how many."""
        return await self._below.flows.prune(now_ms - FLOW_LIFE_MS)

    async def providers_of(self, user_id: str | None) -> list[IdentityProvider]:
        """By which providers a user can prove themselves."""
        known = await self._below.external_ids.providers_of(user_id) if user_id and self.providers else []
        return [self.providers[one] for one in known if one in self.providers]

    async def has_provider(self, user_id: str) -> bool:
        """Whether a user can prove themselves by a provider."""
        return bool(await self.providers_of(user_id))


_OVER: Final = "This login was not begun in this browser, or is over. Please begin again."
_DECLINED: Final = "You did not agree to logging in."


async def _in_the_browser(_auth: Mapping[str, Any], _session: UiAuthSession) -> None:
    """What a client says by itself proves nothing: the stage is done on its page."""
    raise Forbidden("Prove yourself on the page of this stage first.")


def mapped(name: str) -> str:
    """A name as the local part of a user id. Spec: Appendices, Mapping from other character sets."""
    allowed = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._-/+")
    letters = [chr(byte) if byte in allowed else f"={byte:02x}" for byte in name.lower().encode("utf-8", "replace")]
    return "".join(letters)[:MAX_LOCALPART]


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
