"""Builds single sign-on from its configuration. Used by `app`."""

from typing import Final

from homeserver.clock import Clock, Rng
from homeserver.config import Config
from homeserver.net.http import Http
from homeserver.providers.cas import CasProvider
from homeserver.providers.hooks import IdentityProvider
from homeserver.providers.oidc import OidcProvider
from homeserver.services.sso.signing_on import Below, SigningOn

CALLBACK: Final = "/_matrix/client/unstable/app.hearth/sso/callback"


class IncompleteProvider(Exception):
    """The configuration names a provider without saying all that it needs."""


def build(config: Config, below: Below, http: Http, clock: Clock, rng: Rng) -> SigningOn:
    """Raises IncompleteProvider."""
    return SigningOn(
        _providers(config, http, clock),
        below,
        callback=config.base_url + CALLBACK,
        trusted=(config.base_url, *config.login.trusted_clients),
        clock=clock,
        rng=rng,
    )


def _providers(config: Config, http: Http, clock: Clock) -> list[IdentityProvider]:
    found: list[IdentityProvider] = [OidcProvider(one, http, clock) for one in config.login.oidc]
    cas = config.login.cas
    if cas.enabled:
        if cas.server_url is None:
            raise IncompleteProvider("login.cas.enabled needs its server_url")
        found.append(CasProvider(cas.server_url, cas.name, http))
    if len({one.id for one in found}) < len(found):
        raise IncompleteProvider("two providers of login have one id (that of CAS is `cas`)")
    return found
