"""Phone numbers: one form for each, and which of them get text messages. Security: S-16 (a), (f)."""

from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from homeserver.errors import InvalidParam

LAST_DIGITS: Final = 4
"""Digits that numbers of one block differ in."""
SHOWN_DIGITS: Final = 2
UNTEXTED: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOIP,
    }
)
"""Kinds that get no messages: they cannot, or they are rented by the thousand, or each message pays the owner."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that exists by its country's plan. `e164`: `+14155550100`; `country`: two letters, as `US`."""

    e164: str
    country: str

    @property
    def msisdn(self) -> str:
        """As the specification writes it: digits only. Spec: Client-Server API, 3PID types."""
        return self.e164[1:]

    @property
    def prefix(self) -> str:
        """The block the number is of: all but the last four digits."""
        return self.e164[:-LAST_DIGITS]

    @property
    def international(self) -> str:
        """With spaces, as people read it: `+44 7400 123456`."""
        number = phonenumbers.parse(self.e164)
        return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)

    @property
    def masked(self) -> str:
        """As others may see it: `+44 •••• ••••56`, the country and the last two digits."""
        prefix, _, rest = self.international.partition(" ")
        hidden = len(rest) - SHOWN_DIGITS
        return f"{prefix} " + "".join("•" if sign.isdigit() else sign for sign in rest[:hidden]) + rest[hidden:]

    def __repr__(self) -> str:
        return f"PhoneNumber(...{self.e164[-2:]}, {self.country})"


def parse(text: str, country: str | None = None) -> PhoneNumber:
    """A number as people write it, with spaces, brackets, `00` or the country's own leading zero.

    `country`: two letters, for a number without a country's prefix. Raises InvalidParam for one that cannot exist.
    """
    try:
        number = phonenumbers.parse(_with_plus(text), country.upper() if country else None)
    except NumberParseException as error:
        raise InvalidParam("That is not a phone number: write it with its country's prefix, such as +44.") from error
    region = phonenumbers.region_code_for_number(number)
    if number.extension or region is None or not phonenumbers.is_valid_number(number):
        raise InvalidParam("There is no such phone number: check the digits and the country.")
    return PhoneNumber(phonenumbers.format_number(number, PhoneNumberFormat.E164), region)


def of_msisdn(digits: str) -> PhoneNumber:
    """The number of an `m.id.thirdparty` identifier: digits with the country's prefix. Raises InvalidParam."""
    return parse("+" + digits.lstrip("+"))


def gets_messages(number: PhoneNumber) -> bool:
    """Whether text messages are sent to numbers of this kind."""
    return phonenumbers.number_type(phonenumbers.parse(number.e164)) not in UNTEXTED


def _with_plus(text: str) -> str:
    text = text.strip()
    return "+" + text[2:] if text.startswith("00") else text
