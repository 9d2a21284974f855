"""Single sign-on: with a real provider and a real CAS server beside, honest ones and liars.

Longer than others: the honest way in and every lie about it share one provider.
"""

import base64
import hmac
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from homeserver.config.accounts import Cas, Login, Oidc, Password
from homeserver.config.network import OutboundHttp
from homeserver.errors import InvalidParam
from homeserver.opening import CannotStart
from homeserver.services.sso import redirects
from homeserver.services.sso.signing_on import mapped
from tests.support.client import PASSWORD, Json, Server, User
from tests.support.running import running_app
from tests.support.sign_on import CLIENT_ID, CLIENT_SECRET, Browser, CasServer, OidcServer, Page, cas_answer, token_in

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

PUBLIC = "https://matrix.hearth.test"
CLIENT = "https://app.example.org/login?x=1#/here"
TRUSTED = "https://trusted.example.org/app"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[OidcServer]:
    async with OidcServer() as running:
        yield running


@pytest.fixture(scope="module")
async def cas() -> AsyncIterator[CasServer]:
    async with CasServer() as running:
        yield running


@pytest.fixture(scope="module")
async def server(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory, provider: OidcServer, cas: CasServer
) -> AsyncIterator[Server]:
    one = Oidc(id="works", name="Works & Co", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    login = Login(
        password=Password(hash_cost="test"),
        oidc=(one,),
        cas=Cas(enabled=True, server_url=cas.url, name="Campus"),
        trusted_clients=(TRUSTED,),
    )
    async with running_app(
        cluster,
        tmp_path_factory.mktemp("sso"),
        login=login,
        public_baseurl=PUBLIC,
        outbound_http=OutboundHttp(allow_private_addresses=True),
    ) as (_, running):
        yield running


@pytest.fixture(autouse=True)
def honest(provider: OidcServer, cas: CasServer) -> None:
    provider.honest()
    cas.answer = None


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server, PUBLIC)


async def with_token(server: Server, location: str | None) -> User:
    """Log in by the token that the client was sent."""
    told = await server.call("POST", "/v3/login", {"type": "m.login.token", "token": token_in(location)})
    return User(server, told["user_id"], told["access_token"], told["device_id"])


async def signed_on(browser: Browser, provider: OidcServer, subject: str, name: str | None = None) -> User:
    """Log in as somebody of the provider, with whatever pages there are."""
    provider.person = {"sub": subject, **({"preferred_username": name} if name else {})}
    page = await browser.logs_in("works", CLIENT)
    return await with_token(browser.server, (await browser.sends(page)).location)


async def test_clients_are_told_of_the_providers(server: Server) -> None:
    flows = (await server.call("GET", "/v3/login"))["flows"]
    told = next(flow for flow in flows if flow["type"] == "m.login.sso")
    assert told["identity_providers"] == [{"id": "works", "name": "Works & Co"}, {"id": "cas", "name": "Campus"}]


async def test_somebody_new_gets_an_account_once_they_agree_to_the_client(
    browser: Browser, provider: OidcServer
) -> None:
    provider.person = {"sub": "4711", "preferred_username": "Anna Ägg", "name": "Anna <b>"}
    page = await browser.logs_in("works", CLIENT)
    assert page.status == 200
    assert page.says("app.example.org")
    assert page.says("@anna=20=c3=a4gg:hearth.test")
    assert page.location is None

    location = (await browser.sends(page)).location
    assert location is not None
    assert location.startswith("https://app.example.org/login?x=1&loginToken=")
    assert location.endswith("#/here")
    anna = await with_token(browser.server, location)
    assert anna.user_id == "@anna=20=c3=a4gg:hearth.test"
    assert await anna.call("GET", f"/v3/profile/{anna.user_id}") == {"displayname": "Anna <b>"}
    assert browser.cookies == {}


async def test_the_same_person_has_the_same_account_whatever_they_are_called_later(
    server: Server, provider: OidcServer
) -> None:
    first = await signed_on(Browser(server, PUBLIC), provider, "same", "before")
    again = await signed_on(Browser(server, PUBLIC), provider, "same", "after")
    assert (first.user_id, again.user_id) == ("@before:hearth.test", "@before:hearth.test")


async def test_a_name_that_is_taken_is_not_given_away(browser: Browser, provider: OidcServer) -> None:
    await browser.server.register("berta")
    provider.person = {"sub": "other berta", "preferred_username": "berta"}
    page = await browser.logs_in("works", CLIENT)
    assert page.says("The name is taken")
    assert page.field("name") == "berta"
    for bad in ("berta", "", "two words", "a" * 300):
        page = await browser.sends(page, name=bad)
        assert (page.status, page.location) == (400, None)
    page = await browser.sends(page, name="Berta2")
    assert page.says("@berta2:hearth.test")
    assert (await with_token(browser.server, (await browser.sends(page)).location)).user_id == "@berta2:hearth.test"
    assert (await browser.server.login("berta")).user_id == "@berta:hearth.test"


