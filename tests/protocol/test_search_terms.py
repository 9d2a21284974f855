"""Texts as search compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeserver.protocol.search_terms import (
    MAX_GRAMS,
    MAX_TERMS,
    MAX_WORD,
    fold,
    index_grams,
    parse_terms,
    runs,
)

LETTERS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFFF, exclude_categories=("Cs",)), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello World", "hello world"),
        ("Straße ÜBER", "strasse uber"),
        ("İstanbul ılık", "istanbul ilik"),
        ("мой Ёж", "мой еж"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("ﾃｽﾄ Ａ①", "テスト a1"),
        ("한국", "한국"),
    ],
)
def test_what_people_do_not_type_is_taken_away(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_text_is_cut_into_words_and_runs_of_signs() -> None:
    assert list(runs(fold("don't stop_it 42"))) == [(one, False) for one in ("don", "t", "stop", "it", "42")]
    assert list(runs(fold("ab東京cd 🎉! é"))) == [
        ("ab", False), ("東京", True), ("cd", False), ("🎉", True), ("e", False),
    ]  # fmt: skip
    assert list(runs(fold("© ®"))) == []


@given(LETTERS)
def test_folding_again_changes_nothing_that_is_found(text: str) -> None:
    assert list(runs(fold(fold(text)))) == list(runs(fold(text)))


@given(LETTERS, st.data())
def test_every_word_of_a_text_finds_it(text: str, data: st.DataObject) -> None:
    found = [word for word, _ in runs(fold(text))]
    if found:
        word = data.draw(st.sampled_from(found))
        terms = parse_terms(word)
        assert terms.grams <= index_grams(text)
        assert terms.fit(text)


@given(st.text("abcdefgh東京都 ", min_size=1, max_size=40), st.data())
def test_every_part_of_three_letters_or_one_sign_finds_its_text(text: str, data: st.DataObject) -> None:
    for word, is_sign in runs(fold(text)):
        size = 1 if is_sign else 3
        if len(word) >= size:
            start = data.draw(st.integers(0, len(word) - size))
            stop = data.draw(st.integers(start + size, len(word)))
            terms = parse_terms(word[start:stop])
            assert terms.grams <= index_grams(text)
            assert terms.fit(text)


def test_one_or_two_letters_find_beginnings_alone() -> None:
    assert parse_terms("ab").fit("about")
    assert not parse_terms("ab").fit("cab")
    assert not parse_terms("a").grams & index_grams("cab")


def test_a_phrase_is_whole_words_in_a_row() -> None:
    phrase = parse_terms('"quick, brown"')
    for text, fits in (("the Quick brown fox", True), ("quick - brown", True), ("quicker brown", False)):
        assert phrase.fit(text) is fits
    assert phrase.grams <= index_grams("a quick brown fox")
    assert not phrase.grams <= index_grams("brown quick")
    assert parse_terms('"東京 は"').grams <= index_grams("東京 は")
    assert parse_terms('"open').fit("reopened")


def test_all_terms_must_be_in_one_of_the_texts() -> None:
    terms = parse_terms("red apple")
    assert terms.fit("red", "apples")
    assert not terms.fit("red", "pears")
    assert terms.words == ("red", "apple")
    assert not parse_terms("!? ''").terms


def test_whole_words_rank_before_beginnings_and_insides_and_more_before_fewer() -> None:
    terms = parse_terms("fig")
    ranks = [terms.rank(text) for text in ("fig fig", "fig", "figs", "config", "config in a long text of many words")]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)
    assert parse_terms('"big fig"').rank("big fig") > parse_terms("igfi").rank("bigfig")


def test_what_is_kept_of_a_text_has_an_end() -> None:
    words = " ".join(f"{n:x}x{n * 7919:x}" for n in range(3_000))
    assert len(index_grams(words)) == MAX_GRAMS
    assert len(parse_terms(" ".join(map(str, range(100)))).terms) == MAX_TERMS
    long = "語" * (MAX_WORD + 1) + "末"
    assert parse_terms("語末").grams <= index_grams(long)
