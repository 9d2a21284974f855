"""What single sign-on needs of the world: an OpenID Connect provider, a CAS server, and browsers that walk between.

Both servers check what real ones check (the client's secret, PKCE, the address to come back to, the service of a
ticket), let in whoever `person` says without asking, and misbehave when told to.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from http.cookies import SimpleCookie
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from homeserver.clock import SystemClock
from tests.support.client import Json, Server

CLIENT_ID = "hearth"
CLIENT_SECRET = "between us"
Forge = Callable[[Json], str]
"""Makes an ID token of claims as a liar would."""


async def listening(app: web.Application) -> tuple[web.AppRunner, str]:
    """The app on a port of this machine."""
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@dataclass
class OidcServer:
    """Use as a context manager. `person`: the claims of whoever is logged in there.

    `told`: claims put over the right ones; `forge`: makes the ID token in place of an honest signature; `userinfo`: the
    claims that are told there instead of in the token.
    """

    person: Json = field(default_factory=dict)
    told: Json = field(default_factory=dict)
    forge: Forge | None = None
    userinfo: Json | None = None
    is_declining: bool = False
    is_broken: bool = False
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    algorithm: str = "ES256"
    key_id: str = "first"
    issuer: str = ""
    asked: list[Json] = field(default_factory=list)
    key_reads: int = 0
    _codes: dict[str, Json] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/keys", self._keys)
        app.router.add_get("/userinfo", self._userinfo)
        self._runner, self.issuer = await listening(app)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def honest(self) -> None:
        """Behave again."""
        self.told, self.forge, self.userinfo, self.is_declining, self.is_broken = {}, None, None, False, False

    def signed(self, claims: Json) -> str:
        """An ID token as the provider signs it."""
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.key_id})

    def change_key(self) -> None:
        """Sign by another key from now on, of another kind."""
        self.key, self.algorithm = rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"
        self.key_id = "second"

    def public_key(self) -> Json:
        """The key as the key set shows it."""
        kind = jwt.get_algorithm_by_name(self.algorithm)
        return {**kind.to_jwk(self.key.public_key(), as_dict=True), "kid": self.key_id, "use": "sig"}

    async def _describe(self, _request: web.Request) -> web.Response:
        if self.is_broken:
            return web.Response(status=502)
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        return web.json_response(
            {
                "issuer": self.issuer,
                **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in ends.items()},
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True,
                "id_token_signing_alg_values_supported": [self.algorithm],
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert "openid" in asked["scope"].split()
        answer = {"state": asked["state"], "iss": self.issuer}
        if self.is_declining:
            answer["error"] = "access_denied"
        else:
            answer["code"] = f"code{len(self.asked)}"
            self._codes[answer["code"]] = asked
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        given = {key: str(value) for key, value in (await request.post()).items()}
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20')}".encode()).decode()
        asked = self._codes.pop(given["code"], None)
        challenge = base64.urlsafe_b64encode(sha256(given["code_verifier"].encode()).digest()).decode().rstrip("=")
        if (
            asked is None
            or request.headers["Authorization"] != f"Basic {pair}"
            or (asked["code_challenge_method"], asked["code_challenge"]) != ("S256", challenge)
            or asked["redirect_uri"] != given["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = SystemClock().now_ms() // 1000
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        if asked.get("max_age") == "0":
            claims["auth_time"] = now
        person = self.person if self.userinfo is None else {"sub": self.person["sub"]}
        claims = {name: value for name, value in {**claims, **person, **self.told}.items() if value is not None}
        token = self.forge(claims) if self.forge is not None else self.signed(claims)
        return web.json_response({"access_token": "mine", "token_type": "Bearer", "id_token": token})

    async def _keys(self, _request: web.Request) -> web.Response:
        self.key_reads += 1
        return web.json_response({"keys": [self.public_key(), {"kty": "oct", "k": "A" * 43, "kid": "shared"}]})

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer mine"
        return web.json_response(self.person if self.userinfo is None else self.userinfo)


@dataclass
class CasServer:
    """Use as a context manager. `person`: who is logged in there; `answer`: what validation says instead."""

    person: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    answer: str | None = None
    url: str = ""
    _tickets: dict[str, tuple[str, bool]] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/cas/login", self._login)
        app.router.add_get("/cas/p3/serviceValidate", self._validate)
        self._runner, root = await listening(app)
        self.url = f"{root}/cas"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _login(self, request: web.Request) -> web.Response:
        ticket, service = f"ST-{len(self._tickets)}-x", request.query["service"]
        self._tickets[ticket] = service, "renew" in request.query
        raise web.HTTPFound(f"{service}&ticket={ticket}")

    async def _validate(self, request: web.Request) -> web.Response:
        known = self._tickets.pop(request.query["ticket"], None)
        if self.answer is not None:
            return web.Response(text=self.answer)
        if known != (request.query["service"], "renew" in request.query):
            inner = '<cas:authenticationFailure code="INVALID_TICKET">no</cas:authenticationFailure>'
        else:
            told = "".join(f"<cas:{name}>{value}</cas:{name}>" for name, value in self.attributes.items())
            inner = (
                f"<cas:authenticationSuccess><cas:user>{self.person}</cas:user>"
                f"<cas:attributes>{told}</cas:attributes></cas:authenticationSuccess>"
            )
        return web.Response(text=cas_answer(inner))


def cas_answer(inner: str) -> str:
    """A whole answer of a validation."""
    return f'<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">{inner}</cas:serviceResponse>'


class Page(NamedTuple):
    """What a browser shows, or (`location`) the address it would go to next."""

    status: int
    text: str
    location: str | None
    headers: dict[str, str]

    def field(self, name: str) -> str:
        """The value of a field of the page's form."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, self.text
        return unescape(found[1])

    def says(self, text: str) -> bool:
        return text in unescape(self.text)


