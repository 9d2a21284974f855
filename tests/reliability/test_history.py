"""The checker finds what is planted, and nothing in an honest history."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.history import GAP, Broken, Gap, History, Reading, Result, Seen, Send

ROOM = "!room"


def sent(text: str, started: float, ended: float, result: Result = Result.ACKED, *event_ids: str) -> Send:
    """A send whose event is `$text` unless said otherwise."""
    answers = event_ids or ((f"${text}",) if result is Result.ACKED else ())
    return Send(ROOM, text, started, ended, result, answers)


def read(*texts: str | Gap, how: str = "messages", from_start: bool = True, to_end: bool = True) -> Reading:
    seen = tuple(text if isinstance(text, Gap) else Seen(f"${text}", text) for text in texts)
    return Reading(how, ROOM, seen, from_start, to_end)


def broken(sends: list[Send], *readings: Reading) -> list[Broken]:
    return [violation.broken for violation in History(sends, list(readings)).violations()]


THREE = [sent("a", 0, 1), sent("b", 2, 3), sent("c", 4, 5)]


def test_an_honest_history_is_clean() -> None:
    assert broken(THREE, read("a", "b", "c"), read("a", "b", "c", how="sync")) == []


def test_a_lost_message_is_found() -> None:
    assert broken(THREE, read("a", "c")) == [Broken.LOST]


def test_a_message_that_is_there_twice_is_found() -> None:
    assert Broken.DOUBLED in broken(THREE, read("a", "b", "b", "c"))


def test_one_text_in_two_events_is_found() -> None:
    reading = Reading("messages", ROOM, (Seen("$a", "a"), Seen("$a2", "a")))
    assert Broken.DOUBLED in broken([sent("a", 0, 1)], reading)


def test_a_retry_that_was_answered_with_another_event_is_found() -> None:
    assert broken([sent("a", 0, 1, Result.ACKED, "$other", "$a")], read("a")) == [Broken.DOUBLED]


def test_an_event_that_is_not_the_acknowledged_one_is_found() -> None:
    assert broken([sent("a", 0, 1, Result.ACKED, "$other")], read("a")) == [Broken.DOUBLED]


def test_an_inversion_is_found() -> None:
    assert Broken.REORDERED in broken(THREE, read("b", "a", "c"))


def test_an_inversion_over_others_is_found() -> None:
    sends = [sent("a", 0, 1), sent("long", 0, 9), sent("b", 2, 3)]
    assert broken(sends, read("b", "long", "a")) == [Broken.REORDERED]


def test_sends_at_the_same_time_may_stand_in_either_order() -> None:
    sends = [sent("a", 0, 2), sent("b", 1, 3)]
    assert broken(sends, read("b", "a")) == broken(sends, read("a", "b")) == []


def test_a_send_of_unknown_outcome_may_be_there_or_not() -> None:
    sends = [sent("a", 0, 1), sent("b", 2, 3, Result.UNKNOWN)]
    assert broken(sends, read("a")) == broken(sends, read("a", "b")) == []


def test_a_send_of_unknown_outcome_may_not_be_there_twice() -> None:
    assert Broken.DOUBLED in broken([sent("b", 2, 3, Result.UNKNOWN)], read("b", "b"))


def test_a_refused_message_that_is_there_is_found() -> None:
    assert broken([sent("a", 0, 1, Result.REFUSED)], read("a")) == [Broken.INVENTED]


def test_a_message_that_nobody_sent_is_found() -> None:
    assert broken(THREE, read("a", "b", "c", "d")) == [Broken.INVENTED]


def test_a_hole_that_a_follower_was_not_told_of_is_found() -> None:
    assert broken(THREE, read("a", "b", "c"), read("a", "c", how="sync")) == [Broken.MISSED]


def test_a_hole_that_a_follower_was_told_of_is_none() -> None:
    assert broken(THREE, read("a", "b", "c"), read("a", GAP, "c", how="sync")) == []


def test_a_follower_that_stops_early_is_found() -> None:
    assert broken(THREE, read("a", "b", "c"), read("a", "b", how="sync")) == [Broken.MISSED]


def test_a_follower_that_misses_the_beginning_is_found() -> None:
    assert broken(THREE, read("a", "b", "c"), read("b", "c", how="sync")) == [Broken.MISSED]


def test_a_follower_from_the_middle_to_the_middle_is_clean() -> None:
    middle = read("b", how="sync", from_start=False, to_end=False)
    assert broken(THREE, read("a", "b", "c"), middle) == []


def test_another_order_by_another_api_is_found() -> None:
    sends = [sent("a", 0, 2), sent("b", 1, 3)]
    assert Broken.REORDERED in broken(sends, read("a", "b"), read("b", "a", how="sync"))


def test_what_only_one_api_shows_is_found() -> None:
    sends = [sent("a", 0, 1), sent("b", 2, 3, Result.UNKNOWN)]
    assert broken(sends, read("a"), read("a", "b", how="sync")) == [Broken.INVENTED]


@given(st.integers(2, 30), st.data())
def test_one_removed_or_repeated_message_is_always_found(count: int, data: st.DataObject) -> None:
    texts = [str(number) for number in range(count)]
    sends = [sent(text, number, number + 0.5) for number, text in enumerate(texts)]
    place = data.draw(st.integers(0, count - 1))
    assert broken(sends, read(*texts[:place], *texts[place + 1 :])) == [Broken.LOST]
    assert Broken.DOUBLED in broken(sends, read(*texts[: place + 1], *texts[place:]))
    assert broken(sends, read(*texts)) == []


@given(st.permutations(range(6)))
def test_any_other_order_of_sends_after_each_other_is_found(order: list[int]) -> None:
    sends = [sent(str(number), number, number + 0.5) for number in range(6)]
    assert (broken(sends, read(*map(str, order))) == []) == (order == sorted(order))
