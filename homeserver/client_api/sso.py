"""Single sign-on in the browser: to the provider and back, a name for a new account, and the person's consent.

Spec: Client-Server API, SSO client login/authentication. Security: S-14.
"""

from collections.abc import Mapping
from hashlib import sha256
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import quote, urlencode

from homeserver.asgi.responses import Answer, Raw
from homeserver.client_api.http import NONE, Call, EndpointTable
from homeserver.client_api.pages import Nonce, alert, form_fields, page
from homeserver.errors import Exclusive, InvalidUsername, MatrixError, NotFound, UserInUse
from homeserver.services.sso import redirects
from homeserver.services.sso.parts import CALLBACK
from homeserver.services.sso.signing_on import CONSENT, FLOW_LIFE_MS, NAME, Begun, SigningOn
from homeserver.services.ui_auth import UiAuth
from homeserver.storage.single_sign_on import Flow

BASE: Final = CALLBACK.removesuffix("/callback")
REDIRECT: Final = "/_matrix/client/v3/login/sso/redirect"
ACTIONS: Final = ("login", "register")
DONE: Final = """
if (window.onAuthDone) { window.onAuthDone(); }
else if (window.opener && window.opener.postMessage) { window.opener.postMessage("authDone", "*"); }
"""


def login_flow(signing_on: SigningOn) -> dict[str, Any]:
    """`m.login.sso` as GET /login offers it. Spec: Client-Server API, m.login.sso flow schema."""
    providers = [
        {"id": one.id, "name": one.name, **({"brand": one.brand} if one.brand else {})}
        for one in signing_on.providers.values()
    ]
    return {"type": "m.login.sso", "identity_providers": providers}