async def test_a_trusted_client_needs_no_consent_and_one_that_looks_like_it_does(
    browser: Browser, provider: OidcServer
) -> None:
    provider.person = {"sub": "trusting", "preferred_username": "trusting"}
    back = await browser.logs_in("works", f"{TRUSTED}/index.html")
    assert (await with_token(browser.server, back.location)).user_id == "@trusting:hearth.test"
    for other in ("https://trusted.example.org/apple", "http://trusted.example.org/app", f"{TRUSTED}/../evil"):
        assert (await browser.logs_in("works", other)).says("full access")


async def test_cookies_are_for_this_server_alone_and_pages_are_not_framed(
    browser: Browser, provider: OidcServer
) -> None:
    provider.person = {"sub": "cookies", "preferred_username": "cookies"}
    page = await browser.logs_in("works", CLIENT)
    assert len(browser.set_cookies) == 1
    assert browser.set_cookies[0].startswith("__Host-hearth-sso-")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(browser.set_cookies[0].split("; "))
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example.org;" in policy


def _unsigned(provider: OidcServer, claims: Json) -> str:
    del provider
    return jwt.encode(claims, "", "none")


def _with_public_key_as_secret(provider: OidcServer, claims: Json) -> str:
    public = provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = orjson.dumps({"alg": "HS256", "kid": provider.key_id})
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, orjson.dumps(claims)))
    return (text + b"." + base64.urlsafe_b64encode(hmac.digest(public, text, sha256)).rstrip(b"=")).decode()


def _with_the_shared_key(provider: OidcServer, claims: Json) -> str:
    del provider
    return jwt.encode(claims, bytes(32), "HS256", headers={"kid": "shared"})


def _by_another_key(provider: OidcServer, claims: Json) -> str:
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": provider.key_id})


def _by_a_key_of_its_own(provider: OidcServer, claims: Json) -> str:
    own = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.get_algorithm_by_name("ES256").to_jwk(own.public_key(), as_dict=True)
    return jwt.encode(claims, own, "ES256", headers={"jwk": jwk, "kid": "own", "jku": f"{provider.issuer}/keys"})


def _changed(provider: OidcServer, claims: Json) -> str:
    head, _, signature = provider.signed({**claims, "sub": "somebody else"}).split(".")
    body = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


@pytest.mark.parametrize(
    "told",
    [
        {"nonce": "of another visit"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"iss": "https://another.example.org"},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 1_600_000_000},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": ""},
        {"sub": 5},
        {"sub": None},
        {"sub": "x" * 300},
    ],
    ids=str,
)
async def test_claims_of_another_visit_client_issuer_or_time_let_nobody_in(
    browser: Browser, provider: OidcServer, told: Json
) -> None:
    provider.person, provider.told = {"sub": "liar", "preferred_username": "liar"}, told
    await refused(await browser.logs_in("works", CLIENT), browser)


@pytest.mark.parametrize(
    "forge",
    [
        _unsigned,
        _with_public_key_as_secret,
        _with_the_shared_key,
        _by_another_key,
        _by_a_key_of_its_own,
        _changed,
        lambda *_: "no token",
        lambda *_: "a.b.c",
    ],
)
async def test_signatures_that_are_not_the_providers_let_nobody_in(
    browser: Browser, provider: OidcServer, forge: Callable[[OidcServer, Json], str]
) -> None:
    provider.person = {"sub": "forger", "preferred_username": "forger"}
    provider.forge = lambda claims: forge(provider, claims)
    await refused(await browser.logs_in("works", CLIENT), browser)


async def refused(page: Page, browser: Browser) -> None:
    """Nobody came in, nothing is told of why, and nobody has an account now."""
    assert (page.status, page.location) == (403, None)
    assert page.says("Works & Co did not say who you are.")
    for name in ("liar", "forger"):
        assert (await browser.server.call("GET", "/v3/register/available", query={"username": name}))["available"]


