"""The ASGI scope of a request."""

from urllib.parse import unquote

from homeserver.asgi.interface import DIRECT, Direct, Scope
from homeserver.serving.head import Head

Address = tuple[str, int]
_ASGI = {"version": "3.0", "spec_version": "2.3"}


def scope_of(direct: Direct, head: Head, client: Address | None, server: Address | None, *, is_tls: bool) -> Scope:
    """What the application is told of a request. Spec: ASGI, HTTP Connection Scope."""
    path = head.raw_path.decode("ascii")
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": head.http_version,
        "method": head.method,
        "scheme": "https" if is_tls else "http",
        "path": unquote(path) if "%" in path else path,
        "raw_path": head.raw_path,
        "query_string": head.query,
        "root_path": "",
        "headers": head.fields,
        "client": client,
        "server": server,
        "extensions": {DIRECT: direct},
    }


def address_of(name: object) -> Address | None:
    """Host and port of a socket's name, whose IPv6 form has more."""
    return (name[0], name[1]) if isinstance(name, tuple) else None
