"""The history of a test run: what clients did and saw; and the checker of what a homeserver promises about it.

Promises (docs/reliability.md): acked = kept, one transaction = one event, one order in each room, and a client that
follows a room sees all of it, once, in that order. Texts are unique: the text of a message names its send.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


class Result(enum.Enum):
    """What the sender knows about a send."""

    ACKED = "acked"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Send:
    """One send, from the start of its first try to the end of its last (seconds of one clock)."""

    room: str
    text: str
    started: float
    ended: float
    result: Result
    event_ids: tuple[str, ...] = ()
    """Every answer its tries had."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a reader saw it."""

    event_id: str
    text: str


class Gap:
    """The reader was told that messages are left out here."""


GAP = Gap()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader saw of one room, in the order it saw it.

    `from_start`: it must begin with the room's first message; without, it may begin anywhere. `to_end`: it must end
    with the room's last.
    """

    how: str
    room: str
    seen: tuple[Seen | Gap, ...]
    from_start: bool = True
    to_end: bool = True

    @property
    def messages(self) -> list[Seen]:
        return [one for one in self.seen if isinstance(one, Seen)]

    @property
    def is_whole(self) -> bool:
        return self.from_start and self.to_end and GAP not in self.seen


class Broken(enum.Enum):
    """A promise that was not kept."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    MISSED = "missed"
    INVENTED = "invented"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise and where it shows."""

    broken: Broken
    what: str


@dataclass(slots=True)
class History:
    """Everything that clients noted. The first whole reading of a room says what is in it, the others must agree."""

    sends: list[Send] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    def count(self, result: Result) -> int:
        """How many sends ended so."""
        return sum(send.result is result for send in self.sends)

    def violations(self) -> list[Violation]:
        """All broken promises. Raises ValueError when a room of a send was never read as a whole."""
        rooms: defaultdict[str, list[Send]] = defaultdict(list)
        for send in self.sends:
            rooms[send.room].append(send)
        found: list[Violation] = []
        for room, sends in rooms.items():
            readings = [reading for reading in self.readings if reading.room == room]
            whole = next((reading for reading in readings if reading.is_whole), None)
            if whole is None:
                raise ValueError(f"{room} was never read as a whole")
            found += _against_sends(sends, whole)
            for reading in readings:
                found += _doubles(reading)
                found += _against_whole(reading, whole)
        return found


def _against_sends(sends: Iterable[Send], whole: Reading) -> Iterator[Violation]:
    """Is every send there as its sender was told, and none that was never made?"""
    there = {seen.text: seen for seen in whole.messages}
    by_text = {send.text: send for send in sends}
    for send in by_text.values():
        seen = there.get(send.text)
        if len(set(send.event_ids)) > 1:
            yield Violation(Broken.DOUBLED, f"{send.text!r} was answered with {sorted(set(send.event_ids))}")
        if send.result is Result.ACKED and seen is None:
            yield Violation(Broken.LOST, f"{send.text!r}, acknowledged as {send.event_ids[-1]}, is not in {whole.how}")
        if seen is not None and send.event_ids and seen.event_id not in send.event_ids:
            yield Violation(Broken.DOUBLED, f"{send.text!r} is {seen.event_id}, acknowledged was {send.event_ids[-1]}")
        if seen is not None and send.result is Result.REFUSED:
            yield Violation(Broken.INVENTED, f"{send.text!r} was refused and is in {whole.how}")
    for text in there.keys() - by_text.keys():
        yield Violation(Broken.INVENTED, f"{text!r} is in {whole.how} and nobody sent it")
    yield from _order(by_text, whole)


def _order(by_text: dict[str, Send], whole: Reading) -> Iterator[Violation]:
    """A send that ended before another began stands before it: nothing may follow what began after its end."""
    latest: Send | None = None
    for seen in whole.messages:
        send = by_text.get(seen.text)
        if send is None:
            continue
        if latest is not None and send.result is Result.ACKED and send.ended < latest.started:
            what = f"{send.text!r} ended before {latest.text!r} began and stands behind it in {whole.how}"
            yield Violation(Broken.REORDERED, what)
        if latest is None or send.started > latest.started:
            latest = send


def _doubles(reading: Reading) -> Iterator[Violation]:
    for word, values in (
        ("text", Counter(seen.text for seen in reading.messages)),
        ("event", Counter(seen.event_id for seen in reading.messages)),
    ):
        for value, times in values.items():
            if times > 1:
                yield Violation(Broken.DOUBLED, f"{word} {value!r} is {times} times in {reading.how} of {reading.room}")


def _against_whole(reading: Reading, whole: Reading) -> Iterator[Violation]:
    """Is it the room's order, without holes other than those told?"""
    places = {seen.event_id: place for place, seen in enumerate(whole.messages)}
    last, told = -1, not reading.from_start
    where = f"{reading.how} of {reading.room}"
    for seen in reading.seen:
        if not isinstance(seen, Seen):
            told = True
            continue
        place = places.get(seen.event_id)
        if place is None:
            yield Violation(Broken.INVENTED, f"{seen.text!r} is in {where}, not in {whole.how}")
            continue
        if place < last:
            yield Violation(Broken.REORDERED, f"{seen.text!r} is in {where} behind what follows it in {whole.how}")
        elif place > last + 1 and not told:
            yield Violation(Broken.MISSED, f"{_between(whole.messages, last, place)} before {seen.text!r} in {where}")
        last, told = max(last, place), False
    if reading.to_end and not told and last < len(places) - 1:
        yield Violation(Broken.MISSED, f"{_between(whole.messages, last, len(places))} at the end of {where}")


def _between(messages: Sequence[Seen], after: int, before: int) -> str:
    missing = [seen.text for seen in messages[after + 1 : before]]
    return f"{len(missing)} missing ({', '.join(missing[:3])})"
