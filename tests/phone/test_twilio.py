"""Twilio Verify through the real library, against a local server that speaks its HTTP, well and badly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import BasicAuth, web
from twilio.http.async_http_client import AsyncTwilioHttpClient

from homeserver.config.accounts import Sms, SmsBudget, Twilio
from homeserver.config.kinds import Secret
from homeserver.errors import MatrixError, ThreepidDenied, Unavailable
from homeserver.providers import sms
from homeserver.providers.hooks import SmsFailed
from homeserver.providers.sms import TwilioSms
from homeserver.services.phone.carrier import REST_MS, SmsCarrier
from homeserver.services.phone.guard import SpendGuard
from homeserver.services.phone.work import Work
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import MaybeSent, Verifications, Wanted
from homeserver.storage.database import Database
from homeserver.storage.sms import SmsSends
from homeserver.storage.verifications import Verifications as Table
from tests.phone.conftest import RNG, VirtualClock

SERVICE = "VA" + "0" * 32
NUMBER = "+447400123456"
CODE = "424242"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Verify:
    """The provider.

    `texts`: numbers that got a code, each of which costs; `messages`: texts without one; `breaks`: what the next
    answers are.
    """

    url: str = ""
    texts: list[str] = field(default_factory=list)
    messages: list[tuple[str, str, str]] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    breaks: list[Answer] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert request.headers["Authorization"] == BasicAuth("AC1", "token").encode()
        assert form["Channel"] == "sms"
        if self.breaks:
            return await self.breaks.pop(0)(request)
        self.texts.append(str(form["To"]))
        sid = f"VE{len(self.texts):032x}"
        return web.json_response({"sid": sid, "to": form["To"], "status": "pending", **self.changes}, status=201)

    async def message(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if self.breaks:
            return await self.breaks.pop(0)(request)
        self.messages.append((str(form["To"]), str(form["MessagingServiceSid"]), str(form["Body"])))
        return web.json_response({"sid": "SM1", "status": "accepted"}, status=201)

    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if self.breaks:
            return await self.breaks.pop(0)(request)
        sid = str(form["VerificationSid"])
        if sid in self.approved:
            return await refusal(404, 20404)(request)
        is_right = form["Code"] == CODE
        if is_right:
            self.approved.add(sid)
        answer = {"sid": sid, "to": NUMBER, "status": "approved" if is_right else "pending", "valid": is_right}
        return web.json_response({**answer, **self.changes}, status=201)


def refusal(status: int, code: int) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"status": status, "code": code, "message": f"to {NUMBER}"}, status=status)

    return answer


def text(body: str, status: int = 201) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type="application/json")

    return answer


async def silence(_request: web.Request) -> web.Response:
    await asyncio.sleep(1)
    return web.Response()


async def cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class LocalClient(AsyncTwilioHttpClient):
    """The library's client; addresses of the provider lead to the local server."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    async def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        assert urlsplit(url).netloc in {"verify.twilio.com", "api.twilio.com"}
        return await super().request(method, self._base + urlsplit(url).path, *args, **more)


@pytest.fixture
async def verify() -> AsyncIterator[Verify]:
    provider = Verify()
    app = web.Application()
    app.router.add_post(f"/v2/Services/{SERVICE}/Verifications", provider.begin)
    app.router.add_post(f"/v2/Services/{SERVICE}/VerificationCheck", provider.check)
    app.router.add_post("/2010-04-01/Accounts/AC1/Messages.json", provider.message)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield provider
    await runner.cleanup()


@pytest.fixture
async def sender(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TwilioSms]:
    monkeypatch.setattr(sms, "TIMEOUT_S", 0.5)
    config = Twilio(account_sid="AC1", auth_token=Secret("token"), verify_service_sid=SERVICE)
    twilio = TwilioSms(config, LocalClient(verify.url))
    yield twilio
    await twilio.close()


async def test_an_invitation_goes_by_a_messaging_service(verify: Verify, sender: TwilioSms) -> None:
    assert not sender.tells, "Verify carries codes alone"
    config = Twilio(
        account_sid="AC1", auth_token=Secret("token"), verify_service_sid=SERVICE, messaging_service_sid="MG1"
    )
    telling = TwilioSms(config, LocalClient(verify.url))
    assert telling.tells
    await telling.tell(NUMBER, "come")
    assert verify.messages == [(NUMBER, "MG1", "come")]
    verify.breaks = [refusal(400, 21610)]
    with pytest.raises(SmsFailed) as failed:
        await telling.tell(NUMBER, "come")
    assert failed.value.is_refused
    assert len(verify.messages) == 1
    await telling.close()


async def test_a_code_is_sent_checked_and_used_up(verify: Verify, sender: TwilioSms) -> None:
    reference = await sender.send(NUMBER, "")
    assert verify.texts == [NUMBER]
    assert not await sender.check(NUMBER, reference, "000000")
    assert await sender.check(NUMBER, reference, CODE)
    assert not await sender.check(NUMBER, reference, CODE)