@dataclass
class Browser:
    """Keeps cookies of the server alone, and walks on where it is led until it is led to a client.

    `public`: where the server believes to be reached, which is brought to where it is.
    """

    server: Server
    public: str
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    async def asks(self, method: str, url: str, fields: dict[str, str] | None = None) -> Page:
        """One request, wherever it goes."""
        is_ours = url.startswith((self.public, "/"))
        address = self.server.base_url + url.removeprefix(self.public) if is_ours else url
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies} if is_ours and cookies else {}
        async with self.server.session.request(
            method, address, data=fields, headers=headers, allow_redirects=False
        ) as answer:
            for line in answer.headers.getall("Set-Cookie", []) if is_ours else ():
                self._keep(line)
            location = answer.headers.get("Location")
            return Page(
                answer.status,
                await answer.text(),
                urljoin(url, location) if location is not None else None,
                dict(answer.headers),
            )

    async def goes(self, url: str) -> Page:
        """Open an address and follow it, until there is a page or a client's own address."""
        page = await self.asks("GET", url)
        while page.location is not None and page.location.startswith((self.public, "http://127.0.0.1")):
            page = await self.asks("GET", page.location)
        return page

    async def sends(self, page: Page, **fields: str) -> Page:
        """Send the form of a page."""
        found = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert found is not None, page.text
        return await self.asks("POST", unescape(found[1]), {"flow": page.field("flow"), **fields})

    async def logs_in(self, provider: str, redirect_url: str) -> Page:
        """Begin to log in, up to the page that asks for a name or for consent, or back at the client."""
        query = urlencode({"redirectUrl": redirect_url})
        return await self.goes(f"/_matrix/client/v3/login/sso/redirect/{provider}?{query}")

    def _keep(self, line: str) -> None:
        self.set_cookies.append(line)
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


def token_in(location: str | None) -> str:
    """The login token that a client gets."""
    assert location is not None
    found = [value for name, value in parse_qsl(urlsplit(location).query) if name == "loginToken"]
    assert len(found) == 1
    return found[0]
