"""Text messages: printed in the log for trying out, or sent by Twilio Verify, which keeps the codes itself.

Nothing is ever sent twice by itself: where the outcome is not known, the person presses again.
"""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import structlog
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from homeserver.config.accounts import Twilio
from homeserver.providers.hooks import SmsFailed

log = structlog.get_logger()

T = TypeVar("T")
TIMEOUT_S: Final = 15.0
BUSY: Final = 429
REFUSED: Final = frozenset({21211, 21408, 21610, 21614, 60200, 60205, 60220, 60410, 60605})
"""Codes of Twilio for a number or region that gets no messages: bad numbers, landlines, blocked countries, opt-outs."""
REFERENCE: Final = re.compile(r"VE[0-9a-f]{32}")


class ConsoleSms:
    """Prints messages in the log: for trying out, on one's own machine."""

    keeps_codes = False
    tells = True

    async def send(self, number: str, text: str) -> str:
        """Print the text. The number is shortened: logs never hold one (S-16)."""
        log.warning("text message", to=f"...{number[-2:]}", text=text)
        return "console"

    async def tell(self, number: str, text: str) -> None:
        """Print the text."""
        await self.send(number, text)

    async def check(self, number: str, reference: str, code: str) -> bool:
        """Nothing is known of codes here."""
        return False

    async def close(self) -> None:
        """There is nothing to let go of."""


class TwilioSms:
    """Twilio Verify. It makes the codes, words the text in the phone's language, and ends a code after five tries."""

    keeps_codes = True

    def __init__(self, config: Twilio, http: AsyncTwilioHttpClient | None = None) -> None:
        """`http`: the library's client, if not its default. Called inside the running loop."""
        self._http = http or AsyncTwilioHttpClient()
        client = Client(config.account_sid, config.auth_token, http_client=self._http)
        self._service = client.verify.v2.services(config.verify_service_sid)
        self._messages = client.messages
        self._messaging_service = config.messaging_service_sid

    @property
    def tells(self) -> bool:
        """Verify carries codes alone: other texts need a messaging service."""
        return self._messaging_service is not None

    async def send(self, number: str, text: str) -> str:
        """Begin a verification; its id. Raises SmsFailed."""
        begun = await self._ask(self._service.verifications.create_async(to=number, channel="sms"))
        reference = begun.sid
        if not isinstance(reference, str) or not REFERENCE.fullmatch(reference) or begun.to != number:
            raise SmsFailed("the provider's answer is not of the form it should have", maybe_sent=True)
        return reference

    async def tell(self, number: str, text: str) -> None:
        """Send a text by the messaging service. Raises SmsFailed."""
        await self._ask(
            self._messages.create_async(to=number, messaging_service_sid=self._messaging_service, body=text)
        )

    async def check(self, number: str, reference: str, code: str) -> bool:
        """Whether the provider approves the code, of this verification and for this number. Raises SmsFailed."""
        asked = self._service.verification_checks.create_async(verification_sid=reference, code=code)
        try:
            answer = await self._ask(asked)
        except SmsFailed as failed:
            if isinstance(failed.__cause__, TwilioRestException) and failed.__cause__.status == 404:
                return False  # used up, too old, or tried too often
            raise
        is_this = answer.sid == reference and answer.to == number
        return is_this and answer.status == "approved" and answer.valid is True

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _ask(self, request: Awaitable[Any]) -> Any:  # noqa: ANN401 - the library's answers have no types
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await request
        except TwilioRestException as error:
            refused = error.code in REFUSED
            # The library's own words hold the address that was asked, and with it the account.
            raise SmsFailed(
                f"the provider says {error.status}, code {error.code}",
                maybe_sent=error.status >= 500,
                is_refused=refused,
            ) from error
        except TimeoutError as error:
            raise SmsFailed("the provider does not answer in time", maybe_sent=True) from error
        except Exception as error:  # the library lets faults of its HTTP client and its parser through
            raise SmsFailed(f"the provider cannot be used: {type(error).__name__}", maybe_sent=True) from error