async def test_what_comes_back_is_good_once_and_in_the_browser_that_began(
    browser: Browser, provider: OidcServer
) -> None:
    provider.person = {"sub": "once", "preferred_username": "once"}
    away = await browser.asks("GET", f"/_matrix/client/v3/login/sso/redirect/works?redirectUrl={TRUSTED}")
    assert away.location is not None
    back = (await browser.asks("GET", away.location)).location
    assert back is not None
    thief = Browser(browser.server, PUBLIC)
    assert (await thief.asks("GET", back)).status == 403
    other = Browser(browser.server, PUBLIC)
    await other.asks("GET", f"/_matrix/client/v3/login/sso/redirect/works?redirectUrl={TRUSTED}")
    assert (await other.asks("GET", back)).status == 403
    cookies = dict(browser.cookies)
    assert token_in((await browser.asks("GET", back)).location)
    browser.cookies = cookies
    assert (await browser.asks("GET", back)).status == 403
    assert (await browser.asks("GET", f"{back}&state=unknown")).status == 403


async def test_a_code_of_somebody_elses_visit_is_no_use_in_mine(server: Server, provider: OidcServer) -> None:
    provider.person = {"sub": "victim", "preferred_username": "victim"}
    victim, thief = Browser(server, PUBLIC), Browser(server, PUBLIC)
    backs = []
    for one in (victim, thief):
        away = await one.asks("GET", f"/_matrix/client/v3/login/sso/redirect/works?redirectUrl={TRUSTED}")
        assert away.location is not None
        backs.append(str((await one.asks("GET", away.location)).location))
    code = backs[0].partition("code=")[2]
    injected = backs[1].partition("code=")[0] + f"code={code}"
    assert (await thief.asks("GET", injected)).status == 403


async def test_an_answer_of_another_issuer_is_refused(browser: Browser, provider: OidcServer) -> None:
    provider.person = {"sub": "mixed", "preferred_username": "mixed"}
    for issuer in ("", "iss=https%3A%2F%2Fevil.example.org"):
        away = await browser.asks("GET", f"/_matrix/client/v3/login/sso/redirect/works?redirectUrl={TRUSTED}")
        assert away.location is not None
        back = str((await browser.asks("GET", away.location)).location)
        query = "&".join([*(part for part in back.partition("?")[2].split("&") if "iss=" not in part), issuer])
        assert (await browser.asks("GET", f"{back.partition('?')[0]}?{query}")).status == 403


async def test_the_consent_of_another_browser_counts_for_nothing(server: Server, provider: OidcServer) -> None:
    provider.person = {"sub": "consenting", "preferred_username": "consenting"}
    mine = Browser(server, PUBLIC)
    page = await mine.logs_in("works", CLIENT)
    assert (await Browser(server, PUBLIC).sends(page)).status == 403
    cookies = dict(mine.cookies)
    assert token_in((await mine.sends(page)).location)
    mine.cookies = cookies
    assert (await mine.sends(page)).status == 403


async def test_who_declines_at_the_provider_is_told_so(browser: Browser, provider: OidcServer) -> None:
    provider.is_declining = True
    page = await browser.logs_in("works", CLIENT)
    assert page.status == 403
    assert page.says("You did not agree")


async def test_a_new_key_of_the_provider_is_fetched_when_a_token_names_it(
    server: Server, provider: OidcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeserver.providers.oidc.KEYS_AGAIN_S", 0.0)
    await signed_on(Browser(server, PUBLIC), provider, "rotating", "rotating")
    provider.change_key()
    before = provider.key_reads
    for _ in range(2):
        assert (await signed_on(Browser(server, PUBLIC), provider, "rotating")).user_id == "@rotating:hearth.test"
    assert provider.key_reads == before + 1


async def test_what_the_token_does_not_say_is_asked_for_of_the_same_person(
    browser: Browser, provider: OidcServer
) -> None:
    provider.person = {"sub": "quiet"}
    provider.userinfo = {"sub": "somebody else", "preferred_username": "loud"}
    assert (await browser.logs_in("works", CLIENT)).status == 403
    provider.userinfo = {"sub": "quiet", "preferred_username": "quiet"}
    assert (await browser.logs_in("works", CLIENT)).says("@quiet:hearth.test")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example.org",
        "/relative",
        "",
        "https://",
        "https://app.example.org\\@evil.example.org",
        "https://trusted.example.org@evil.example.org/",
        "https://a;script-src/",
        "https://app.example.org:99999999/",
        "https://app.example.org/\r\nSet-Cookie: a=b",
        "https://äpp.example.org/",
        "https://app.example.org/" + "x" * 2_100,
    ],
)
async def test_browsers_are_sent_to_addresses_of_clients_alone(browser: Browser, url: str) -> None:
    assert (await browser.logs_in("works", url)).status == 400
    with pytest.raises(InvalidParam):
        redirects.check(url)


