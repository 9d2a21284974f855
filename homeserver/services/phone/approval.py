"""What is asked for after the code on a device that an account does not know: its password, a look at another device of
the account, or a week in which all devices can say no.

What waits is account data of the account (`SIGN_INS`), which the server alone writes: devices learn of it as of all.
Security: S-16 (d). Contract: docs/extensions.md, Coming in on a new device.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple

import orjson
import structlog

from homeserver.clock import Clock, Rng
from homeserver.errors import MatrixError, NotFound, StorageFull, Unavailable
from homeserver.services.account_data import SIGN_INS
from homeserver.services.requester import Requester
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.mail import MailCarrier
from homeserver.services.threepids.verifications import LIFE_MS, Proof, ThreepidAuthFailed, Verifications
from homeserver.storage.phone_accounts import PhoneAccount
from homeserver.storage.rows import AccountDataRow
from homeserver.storage.sign_ins import News, Recovery, SignInRequest, SignIns, State
from homeserver.storage.stream import Stream

log = structlog.get_logger()

YOUNG_MS: Final = 24 * 3600 * 1000
"""An account that is no older, and that nobody is signed in to, is opened by the code: it has nothing to hide yet."""
WAIT_MS: Final = 7 * 24 * 3600 * 1000
LATE_MS: Final = 7 * 24 * 3600 * 1000
"""How long a recovery can be used once its week is over."""
ROUND_S: Final = 300.0
TELLING_MS: Final = 120_000
"""So long a process that died keeps what it began to tell from the others."""
NUMBER_DIGITS: Final = 2
REQUEST_BYTES: Final = 18
MAX_AGENT: Final = 200

Way = Literal["password", "approval", "recovery"]
Tell = Callable[[str, str], Awaitable[object]]
"""Tells a user (id, text). Raises MatrixError."""

SUBJECT: Final = "Signing in to your account"
PLANNED: Final = (
    "Somebody, probably you, wants to get back into your account {user} by its phone number alone, without a password "
    "and without another device. It opens in seven days.\n\n"
    "If that is not you, stop it on a device where you are signed in: {page}\n"
)
OPENED: Final = (
    "A new device came into your account {user} by its phone number alone, after seven days of waiting.\n\n"
    "If that was not you, sign that device out in the settings and write to the admin of the server.\n"
)
WORDS: Final[dict[News, str]] = {"planned": PLANNED, "opened": OPENED}


class Newcomer(NamedTuple):
    """Who came with a code, from where."""

    ip: str
    user_agent: str


class ApprovalNeeded(MatrixError):
    """The code was right, and is not enough on this device. Tells by which ways it goes on."""

    default_status = 401
    default_errcode = "APP.HEARTH.APPROVAL_NEEDED"
    default_message = "The code alone does not open this account on a new device"

    def __init__(self, ways: tuple[Way, ...], *, is_idle: bool, number: str | None, due_ts: int | None) -> None:
        super().__init__()
        self._told: dict[str, object] = {"app.hearth.ways": list(ways), "app.hearth.idle": is_idle}
        if number is not None:
            self._told["app.hearth.number"] = number
        if due_ts is not None:
            self._told["app.hearth.due_ts"] = due_ts

    def body(self) -> dict[str, object]:
        return {**super().body(), **self._told}


def ways_in(account: PhoneAccount, *, has_password: bool, is_idle: bool, now_ms: int) -> tuple[Way, ...]:
    """What opens the account besides its code; none: the code suffices, or, where it is idle, nothing does.

    Of an idle account the number may have another owner by now, who must not get in by waiting.
    """
    if has_password and account.second_factor:
        return ("password",)
    is_young = account.created_ts is not None and now_ms - account.created_ts < YOUNG_MS
    if is_young and not account.is_signed_in and not is_idle:
        return ()
    offered: list[tuple[Way, bool]] = [
        ("password", has_password),
        ("approval", account.is_signed_in),
        ("recovery", not is_idle),
    ]
    return tuple(way for way, is_offered in offered if is_offered)


class Approval:
    """Asks the devices of an account, keeps its recoveries, tells of both."""

    def __init__(
        self,
        *,
        table: SignIns,
        stream: Stream,
        verifications: Verifications,
        addresses: Addresses,
        mail: MailCarrier | None,
        page: str,
        clock: Clock,
        rng: Rng,
    ) -> None:
        """`page`: where the web client is; `mail` None: this server sends none."""
        self._table = table
        self._stream = stream
        self._verifications = verifications
        self._addresses = addresses
        self._mail = mail
        self._page = page
        self._clock = clock
        self._rng = rng
        self._has_news = asyncio.Event()

    async def ask(self, user_id: str, proof: Proof, newcomer: Newcomer) -> SignInRequest:
        """The request of this proof, made when it is new, and shown on the account's devices [1 trip, `_show`].

        Raises ThreepidAuthFailed where the number was another account's when it was asked.
        """
        now = self._clock.now_ms()
        new = SignInRequest(
            request_id=self._rng.token(REQUEST_BYTES),
            sid=proof.sid,
            user_id=user_id,
            number=self._rng.digits(NUMBER_DIGITS),
            state="waiting",
            ip=newcomer.ip,
            user_agent=newcomer.user_agent[:MAX_AGENT],
            created_ts=now,
            expires_ts=now + LIFE_MS,
        )
        request = await self._table.ask(new)
        if request.user_id != user_id:
            raise ThreepidAuthFailed("The number went to another account: ask for a new code.")
        if request.state == "waiting":
            await self._show(user_id)  # an older one too: who asked for it may not have come so far
        return request

    async def state(self, sid: str, client_secret: str) -> State:
        """What came of the request of a session. Raises NotFound, ThreepidAuthFailed (too late), InvalidParam."""
        request = await self._table.of_sid(sid)
        if request is None:
            raise NotFound("Nothing waits for an answer.")
        if request.state != "refused":
            await self._verifications.proven({"sid": sid, "client_secret": client_secret}, "msisdn", "login")
        return request.state

    async def answer(self, requester: Requester, request_id: str, number: str | None) -> State:
        """Say yes by the two digits that the new device shows; anything else is a no, for good. Raises NotFound."""
        now = self._clock.now_ms()
        request = await self._table.answer(requester.user_id, request_id, number, now)
        if request is None:
            raise NotFound("Nobody waits for that answer.")
        if request.state == "refused":
            await self._verifications.spend(request.sid)
        await self._show(requester.user_id)
        return request.state

    async def recover(self, user_id: str, newcomer: Newcomer) -> None:
        """Let the number alone open the account once, in a week.

        What waits already goes on waiting; for a day after a no nothing is begun.
        """
        now = self._clock.now_ms()
        agent = newcomer.user_agent[:MAX_AGENT]
        if await self._table.plan_recovery(Recovery(user_id, newcomer.ip, agent, now, now + WAIT_MS)):
            await self._show(user_id)
            self._has_news.set()

    async def recovery(self, user_id: str) -> Recovery | None:
        """What waits or is due; None: nothing, or nobody came for too long [1 trip]."""
        found = await self._table.recovery(user_id)
        return found if found is not None and self._clock.now_ms() < found.due_ts + LATE_MS else None

    def is_due(self, recovery: Recovery | None) -> bool:
        """Whether its week is over."""
        return recovery is not None and recovery.due_ts <= self._clock.now_ms()

    async def stop_recovery(self, requester: Requester) -> None:
        """Have no recovery of the requester's account. Raises NotFound where none waits."""
        if not await self._table.stop_recovery(requester.user_id, self._clock.now_ms()):
            raise NotFound("Nobody waits to get back into your account.")
        await self._show(requester.user_id)

    async def come_in(self, user_id: str, *, by_waiting: bool) -> None:
        """Somebody signs in: nothing is to be recovered any more [1 trip, if nothing was].

        Raises ThreepidAuthFailed for who waited, when that was stopped or used in this moment.
        """
        end = self._table.use_recovery if by_waiting else self._table.drop_recovery
        if await end(user_id):
            await self._show(user_id)
            self._has_news.set()
        elif by_waiting:
            raise ThreepidAuthFailed("That was stopped, or somebody else came in: ask for a new code.")

    # -- telling -------------------------------------------------------------------------------------------------------

    async def _show(self, user_id: str) -> None:
        """Write what waits where all devices of the account see it [5 trips].

        Until it has not changed meanwhile: of two who write at once the last one may have read first.
        """
        written = None
        while (content := await self._waiting(user_id)) != written:
            await self._stream.write(AccountDataRow(user_id=user_id, room_id="", type=SIGN_INS, content=content))
            written = content

    async def _waiting(self, user_id: str) -> bytes:
        """What waits, as account data [2 trips]."""
        requests = await self._table.waiting(user_id, self._clock.now_ms())
        recovery = await self.recovery(user_id)
        content: dict[str, Any] = {"requests": [_shown(one) for one in requests]}
        if recovery is not None:
            content["recovery"] = {
                "ts": recovery.created_ts,
                "due_ts": recovery.due_ts,
                "ip": recovery.ip,
                "user_agent": recovery.user_agent,
            }
        return orjson.dumps(content)

    async def tell_by(self, tell: Tell) -> None:
        """Tell users of recoveries by mail and in a chat, for clients that know nothing of this; runs for ever.

        What was noted is told, whatever becomes of the process that noted it: at worst twice.
        """
        while True:
            self._has_news.clear()
            try:
                while await self._tell_one(tell):
                    pass
            except (Unavailable, StorageFull) as error:
                log.warning("telling of a recovery was put off", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._has_news.wait()

    async def _tell_one(self, tell: Tell) -> bool:
        now = self._clock.now_ms()
        news = await self._table.claim_news(now, now + TELLING_MS)
        if news is None:
            return False
        await self._show(news.user_id)  # who noted it may not have come so far
        words = WORDS[news.kind].format(user=news.user_id, page=self._page)
        for one in await self._addresses.of_user(news.user_id):
            if one.medium == "email" and self._mail is not None:
                await self._mail.notify(one.address, SUBJECT, words)
        try:
            await tell(news.user_id, words)
        except (Unavailable, StorageFull):
            raise
        except MatrixError as error:
            log.warning("a user was not told of a recovery", user=news.user_id, error=type(error).__name__)
        await self._table.told(news)
        return True

    async def run(self) -> None:
        """Take away what is over; runs as long as the process."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                await self.prune()
            except (Unavailable, StorageFull) as error:
                log.warning("sign_ins.put_off", error=type(error).__name__)

    async def prune(self) -> None:
        """One round."""
        for user_id in await self._table.prune(self._clock.now_ms(), LATE_MS):
            await self._show(user_id)


def _shown(request: SignInRequest) -> dict[str, Any]:
    """A request as other devices see it: without the number, which they have to be told."""
    return {
        "id": request.request_id,
        "ts": request.created_ts,
        "expires_ts": request.expires_ts,
        "ip": request.ip,
        "user_agent": request.user_agent,
    }
