import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.positions import (
    MAX_NUMBER,
    BadPosition,
    ConnectionToken,
    PageToken,
    SyncToken,
    Token,
    parse_connection_token,
    parse_page_token,
    parse_sync_token,
    parse_token,
)

numbers = st.integers(0, MAX_NUMBER)
tokens = st.one_of(
    st.builds(SyncToken, numbers, numbers, numbers),
    st.builds(PageToken, st.integers(-MAX_NUMBER, MAX_NUMBER)),
    st.builds(ConnectionToken, numbers, numbers, numbers),
)


@given(tokens)
def test_every_token_is_read_back_as_it_was_written(token: Token) -> None:
    assert parse_token(str(token)) == token


def test_tokens_have_the_forms_that_the_design_names() -> None:
    assert str(SyncToken(7, 3, 1)) == "s7.3-1"
    assert str(SyncToken(7, 3, 1, 5)) == "s7.3-1~5"
    assert parse_sync_token("s7.3-1~5") == SyncToken(7, 3, 1, inbox=5)
    assert (SyncToken(7, 3, 1).stored, SyncToken(7, 3, 1, 5).stored) == (7, 5)
    assert str(PageToken(-5)) == "t-5"
    assert str(ConnectionToken(2, 7, 9)) == "c2.7.9"


@pytest.mark.parametrize(
    "text", ["", "s", "s1", "s1.2", "s1.2-3x", "s-1.2-3", "s１.2-3", "t", "t--1", "t1.2", "c1.2", "x1"]
)
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadPosition):
        parse_token(text)


def test_a_number_that_the_database_cannot_hold_is_refused() -> None:
    with pytest.raises(BadPosition):
        parse_token(f"t{MAX_NUMBER + 1}")


def test_each_kind_is_only_read_as_itself() -> None:
    for parse, text in [(parse_sync_token, "t1"), (parse_page_token, "c1.2.3"), (parse_connection_token, "s1.2-3")]:
        with pytest.raises(BadPosition):
            parse(text)
