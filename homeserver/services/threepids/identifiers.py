"""User identifiers that name somebody by an address. Spec: Client-Server API, Identifier types."""

from collections.abc import Mapping
from typing import Any, Final

from homeserver.errors import InvalidParam
from homeserver.services.phone.numbers import of_msisdn, parse
from homeserver.services.threepids.mail import canonical

THIRD_PARTY: Final = "m.id.thirdparty"
PHONE: Final = "m.id.phone"
KINDS: Final = frozenset({THIRD_PARTY, PHONE})


def address_of(identifier: Mapping[str, Any]) -> tuple[str, str]:
    """Medium and address, in its one form, of an `m.id.thirdparty` or `m.id.phone`. Raises InvalidParam."""
    if identifier.get("type") == PHONE:
        return "msisdn", parse(_text(identifier, "phone"), _text(identifier, "country")).msisdn
    medium, address = _text(identifier, "medium"), _text(identifier, "address")
    if medium == "email":
        return medium, canonical(address)
    if medium == "msisdn":
        return medium, of_msisdn(address).msisdn
    raise InvalidParam("`identifier.medium` is `email` or `msisdn`.")


def _text(identifier: Mapping[str, Any], name: str) -> str:
    value = identifier.get(name)
    if not isinstance(value, str):
        raise InvalidParam(f"`identifier.{name}` is missing.")
    return value
