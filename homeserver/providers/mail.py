"""Mail by SMTP, handed to one server. The library blocks, so it works in threads. Security: S-15."""

import asyncio
import smtplib
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Final

from homeserver.config.accounts import Email
from homeserver.net.connector import tls_context
from homeserver.providers.hooks import Mail, MailFailed

TIMEOUT_S: Final = 20.0
AT_ONCE: Final = 2
_REFUSED: Final = range(550, 555)
"""Answers about the address itself. Spec: RFC 5321, 4.2.3."""


class SmtpMail:
    """Hands each mail over on a connection of its own. The server's certificate is always checked."""

    def __init__(self, config: Email, host: str) -> None:
        """`host`: the server of `config.smtp_host`."""
        self._config = config
        self._host = host
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mail")

    async def send(self, mail: Mail) -> None:
        try:
            message = self._message(mail)
        except ValueError as error:
            raise MailFailed(f"not an address: {error}", is_refused=True) from error
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._hand_over, message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise MailFailed(f"refused: {codes}", is_refused=any(code in _REFUSED for code in codes)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _message(self, mail: Mail) -> EmailMessage:
        """The mail as it goes over the wire. Raises ValueError for texts that no header may have."""
        message = EmailMessage(policy=SMTP)
        sender = self._config.from_ or f"noreply@{self._host}"
        message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self._host)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message

    def _hand_over(self, message: EmailMessage) -> None:
        with self._connected() as server:
            if self._config.user is not None:
                server.login(self._config.user, self._config.password or "")
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        if config.tls == "implicit":
            return smtplib.SMTP_SSL(self._host, config.smtp_port, timeout=TIMEOUT_S, context=tls_context())
        server = smtplib.SMTP(self._host, config.smtp_port, timeout=TIMEOUT_S)
        if config.tls == "starttls":
            server.starttls(context=tls_context())
        return server
