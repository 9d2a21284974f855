"""A mail server for tests that keeps what it gets: SMTP as a client library speaks it, plain or over TLS."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

DEADLINE_S = 10.0


@dataclass
class MailServer:
    """Use as a context manager; `mails` is what arrived, in order. `refused`: addresses that get nothing."""

    tls: ssl.SSLContext | None = None
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    is_broken: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def newest(self, n: int) -> EmailMessage:
        """The `n`th mail (from 1), once it is there."""
        async with asyncio.timeout(DEADLINE_S):
            while len(self.mails) < n:
                self._news.clear()
                await self._news.wait()
        return self.mails[n - 1]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        say("220 mail.test")
        while line := await reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    say("250 mail.test")
                case "RCPT" if rest.partition("<")[2].partition(">")[0] in self.refused:
                    say("550 no such user")
                case "DATA" if self.is_broken:
                    say("451 try again later")
                case "DATA":
                    say("354 go on")
                    self._keep(await reader.readuntil(b"\r\n.\r\n"))
                    say("250 kept")
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("250 fine")
            await writer.drain()
        writer.close()

    def _keep(self, raw: bytes) -> None:
        message: Any = message_from_bytes(raw.removesuffix(b".\r\n"), policy=policy.default)
        self.mails.append(message)
        self._news.set()
