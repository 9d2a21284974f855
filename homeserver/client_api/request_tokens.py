"""Asking for a code that proves an address: three endpoints a medium. What is done with the code: `contacts`.

Spec: Client-Server API, Account contact information; Account registration; Password management.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, OPTIONAL, Call, EndpointTable
from homeserver.errors import InvalidParam
from homeserver.services.contacts import Contacts
from homeserver.services.phone.numbers import parse
from homeserver.services.registration import Registration
from homeserver.services.threepids.verifications import Medium, Purpose, Wanted

MAX_LINK: Final = 2_048
MAX_DEVICE: Final = 200
SUBMIT_NUMBER: Final = "/_matrix/client/unstable/app.hearth/msisdn/submit_token"
Attempt = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class RequestMail(msgspec.Struct):
    """Body of the requestToken endpoints for mail."""

    client_secret: str
    email: str
    send_attempt: Attempt
    next_link: str | None = None


class RequestText(msgspec.Struct):
    """Body of the requestToken endpoints for phone numbers. `proof`: docs/extensions.md."""

    client_secret: str
    country: str
    phone_number: str
    send_attempt: Attempt
    next_link: str | None = None
    proof: str | None = None


B = TypeVar("B", RequestMail, RequestText)
Answering = Callable[[Call[B], Purpose], Awaitable[Answer]]


def endpoints(endpoint: EndpointTable, contacts: Contacts, registration: Registration, base_url: str) -> None:
    """Register the endpoints. `base_url`: where clients reach the server, without a slash."""

    async def by_mail(call: Call[RequestMail], purpose: Purpose) -> Answer:
        return {"sid": await contacts.request(_wanted(call, purpose, "email", call.body.email))}

    async def by_text(call: Call[RequestText], purpose: Purpose) -> Answer:
        number = parse(call.body.phone_number, call.body.country)
        wanted = replace(_wanted(call, purpose, "msisdn", number.msisdn), proof=call.body.proof)
        sid = await contacts.request(wanted)
        # `msisdn` and `intl_fmt` are not in the specification, but clients show them.
        shown = {"msisdn": number.msisdn, "intl_fmt": number.international}
        return {"sid": sid, "submit_url": base_url + SUBMIT_NUMBER, **shown}

    _of_medium(endpoint, "email", RequestMail, by_mail, registration)
    _of_medium(endpoint, "msisdn", RequestText, by_text, registration)


def _of_medium(
    endpoint: EndpointTable, medium: Medium, body: type[B], answer: Answering[B], registration: Registration
) -> None:
    """Register the three endpoints of a medium."""

    async def to_register(call: Call[B]) -> Answer:
        """Spec: Client-Server API, POST /register/email/requestToken; POST /register/msisdn/requestToken."""
        await registration.check_open(is_this_machine=False)
        return await answer(call, "register")

    async def for_password(call: Call[B]) -> Answer:
        """Spec: Client-Server API, POST /account/password/email/requestToken;
        POST /account/password/msisdn/requestToken.
        """
        return await answer(call, "password")

    async def to_add(call: Call[B]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/email/requestToken; POST /account/3pid/msisdn/requestToken."""
        return await answer(call, "add")

    for path, auth, handler in (
        ("register", NONE, to_register),
        ("account/password", NONE, for_password),
        ("account/3pid", OPTIONAL, to_add),
    ):
        handler.__name__ = f"request_{medium}_{handler.__name__}"
        endpoint("POST", f"/v3/{path}/{medium}/requestToken", auth=auth, limit="public", body=body)(handler)


def _wanted(call: Call[B], purpose: Purpose, medium: Medium, address: str) -> Wanted:
    requester = call.requester_or_none
    return Wanted(
        medium=medium,
        address=address,
        purpose=purpose,
        client_secret=call.body.client_secret,
        send_attempt=call.body.send_attempt,
        ip=call.ip,
        user_id=requester.user_id if requester is not None else "",
        next_link=_link(call.body.next_link),
        device=call.user_agent[:MAX_DEVICE],
    )


def _link(next_link: str | None) -> str | None:
    """Where the browser goes afterwards. Raises InvalidParam for what is no address of a page."""
    if next_link is None:
        return None
    parts = urlsplit(next_link)
    is_plain = next_link.isascii() and next_link.isprintable() and len(next_link) <= MAX_LINK
    if not is_plain or parts.scheme not in {"https", "http"} or not parts.hostname:
        raise InvalidParam("`next_link` is no address of a page.")
    return next_link