async def test_who_names_no_provider_is_asked_and_an_unknown_one_is_not_found(server: Server) -> None:
    browser = Browser(server, PUBLIC)
    page = await browser.goes(f"/_matrix/client/v3/login/sso/redirect?redirectUrl={TRUSTED}&action=register")
    assert page.says('sso/redirect/works?redirectUrl=https%3A%2F%2Ftrusted.example.org%2Fapp&action=register">Works')
    assert page.says("Campus")
    assert (await browser.logs_in("nowhere", TRUSTED)).status == 404
    assert (await browser.goes("/_matrix/client/v3/login/sso/redirect")).status == 400


async def test_apps_come_back_by_a_scheme_of_their_own(browser: Browser, provider: OidcServer) -> None:
    provider.person = {"sub": "app", "preferred_username": "app"}
    page = await browser.logs_in("works", "im.example.app://login")
    assert "form-action 'self' im.example.app:;" in page.headers["Content-Security-Policy"]
    assert str((await browser.sends(page)).location).startswith("im.example.app://login?loginToken=")


async def test_locked_and_closed_accounts_stay_so(server: Server, provider: OidcServer) -> None:
    user = await signed_on(Browser(server, PUBLIC), provider, "closing", "closing")
    stage = await _stage_of(user, "POST", "/v3/account/deactivate")
    provider.person = {"sub": "closing"}
    await _confirms(Browser(server, PUBLIC), stage)
    await user.call("POST", "/v3/account/deactivate", {"auth": {"session": stage}})
    page = await Browser(server, PUBLIC).logs_in("works", CLIENT)
    assert (page.status, page.location) == (403, None)


async def _stage_of(user: User, method: str, path: str, body: Json | None = None) -> str:
    """The session of a request that wants confirmation, by the provider among others."""
    status, asked = await user.ask(method, path, body or {})
    assert status == 401
    assert {"stages": ["m.login.sso"]} in asked["flows"]
    return str(asked["session"])


async def _confirms(browser: Browser, session: str) -> Page:
    """Do the stage on its page."""
    page = await browser.goes(f"/_matrix/client/v3/auth/m.login.sso/fallback/web?session={session}")
    assert page.says("Continue with Works & Co")
    link = page.text.partition('href="')[2].partition('"')[0]
    asked = await browser.goes(link)
    assert asked.says("Is this you?"), asked.text
    return await browser.sends(asked)


async def test_a_device_is_removed_when_the_provider_vouches_once_more(server: Server, provider: OidcServer) -> None:
    user = await signed_on(Browser(server, PUBLIC), provider, "careful", "careful")
    other = await signed_on(Browser(server, PUBLIC), provider, "careful")
    path = f"/v3/devices/{other.device_id}"
    session = await _stage_of(user, "DELETE", path)
    status, answer = await user.ask("DELETE", path, {"auth": {"type": "m.login.sso", "session": session}})
    assert (status, answer["errcode"], answer["completed"]) == (401, "M_FORBIDDEN", [])

    done = await _confirms(Browser(server, PUBLIC), session)
    assert done.says("You may close this window")
    assert provider.asked[-1]["prompt"] == "login"
    assert (await user.ask("DELETE", path, {"auth": {"session": session}}))[0] == 200


async def test_somebody_else_at_the_provider_confirms_nothing(server: Server, provider: OidcServer) -> None:
    user = await signed_on(Browser(server, PUBLIC), provider, "victim of a thief", "victim2")
    session = await _stage_of(user, "DELETE", f"/v3/devices/{user.device_id}")
    provider.person = {"sub": "thief", "preferred_username": "thief"}
    browser = Browser(server, PUBLIC)
    page = await browser.goes(f"/_matrix/client/v3/auth/m.login.sso/fallback/web?session={session}")
    refused = await browser.goes(page.text.partition('href="')[2].partition('"')[0])
    assert refused.status == 403
    assert refused.says("somebody else")


@pytest.mark.parametrize("auth_time", [None, 1_600_000_000])
async def test_a_login_of_long_ago_at_the_provider_confirms_nothing(
    server: Server, provider: OidcServer, auth_time: int | None
) -> None:
    user = await signed_on(Browser(server, PUBLIC), provider, "lazy", "lazy")
    session = await _stage_of(user, "DELETE", f"/v3/devices/{user.device_id}")
    provider.told = {"auth_time": auth_time}
    browser = Browser(server, PUBLIC)
    page = await browser.goes(f"/_matrix/client/v3/auth/m.login.sso/fallback/web?session={session}")
    assert (await browser.goes(page.text.partition('href="')[2].partition('"')[0])).status == 403


