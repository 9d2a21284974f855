"""The stages of signing up that the configuration asks for, offered to those who authenticate. Used by `app`."""

from homeserver.config import Config
from homeserver.net.http import Http
from homeserver.services import ui_auth
from homeserver.services.stages import terms
from homeserver.services.stages.captcha import Captcha
from homeserver.services.ui_auth import UiAuth


class IncompleteStage(Exception):
    """The configuration asks for a stage without saying all that it needs."""


def serve(auth: UiAuth, config: Config, http: Http) -> None:
    """Offer the stages. Raises IncompleteStage."""
    if config.terms:
        auth.serve(ui_auth.TERMS, terms.agree, terms.params_of(config.terms))
    captcha = config.registration.recaptcha
    if not captcha.required:
        return
    if captcha.public_key is None or captcha.private_key is None:
        raise IncompleteStage("registration.recaptcha.required needs its public_key and its private_key")
    check = Captcha(http, captcha.siteverify_url, captcha.private_key).check
    auth.serve(ui_auth.RECAPTCHA, check, {"public_key": captcha.public_key})
