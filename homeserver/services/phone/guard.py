"""What keeps text messages from being pumped: budgets, limits, and breakers, decided before each message.

Security: S-16 (a), (b).
"""

import math
from typing import Final, NamedTuple, TypeVar

from homeserver.clock import Clock
from homeserver.config.accounts import Sms
from homeserver.errors import LimitExceeded, ThreepidDenied, Unavailable
from homeserver.services.phone.alarms import Alarms
from homeserver.services.phone.numbers import PhoneNumber, gets_messages
from homeserver.services.phone.work import Work
from homeserver.services.threepids.vault import Vault
from homeserver.storage.sms import DAY_MS, HOUR_MS, SETTLED_MS, Counts, Send, SmsSends

E = TypeVar("E", bound=Exception)

NUMBER_PAUSE_MS: Final = 30 * 1000
NUMBER_IN_10_MIN: Final = 3
NUMBER_A_DAY: Final = 5
ADDRESS_AN_HOUR: Final = 5
DEVICE_A_DAY: Final = 10
PREFIX_AN_HOUR: Final = 10
BREAKER_AFTER: Final = 20
BREAKER_SHARE: Final = 0.2
"""A country or a block of numbers of which fewer give their codes back gets no messages for a day."""
ALARM_SHARE: Final = 0.8
INVITER_A_DAY: Final = 5
INVITE_SHARE: Final = 0.5
"""Of a budget: invitations never keep people from signing in."""


class Refused(NamedTuple):
    """Why not now: `limit` is its name for metrics; `wait_ms`: how long it lasts at least."""

    limit: str
    wait_ms: int


class _NotSpared(Exception):
    """A limit stands against an invitation."""


class Budget(NamedTuple):
    """Where the server stands. Messages."""

    hour: int
    hour_limit: int
    day: int
    day_limit: int


class SpendGuard:
    """Lets a message pass, or says why not."""

    def __init__(self, config: Sms, sends: SmsSends, vault: Vault, work: Work, clock: Clock) -> None:
        self._config = config
        self._sends = sends
        self._vault = vault
        self._work = work
        self._clock = clock
        self.alarms = Alarms(clock)
        self.sent: dict[str, int] = {"code": 0, "invite": 0}
        """Messages that were paid for, since the start of this process."""
        self.refusals: dict[str, int] = {}
        """How often each limit refused, since the start of this process."""

    def check_kind(self, number: PhoneNumber) -> None:
        """Raise ThreepidDenied for a number that never gets a message here: its country, or its kind."""
        costs_nothing = self._config.provider == "console" and not self._config.countries
        if not costs_nothing and number.country not in self._config.countries:
            raise self._refuse("country", ThreepidDenied("This server sends no messages to that country."))
        if not gets_messages(number):
            raise self._refuse("kind", ThreepidDenied("That number gets no messages: use a mobile number."))

    async def pay(self, number: PhoneNumber, *, address: str, device: str, proof: str | None) -> int:
        """Note a message before it is sent; its nid.

        `address`: where it is asked for (`address_key`); `proof`: of work, asked for from the second message on.
        Raises ThreepidDenied, LimitExceeded, Unavailable (budget), work.WorkNeeded.
        """
        self.check_kind(number)
        now = self._clock.now_ms()
        send = Send(
            number_index=self.index(number.e164),
            prefix_index=self._vault.index("prefix", number.prefix),
            country=number.country,
            address=address,
            device=self._vault.index("device", device or address),
            sent_ts=now,
        )

        def check(counts: Counts) -> None:
            refused = refusal(counts, self._config, now)
            if refused is not None:
                raise self._error(refused)
            if counts.number_open:
                self._work.check(proof, number.e164)
            self._watch(counts)

        nid = await self._sends.note(send, check)
        self.sent["code"] += 1
        return nid

    async def pay_invite(self, number: PhoneNumber, inviter: str) -> int | None:
        """Note an invitation before it is sent; its nid, None where none can be spared."""
        now = self._clock.now_ms()
        send = Send(
            number_index=self.index(number.e164),
            prefix_index=self._vault.index("prefix", number.prefix),
            country=number.country,
            address="",
            device=self._vault.index("inviter", inviter),
            sent_ts=now,
            invite=True,
        )

        def check(counts: Counts) -> None:
            limit = invite_refusal(counts, self._config)
            if limit is not None:
                raise self._refuse(limit, _NotSpared())
            self._watch(counts)

        try:
            self.check_kind(number)
            nid = await self._sends.note(send, check)
        except (_NotSpared, ThreepidDenied):
            return None
        self.sent["invite"] += 1
        return nid

    async def take_back(self, nid: int) -> None:
        """The message of `pay` was not sent, for certain."""
        await self._sends.forget(nid)

    async def completed(self, number: str) -> None:
        """A code sent to the number (E.164) was given back."""
        await self._sends.complete(self.index(number), self._clock.now_ms())

    def index(self, number: str) -> bytes:
        """The blind index of a number (E.164) in what the guard counts."""
        return self._vault.index("sent", number)

    async def budget(self) -> Budget:
        """Where the server stands."""
        hour, day = await self._sends.spent(self._clock.now_ms())
        return Budget(hour, self._config.budget.per_hour, day, self._config.budget.per_day)

    async def countries(self) -> list[tuple[str, int, int, bool]]:
        """Where codes went within a day: country, how many, how many came back, whether it gets none for now."""
        found = await self._sends.by_country(self._clock.now_ms())
        return [(one.country, one.sent, one.completed, _is_pumped(one.settled, one.completed)) for one in found]

    def _watch(self, counts: Counts) -> None:
        """Alarm from four fifths of a budget on."""
        limits = self._config.budget
        if max((counts.hour + 1) / limits.per_hour, (counts.day + 1) / limits.per_day) >= ALARM_SHARE:
            self.alarms.ring("budget_nearly_used")

    def _error(self, refused: Refused) -> LimitExceeded | Unavailable | ThreepidDenied:
        if refused.limit.startswith("budget"):
            self.alarms.ring("budget_used")
            error: LimitExceeded | Unavailable | ThreepidDenied = Unavailable(
                "This server sends no more text messages for now: sign in another way, or try later."
            )
        elif refused.limit.endswith("breaker"):
            self.alarms.ring("country_breaker" if refused.limit == "country_breaker" else "prefix_breaker")
            error = ThreepidDenied("That number gets no messages for now: sign in another way.")
        else:
            error = LimitExceeded("Too many codes were asked for: try again later.", retry_after_ms=refused.wait_ms)
        return self._refuse(refused.limit, error)

    def _refuse(self, limit: str, error: E) -> E:
        self.refusals[limit] = self.refusals.get(limit, 0) + 1
        return error


