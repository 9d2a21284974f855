"""The sockets of the listeners, bound before anything else starts: a taken port or bad certificate is told at once."""

import errno
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from homeserver.config.server import Listener, Tls

BACKLOG = 2048


class CannotListen(Exception):
    """A listener cannot be opened; the message is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A listener and its bound socket."""

    listener: Listener
    sock: socket.socket

    @property
    def address(self) -> str:
        """As people type it."""
        host, port = self.sock.getsockname()[:2]
        shown = "localhost" if host in {"127.0.0.1", "::1"} else f"[{host}]" if ":" in host else host
        return f"{'https' if self.listener.tls else 'http'}://{shown}:{port}"


def bind(listeners: Sequence[Listener]) -> list[Binding]:
    """Open every listener. Raises CannotListen."""
    bindings: list[Binding] = []
    try:
        for listener in listeners:
            _check(listener.tls)
            sock = _socket(listener, optional=bool(bindings) and listener.host == "::1")
            if sock is not None:
                bindings.append(Binding(listener, sock))
    except CannotListen:
        for binding in bindings:
            binding.sock.close()
        raise
    return bindings


def _socket(listener: Listener, *, optional: bool) -> socket.socket | None:
    """A listening socket; None if it is optional and this machine has no such address (no IPv6)."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if optional:
            return None
        raise CannotListen(_reason(listener, error)) from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((listener.host, listener.port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if optional and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise CannotListen(_reason(listener, error)) from None
    return sock


def _reason(listener: Listener, error: OSError) -> str:
    where = f"port {listener.port} of {listener.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken: stop the program that uses it, or set another listeners[].port"
    if error.errno == errno.EACCES:
        return f"{where} may not be used: ports below 1024 need a privilege; set another listeners[].port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{listener.host} is no address of this machine: correct listeners[].host"
    return f"{where} cannot be used: {error.strerror or error}"


def _check(tls: Tls | None) -> None:
    if tls is None:
        return
    for key, file in (("certificate", tls.certificate), ("private_key", tls.private_key)):
        if not Path(file).is_file():
            raise CannotListen(f"listeners[].tls.{key}: {file} does not exist")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.certificate, tls.private_key)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise CannotListen(f"listeners[].tls: {tls.certificate} with {tls.private_key}: {reason}") from None
