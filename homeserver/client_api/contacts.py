"""Addresses of accounts: giving codes back, adding and removing them. Asking for codes: `request_tokens`.

Spec: Client-Server API, Account contact information.
"""

from collections.abc import Collection
from html import escape
from typing import Any

import msgspec

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import NONE, USER, Call, EndpointTable
from homeserver.client_api.pages import Nonce, alert, form_fields, page
from homeserver.client_api.request_tokens import SUBMIT_NUMBER
from homeserver.errors import MatrixError
from homeserver.services.contacts import Contacts
from homeserver.services.discovery.binding import Binding
from homeserver.services.threepids.identity_server import IdentityServer, IdentityServers
from homeserver.services.threepids.mail import SUBMIT
from homeserver.services.threepids.verifications import ThreepidAuthFailed


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
    id_server: str | None = None


def endpoints(endpoint: EndpointTable, contacts: Contacts, nonce: Nonce) -> None:
    """Register the endpoints."""

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

    @endpoint("POST", SUBMIT_NUMBER, auth=NONE, limit="login", body=SubmitToken)
    async def submit_number(call: Call[SubmitToken]) -> Answer:
        """Spec: Client-Server API, requestToken, `submit_url`: the code is given back."""
        body = call.body
        try:
            await contacts.submit(body.sid, body.client_secret, body.token)
        except ThreepidAuthFailed:
            return {"success": False}
        return {"success": True}


def binding_endpoints(
    endpoint: EndpointTable, identity_servers: IdentityServers, ours: Collection[str], binding: Binding | None
) -> None:
    """Register the endpoints that have an address bound at an identity server, and unbound.

    `binding` None: this server is none itself; else it is, by the names `ours`.
    """

    @endpoint("POST", "/v3/account/3pid/bind", auth=USER, limit="account", body=Bind)
    async def bind_threepid(call: Call[Bind]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/bind."""
        body = call.body
        if binding is not None and body.id_server in ours:
            await binding.bind(call.requester.user_id, body.sid, body.client_secret)
            return {}
        server = IdentityServer(body.id_server, body.id_access_token)
        await identity_servers.bind(server, body.sid, body.client_secret, call.requester.user_id)
        return {}

    @endpoint("POST", "/v3/account/3pid/unbind", auth=USER, limit="account", body=Address)
    async def unbind_threepid(call: Call[Address]) -> Answer:
        """Spec: Client-Server API, POST /account/3pid/unbind. Other identity servers than this are not asked."""
        body = call.body
        if binding is None or not (body.id_server is None or body.id_server in ours):
            return {"id_server_unbind_result": "no-support"}
        await binding.unbind(call.requester.user_id, body.medium, body.address)
        return {"id_server_unbind_result": "success"}


def _page(sid: str, secret: str, code: str | None, nonce: Nonce, error: str | None = None) -> Answer:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("sid", sid), ("client_secret", secret))
    )
    field = f'<label>Code<input name="token" value="{escape(code or "")}" required></label>'
    body = f'{alert(error)}<form method="post">{hidden}{field}<button>Confirm</button></form>'
    return page("Confirm your address", body, nonce=nonce(), status=400 if error else 200)
