"""Logging in by OpenID Connect: authorization code with PKCE; the ID token is checked by the keys of the provider.

The verifier and the nonce are made of the browser's secret: nothing secret is stored, and a code that is brought by
another browser fits nothing. Spec: OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9207; RFC 9700.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import jwt

from homeserver.clock import Clock
from homeserver.config.accounts import Oidc
from homeserver.net.http import Http
from homeserver.providers.asking import ask, object_in
from homeserver.providers.hooks import Identity, SignOnFailed, Visit

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key pair alone: never `none`, and no secret shared with the provider."""
LEEWAY_S: Final = 120
MAX_AGE_S: Final = 15 * 60
"""How long ago an ID token may have been made."""
METADATA_LIFE_S: Final = 3_600.0
KEYS_AGAIN_S: Final = 60.0
"""How soon after its keys were read the provider is asked for them again, when a token names a key not among them."""
MAX_TEXT: Final = 1_024
MAX_SUBJECT: Final = 255


class Metadata(NamedTuple):
    """What the provider says of itself. Spec: OpenID Connect Discovery 1.0, 3."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_methods: tuple[str, ...]
    names_issuer: bool
    read_s: float


class OidcProvider:
    """A provider of the configuration."""

    def __init__(self, config: Oidc, http: Http, clock: Clock) -> None:
        self.id = config.id
        self.name = config.name
        self.brand = config.brand
        self._config = config
        self._http = http
        self._clock = clock
        self._metadata: Metadata | None = None
        self._keys: Sequence[Mapping[str, Any]] = ()
        self._keys_read_s: float | None = None

    async def way(self, visit: Visit) -> str:
        metadata = await self._discover()
        challenge = _base64(sha256(_verifier(visit).encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": visit.callback,
            "scope": " ".join(dict.fromkeys(("openid", *self._config.scopes))),
            "state": visit.flow_id,
            "nonce": _nonce(visit),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if visit.proven_since_ms is not None:
            asked |= {"prompt": "login", "max_age": "0"}
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return metadata.authorization_endpoint + joint + urlencode(asked, quote_via=quote)

    async def vouch(self, visit: Visit, given: Mapping[str, str]) -> Identity:
        metadata = await self._discover()
        issuer = given.get("iss")
        if issuer != self._config.issuer and (issuer is not None or metadata.names_issuer):
            raise SignOnFailed(f"{self.id}: the answer comes from the issuer {issuer!r}")
        if "error" in given:
            raise SignOnFailed(f"{self.id}: {given['error']}", is_declined=given["error"] == "access_denied")
        code = given.get("code")
        if not code or len(code) > MAX_TEXT:
            raise SignOnFailed(f"{self.id}: no code came back")
        tokens = await self._exchange(metadata, visit, code)
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise SignOnFailed(f"{self.id}: no ID token")
        claims = await self._checked(metadata, visit, token)
        return await self._identity(metadata, claims, tokens.get("access_token"))

    async def _exchange(self, metadata: Metadata, visit: Visit, code: str) -> Mapping[str, Any]:
        """The tokens for a code. Spec: OpenID Connect Core 1.0, 3.1.3.1."""
        client_id, secret = self._config.client_id, self._config.client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": visit.callback,
            "code_verifier": _verifier(visit),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if secret is not None and "client_secret_basic" in metadata.auth_methods:
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = client_id
            if secret is not None:
                form["client_secret"] = secret
        body = urlencode(form).encode()
        answer = await ask(self._http, "POST", metadata.token_endpoint, headers=headers, body=body)
        return object_in(answer, f"{self.id}: the token endpoint")

    async def _checked(self, metadata: Metadata, visit: Visit, token: str) -> Mapping[str, Any]:
        """The claims of an ID token that is this provider's, for us, of now and of this visit.

        Spec: OpenID Connect Core 1.0, 3.1.3.7. Times are checked by our clock, not by the library's.
        """
        try:
            head = jwt.get_unverified_header(token)
            key = await self._key(metadata, head)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._config.client_id,
                issuer=self._config.issuer,
                options={
                    "require": ["iss", "sub", "aud", "exp", "iat"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            raise SignOnFailed(f"{self.id}: ID token: {error}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self._config.client_id) != self._config.client_id:
            raise SignOnFailed(f"{self.id}: the ID token is for another client")
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), _nonce(visit).encode()):
            raise SignOnFailed(f"{self.id}: the ID token is not of this visit")
        self._check_times(claims, visit.proven_since_ms)
        return claims

    def _check_times(self, claims: Mapping[str, Any], proven_since_ms: int | None) -> None:
        now = self._clock.now_ms() / 1000
        expires, made, since = _number(claims, "exp"), _number(claims, "iat"), claims.get("nbf")
        if expires is None or expires + LEEWAY_S < now:
            raise SignOnFailed(f"{self.id}: the ID token is over")
        if made is None or made - LEEWAY_S > now or made + MAX_AGE_S < now:
            raise SignOnFailed(f"{self.id}: the ID token is not of now")
        if since is not None and (_number(claims, "nbf") or 0) - LEEWAY_S > now:
            raise SignOnFailed(f"{self.id}: the ID token is not of now")
        proven = _number(claims, "auth_time")
        if proven_since_ms is not None and (proven is None or proven + LEEWAY_S < proven_since_ms / 1000):
            raise SignOnFailed(f"{self.id}: the person did not prove themselves anew")

    async def _key(self, metadata: Metadata, head: Mapping[str, Any]) -> jwt.PyJWK:
        """The provider's key that a token names. Raises SignOnFailed, PyJWTError."""
        algorithm, key_id = head.get("alg"), head.get("kid")
        if algorithm not in ALGORITHMS:
            raise SignOnFailed(f"{self.id}: the ID token is signed by {algorithm!r}")
        now = self._clock.monotonic()
        found = _fitting(self._keys, algorithm, key_id)
        if found is None and (self._keys_read_s is None or now - self._keys_read_s > KEYS_AGAIN_S):
            self._keys_read_s = now
            told = object_in(await ask(self._http, "GET", metadata.jwks_uri), f"{self.id}: the key set")
            keys = told.get("keys")
            self._keys = [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else ()
            found = _fitting(self._keys, algorithm, key_id)
        if found is None:
            raise SignOnFailed(f"{self.id}: the provider has no key {key_id!r} for {algorithm}")
        return jwt.PyJWK.from_dict(dict(found), algorithm=algorithm)

    async def _identity(self, metadata: Metadata, claims: Mapping[str, Any], access_token: object) -> Identity:
        """Who it is; what the ID token does not say is asked for."""
        subject = _text(claims, "sub", MAX_SUBJECT)
        if subject is None:
            raise SignOnFailed(f"{self.id}: the ID token names nobody")
        if self._config.localpart_claim not in claims and metadata.userinfo_endpoint and isinstance(access_token, str):
            headers = {"Authorization": f"Bearer {access_token}"}
            answer = await ask(self._http, "GET", metadata.userinfo_endpoint, headers=headers)
            more = object_in(answer, f"{self.id}: the userinfo endpoint")
            if more.get("sub") != subject:
                raise SignOnFailed(f"{self.id}: the userinfo endpoint speaks of another person")
            claims = {**more, **claims}
        return Identity(subject, _text(claims, self._config.localpart_claim, MAX_SUBJECT), _text(claims, "name", 256))

    async def _discover(self) -> Metadata:
        """Read what the provider says of itself, again after an hour. Spec: OpenID Connect Discovery 1.0, 4."""
        known, now = self._metadata, self._clock.monotonic()
        if known is not None and now - known.read_s < METADATA_LIFE_S:
            return known
        issuer = self._config.issuer
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        told = object_in(await ask(self._http, "GET", url), f"{self.id}: {url}")
        if told.get("issuer") != issuer:
            raise SignOnFailed(f"{self.id}: {url} is of the issuer {told.get('issuer')!r}")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        self._metadata = Metadata(
            authorization_endpoint=self._address(told, "authorization_endpoint"),
            token_endpoint=self._address(told, "token_endpoint"),
            jwks_uri=self._address(told, "jwks_uri"),
            userinfo_endpoint=self._address(told, "userinfo_endpoint") if "userinfo_endpoint" in told else None,
            auth_methods=tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else (),
            names_issuer=told.get("authorization_response_iss_parameter_supported") is True,
            read_s=now,
        )
        return self._metadata

    def _address(self, told: Mapping[str, Any], name: str) -> str:
        """An endpoint: over TLS, but of an issuer that has none itself (for trying out)."""
        url = _text(told, name, 2_048)
        is_plain_too = self._config.issuer.startswith("http://")
        if url is None or not url.startswith(("https://", "http://") if is_plain_too else "https://"):
            raise SignOnFailed(f"{self.id}: {name} is no address")
        return url


def _fitting(keys: Sequence[Mapping[str, Any]], algorithm: str, key_id: object) -> Mapping[str, Any] | None:
    """The key of that id, or without an id the only one that can have signed."""
    able = [
        key
        for key in keys
        if key.get("kty") == _KINDS[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (key_id is None or key.get("kid") == key_id)
    ]
    return able[0] if len(able) == 1 else None


_KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def _verifier(visit: Visit) -> str:
    return _derived(visit, b"PKCE verifier")


def _nonce(visit: Visit) -> str:
    return _derived(visit, b"nonce")


def _derived(visit: Visit, purpose: bytes) -> str:
    """Letters that only who has the browser's secret can make, one for each purpose and flow."""
    return _base64(hmac.digest(visit.secret.encode(), purpose + b"\0" + visit.flow_id.encode(), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _text(claims: Mapping[str, Any], name: str, max_length: int) -> str | None:
    value = claims.get(name)
    is_text = isinstance(value, str) and 0 < len(value) <= max_length and "\0" not in value
    return value if is_text else None


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
