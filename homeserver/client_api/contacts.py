"""Addresses of accounts: proving, adding and removing them. Spec: Client-Server API, Account contact information."""

from html import escape
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import NONE, OPTIONAL, USER, Call, EndpointTable
from homeserver.client_api.pages import Nonce, alert, form_fields, page
from homeserver.errors import InvalidParam, MatrixError
from homeserver.services.contacts import Contacts
from homeserver.services.phone.numbers import parse
from homeserver.services.registration import Registration
from homeserver.services.threepids.identity_server import IdentityServer, IdentityServers
from homeserver.services.threepids.mail import SUBMIT
from homeserver.services.threepids.verifications import Purpose, ThreepidAuthFailed, Wanted

MAX_LINK: Final = 2_048
MAX_DEVICE: Final = 200
SUBMIT_NUMBER: Final = "/_matrix/client/unstable/app.hearth/msisdn/submit_token"
Attempt = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class RequestToken(msgspec.Struct):
    """Body of the requestToken endpoints for mail."""

    client_secret: str
    email: str
    send_attempt: Attempt
    next_link: str | None = None


class RequestNumberToken(msgspec.Struct):
    """Body of the requestToken endpoints for phone numbers. `proof`: docs/extensions.md."""

    client_secret: str
    country: str
    phone_number: str
    send_attempt: Attempt
    next_link: str | None = None
    proof: str | None = None


class SubmitToken(msgspec.Struct):
    """Body of POST msisdn/submit_token."""

    sid: str
    client_secret: str
    token: str


class Add(msgspec.Struct):
    """Body of POST /account/3pid/add."""

    client_secret: str
    sid: str
    auth: dict[str, Any] | None = None


class Credentials(msgspec.Struct):
    """`three_pid_creds`."""

    client_secret: str
    sid: str


class OldAdd(msgspec.Struct):
    """Body of POST /account/3pid."""

    three_pid_creds: Credentials


class Bind(msgspec.Struct):
    """Body of POST /account/3pid/bind."""

    client_secret: str
    id_server: str
    id_access_token: str
    sid: str


class Address(msgspec.Struct):
    """Body of POST /account/3pid/delete and /unbind."""

    address: str
    medium: str


