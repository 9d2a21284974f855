"""Numbers of many countries, as people write them."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from homeserver.errors import InvalidParam
from homeserver.services.phone.numbers import gets_messages, of_msisdn, parse
from homeserver.services.threepids.vault import Vault
from tests.phone.conftest import RNG

COUNTRIES = (
    "AE AR AT AU BD BE BG BR CA CH CL CN CO CZ DE DK EC EE EG ES ET FI FR GB GE GH GR HK HR HU ID IE IL IN IQ IR IS IT "
    "JP KE KR KZ LT LV MA MX MY NG NL NO NZ PE PH PK PL PT RO RS RU SA SE SG SI SK TH TR TW UA US UY VN ZA"
)


def test_there_are_numbers_of_sixty_countries_and_more() -> None:
    assert len(COUNTRIES.split()) >= 60


@pytest.mark.parametrize("country", COUNTRIES.split())
def test_one_number_has_one_form_however_it_is_written(country: str) -> None:
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
    code, rest = international.split(" ", 1)
    written = [
        (e164, None),
        (international, None),
        ("00" + e164[1:], None),
        (f"  {international} ", country),
        (f"{code} ({rest.replace(' ', ') ', 1)}", None) if " " in rest else (international, None),
        (e164.replace(code, f"{code}-", 1), None),
        (national, country),
        (national, country.lower()),
    ]
    assert {parse(text, where).e164 for text, where in written} == {e164}
    number = parse(national, country)
    assert of_msisdn(number.msisdn) == number
    assert number.country == country or example.country_code in {1, 7, 39, 44, 47, 61, 64, 212, 358}
    assert gets_messages(number)
    assert e164[-4:] not in repr(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "12",
        "hello",
        "+999 123 456",
        "+44 20",
        "+1 555 0100",
        "+49 1",
        "0" * 300,
        "+44 7400 123456 ext 5",
        "+4\u0000",
    ],
)
def test_what_cannot_be_a_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParam):
        parse(text)


@pytest.mark.parametrize(("text", "kind"), [("+44 20 7946 0018", "landline"), ("+1 900 234 5678", "premium")])
def test_kinds_that_get_no_messages_are_known(text: str, kind: str) -> None:
    assert not gets_messages(parse(text)), kind


def test_a_stored_number_tells_nothing_without_the_secret() -> None:
    vault, other = Vault(b"a" * 32, RNG), Vault(b"b" * 32, RNG)
    sealed = vault.seal("+447400123456")
    assert b"7400" not in sealed
    assert vault.open(sealed) == "+447400123456"
    assert vault.seal("+447400123456") != sealed
    with pytest.raises(ValueError, match="another secret"):
        other.open(sealed)


def test_a_blind_index_is_the_same_for_the_same_texts_alone() -> None:
    vault = Vault(b"a" * 32, RNG)
    assert vault.index("email", "x") == vault.index("email", "x")
    assert len({vault.index("a", "bc"), vault.index("ab", "c"), Vault(b"b" * 32, RNG).index("a", "bc")}) == 3
