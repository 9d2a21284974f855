"""Addresses of clients that a browser is sent to with a login token: which are fit, which are trusted.

Security: S-14.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from homeserver.errors import InvalidParam

MAX_URL: Final = 2_048
TOKEN: Final = "loginToken"  # noqa: S105 - the name of a parameter
WEB: Final = frozenset({"http", "https"})
RUNNING: Final = frozenset({"about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"})
"""Schemes that a browser runs or reads by itself: no client lives there."""
_PLAIN: Final = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_HOST: Final = re.compile(r"([0-9A-Za-z.\-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.\-]*")


def check(url: str) -> str:
    """The address, if a client may live there. Raises InvalidParam.

    Strict where browsers and programs read addresses in different ways: no spaces, no backslashes, no user names.
    """
    try:
        is_fit = len(url) <= MAX_URL and _PLAIN.fullmatch(url) is not None and _is_fit(urlsplit(url))
    except ValueError:
        is_fit = False
    if not is_fit:
        raise InvalidParam("`redirectUrl` is no address of a client.")
    return url


def _is_fit(parts: SplitResult) -> bool:
    if parts.scheme in WEB:
        return _HOST.fullmatch(parts.netloc) is not None
    return parts.scheme not in RUNNING and _SCHEME.fullmatch(parts.scheme) is not None


def with_token(url: str, token: str) -> str:
    """The address with the token in its query, in place of any that is there."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != TOKEN]
    return urlunsplit(parts._replace(query=urlencode([*kept, (TOKEN, token)])))


def shown(url: str) -> str:
    """Where the address leads, in short: the host, or of an app its scheme."""
    parts = urlsplit(url)
    return parts.netloc if parts.scheme in WEB else f"{parts.scheme}:"


def source(url: str) -> str:
    """The address as a source of a content security policy: its origin, or of an app its scheme."""
    parts = urlsplit(url)
    is_named = parts.scheme in WEB and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if is_named else f"{parts.scheme}:"


def is_trusted(url: str, trusted: Iterable[str]) -> bool:
    """Whether the address is one of these, or below one of them: same scheme, host and port, a path further down."""
    parts = urlsplit(url)
    if parts.scheme not in WEB or ".." in parts.path or "%" in parts.path:
        return False
    return any(
        (parts.scheme, parts.netloc.lower()) == (one.scheme, one.netloc.lower())
        and (parts.path or "/").startswith(one.path.rstrip("/") + "/" if one.path != parts.path else one.path)
        for one in map(urlsplit, trusted)
    )
