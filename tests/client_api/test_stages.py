"""Stages of signing up and confirming: what is asked for, captchas, documents, and the pages that do them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from homeserver.config.accounts import Login, Password, Recaptcha, Registration
from homeserver.config.network import OutboundHttp, Term
from homeserver.services.stages.parts import IncompleteStage, serve
from tests.support.client import PASSWORD, Server
from tests.support.running import configured, running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

TERMS = (
    Term(name="privacy", version="1.2", title="Privacy & more", url="https://hearth.test/privacy"),
    Term(name="rules", version="1", title="Rules", url="https://hearth.test/rules"),
)


class CaptchaService:
    """Answers as the captcha service does; `solved` is the one answer that it takes for solved."""

    solved = "solved"

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.is_broken = False

    async def verify(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.asked.append(form)
        if self.is_broken:
            return web.Response(text="<html>", status=502)
        return web.json_response({"success": form == {"secret": "private", "response": self.solved}})


@pytest.fixture(scope="module")
async def captchas() -> AsyncIterator[tuple[CaptchaService, str]]:
    service = CaptchaService()
    app = web.Application()
    app.router.add_post("/siteverify", service.verify)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield service, f"http://127.0.0.1:{port}/siteverify"
    await runner.cleanup()


@pytest.fixture(scope="module")
async def strict(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory, captchas: tuple[CaptchaService, str]
) -> AsyncIterator[Server]:
    """A server that asks for a captcha and agreement."""
    captcha = Recaptcha(required=True, siteverify_url=captchas[1], public_key="public", private_key="private")
    async with running_app(
        cluster,
        tmp_path_factory.mktemp("strict"),
        registration=Registration(enabled=True, recaptcha=captcha),
        login=Login(password=Password(hash_cost="test")),
        outbound_http=OutboundHttp(allow_private_addresses=True),
        terms=TERMS,
    ) as (_, server):
        yield server


async def sign_up(server: Server, name: str, auth: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    return await server.ask("POST", "/v3/register", {"username": name, "password": PASSWORD, "auth": auth})


async def begun(server: Server, name: str) -> str:
    return str((await sign_up(server, name))[1]["session"])


async def load(server: Server, method: str, path: str, **form: str) -> tuple[int, str, dict[str, str]]:
    async with server.session.request(method, server.base_url + path, data=form or None) as answer:
        return answer.status, await answer.text(), dict(answer.headers)


async def test_what_the_configuration_asks_for_are_the_stages(strict: Server) -> None:
    status, answer = await sign_up(strict, "anna")
    assert (status, answer["flows"]) == (401, [{"stages": ["m.login.recaptcha", "m.login.terms"]}])
    assert answer["params"]["m.login.recaptcha"] == {"public_key": "public"}
    policies = answer["params"]["m.login.terms"]["policies"]
    assert policies["privacy"] == {"version": "1.2", "en": {"name": "Privacy & more", "url": TERMS[0].url}}
    assert policies.keys() == {"privacy", "rules"}


async def test_one_signs_up_when_all_stages_are_done_in_any_order(strict: Server) -> None:
    session = await begun(strict, "berta")
    status, answer = await sign_up(strict, "berta", {"type": "m.login.terms", "session": session})
    assert (status, answer["completed"]) == (401, ["m.login.terms"])
    wrong = {"type": "m.login.recaptcha", "response": "no", "session": session}
    status, answer = await sign_up(strict, "berta", wrong)
    assert (status, answer["errcode"]) == (401, "M_CAPTCHA_INVALID")
    assert answer["completed"] == ["m.login.terms"]
    right = {"type": "m.login.recaptcha", "response": CaptchaService.solved, "session": session}
    status, answer = await sign_up(strict, "berta", right)
    assert (status, answer["user_id"]) == (200, "@berta:hearth.test")


async def test_a_captcha_service_that_is_broken_lets_nobody_in(
    strict: Server, captchas: tuple[CaptchaService, str]
) -> None:
    session = await begun(strict, "carla")
    captchas[0].is_broken = True
    auth = {"type": "m.login.recaptcha", "response": CaptchaService.solved, "session": session}
    status, answer = await sign_up(strict, "carla", auth)
    captchas[0].is_broken = False
    assert status == 401
    assert answer["completed"] == []
    for response in ("", "x" * 5_000, None, 5):
        unreadable: dict[str, Any] = {"type": "m.login.recaptcha", "response": response, "session": session}
        assert (await sign_up(strict, "carla", unreadable))[0] == 401


def test_a_captcha_without_keys_does_not_start(tmp_path: Path) -> None:
    config = configured("", tmp_path, registration=Registration(recaptcha=Recaptcha(required=True, public_key="x")))
    with pytest.raises(IncompleteStage):
        serve(None, config, None)  # type: ignore[arg-type] # nothing of them is reached


async def test_the_pages_do_the_stages_and_the_session_alone_goes_on(strict: Server) -> None:
    session = await begun(strict, "dora")
    for kind, form in (
        ("m.login.terms", {}),
        ("m.login.recaptcha", {"g-recaptcha-response": CaptchaService.solved}),
    ):
        path = f"/_matrix/client/v3/auth/{kind}/fallback/web"
        status, page, headers = await load(strict, "GET", f"{path}?session={session}")
        assert status == 200
        assert session in page
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        status, page, _ = await load(strict, "POST", path, session=session, **form)
        assert status == 200, page
        assert "onAuthDone" in page
        assert "authDone" in page
    status, answer = await sign_up(strict, "dora", {"session": session})
    assert (status, answer["user_id"]) == (200, "@dora:hearth.test")


async def test_a_page_tells_what_was_wrong_and_escapes_what_it_was_given(strict: Server) -> None:
    session = await begun(strict, "emma")
    path = "/_matrix/client/v3/auth/m.login.recaptcha/fallback/web"
    status, page, _ = await load(strict, "POST", path, session=session, **{"g-recaptcha-response": "no"})
    assert status == 401
    assert "not solved" in page
    assert "onAuthDone" not in page
    status, page, _ = await load(strict, "GET", "/_matrix/client/v3/auth/m.login.terms/fallback/web?session=" + session)
    assert "Privacy &amp; more" in page
    for bad in ("%3Cscript%3E", "nothing"):
        status, page, _ = await load(strict, "GET", f"{path}?session={bad}")
        assert status == 400
        assert "<script>" not in page
    assert (await load(strict, "GET", path))[0] == 400
    unknown = path.replace("recaptcha", "nothing")
    assert (await load(strict, "GET", f"{unknown}?session={session}"))[0] == 404
    assert (await load(strict, "POST", unknown, session=session))[0] == 404


async def test_a_password_is_confirmed_on_a_page(shared_server: Server) -> None:
    alice = await shared_server.register()
    _, asked = await alice.ask("POST", "/v3/delete_devices", {"devices": [alice.device_id]})
    session = asked["session"]
    path = "/_matrix/client/v3/auth/m.login.password/fallback/web"
    assert (await load(shared_server, "POST", path, session=session, password="wrong"))[0] == 401
    assert (await load(shared_server, "POST", path, session=session, password=PASSWORD))[0] == 200
    body = {"devices": [alice.device_id], "auth": {"session": session}}
    assert (await alice.ask("POST", "/v3/delete_devices", body))[0] == 200
    assert (await alice.ask("GET", "/v3/account/whoami"))[0] == 401


async def test_a_page_for_a_password_knows_whose_it_is(shared_server: Server) -> None:
    """A session of signing up has no user: no password is the right one."""
    _, asked = await sign_up(shared_server, "frieda")
    path = "/_matrix/client/v3/auth/m.login.password/fallback/web"
    assert (await load(shared_server, "POST", path, session=asked["session"], password=PASSWORD))[0] == 401


async def test_a_login_token_lets_one_device_in_once(shared_server: Server) -> None:
    alice = await shared_server.register()
    status, asked = await alice.ask("POST", "/v1/login/get_token", {})
    assert (status, asked["flows"]) == (401, [{"stages": ["m.login.password"]}])
    auth = {"type": "m.login.password", "password": PASSWORD, "session": asked["session"]}
    told = await alice.call("POST", "/v1/login/get_token", {"auth": auth})
    assert told["expires_in_ms"] == 120_000
    again = await alice.ask("POST", "/v1/login/get_token", {"auth": {"session": asked["session"]}})
    assert again[0] == 400, "the confirmation was good once"
    body = {"type": "m.login.token", "token": told["login_token"], "device_id": "NEW"}
    tries = await asyncio.gather(*(shared_server.ask("POST", "/v3/login", body) for _ in range(4)))
    assert sorted(status for status, _ in tries) == [200, 403, 403, 403]
    entered = next(answer for status, answer in tries if status == 200)
    assert (entered["user_id"], entered["device_id"]) == (alice.user_id, "NEW")
    for token, errcode in (("hel_x", "M_FORBIDDEN"), (None, "M_MISSING_PARAM"), (5, "M_BAD_JSON")):
        _, answer = await shared_server.ask("POST", "/v3/login", {"type": "m.login.token", "token": token})
        assert answer["errcode"] == errcode


async def test_the_login_page_is_a_page(shared_server: Server) -> None:
    status, page, headers = await load(shared_server, "GET", "/_matrix/static/client/login/?device_id=X")
    assert status == 200
    assert "matrixLogin.onLogin" in page
    nonce = page.split('<script nonce="')[1].split('"')[0]
    assert f"'nonce-{nonce}'" in headers["Content-Security-Policy"]
