"""Signing up. Spec: Client-Server API, Account registration."""

import ipaddress
from typing import Any

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.services.appservice_accounts import LOGIN_TYPES, AppserviceAccounts, Wanted
from homeserver.services.registration import NewAccount, Registration
from homeserver.services.sessions import Tokens


class Register(msgspec.Struct):
    """Body of POST /register."""

    username: str | None = None
    password: str | None = None
    device_id: str | None = None
    initial_device_display_name: str | None = None
    inhibit_login: bool = False
    refresh_token: bool = False
    auth: dict[str, Any] | None = None
    type: str | None = None
    guest_access_token: str | None = None


def tokens_answer(tokens: Tokens) -> dict[str, object]:
    """What a client gets when it is logged in."""
    answer: dict[str, object] = {
        "user_id": tokens.user_id,
        "device_id": tokens.device_id,
        "access_token": tokens.access_token,
    }
    if tokens.refresh_token is not None:
        answer["refresh_token"] = tokens.refresh_token
        answer["expires_in_ms"] = tokens.expires_in_ms
    return answer


def endpoints(
    endpoint: EndpointTable, registration: Registration, appservices: AppserviceAccounts | None = None
) -> None:
    """Register the endpoints."""

    @endpoint("POST", "/v3/register", auth=NONE, limit="public", body=Register)
    async def register(call: Call[Register]) -> Answer:
        """Spec: Client-Server API, POST /register."""
        body = call.body
        kind = call.query.text("kind") or "user"
        if kind == "guest":
            await registration.limit(call.ip)
            return tokens_answer(await registration.register_guest(body.initial_device_display_name))
        if kind != "user":
            raise InvalidParam("`kind` is `user` or `guest`.")
        if body.type in LOGIN_TYPES and appservices is not None:
            wanted = Wanted(body.device_id, body.initial_device_display_name, body.refresh_token)
            made = await appservices.register(
                call.access_token, body.username, wanted, inhibit_login=body.inhibit_login
            )
            return tokens_answer(made) if isinstance(made, Tokens) else {"user_id": made}
        if body.auth is not None:
            await registration.limit(call.ip)
        outcome = await registration.register(
            NewAccount(
                username=body.username,
                password=body.password,
                device_id=body.device_id,
                display_name=body.initial_device_display_name,
                inhibit_login=body.inhibit_login,
                wants_refresh=body.refresh_token,
                auth=body.auth,
                ip=call.ip,
                is_this_machine=_is_loopback(call.ip),
                guest_token=body.guest_access_token,
            )
        )
        return tokens_answer(outcome) if isinstance(outcome, Tokens) else {"user_id": outcome}

    @endpoint("GET", "/v3/register/available", auth=NONE, limit="registration")
    async def username_available(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /register/available."""
        await registration.check_open(is_this_machine=_is_loopback(call.ip))
        await registration.check_name(call.query.required("username"))
        return {"available": True}

    @endpoint("GET", "/v1/register/m.login.registration_token/validity", auth=NONE, limit="registration")
    async def registration_token_validity(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /register/m.login.registration_token/validity."""
        return {"valid": await registration.is_token_valid(call.query.required("token"))}


def _is_loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False
