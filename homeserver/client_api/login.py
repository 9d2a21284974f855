"""Logging in and out, refreshing. Spec: Client-Server API, Login; Refreshing access tokens."""

from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, USER, USER_OR_GUEST, Call, EndpointTable
from homeserver.client_api.register import tokens_answer
from homeserver.client_api.sso import login_flow
from homeserver.errors import MissingParam, Unknown
from homeserver.services.appservice_accounts import LOGIN_TYPES, AppserviceAccounts, Wanted
from homeserver.services.login import Credentials, Login
from homeserver.services.login_tokens import LoginTokens
from homeserver.services.phone import signing_in as phone
from homeserver.services.phone.approval import Newcomer
from homeserver.services.phone.signing_in import Attempt, SigningIn
from homeserver.services.ratelimit import Limits, address_key
from homeserver.services.sessions import Sessions
from homeserver.services.sso.signing_on import SigningOn
from homeserver.services.threepids.identifiers import THIRD_PARTY


class LogIn(msgspec.Struct):
    """Body of POST /login."""

    type: str
    identifier: dict[str, Any] | None = None
    user: str | None = None
    medium: str | None = None
    address: str | None = None
    password: str = ""
    device_id: str | None = None
    initial_device_display_name: str | None = None
    refresh_token: bool = False
    token: str | None = None
    sid: str | None = None
    client_secret: str = ""
    code: str | None = None
    sign_up: bool = False
    username: str | None = None
    begin_anew: bool = False
    recover: bool = False
    return_ticket: str | None = None


class GetToken(msgspec.Struct):
    """Body of POST /login/get_token."""

    auth: dict[str, Any] | None = None


class Refresh(msgspec.Struct):
    """Body of POST /refresh."""

    refresh_token: str


def endpoints(
    endpoint: EndpointTable,
    login: Login,
    sessions: Sessions,
    limits: Limits,
    login_tokens: LoginTokens,
    *,
    appservices: AppserviceAccounts | None = None,
    by_phone: SigningIn | None = None,
    signing_on: SigningOn | None = None,
) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/login", auth=NONE, limit="public")
    async def login_flows(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /login."""
        flows: list[dict[str, Any]] = [{"type": "m.login.password"}] if login.enabled else []
        flows.append({"type": "m.login.token", "get_login_token": True})
        if signing_on is not None and signing_on.providers:
            flows.append(login_flow(signing_on))
        if by_phone is not None:
            flows.append({"type": phone.LOGIN_TYPE})
        return {"flows": [*flows, *({"type": kind} for kind in (LOGIN_TYPES if appservices is not None else ()))]}

    @endpoint("POST", "/v3/login", auth=NONE, limit="login", body=LogIn)
    async def log_in(call: Call[LogIn]) -> Answer:
        """Spec: Client-Server API, POST /login."""
        body = call.body
        identifier = body.identifier if body.identifier is not None else _of_old_clients(body)
        if body.type in LOGIN_TYPES and appservices is not None:
            wanted = Wanted(body.device_id, body.initial_device_display_name, body.refresh_token)
            return tokens_answer(await appservices.log_in(call.access_token, identifier, wanted))
        if body.type == "m.login.token":
            if body.token is None:
                raise MissingParam("`token` is missing.")
            tokens = await login_tokens.log_in(
                body.token,
                device_id=body.device_id,
                display_name=body.initial_device_display_name,
                wants_refresh=body.refresh_token,
            )
            return tokens_answer(tokens)
        if body.type == phone.LOGIN_TYPE and by_phone is not None:
            return tokens_answer(await by_phone.log_in(_attempt(body, Newcomer(call.ip, call.user_agent))))
        if body.type != "m.login.password":
            raise Unknown(f"This server does not log in by {body.type!r}.")
        tokens = await login.by_password(
            Credentials(
                identifier=identifier,
                password=body.password,
                device_id=body.device_id,
                display_name=body.initial_device_display_name,
                wants_refresh=body.refresh_token,
            )
        )
        return tokens_answer(tokens)

    @endpoint("POST", "/v1/login/get_token", auth=USER, limit="account", body=GetToken)
    async def get_login_token(call: Call[GetToken]) -> Answer:
        """Spec: Client-Server API, POST /login/get_token."""
        token, life_ms = await login_tokens.issue(call.requester, call.body.auth)
        return {"login_token": token, "expires_in_ms": life_ms}

    @endpoint("POST", "/v3/refresh", auth=NONE, limit="public", body=Refresh)
    async def refresh(call: Call[Refresh]) -> Answer:
        """Spec: Client-Server API, POST /refresh."""
        await limits.take("bad_token", address_key(call.ip), 0.1)
        tokens = await sessions.refresh(call.body.refresh_token)
        return {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in_ms": tokens.expires_in_ms,
        }

    @endpoint("POST", "/v3/logout", auth=USER_OR_GUEST, limit="account", locked=True)
    async def log_out(call: Call[None]) -> Answer:
        """Spec: Client-Server API, POST /logout. The ticket: docs/extensions.md, Coming in on a new device."""
        ticket = await by_phone.ticket(call.requester) if by_phone is not None and not call.requester.is_guest else None
        await sessions.end(call.requester)
        return {"app.hearth.return_ticket": ticket} if ticket is not None else {}

    @endpoint("POST", "/v3/logout/all", auth=USER_OR_GUEST, limit="account", locked=True)
    async def log_out_everywhere(call: Call[None]) -> Answer:
        """Spec: Client-Server API, POST /logout/all."""
        await sessions.end_all(call.requester.user_id)
        return {}


def _of_old_clients(body: LogIn) -> dict[str, Any]:
    """The identifier that is meant by fields of the body."""
    if body.user is None and body.medium is not None:
        return {"type": THIRD_PARTY, "medium": body.medium, "address": body.address}
    return {"type": "m.id.user", "user": body.user}


def _attempt(body: LogIn, newcomer: Newcomer) -> Attempt:
    """What a login by code says. Raises MissingParam."""
    if body.sid is None:
        raise MissingParam("`sid` is missing.")
    return Attempt(
        sid=body.sid,
        client_secret=body.client_secret,
        code=body.code,
        password=body.password or None,
        sign_up=body.sign_up,
        username=body.username,
        begin_anew=body.begin_anew,
        recover=body.recover,
        ticket=body.return_ticket,
        newcomer=newcomer,
        device_id=body.device_id,
        display_name=body.initial_device_display_name,
        wants_refresh=body.refresh_token,
    )