@pytest.mark.parametrize(
    ("broken", "maybe_sent", "is_refused"),
    [
        (refusal(429, 20429), False, False),
        (refusal(401, 20003), False, False),
        (refusal(400, 60200), False, True),
        (refusal(403, 60410), False, True),
        (refusal(400, 21408), False, True),
        (refusal(500, 20500), True, False),
        (refusal(503, 20503), True, False),
        (text("<html>", 502), True, False),
        (text("{", 201), True, False),
        (text("[]", 201), True, False),
        (text("{}", 201), True, False),
        (text('{"sid": "VE1", "to": "+447400123456"}', 201), True, False),
        (text(f'{{"sid": "VE{"0" * 32}", "to": "+447400999999"}}', 201), True, False),
        (silence, True, False),
        (cut, True, False),
    ],
)
async def test_a_message_that_fails_is_told_and_not_repeated(
    verify: Verify, sender: TwilioSms, broken: Answer, maybe_sent: bool, is_refused: bool
) -> None:
    verify.breaks = [broken]
    with pytest.raises(SmsFailed) as failed:
        await sender.send(NUMBER, "")
    assert (failed.value.maybe_sent, failed.value.is_refused) == (maybe_sent, is_refused)
    assert NUMBER not in str(failed.value)
    assert verify.breaks == []
    assert verify.texts == []


@pytest.mark.parametrize(
    "broken", [refusal(429, 20429), refusal(500, 20500), text("{"), text("[]"), text("{}"), text("null"), silence, cut]
)
async def test_no_code_is_taken_when_the_check_fails(verify: Verify, sender: TwilioSms, broken: Answer) -> None:
    reference = await sender.send(NUMBER, "")
    verify.breaks = [broken]
    with contextlib.suppress(SmsFailed):
        assert not await sender.check(NUMBER, reference, CODE)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "pending"},
        {"status": "APPROVED"},
        {"status": True},
        {"valid": False},
        {"valid": "true"},
        {"valid": 1},
        {"sid": "VE" + "f" * 32},
        {"to": "+447400999999"},
    ],
)
async def test_no_code_is_taken_by_an_answer_about_something_else(
    verify: Verify, sender: TwilioSms, changes: dict[str, Any]
) -> None:
    reference = await sender.send(NUMBER, "")
    verify.changes = changes
    assert not await sender.check(NUMBER, reference, CODE)


# -- the whole way: session, guard, provider --------------------------------------------------------------------------


@dataclass
class Way:
    verifications: Verifications
    carrier: SmsCarrier
    guard: SpendGuard
    clock: VirtualClock

    async def request(self, **changes: Any) -> str:
        wanted = {"client_secret": "secret", "send_attempt": 1, "ip": "192.0.2.1", **changes}
        return await self.verifications.request(Wanted("msisdn", NUMBER[1:], "register", **wanted))


@pytest.fixture
def way(sender: TwilioSms, database: Database, vault: Vault, clock: VirtualClock) -> Way:
    config = Sms(countries=("GB",), budget=SmsBudget())
    guard = SpendGuard(config, SmsSends(database), vault, Work(vault, clock, 0), clock)
    carrier = SmsCarrier(sender, guard, "chat.test", clock)
    verifications = Verifications(Table(database), vault, clock, RNG)
    verifications.carry("msisdn", carrier)
    return Way(verifications, carrier, guard, clock)


async def test_one_press_is_billed_once_however_often_it_is_asked(verify: Verify, way: Way) -> None:
    sids = await asyncio.gather(*(way.request() for _ in range(4)))
    sids.append(await way.request())
    assert (len(set(sids)), verify.texts, (await way.guard.budget()).day) == (1, [NUMBER], 1)
    assert await way.verifications.submit(sids[0], "secret", "000000") is None
    assert await way.verifications.submit(sids[0], "secret", CODE) is not None


async def test_a_press_of_unknown_outcome_counts_and_is_not_sent_again(verify: Verify, way: Way) -> None:
    verify.breaks = [silence]
    with pytest.raises(MaybeSent):
        await way.request()
    assert (await way.guard.budget()).day == 1
    sid = await way.request()
    assert verify.texts == []
    assert await way.verifications.submit(sid, "secret", CODE) is None


async def test_while_the_provider_is_down_everybody_is_told_at_once_and_nothing_waits(verify: Verify, way: Way) -> None:
    verify.breaks = [refusal(429, 20429)]
    with pytest.raises(Unavailable, match="another way"):
        await way.request()
    assert way.carrier.is_down
    with pytest.raises(Unavailable, match="another way"):
        await way.request(client_secret="other")
    assert ((await way.guard.budget()).day, verify.texts) == (0, [])
    way.clock.ms += REST_MS
    await way.request()
    assert verify.texts == [NUMBER]


async def test_a_number_that_gets_no_messages_is_told_so_and_others_go_on(verify: Verify, way: Way) -> None:
    verify.breaks = [refusal(403, 60410)]
    with pytest.raises(ThreepidDenied):
        await way.request()
    assert not way.carrier.is_down
    assert (await way.guard.budget()).day == 0


async def test_a_check_that_fails_proves_nothing_and_can_be_repeated(verify: Verify, way: Way) -> None:
    sid = await way.request()
    verify.breaks = [refusal(503, 20503)]
    with pytest.raises(MatrixError):
        await way.verifications.submit(sid, "secret", CODE)
    assert await way.verifications.submit(sid, "secret", CODE) is not None
