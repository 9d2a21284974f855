"""Pages for clients that do not know a stage or a way to log in: the browser does it for them.

Spec: Client-Server API, User-Interactive Authentication API, Fallback; Login, Login fallback.
"""

from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Final

from homeserver.asgi.responses import Answer
from homeserver.client_api.http import NONE, Call, EndpointTable
from homeserver.client_api.pages import Nonce, alert, form_fields, page
from homeserver.errors import MatrixError, Unrecognized
from homeserver.services import ui_auth
from homeserver.services.ui_auth import Json, UiAuth

CAPTCHA_ORIGINS: Final = "https://www.recaptcha.net https://www.gstatic.com"

DONE: Final = """
if (window.onAuthDone) { window.onAuthDone(); }
else if (window.opener && window.opener.postMessage) { window.opener.postMessage("authDone", "*"); }
"""
LOG_IN: Final = """
const form = document.querySelector("form"), told = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { type: "m.login.password", password: form.password.value,
                 identifier: { type: "m.id.user", user: form.user.value } };
  const given = new URLSearchParams(location.search);
  for (const name of ["device_id", "initial_device_display_name"]) {
    if (given.has(name)) { body[name] = given.get(name); }
  }
  if (given.get("refresh_token") === "true") { body.refresh_token = true; }
  const answer = await fetch("/_matrix/client/v3/login", { method: "POST", body: JSON.stringify(body) });
  const told_back = await answer.json();
  if (!answer.ok) { told.textContent = told_back.error; return; }
  told.textContent = "You are logged in.";
  if (window.matrixLogin && window.matrixLogin.onLogin) { window.matrixLogin.onLogin(told_back); }
});
"""

Fields = Callable[[Json], str]


def _text(name: str, label: str, kind: str = "text") -> str:
    return f'<label>{escape(label)}<input name="{name}" type="{kind}" required autofocus></label>'


def _terms(params: Json) -> str:
    links = []
    for policy in params.get("policies", {}).values():
        document = policy["en"]
        links.append(f'<li><a href="{escape(document["url"])}" rel="noopener">{escape(document["name"])}</a></li>')
    return f"<p>Please read and accept:</p><ul>{''.join(links)}</ul>"


def _captcha(params: Json) -> str:
    key = escape(params["public_key"])
    return (
        f'<div class="g-recaptcha" data-sitekey="{key}"></div>'
        '<script src="https://www.recaptcha.net/recaptcha/api.js" async defer></script>'
    )


FIELDS: Final[Mapping[str, tuple[str, Fields, str]]] = {
    ui_auth.PASSWORD: ("Your password", lambda _: _text("password", "Password", "password"), "password"),
    ui_auth.TOKEN: ("Registration token", lambda _: _text("token", "Token"), "token"),
    ui_auth.TERMS: ("Terms", _terms, ""),
    ui_auth.RECAPTCHA: ("Are you human?", _captcha, "g-recaptcha-response"),
    ui_auth.DUMMY: ("Continue", lambda _: "", ""),
}
"""By stage: the title, the fields of its form, and which of them proves it."""
_SENT_AS: Final = {"g-recaptcha-response": "response"}


StagePage = Callable[[str], Awaitable[Answer]]
"""The page of a stage that is done elsewhere, by the session."""


def endpoints(endpoint: EndpointTable, auth: UiAuth, nonce: Nonce, elsewhere: Mapping[str, StagePage]) -> None:
    """Register the pages. `nonce`: fresh random letters for each page; `elsewhere`: pages of their own, by stage."""

    def form(kind: str, session: str, error: str | None = None) -> Answer:
        title, fields, _ = FIELDS[kind]
        body = (
            f'{alert(error)}<form method="post"><input type="hidden" name="session" value="{escape(session)}">'
            f"{fields(auth.params_of(kind))}<button>Continue</button></form>"
        )
        origins = CAPTCHA_ORIGINS if kind == ui_auth.RECAPTCHA else ""
        return page(title, body, nonce=nonce(), scripts_from=origins, status=401 if error else 200)

    def known(kind: str) -> str:
        if kind not in FIELDS or not auth.serves(kind):
            raise Unrecognized("There is no page for this stage.")
        return kind

    @endpoint("GET", "/v3/auth/<kind>/fallback/web", auth=NONE, limit="public")
    async def stage_page(call: Call[None], kind: str) -> Answer:
        """Spec: Client-Server API, Fallback of User-Interactive Authentication."""
        session = await auth.find(call.query.required("session"))
        if kind in elsewhere and auth.serves(kind):
            return await elsewhere[kind](session.session_id)
        return form(known(kind), session.session_id)

    @endpoint("POST", "/v3/auth/<kind>/fallback/web", auth=NONE, limit="login")
    async def submit_stage_page(call: Call[None], kind: str) -> Answer:
        """Spec: Client-Server API, Fallback of User-Interactive Authentication."""
        sent = await form_fields(call)
        field = FIELDS[known(kind)][2]
        session = sent.get("session") or call.query.required("session")
        given = {_SENT_AS.get(field, field): sent.get(field, "")} if field else {}
        await auth.find(session)
        try:
            await auth.complete(session, kind, given)
        except MatrixError as error:
            return form(kind, session, error.message)
        return page("Thank you", "<p>You may close this window.</p>", script=DONE, nonce=nonce())

    @endpoint("GET", "/_matrix/static/client/login/", auth=NONE, limit="public")
    async def login_page(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, Login fallback."""
        fields = _text("user", "User name") + _text("password", "Password", "password")
        body = f'<form>{fields}<button>Log in</button></form><output role="alert"></output>'
        return page("Log in", body, script=LOG_IN, nonce=nonce())
