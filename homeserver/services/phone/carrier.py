"""Codes by text message: the carrier of `msisdn` sessions. Every message is paid for before it is sent (guard)."""

from typing import Final

import structlog

from homeserver.clock import Clock
from homeserver.errors import ThreepidDenied, Unavailable
from homeserver.providers.hooks import SmsFailed, SmsSender
from homeserver.services.phone.guard import SpendGuard
from homeserver.services.phone.numbers import PhoneNumber, of_msisdn
from homeserver.services.ratelimit import address_key
from homeserver.services.threepids.verifications import MaybeSent, Wanted

log = structlog.get_logger()

REST_MS: Final = 60 * 1000
"""How long the provider is left alone after it failed: everybody is told at once, and nothing waits for it."""
DOWN = "Text messages cannot be sent at the moment: sign in another way, or try again in a minute."

INVITED: Final = (
    "Somebody who knows your number invites you to a conversation on {host}. "
    "It waits for you when you sign up with this number: {link}"
)


class SmsCarrier:
    """Sends codes; addresses are msisdns (digits only)."""

    def __init__(self, sender: SmsSender, guard: SpendGuard, host: str, clock: Clock) -> None:
        """`host`: the web client's, which alone may read the code from the text."""
        self._sender = sender
        self._guard = guard
        self._host = host
        self._clock = clock
        self._failed_at: int | None = None

    @property
    def keeps_codes(self) -> bool:
        return self._sender.keeps_codes

    @property
    def is_down(self) -> bool:
        """Whether the provider failed a moment ago."""
        return self._failed_at is not None and self._clock.now_ms() - self._failed_at < REST_MS

    async def send(self, wanted: Wanted, sid: str, code: str) -> str | None:
        number = of_msisdn(wanted.address)
        if self.is_down:
            raise Unavailable(DOWN)
        nid = await self._guard.pay(number, address=address_key(wanted.ip), device=wanted.device, proof=wanted.proof)
        try:
            return await self._sender.send(number.e164, self._text(code))
        except SmsFailed as failed:
            log.warning("a text message was not sent", why=str(failed), country=number.country)
            if not failed.maybe_sent:
                await self._guard.take_back(nid)
            if failed.is_refused:
                raise ThreepidDenied("That number gets no messages: check it, or use another way.") from failed
            self._failed_at = self._clock.now_ms()
            self._guard.alarms.ring("provider_down")
            raise MaybeSent(DOWN) if failed.maybe_sent else Unavailable(DOWN) from failed

    async def invite(self, number: PhoneNumber, inviter: str, link: str) -> None:
        """Tell a number that somebody invites it, if a message can be spared. Whose invite it is it is not told:
        nobody's words are sent in our name.
        """
        if self.is_down or not self._sender.tells:
            return
        nid = await self._guard.pay_invite(number, inviter)
        if nid is None:
            return
        try:
            await self._sender.tell(number.e164, INVITED.format(host=self._host, link=link))
        except SmsFailed as failed:
            log.warning("an invitation was not sent", why=str(failed), country=number.country)
            if not failed.maybe_sent:
                await self._guard.take_back(nid)

    async def check(self, address: str, reference: str, code: str) -> bool:
        try:
            return await self._sender.check("+" + address, reference, code)
        except SmsFailed as failed:
            log.warning("a code could not be checked", why=str(failed))
            raise Unavailable("Codes cannot be checked at the moment: try again in a minute.") from failed

    async def completed(self, address: str) -> None:
        await self._guard.completed("+" + address)

    def _text(self, code: str) -> str:
        """The last line ties the code to our page: phones fill it in nowhere else."""
        return f"{code} is your code for {self._host}. Tell it to nobody.\n\n@{self._host} #{code}"
