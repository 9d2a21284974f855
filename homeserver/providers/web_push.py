"""Sending a notification to a browser by the push service of its maker, sealed so that only the browser can read it.

Spec: RFC 8030 (delivery), RFC 8188 and RFC 8291 (encryption), RFC 8292 (VAPID: who sends).
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from homeserver.clock import Clock, Rng
from homeserver.net.errors import NetError
from homeserver.net.http import Http, Request
from homeserver.providers.http_push import HTTPS_PORT, MAX_ANSWER_BYTES, TIMEOUT_S, PushFailed

RECORD_BYTES: Final = 4096
LIFE_S: Final = 24 * 3600
CLAIM_S: Final = 12 * 3600
POINT_BYTES: Final = 65
AUTH_BYTES: Final = 16
SALT_BYTES: Final = 16
GONE: Final = frozenset({404, 410})
KNOWN_SERVICES: Final = 1_000


class BadVapidKey(Exception):
    """The key file cannot be used; the message says why."""


class BadSubscription(Exception):
    """What a browser is said to have given is no subscription."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached, its public key and the secret that it shares with us."""

    endpoint: str
    point: bytes
    auth: bytes

    @classmethod
    def read(cls, endpoint: str, p256dh: str, auth: object) -> Self:
        """From the texts that a browser gives. Raises BadSubscription."""
        try:
            point, secret = decoded(p256dh), decoded(auth if isinstance(auth, str) else "")
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError as error:
            raise BadSubscription("The push key is no public key of P-256.") from error
        if len(point) != POINT_BYTES or len(secret) != AUTH_BYTES:
            raise BadSubscription(f"`auth` has {AUTH_BYTES} bytes, the push key {POINT_BYTES}.")
        return cls(endpoint, point, secret)


class Vapid:
    """The key by which push services know this server."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str, clock: Clock) -> None:
        """`subject`: where to complain, an `https:` or `mailto:` address."""
        self._key = key
        self._subject = subject
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}
        self.public = encoded(_point(key.public_key()))

    @classmethod
    def load_or_create(cls, path: Path, subject: str, clock: Clock) -> Self:
        """The key of a file (PEM), made if there is none. Raises BadVapidKey."""
        try:
            if not path.exists():
                _create(path)
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BadVapidKey(f"cannot use the key of Web Push {path}: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadVapidKey(f"the key of Web Push {path} is not of the curve P-256")
        return cls(key, subject, clock)

    def authorization(self, origin: str) -> str:
        """The header for one push service; used again for half of its life."""
        now = self._clock.now_ms() // 1000
        until, header = self._known.get(origin, (0, ""))
        if until - now > CLAIM_S // 2:
            return header
        claims = {"aud": origin, "exp": now + CLAIM_S, "sub": self._subject}
        header = f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self.public}"
        if len(self._known) >= KNOWN_SERVICES:  # whoever sets a pusher names one
            self._known.clear()
        self._known[origin] = (now + CLAIM_S, header)
        return header


class WebPush:
    """Push services of browsers, reached by the safe connector."""

    def __init__(self, http: Http, vapid: Vapid, rng: Rng) -> None:
        self._http = http
        self._vapid = vapid
        self._rng = rng

    async def notify(self, to: Subscription, told: Mapping[str, Any], *, is_urgent: bool, topic: str) -> bool:
        """Send one; False: the browser is not to be reached any more. Raises PushFailed.

        `topic`: at most 32 letters of base64url; of what waits under one the last alone is delivered.
        """
        parts = urlsplit(to.endpoint)
        assert parts.hostname is not None, "checked when the pusher was set"
        port = parts.port or HTTPS_PORT
        authority = parts.hostname if port == HTTPS_PORT else f"{parts.hostname}:{port}"
        request = Request(
            "POST",
            parts.hostname,
            port,
            f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/",
            headers={
                "Authorization": self._vapid.authorization(f"https://{authority}"),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(LIFE_S),
                "Topic": topic,
                "Urgency": "high" if is_urgent else "normal",
            },
            body=sealed(orjson.dumps(told), to, self._rng.bytes(SALT_BYTES)),
            authority=authority,
            max_bytes=MAX_ANSWER_BYTES,
            timeout_s=TIMEOUT_S,
        )
        try:
            answer = await self._http.send(request)
        except NetError as error:
            raise PushFailed(type(error).__name__) from error
        if answer.status in GONE:
            return False
        if not 200 <= answer.status < 300:
            raise PushFailed(f"status {answer.status}")
        return True


def sealed(plain: bytes, to: Subscription, salt: bytes, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """One record that only the browser can open. `key`: of this message alone; absent: made.

    Spec: RFC 8291, 3.4 and 4; RFC 8188, 2.
    """
    own = key or ec.generate_private_key(ec.SECP256R1())
    point = _point(own.public_key())
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.point))
    secret = _derived(shared, to.auth, b"WebPush: info\0" + to.point + point, 32)
    content_key = _derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    assert len(plain) + 1 + 16 <= RECORD_BYTES, "what is told is short"
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(point)]) + point
    return head + AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """What base64url says, with padding or without. Raises ValueError."""
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _create(path: Path) -> None:
    """Write a new key, never over an old one: another process may have been faster."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    try:
        fresh.write_bytes(pem)
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
