"""Small pages for browsers: strict policies, no outside content, every text escaped. Security: S-10.

Not for: the web client, which is files.
"""

from collections.abc import Callable, Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qsl

from homeserver.asgi.responses import Raw
from homeserver.client_api.http import Call
from homeserver.errors import BadJson

FORM_BYTES: Final = 16 * 1024
Nonce = Callable[[], str]
"""Fresh random letters for each page."""
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; min-height: 100vh; display: grid; place-items: center }
main { width: min(22rem, 90vw); padding: 1.5rem }
h1 { font-size: 1.25rem }
label { display: block; margin: .75rem 0 }
input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem }
input[type=checkbox] { width: auto }
[role=alert] { color: #c00 }
"""


def page(
    title: str,
    body: str,
    *,
    script: str = "",
    nonce: str = "",
    scripts_from: str = "",
    forms_to: str = "",
    status: int = 200,
) -> Raw:
    """An HTML page. `body` and `script` are ours; what comes from elsewhere in them went through `escape` or JSON.

    `nonce`: fresh random letters that let our own script run; `scripts_from`: one further origin (captchas);
    `forms_to`: where else an answer to our form may lead.
    """
    sources = f"'nonce-{nonce}'" if nonce else "'none'"
    frames = scripts_from or "'none'"
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src {sources} {scripts_from}; connect-src 'self'; "
        f"frame-src {frames}; form-action 'self' {forms_to}; base-uri 'none'; frame-ancestors 'none'"
    )
    own = f'<script nonce="{nonce}">{script}</script>' if script else ""
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f'<style nonce="{nonce}">{STYLE}</style><main><h1>{escape(title)}</h1>{body}</main>{own}</html>'
    )
    return Raw(html.encode(), "text/html; charset=utf-8", status, _headers(policy))


def _headers(policy: str) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def alert(text: str | None) -> str:
    """A line that says what went wrong; nothing for None."""
    return f'<p role="alert">{escape(text)}</p>' if text else ""


async def form_fields(call: Call[None]) -> dict[str, str]:
    """The fields of a form that a page sent. Raises BadJson for what is none."""
    raw = await call.http.body(FORM_BYTES)
    try:
        return dict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise BadJson("The body must be a form.") from error
