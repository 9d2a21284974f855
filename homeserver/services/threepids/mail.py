"""Codes by mail: the carrier of `email` sessions, and notices to mail addresses. Security: S-10, S-15."""

from typing import Final
from urllib.parse import urlencode

import structlog

from homeserver.errors import InvalidParam, ThreepidDenied, Unavailable
from homeserver.providers.hooks import Mail, MailFailed, MailSender
from homeserver.services.threepids.verifications import Wanted

log = structlog.get_logger()

SUBMIT: Final = "/_matrix/client/unstable/app.hearth/email/submit_token"
MAX_ADDRESS: Final = 254
DOWN: Final = "Mail cannot be sent at the moment: try again later."
_FORBIDDEN: Final = set(' \t\r\n\0"(),:;<>[\\]')
_WHY: Final = {
    "register": "Somebody, probably you, is making an account on {name} with this address.",
    "password": "Somebody, probably you, wants to set a new password for an account on {name}.",
    "add": "Somebody, probably you, wants to add this address to an account on {name}.",
    "login": "Somebody, probably you, wants to sign in on {name}.",
}


def canonical(address: str) -> str:
    """The one form of a mail address. Raises InvalidParam. Spec: Appendices, Third-party identifiers, E-mail."""
    folded = address.casefold()
    local, at, domain = folded.rpartition("@")
    is_odd = not local or not at or "." not in domain.strip(".") or len(folded.encode()) > MAX_ADDRESS
    if is_odd or "@" in local or _FORBIDDEN & set(folded) or any(ord(letter) < 32 for letter in folded):
        raise InvalidParam("That is no mail address.")
    return folded


class MailCarrier:
    """Sends codes, each with a link to the page that takes it."""

    def __init__(self, sender: MailSender, name: str, base_url: str) -> None:
        """`name`: the server's, which mails speak of; `base_url`: where its pages are."""
        self._sender = sender
        self._name = name
        self._base_url = base_url

    @property
    def keeps_codes(self) -> bool:
        return False

    async def send(self, wanted: Wanted, sid: str, code: str) -> str | None:
        query = urlencode({"sid": sid, "client_secret": wanted.client_secret, "token": code})
        text = (
            f"{_WHY[wanted.purpose].format(name=self._name)}\n\n"
            f"If it is you, open this page:\n\n{self._base_url}{SUBMIT}?{query}\n\n"
            f"or give this code where you were asked for it: {code}\n\n"
            "If it is not you, do nothing: without the code nothing happens.\n"
        )
        try:
            await self._sender.send(Mail(wanted.address, f"Your address on {self._name}", text))
        except MailFailed as failed:
            log.warning("mail.not_sent", why=str(failed))
            if failed.is_refused:
                raise ThreepidDenied("That address gets no mail: check it.") from failed
            raise Unavailable(DOWN) from failed
        return None

    async def check(self, address: str, reference: str, code: str) -> bool:
        """Nothing is right: no provider keeps these codes."""
        return False

    async def completed(self, address: str) -> None:
        """Mails cost nothing: nothing is counted."""

    async def notify(self, address: str, subject: str, text: str) -> None:
        """Tell an address that something has happened; a mail that cannot be sent is only noted."""
        try:
            await self._sender.send(Mail(address, subject, text))
        except MailFailed as failed:
            log.warning("mail.not_sent", why=str(failed))