def refusal(counts: Counts, config: Sms, now_ms: int) -> Refused | None:
    """The first limit that one more message would break; the server's own come last: they tell least."""
    pause = NUMBER_PAUSE_MS if counts.number_last_ts is None else now_ms - counts.number_last_ts
    limits = [
        (pause < NUMBER_PAUSE_MS, "number_pause", NUMBER_PAUSE_MS - pause),
        (counts.number_10_min >= NUMBER_IN_10_MIN, "number_10_min", SETTLED_MS),
        (counts.number_day >= NUMBER_A_DAY, "number_day", DAY_MS),
        (counts.address_hour >= ADDRESS_AN_HOUR, "address_hour", HOUR_MS),
        (counts.device_day >= DEVICE_A_DAY, "device_day", DAY_MS),
        (counts.prefix_hour >= PREFIX_AN_HOUR, "prefix_hour", HOUR_MS),
        (_is_pumped(counts.prefix_settled, counts.prefix_completed), "prefix_breaker", DAY_MS),
        (_is_pumped(counts.country_settled, counts.country_completed), "country_breaker", DAY_MS),
        (counts.hour >= config.budget.per_hour, "budget_hour", HOUR_MS),
        (counts.day >= config.budget.per_day, "budget_day", DAY_MS),
    ]
    return next((Refused(name, math.ceil(wait_ms)) for broken, name, wait_ms in limits if broken), None)


def invite_refusal(counts: Counts, config: Sms) -> str | None:
    """The name of the first limit that one more invitation would break."""
    limits = [
        (counts.invite_number >= 1, "invite_number"),
        (counts.invite_sender >= INVITER_A_DAY, "invite_sender"),
        (counts.prefix_hour >= PREFIX_AN_HOUR, "prefix_hour"),
        (_is_pumped(counts.prefix_settled, counts.prefix_completed), "prefix_breaker"),
        (_is_pumped(counts.country_settled, counts.country_completed), "country_breaker"),
        (counts.invites_hour >= INVITE_SHARE * config.budget.per_hour, "invite_hour"),
        (counts.invites_day >= INVITE_SHARE * config.budget.per_day, "invite_day"),
        (counts.hour >= config.budget.per_hour, "budget_hour"),
        (counts.day >= config.budget.per_day, "budget_day"),
    ]
    return next((name for broken, name in limits if broken), None)


def _is_pumped(settled: int, completed: int) -> bool:
    return settled >= BREAKER_AFTER and completed < BREAKER_SHARE * settled