async def test_who_logs_in_by_password_is_not_asked_for_a_provider(server: Server) -> None:
    user = await server.register()
    _, asked = await user.ask("DELETE", f"/v3/devices/{user.device_id}", {})
    assert asked["flows"] == [{"stages": ["m.login.password"]}]
    auth = {"type": "m.login.password", "password": PASSWORD, "session": asked["session"]}
    assert (await user.ask("DELETE", f"/v3/devices/{user.device_id}", {"auth": auth}))[0] == 200


async def test_people_of_a_cas_server_log_in(browser: Browser, cas: CasServer) -> None:
    cas.person, cas.attributes = "Carla", {"displayName": "Carla C."}
    page = await browser.logs_in("cas", CLIENT)
    assert page.says("@carla:hearth.test")
    carla = await with_token(browser.server, (await browser.sends(page)).location)
    assert (await carla.call("GET", f"/v3/profile/{carla.user_id}"))["displayname"] == "Carla C."


SUCCESS = "<cas:authenticationSuccess><cas:user>{}</cas:user></cas:authenticationSuccess>"


@pytest.mark.parametrize(
    "answer",
    [
        cas_answer('<cas:authenticationFailure code="INVALID_TICKET">no</cas:authenticationFailure>'),
        cas_answer(""),
        cas_answer(f"<x>{SUCCESS.format('evil')}</x>"),
        cas_answer(SUCCESS.format("evil") * 2),
        cas_answer(SUCCESS.format("")),
        cas_answer(SUCCESS.format("evil")).replace("yale", "harvard"),
        '<!DOCTYPE x [<!ENTITY e "evil">]>' + cas_answer(SUCCESS.format("&e;")),
        cas_answer(SUCCESS.format("evil")) + "<more/>",
        "yes\nevil\n",
        "",
    ],
)
async def test_nothing_but_a_clear_yes_of_the_cas_server_lets_anybody_in(
    browser: Browser, cas: CasServer, answer: str
) -> None:
    cas.answer = answer
    page = await browser.logs_in("cas", CLIENT)
    assert (page.status, page.location) == (403, None)


async def test_a_ticket_of_somebody_elses_visit_is_no_use_in_mine(server: Server, cas: CasServer) -> None:
    cas.person = "dora"
    backs = []
    victim, thief = Browser(server, PUBLIC), Browser(server, PUBLIC)
    for one in (victim, thief):
        away = await one.asks("GET", f"/_matrix/client/v3/login/sso/redirect/cas?redirectUrl={TRUSTED}")
        assert away.location is not None
        backs.append(str((await one.asks("GET", away.location)).location))
    ticket = backs[0].partition("ticket=")[2]
    assert (await thief.asks("GET", backs[1].partition("ticket=")[0] + f"ticket={ticket}")).status == 403


async def test_a_provider_that_is_down_is_said_to_be(cluster: "Cluster", tmp_path: Path) -> None:
    async with OidcServer(is_broken=True) as broken:
        one = Oidc(id="broken", name="Broken", issuer=broken.issuer, client_id="x")
        login = Login(password=Password(hash_cost="test"), oidc=(one,))
        outbound = OutboundHttp(allow_private_addresses=True)
        async with running_app(cluster, tmp_path, login=login, outbound_http=outbound) as (_, server):
            browser = Browser(server, "http://localhost:8008")
            page = await browser.logs_in("broken", CLIENT)
            assert page.status == 503
            assert page.says("does not answer")
            broken.is_broken = False
            away = await browser.asks("GET", f"/_matrix/client/v3/login/sso/redirect?redirectUrl={TRUSTED}")
            assert str(away.location).startswith(f"{broken.issuer}/authorize?")
            assert "Secure" not in browser.set_cookies[0]


async def test_a_provider_that_is_not_described_in_full_is_no_start(cluster: "Cluster", tmp_path: Path) -> None:
    for login in (
        Login(cas=Cas(enabled=True)),
        Login(oidc=(Oidc(id="a", name="A", issuer="https://a", client_id="x"),) * 2),
    ):
        with pytest.raises(CannotStart, match=r"login\.cas\.enabled|one id"):
            async with running_app(cluster, tmp_path, login=login):
                pass


def test_names_of_other_letters_are_mapped() -> None:
    assert [mapped(name) for name in ("Anna", "a b=c", "é#", "x@y.z")] == ["anna", "a=20b=3dc", "=c3=a9=23", "x=40y.z"]


def test_tokens_replace_tokens() -> None:
    url = "https://app.example.org/?loginToken=old&a=&b=1%202#c"
    assert redirects.with_token(url, "new") == "https://app.example.org/?a=&b=1+2&loginToken=new#c"
