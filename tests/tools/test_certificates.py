"""The throw-away authority: good for this machine, for nothing else."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tools.certificates import LocalCertificate, local_certificate


async def handshake(certificate: LocalCertificate, name: str, *, trusting: Path | None) -> str:
    """Connect by TLS to a server with this certificate, expecting `name`; the TLS version agreed on."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate.certificate, certificate.private_key)

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]
    context = ssl.create_default_context(cafile=trusting)
    async with server:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        version = str(writer.get_extra_info("ssl_object").version())
        writer.close()
        return version


async def test_who_trusts_the_authority_can_connect_to_localhost(tmp_path: Path) -> None:
    certificate = local_certificate(tmp_path)
    assert await handshake(certificate, "localhost", trusting=certificate.authority) == "TLSv1.3"
    assert await handshake(certificate, "127.0.0.1", trusting=certificate.authority) == "TLSv1.3"


async def test_nobody_else_can(tmp_path: Path) -> None:
    certificate = local_certificate(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(certificate, "localhost", trusting=None)
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(certificate, "example.org", trusting=certificate.authority)


def test_it_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    first = local_certificate(tmp_path / "new")
    assert local_certificate(tmp_path / "new") == first
    assert first.private_key.stat().st_mode & 0o077 == 0
    assert len(first.spki) == 44