class Pages:
    """What the browser is shown. `is_secure`: the server is reached over TLS, and cookies travel over nothing else."""

    def __init__(self, signing_on: SigningOn, nonce: Nonce, *, server: str, is_secure: bool) -> None:
        self._signing_on = signing_on
        self._nonce = nonce
        self._server = server
        self._is_secure = is_secure

    def leave(self, begun: Begun) -> Raw:
        """Send the browser to the provider, with a cookie to know it by."""
        kept = self._cookie(begun.flow_id, begun.secret, FLOW_LIFE_MS // 1000)
        return Raw(b"", "", 302, headers={"Location": begun.location, "Set-Cookie": kept, **_NOT_KEPT})

    def secret_of(self, call: Call[None], flow_id: str) -> str:
        """What the browser was given for the flow; empty if it was given nothing."""
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(call.http.header("cookie") or "")
        except CookieError:
            return ""
        found = cookies.get(self._cookie_name(flow_id))
        return found.value if found is not None else ""

    def choice(self, redirect_url: str, action: str) -> Raw:
        """Which provider?"""
        query = urlencode({"redirectUrl": redirect_url, "action": action})
        links = "".join(
            _link(f"{REDIRECT}/{quote(one.id)}?{query}", one.name) for one in self._signing_on.providers.values()
        )
        return page("Log in with", links, nonce=self._nonce())

    async def next(self, flow: Flow, secret: str) -> Raw:
        """What the browser does next, now that the person is known."""
        if flow.step == NAME:
            return self.name(flow)
        if self._signing_on.needs_consent(flow):
            return self.consent(flow)
        return self.finished(flow.flow_id, await self._signing_on.finish(flow.flow_id, secret))

    def name(self, flow: Flow, error: str | None = None, given: str | None = None) -> Raw:
        """Ask for a name for the new account."""
        value = flow.localpart or "" if given is None else given
        field = (
            f'<label>User name on {escape(self._server)}<input name="name" value="{escape(value)}" required autofocus '
            'autocapitalize="none" autocomplete="username"></label>'
        )
        taken = alert("The name is taken: please choose another.") if flow.localpart and error is None else ""
        body = f"{taken}{alert(error)}{_form('name', flow.flow_id, field, 'Continue')}"
        forms_to = redirects.source(flow.redirect_url) if flow.redirect_url else ""
        status = 400 if error else 200
        return page("Choose your name", body, nonce=self._nonce(), forms_to=forms_to, status=status)

    def consent(self, flow: Flow) -> Raw:
        """Say what is about to happen, and to whose account."""
        user = f"<strong>{escape(flow.user_id or '')}</strong>"
        if flow.redirect_url is None:
            told = (
                f"<p>A client asks to change something of {user} that needs you: to remove a device, to replace keys, "
                "or to close the account.</p><p>If this was not you just now, close this window: somebody may be using "
                "your account.</p>"
            )
            return page("Is this you?", told + _form("confirm", flow.flow_id, "", "Confirm"), nonce=self._nonce())
        client = escape(redirects.shown(flow.redirect_url))
        told = (
            f"<p><strong>{client}</strong> will get full access to your account {user}.</p>"
            f"<p>It asks from <code>{escape(flow.redirect_url.partition('?')[0])}</code>. If you do not know it, close "
            "this window.</p>"
        )
        body = told + _form("confirm", flow.flow_id, "", "Continue")
        return page("Log in?", body, nonce=self._nonce(), forms_to=redirects.source(flow.redirect_url))

    def finished(self, flow_id: str, location: str | None) -> Raw:
        """Go back to the client, or tell it that the stage is done; the cookie is over."""
        over = self._cookie(flow_id, "", 0)
        if location is not None:
            return Raw(b"", "", 302, headers={"Location": location, "Set-Cookie": over, **_NOT_KEPT})
        done = page("Thank you", "<p>You may close this window.</p>", script=DONE, nonce=self._nonce())
        return Raw(done.body, done.content_type, done.status, {**done.headers, "Set-Cookie": over})

    def failed(self, error: MatrixError) -> Raw:
        """What went wrong, for people."""
        return page("That did not work", alert(error.message), nonce=self._nonce(), status=error.status)

    async def stage(self, auth: UiAuth, session_id: str) -> Raw:
        """The page of the stage `m.login.sso`: to one of the providers that know this user."""
        session = await auth.find(session_id)
        query = urlencode({"session": session_id})
        known = await self._signing_on.providers_of(session.user_id)
        links = "".join(_link(f"{BASE}/stage/{quote(one.id)}?{query}", f"Continue with {one.name}") for one in known)
        told = "<p>A client asks to change something in your account. Please log in once more to confirm.</p>"
        return page("Is this you?", told + links, nonce=self._nonce())

    def _cookie_name(self, flow_id: str) -> str:
        """One for each flow, so that two windows do not disturb each other."""
        short = sha256(flow_id.encode("utf-8", "replace")).hexdigest()[:16]
        return f"{'__Host-' if self._is_secure else ''}hearth-sso-{short}"

    def _cookie(self, flow_id: str, secret: str, life_s: int) -> str:
        secure = "; Secure" if self._is_secure else ""
        return f"{self._cookie_name(flow_id)}={secret}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}"


_NOT_KEPT: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def _link(address: str, text: str) -> str:
    return f'<p><a href="{escape(address)}">{escape(text)}</a></p>'


def _form(action: str, flow_id: str, fields: str, button: str) -> str:
    return (
        f'<form method="post" action="{BASE}/{action}"><input type="hidden" name="flow" value="{escape(flow_id)}">'
        f"{fields}<button>{escape(button)}</button></form>"
    )


def endpoints(endpoint: EndpointTable, signing_on: SigningOn, pages: Pages) -> None:
    """Register the endpoints."""

    @endpoint("GET", "/v3/login/sso/redirect", auth=NONE, limit="public")
    async def redirect_to_sso(call: Call[None]) -> Answer:
        """Spec: Client-Server API, GET /login/sso/redirect."""
        redirect_url = redirects.check(call.query.required("redirectUrl"))
        action = call.query.one_of("action", ACTIONS, "login")
        if not signing_on.providers:
            raise NotFound("This server has no single sign-on.")
        if len(signing_on.providers) > 1:
            return pages.choice(redirect_url, action)
        return pages.leave(await signing_on.begin_login(next(iter(signing_on.providers)), redirect_url))

    @endpoint("GET", "/v3/login/sso/redirect/<provider>", auth=NONE, limit="public")
    async def redirect_to_provider(call: Call[None], provider: str) -> Answer:
        """Spec: Client-Server API, GET /login/sso/redirect/{idpId}."""
        redirect_url = redirects.check(call.query.required("redirectUrl"))
        call.query.one_of("action", ACTIONS, "login")
        try:
            return pages.leave(await signing_on.begin_login(provider, redirect_url))
        except MatrixError as error:
            return pages.failed(error)

    @endpoint("GET", f"{BASE}/stage/<provider>", auth=NONE, limit="public")
    async def redirect_to_confirm(call: Call[None], provider: str) -> Answer:
        """Spec: Client-Server API, SSO during User-Interactive Authentication."""
        try:
            return pages.leave(await signing_on.begin_confirmation(provider, call.query.required("session")))
        except MatrixError as error:
            return pages.failed(error)

    @endpoint("GET", CALLBACK, auth=NONE, limit="login")
    async def sso_callback(call: Call[None]) -> Answer:
        """Spec: Client-Server API, Handling the callback from the Authentication server."""
        given = dict(call.query.pairs())
        flow_id = given.get("state", "")
        secret = pages.secret_of(call, flow_id)
        try:
            return await pages.next(await signing_on.come_back(flow_id, secret, given), secret)
        except MatrixError as error:
            return pages.failed(error)

    @endpoint("POST", f"{BASE}/name", auth=NONE, limit="login")
    async def choose_sso_name(call: Call[None]) -> Answer:
        """Spec: Client-Server API, Handling the callback: the name of a new account."""
        sent = await form_fields(call)
        flow_id, name = sent.get("flow", ""), sent.get("name", "")
        secret = pages.secret_of(call, flow_id)
        try:
            flow = await signing_on.at(flow_id, secret, NAME)
            try:
                flow = await signing_on.choose_name(flow_id, secret, name)
            except (InvalidUsername, UserInUse, Exclusive) as error:
                return pages.name(flow, error.message, name)
            return await pages.next(flow, secret)
        except MatrixError as error:
            return pages.failed(error)

    @endpoint("POST", f"{BASE}/confirm", auth=NONE, limit="login")
    async def confirm_sso(call: Call[None]) -> Answer:
        """Spec: Client-Server API, Single sign-on, Security considerations: the person agrees."""
        flow_id = (await form_fields(call)).get("flow", "")
        secret = pages.secret_of(call, flow_id)
        try:
            await signing_on.at(flow_id, secret, CONSENT)
            return pages.finished(flow_id, await signing_on.finish(flow_id, secret))
        except MatrixError as error:
            return pages.failed(error)
