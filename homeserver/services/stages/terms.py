"""Agreeing to documents when signing up. Spec: Client-Server API, Terms of service at registration."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeserver.config.network import Term
from homeserver.storage.sessions import UiAuthSession

LANGUAGE = "en"


def params_of(terms: Sequence[Term]) -> dict[str, Any]:
    """What clients show: each document by its name."""
    return {
        "policies": {one.name: {"version": one.version, LANGUAGE: {"name": one.title, "url": one.url}} for one in terms}
    }


async def agree(_auth: Mapping[str, Any], _session: UiAuthSession) -> None:
    """Sending the stage says that the documents were agreed to."""
