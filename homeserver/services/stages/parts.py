"""The stages of signing up that the configuration asks for, offered to those who authenticate. Used by `app`."""

from contextlib import AsyncExitStack

import homeserver
from homeserver.clock import Clock, Rng
from homeserver.config import Config
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import HttpClient
from homeserver.net.resolver import DnsResolver
from homeserver.services import ui_auth
from homeserver.services.stages import terms
from homeserver.services.stages.captcha import Captcha
from homeserver.services.ui_auth import UiAuth


class IncompleteStage(Exception):
    """The configuration asks for a stage without saying all that it needs."""


def serve(auth: UiAuth, config: Config, clock: Clock, rng: Rng, resources: AsyncExitStack) -> None:
    """Offer the stages. Raises IncompleteStage."""
    if config.terms:
        auth.serve(ui_auth.TERMS, terms.agree, terms.params_of(config.terms))
    captcha = config.registration.recaptcha
    if not captcha.required:
        return
    if captcha.public_key is None or captcha.private_key is None:
        raise IncompleteStage("registration.recaptcha.required needs its public_key and its private_key")
    outbound = config.outbound_http
    client = HttpClient(
        AddressPolicy.of(outbound.allow_private_addresses),
        DnsResolver(clock.monotonic, rng.random),
        tls_context(verify=outbound.verify_certificates),
        user_agent=f"Hearth/{homeserver.__version__}",
    )
    resources.push_async_callback(client.close)
    check = Captcha(client, captcha.siteverify_url, captcha.private_key).check
    auth.serve(ui_auth.RECAPTCHA, check, {"public_key": captcha.public_key})