def number_endpoints(endpoint: EndpointTable, contacts: Contacts, registration: Registration, base_url: str) -> None:
    """Register the endpoints for phone numbers. `base_url`: where clients reach the server, without a slash."""

    async def request(call: Call[RequestNumberToken], purpose: Purpose, user_id: str = "") -> Answer:
        body = call.body
        number = parse(body.phone_number, body.country)
        wanted = Wanted(
            medium="msisdn",
            address=number.msisdn,
            purpose=purpose,
            client_secret=body.client_secret,
            send_attempt=body.send_attempt,
            ip=call.ip,
            user_id=user_id,
            next_link=_link(body.next_link),
            device=call.user_agent[:MAX_DEVICE],
            proof=body.proof,
        )
        sid = await contacts.request(wanted)
        # `msisdn` and `intl_fmt` are not in the specification, but clients show them.
        shown = {"msisdn": number.msisdn, "intl_fmt": number.international}
        return {"sid": sid, "submit_url": base_url + SUBMIT_NUMBER, **shown}

    @endpoint("POST", "/v3/register/msisdn/requestToken", auth=NONE, limit="public", body=RequestNumberToken)
    async def request_text_to_register(call: Call[RequestNumberToken]) -> Answer:
        """Spec: Client-Server API, POST /register/msisdn/requestToken."""
        await registration.check_open(is_this_machine=False)
        return await request(call, "register")

    @endpoint("POST", "/v3/account/password/msisdn/requestToken", auth=NONE, limit="public", body=RequestNumberToken)
    async def request_text_for_password(call: Call[RequestNumberToken]) -> Answer:
        """Spec: Client-Server API, POST /account/password/msisdn/requestToken."""
        return await request(call, "password")

    @endpoint("POST", "/v3/account/3pid/msisdn/requestToken", auth=OPTIONAL, limit="public", body=RequestNumberToken)
    async def request_text_to_add(call: Call[RequestNumberToken]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/msisdn/requestToken."""
        requester = call.requester_or_none
        return await request(call, "add", requester.user_id if requester is not None else "")

    @endpoint("POST", SUBMIT_NUMBER, auth=NONE, limit="login", body=SubmitToken)
    async def submit_number(call: Call[SubmitToken]) -> Answer:
        """Spec: Client-Server API, requestToken, `submit_url`: the code is given back."""
        body = call.body
        try:
            await contacts.submit(body.sid, body.client_secret, body.token)
        except ThreepidAuthFailed:
            return {"success": False}
        return {"success": True}


def endpoints(endpoint: EndpointTable, contacts: Contacts, registration: Registration, nonce: Nonce) -> None:
    """Register the endpoints."""

    async def request(call: Call[RequestToken], purpose: Purpose, user_id: str = "") -> Answer:
        body = call.body
        wanted = Wanted(
            medium="email",
            address=body.email,
            purpose=purpose,
            client_secret=body.client_secret,
            send_attempt=body.send_attempt,
            ip=call.ip,
            user_id=user_id,
            next_link=_link(body.next_link),
        )
        return {"sid": await contacts.request(wanted)}

    @endpoint("POST", "/v3/register/email/requestToken", auth=NONE, limit="public", body=RequestToken)
    async def request_email_to_register(call: Call[RequestToken]) -> Answer:
        """Spec: Client-Server API, POST /register/email/requestToken."""
        await registration.check_open(is_this_machine=False)
        return await request(call, "register")

    @endpoint("POST", "/v3/account/password/email/requestToken", auth=NONE, limit="public", body=RequestToken)
    async def request_email_for_password(call: Call[RequestToken]) -> Answer:
        """Spec: Client-Server API, POST /account/password/email/requestToken."""
        return await request(call, "password")

    @endpoint("POST", "/v3/account/3pid/email/requestToken", auth=OPTIONAL, limit="public", body=RequestToken)
    async def request_email_to_add(call: Call[RequestToken]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/email/requestToken."""
        requester = call.requester_or_none
        return await request(call, "add", requester.user_id if requester is not None else "")

    @endpoint("POST", "/v3/account/3pid/add", auth=USER, limit="account", body=Add)
    async def add_threepid(call: Call[Add]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/add."""
        body = call.body
        credentials = {"sid": body.sid, "client_secret": body.client_secret}
        await contacts.add(call.requester, credentials, body.auth)
        return {}

    @endpoint("POST", "/v3/account/3pid", auth=USER, limit="account", body=OldAdd)
    async def add_threepid_the_old_way(call: Call[OldAdd]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid."""
        given = call.body.three_pid_creds
        await contacts.add_unconfirmed(call.requester, {"sid": given.sid, "client_secret": given.client_secret})
        return {}

    @endpoint("POST", "/v3/account/3pid/delete", auth=USER, limit="account", body=Address)
    async def delete_threepid(call: Call[Address]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/delete."""
        await contacts.remove(call.requester, call.body.medium, call.body.address)
        return {"id_server_unbind_result": "no-support"}

    @endpoint("POST", "/v3/account/3pid/unbind", auth=USER, limit="account", body=Address)
    async def unbind_threepid(call: Call[Address]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/unbind. This server binds nothing to identity servers."""
        del call
        return {"id_server_unbind_result": "no-support"}

    @endpoint("GET", SUBMIT, auth=NONE, limit="public")
    async def email_page(call: Call[None]) -> Answer:
        """Spec: Client-Server API, m.login.email.identity: the page a mail leads to. Looking at it proves nothing."""
        return _page(call.query.required("sid"), call.query.required("client_secret"), call.query.text("token"), nonce)

    @endpoint("POST", SUBMIT, auth=NONE, limit="login")
    async def submit_email(call: Call[None]) -> Answer:
        """Spec: Client-Server API, m.login.email.identity: the code is given back."""
        sent = await form_fields(call)
        sid, secret, code = (sent.get(name, "") for name in ("sid", "client_secret", "token"))
        try:
            next_link = await contacts.submit(sid, secret, code)
        except MatrixError as error:
            return _page(sid, secret, None, nonce, error.message)
        if next_link is not None:
            return Raw(b"", status=302, headers={"Location": next_link})
        return page("Thank you", "<p>Your address is confirmed. You may close this window.</p>", nonce=nonce())


def binding_endpoint(endpoint: EndpointTable, identity_servers: IdentityServers) -> None:
    """Register the endpoint that asks an identity server to bind an address."""

    @endpoint("POST", "/v3/account/3pid/bind", auth=USER, limit="account", body=Bind)
    async def bind_threepid(call: Call[Bind]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/bind."""
        body = call.body
        server = IdentityServer(body.id_server, body.id_access_token)
        await identity_servers.bind(server, body.sid, body.client_secret, call.requester.user_id)
        return {}


def _page(sid: str, secret: str, code: str | None, nonce: Nonce, error: str | None = None) -> Answer:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("sid", sid), ("client_secret", secret))
    )
    field = f'<label>Code<input name="token" value="{escape(code or "")}" required></label>'
    body = f'{alert(error)}<form method="post">{hidden}{field}<button>Confirm</button></form>'
    return page("Confirm your address", body, nonce=nonce(), status=400 if error else 200)


def _link(next_link: str | None) -> str | None:
    """Where the browser goes afterwards. Raises InvalidParam for what is no address of a page."""
    if next_link is None:
        return None
    parts = urlsplit(next_link)
    is_plain = next_link.isascii() and next_link.isprintable() and len(next_link) <= MAX_LINK
    if not is_plain or parts.scheme not in {"https", "http"} or not parts.hostname:
        raise InvalidParam("`next_link` is no address of a page.")
    return next_link
