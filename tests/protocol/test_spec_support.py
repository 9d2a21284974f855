"""Tests that need the specification say so where it is missing; those that need vectors always find some."""

import pytest

from tests.support.spec import spec_file, vectors


@pytest.fixture(autouse=True)
def _nothing_beside_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_SPEC", "/nowhere")
    monkeypatch.setenv("HEARTH_VECTORS", "/nowhere")


def test_a_missing_file_skips_with_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="HEARTH_SPEC"):
        spec_file("test-vectors.json")


def test_a_missing_file_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="HEARTH_SPEC"):
        spec_file("test-vectors.json")


@pytest.mark.parametrize("name", ["auth_rules", "event_checks", "signatures", "canonical_json"])
def test_the_selection_is_there_without_the_full_vectors(name: str) -> None:
    assert sum(1 for _ in vectors(name)) > 100


def test_unknown_vectors_are_not_taken_for_none() -> None:
    with pytest.raises(FileNotFoundError):
        next(vectors("no such file"))
