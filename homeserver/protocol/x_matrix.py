"""The signature that servers put on each request to each other: what is signed, and the header that carries it.

Spec: Server-Server API, Request Authentication.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeserver.protocol.canonical_json import encode_lenient
from homeserver.protocol.errors import BadIdentifier, BadSignature, ProtocolError
from homeserver.protocol.identifiers import ServerName, parse_server_name
from homeserver.protocol.signing import SigningKey, verify

MAX_HEADER: Final = 4096
"""Two server names, a key id and a signature need a tenth of this."""

_SCHEME: Final = re.compile(r"X-Matrix +", re.IGNORECASE)
# Colons are no token characters, yet older servers leave values with them unquoted.
_PARAMETER: Final = re.compile(
    r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/=-]+))"""
)
_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")
# A little wider than the grammar of key ids: a key that does not exist fails when it is looked up.
_KEY_ID: Final = re.compile(r"ed25519:[A-Za-z0-9_.+/-]{1,64}")
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9+/]{86}(?:==)?")


class BadAuthorization(ProtocolError, ValueError):
    """An `Authorization` header is not a well-formed X-Matrix one."""


@dataclass(frozen=True, slots=True)
class XMatrix:
    """Who says that they signed a request, with which key. Nothing of it is verified yet."""

    origin: ServerName
    destination: ServerName | None
    """Whom the request is meant for; None from servers before v1.3."""
    key_id: str
    signature: str

    def verify(
        self, *, method: str, uri: str, us: ServerName, public_key: bytes, content: object = None, raw: bytes = b""
    ) -> None:
        """Check that the request is meant for us and signed with the origin's key. Raises BadSignature.

        `uri`: path and query exactly as received. `content`: the parsed body, None for a request without one. `raw`:
        the body it was parsed from, if it is at hand; where it is canonical, as a rule, it is not encoded again.
        """
        if self.destination not in (None, us):
            raise BadSignature(f"the request is meant for {self.destination}")

        def check(body: bytes | None) -> None:
            covered = signed_bytes(method=method, uri=uri, origin=self.origin, destination=self.destination, body=body)
            verify(covered, self.signature, public_key)

        if content is None:
            check(None)
            return
        if raw:
            try:
                check(raw)
            except BadSignature:
                pass  # sent in another form than it was signed in
            else:
                return
        check(encode_lenient(content))


def signed_bytes(
    *, method: str, uri: str, origin: ServerName, destination: ServerName | None, body: bytes | None
) -> bytes:
    """What the signature of a request covers. `body`: canonical JSON, None where the request has none.

    Bodies may hold events of old rooms, with numbers that are not canonical JSON.
    """
    covered: dict[str, Any] = {"method": method, "uri": uri, "origin": origin}
    if destination is not None:
        covered["destination"] = destination
    encoded = encode_lenient(covered)
    # `content` comes before all other names, so the body goes in as it is.
    return encoded if body is None else b'{"content":' + body + b"," + encoded[1:]


def authorization(
    key: SigningKey, *, method: str, uri: str, destination: ServerName, content: Mapping[str, Any] | bytes | None = None
) -> str:
    """The value of the `Authorization` header for a request of ours. `uri` as it will be sent, query included.

    `content` as bytes: canonical JSON already.
    """
    body = content if content is None or isinstance(content, bytes) else encode_lenient(content)
    covered = signed_bytes(method=method, uri=uri, origin=key.server, destination=destination, body=body)
    signature = key.sign(covered)
    return f'X-Matrix origin="{key.server}",destination="{destination}",key="{key.key_id}",sig="{signature}"'


def parse_authorization(header: str) -> XMatrix:
    """Read the value of an `Authorization` header. Raises BadAuthorization.

    Names in any case and order, values bare or quoted, unknown parameters ignored; a parameter twice is refused.
    """
    parameters = _parameters(header)
    try:
        origin = parse_server_name(parameters["origin"])
        destination = parse_server_name(parameters["destination"]) if "destination" in parameters else None
        key_id, signature = parameters["key"], parameters["sig"]
    except KeyError as missing:
        raise BadAuthorization(f"the X-Matrix header lacks {missing}") from None
    except BadIdentifier:
        raise BadAuthorization("the X-Matrix header names no valid server") from None
    if not _KEY_ID.fullmatch(key_id) or not _SIGNATURE.fullmatch(signature):
        raise BadAuthorization("the X-Matrix header holds no ed25519 key id and signature")
    return XMatrix(origin, destination, key_id, signature)


def _parameters(header: str) -> dict[str, str]:
    scheme = _SCHEME.match(header)
    if scheme is None or len(header) > MAX_HEADER:
        raise BadAuthorization("not an X-Matrix header")
    found: dict[str, str] = {}
    place = scheme.end()
    while True:
        parameter = _PARAMETER.match(header, place)
        if parameter is None:
            raise BadAuthorization("the parameters of the X-Matrix header cannot be read")
        name, quoted, bare = parameter.groups()
        value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if name.lower() in found:
            raise BadAuthorization(f"the X-Matrix header holds {name.lower()!r} twice")
        found[name.lower()] = value
        place = parameter.end()
        comma = _COMMA.match(header, place)
        if comma is None:
            break
        place = comma.end()
    if header[place:].strip(" \t"):
        raise BadAuthorization("there is more in the X-Matrix header than parameters")
    return found
