"""Taking a large JSON object apart while it arrives: the objects in some of its lists one by one, and the rest.

States of rooms come as one object with two long lists. Whoever reads them so holds one item at a time, not the whole.
An item is cut out by its brackets alone; whether it is JSON shows when it is decoded.
"""

import re
from collections.abc import Collection
from typing import Any, Final

from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadJson

MAX_ITEM_BYTES: Final = 256 * 1024
MAX_REST_BYTES: Final = 4 * 1024 * 1024

# A lone quote is a string whose end has not arrived. Without nested repeats that overlap: linear in what is read.
_TOKEN: Final = re.compile(rb'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*"|"', re.DOTALL)
_OPENING: Final = b"[{"
_QUOTE: Final = 0x22

Item = tuple[str, bytes]


class ItemSplitter:
    """Feed it the parts of an object; `fields` are the lists whose objects are wanted.

    What else stands in those lists is left out.
    """

    def __init__(self, fields: Collection[str]) -> None:
        self._fields = {b'"%s"' % field.encode(): field for field in fields}
        self._rest = bytearray()
        self._left = b""
        self._scanned = 0
        self._begun: int | None = None
        self._depth = 0
        self._name = b""
        self._field: str | None = None

    def feed(self, part: bytes) -> list[Item]:
        """The items (field, JSON) that are complete now. Raises BadJson where one is too large."""
        text = self._left + part
        items: list[Item] = []
        cut, at = 0, self._scanned
        for token in _TOKEN.finditer(text, at):
            first = text[token.start()]
            if first == _QUOTE:
                if token.end() - token.start() == 1:
                    at = token.start()
                    break
                if self._depth == 1:
                    self._name = token.group()
            elif first in _OPENING:
                cut = self._open(text, token.start(), cut)
            else:
                cut = self._close(text, token.end(), cut, items)
            at = token.end()
        else:
            at = len(text)
        self._keep(text, cut, at)
        return items

    def rest(self) -> dict[str, Any]:
        """The object with its long lists empty. Raises BadJson if it is not whole, or none."""
        if self._depth or self._begun is not None:
            raise BadJson("the object ends too early")
        rest = canonical_json.decode(bytes(self._rest) + self._left)
        if not isinstance(rest, dict):
            raise BadJson("not an object")
        return rest

    def _open(self, text: bytes, start: int, cut: int) -> int:
        self._depth += 1
        if self._depth == 2 and text[start] == _OPENING[0] and self._name in self._fields:
            self._field = self._fields[self._name]
            self._rest += text[cut : start + 1]
            return start + 1
        if self._depth == 3 and self._field is not None and self._begun is None:
            self._begun = start
        return cut

    def _close(self, text: bytes, end: int, cut: int, items: list[Item]) -> int:
        self._depth -= 1
        if self._depth < 0:
            raise BadJson("a bracket too many")
        if self._field is None:
            return cut
        if self._depth == 2 and self._begun is not None:
            items.append((self._field, text[self._begun : end]))
            self._begun = None
        elif self._depth == 1:
            self._field = None
            return end - 1
        return cut

    def _keep(self, text: bytes, cut: int, at: int) -> None:
        """Hold back what is begun; everything before it is used up."""
        if self._begun is not None:
            self._left, self._scanned, self._begun = text[self._begun :], at - self._begun, 0
        else:
            if self._field is None:
                self._rest += text[cut:at]
            self._left, self._scanned = text[at:], 0
        if len(self._left) > MAX_ITEM_BYTES or len(self._rest) > MAX_REST_BYTES:
            raise BadJson("a part of the object is too large")
