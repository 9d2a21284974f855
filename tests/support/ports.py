"""Free TCP ports on the loopback interface."""

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]


def free_port() -> int:
    """A port that nothing listens on now."""
    return free_ports(1)[0]
