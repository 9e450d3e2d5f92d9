"""What is in the pages of a trace file, made objects when it is asked for.

    step 100 000 ──▶ which page, by bisection ──▶ the words of row 160 of its steps
    value 7      ──▶ …                        ──▶ the words of row 3 of its values

Reading believes nothing: a row is an object of the class that is expected there, or an error.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from itertools import accumulate
from math import prod
from typing import Any, Protocol
from weakref import WeakValueDictionary

from backprop_tui.trace.arrays import numbers, read_head, unpack, unsqueeze
from backprop_tui.trace.file.layout import SHARED, Readers
from backprop_tui.trace.file.pages import ALONE
from backprop_tui.trace.file.schema import NUMBERED
from backprop_tui.trace.plain import Decoder
from backprop_tui.trace.steps import Span, Step

#: So many pages are kept as they were read.
MOST_PAGES = 8
_CLASS_OF = {table: cls for cls, table in SHARED.items()}


class Database(Protocol):
    """Where rows come from."""

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""


class _Page:
    """A page as it was read: its words by table, and what stands beside."""

    def __init__(self, beside: str, words: bytes, data: bytes) -> None:
        parsed = json.loads(beside)
        self.texts: list[str] = parsed["texts"]
        self.plain: list[Any] = parsed["plain"]
        self._data = data
        self._kinds = [read_head(kind) for kind in parsed["kinds"]]
        self._words: dict[str, array[int]] = {}
        self._ends: dict[str, array[int]] = {}
        left = array("Q")
        left.frombytes(words)
        for table in ("step", *NUMBERED):
            stop = 1 + left[0]
            self._ends[table] = ends = left[1:stop]
            self._words[table] = left[stop : stop + (ends[-1] if ends else 0)]
            left = left[stop + len(self._words[table]) :]
        sizes = [0, *(prod(shape) * dtype.itemsize for shape, dtype in self._kinds)]
        kinds = self._words["array"]
        self._stops = list(accumulate((sizes[kind] for kind in kinds), initial=0))
        if self._stops[-1] != len(data):
            raise ValueError("its numbers are not as many as it says")

    def words(self, table: str, row: int) -> array[int]:
        """The words of a row."""
        ends = self._ends[table]
        return self._words[table][ends[row - 1] if row else 0 : ends[row]]

    def array(self, row: int) -> Any:
        """The array of a row; None if it is in a table of its own."""
        kind = self._words["array"][row]
        if kind == ALONE:
            return None
        return numbers(self._data[self._stops[row] : self._stops[row + 1]], *self._kinds[kind - 1])


class Objects(Decoder):
    """What steps share, decoded once while anything holds it; the steps themselves.

    Raises one of ``plain.DAMAGE`` where something is not as it should be.
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        #: The first number in each page, of its steps and by table; where its steps end.
        self._firsts = {name: array("q") for name in ("step", *NUMBERED)}
        self._stops = array("q")
        self._pages: OrderedDict[int, _Page] = OrderedDict()
        self._places: dict[int, Span] = {}
        self._known: WeakValueDictionary[tuple[str, int], Any] = WeakValueDictionary()
        self._readers = Readers(self.lookup, self.decode)
        #: Bytes of arrays that have been referred to.
        self.weight = 0

    def grow(self) -> int:
        """Take in which pages there are; the number of steps in them."""
        stops = self._stops
        columns = ", ".join(self._firsts)
        for number, stop, *firsts in self._database.rows(
            f"SELECT id, stop, {columns} FROM page WHERE id >= ? ORDER BY id", len(stops)
        ):
            if number != len(stops):
                raise ValueError("a page is missing")
            if firsts[0] > (stops[-1] if stops else 0) or stop < firsts[0]:
                raise ValueError("a page that does not follow the one before")
            for column, first in zip(self._firsts.values(), firsts, strict=True):
                if first < (column[-1] if column else 0):
                    raise ValueError("numbers that are not counted upwards")
                column.append(first)
            stops.append(stop)
        return stops[-1] if stops else 0

    def at(self, index: int) -> Step:
        """The step of this index."""
        page, row = self._find("step", index)
        step: Step = self._readers.step(page.words("step", row), page, index)
        return step

    def lookup(self, table: str, position: int) -> Any:
        if type(position) is not int or position < 0:
            raise ValueError(f"{str(position)[:60]} is no number of a row")
        if table == "span":
            return self._span(position)
        key = (table, position)
        found = self._known.get(key)
        if found is None:
            found = self._array(position) if table == "array" else self._shared(table, position)
            self._known[key] = found
        if table == "array":
            self.weight += found.nbytes
        elif table == "value":
            self.weight += found.data.nbytes
        return found

    def _shared(self, table: str, position: int) -> Any:
        page, row = self._find(table, position)
        return self._readers.build(_CLASS_OF[table], page.words(table, row), page)

    def _span(self, position: int) -> Span:
        found = self._places.get(position)
        if found is None:
            span = self._shared("span", position)
            # One object for one place: readers ask whether two steps are of the same statement.
            found = self._places[position] = self._spans.setdefault(span, span)
        return found

    def _array(self, position: int) -> Any:
        page, row = self._find("array", position)
        found = page.array(row)
        return self._alone(position, self._corner) if found is None else found

    def _corner(self, position: int) -> Any:
        page, row = self._find("array", position)
        found = page.array(row)
        return self._alone(position, _no_corner) if found is None else found

    def _alone(self, position: int, corner: Callable[[int], Any]) -> Any:
        rows = self._database.rows(
            "SELECT dtype, shape, coding, data FROM array WHERE id = ?", position
        )
        return unpack(rows[0], corner)

    def _find(self, table: str, number: int) -> tuple[_Page, int]:
        """The page that holds a number, and the row in it."""
        firsts = self._firsts[table]
        place = bisect_right(firsts, number) - 1
        if place < 0:
            raise IndexError(f"{table} {number} is not there")
        return self._page(place), number - firsts[place]

    def _page(self, number: int) -> _Page:
        page = self._pages.get(number)
        if page is None:
            sql = "SELECT beside, coding, words, numbers FROM body WHERE id = ?"
            beside, coding, words, data = self._database.rows(sql, number)[0]
            page = self._pages[number] = _Page(beside, unsqueeze(coding, words), data)
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page


def _no_corner(position: int) -> Any:
    raise ValueError("the corner of a summary is a summary")
