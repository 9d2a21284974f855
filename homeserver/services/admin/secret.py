"""Making accounts by a secret that the configuration and the asker share: for scripts that set a server up.

A nonce is the time it was made, signed: nothing is kept of it, and every process knows those of the others.
"""

import hmac
from hashlib import sha1, sha256

from homeserver.clock import Clock, Rng
from homeserver.errors import Forbidden, InvalidParam, Unrecognized
from homeserver.protocol.identifiers import UserId
from homeserver.services.admin.accounts import Accounts
from homeserver.services.sessions import Sessions, Tokens

NONCE_LIFE_MS = 60_000
CHANCE_BYTES = 16


class SharedSecret:
    """Answers `/_synapse/admin/v1/register`."""

    def __init__(
        self, server: str, secret: str | None, accounts: Accounts, sessions: Sessions, clock: Clock, rng: Rng
    ) -> None:
        """`secret` None: there is no such thing here."""
        self._server = server
        self._secret = secret.encode() if secret is not None else None
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._rng = rng

    def nonce(self) -> str:
        """A nonce, good for a minute. Raises Unrecognized without a secret."""
        text = f"{self._clock.now_ms()}.{self._rng.token(CHANCE_BYTES)}"
        return f"{text}.{self._signed(text)}"

    async def register(
        self, nonce: str, username: str, password: str, mac: str, *, is_admin: bool, user_type: str | None
    ) -> Tokens:
        """Make an account and log in as it. Raises Forbidden (the MAC is wrong), InvalidParam, InvalidUsername."""
        self._check_nonce(nonce)
        parts = [nonce, username, password, "admin" if is_admin else "notadmin"]
        if user_type is not None:
            parts.append(user_type)
        if self._secret is None or not _is_mac(self._secret, parts, mac):
            raise Forbidden("The MAC is wrong.")
        localpart = username.lower()
        await self._accounts.check_free(localpart)
        user = await self._accounts.create(UserId(f"@{localpart}:{self._server}"), password, is_admin=is_admin)
        return await self._sessions.begin(user.user_id, device_id=None, display_name=None, wants_refresh=False)

    def _signed(self, text: str) -> str:
        if self._secret is None:
            raise Unrecognized("This server makes no accounts by a shared secret.")
        return hmac.new(self._secret, b"nonce " + text.encode(), sha256).hexdigest()[:32]

    def _check_nonce(self, nonce: str) -> None:
        text, _, signature = nonce.rpartition(".")
        made = text.partition(".")[0]
        if not nonce.isascii() or not hmac.compare_digest(self._signed(text), signature):
            raise InvalidParam("The nonce is not known.")
        if int(made) < self._clock.now_ms() - NONCE_LIFE_MS:
            raise InvalidParam("The nonce is too old.")


def _is_mac(secret: bytes, parts: list[str], mac: str) -> bool:
    """Whether the MAC (SHA-1, as the interface has it) is that of these parts."""
    expected = hmac.new(secret, b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts), sha1).hexdigest()
    return mac.isascii() and hmac.compare_digest(expected, mac.lower())
