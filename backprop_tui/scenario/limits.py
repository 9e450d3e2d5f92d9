"""How much a scenario may ask for, counted and never timed.

Every count ends in one internal exception, ``OverBudget``; whoever knows the place turns it into
``BudgetExceeded``. Work is one unit per statement, loop round and call, and one per element of a
list or string that is made, so that work bounds what Python's own values can occupy; a tensor
counts by its size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one scenario; ``dataclasses.replace`` raises one of them."""

    source: int = 200_000  # characters of the file
    nesting: int = 40  # brackets or blocks inside each other
    depth: int = 100  # calls inside each other
    work: int = 10_000_000
    integer_bits: int = 10_000
    sequence: int = 1_000_000  # elements of a list, characters of a text
    width: int = 1_000  # of a format: f"{x:>80}"
    elements: int = 5_000_000  # of one tensor
    memory: int = 1 << 30  # bytes of all tensors alive
    steps: int = 1_000_000  # of a recording


#: So many elements of a tensor cost as much work as one statement.
ELEMENTS_PER_WORK = 1024
#: What one unit of work may leave behind, so that many small things are weighed now and then.
BYTES_PER_WORK = 256

#: What each limit is called in an error, and its unit.
LIMITS: dict[str, tuple[str, str]] = {
    "source": ("the size of a scenario", "characters"),
    "nesting": ("nesting", "levels"),
    "depth": ("calls inside each other", "levels"),
    "work": ("the work of a program", "statements, calls and elements"),
    "integer_bits": ("the size of an integer", "bits"),
    "sequence": ("the length of a list or a text", "elements"),
    "width": ("the width of a format", "characters"),
    "elements": ("the size of a tensor", "elements"),
    "memory": ("the memory of all tensors", "bytes"),
    "steps": ("the length of a recording", "steps"),
}


def raised(changes: Iterable[str]) -> Budget:
    """The usual budget with changes such as "work=50000000"; raises ValueError with the reason."""
    values: dict[str, int] = {}
    for change in changes:
        name, _, number = change.partition("=")
        if name not in LIMITS:
            raise ValueError(f"{name!r} is no budget; known: {', '.join(LIMITS)}")
        if not number.replace("_", "").isdecimal() or int(number) < 1:
            raise ValueError(f"{change!r} is not {name}=NUMBER")
        values[name] = int(number)
    return Budget(**values)


class OverBudget(Exception):
    """A limit was passed; it has no place yet."""

    def __init__(self, limit: str, allowed: int, asked: int | None = None) -> None:
        what, unit = LIMITS[limit]
        over = f", and this asks for {asked:,}" if asked is not None else ""
        super().__init__(f"over budget: {what} is limited to {allowed:,} {unit}{over}")
        self.limit = limit
        self.hint = f"make it smaller, or allow more: --budget {limit}={suggestion(allowed, asked)}"


def suggestion(allowed: int, asked: int | None) -> int:
    """A round number that would be enough."""
    return max(10 * allowed, 0) if asked is None or asked > 100 * allowed else max(asked, 1)


class Meter:
    """Counts what one run uses of its Budget.

    ``pulse`` is called now and then while work is counted, so that a host can stop the run by
    raising. ``census`` says how many bytes of tensors are alive; it is asked only when what was
    allocated since the last time could pass the memory budget.
    """

    PULSE = 256

    def __init__(
        self,
        budget: Budget,
        pulse: Callable[[], None] | None = None,
        census: Callable[[], int] | None = None,
    ) -> None:
        self.budget = budget
        #: what was used so far, and from where on ``tick`` has more to do than to count
        self.work = 0
        self.depth = 0
        self._pulse = pulse
        self._census = census
        self.due = self.PULSE
        self._alive = 0
        self._since = 0

    def tick(self, units: int = 1) -> None:
        """Count work."""
        self.work += units
        if self.work >= self.due:
            if self.work > self.budget.work:
                raise OverBudget("work", self.budget.work)
            self.due = self.work + self.PULSE
            self._weigh(max(units, self.PULSE) * BYTES_PER_WORK)
            if self._pulse is not None:
                self._pulse()

    def enter(self) -> None:
        """A call begins; ``leave`` must follow."""
        self.depth += 1
        if self.depth > self.budget.depth:
            raise OverBudget("depth", self.budget.depth)
        self.tick()

    def leave(self) -> None:
        """A call ends."""
        self.depth -= 1

    def length(self, length: int) -> None:
        """A sequence of this length is about to be made."""
        if length > self.budget.sequence:
            raise OverBudget("sequence", self.budget.sequence, length)
        self.tick(length)

    def bits(self, bits: int) -> None:
        """An integer of so many bits is about to be made."""
        if bits > self.budget.integer_bits:
            raise OverBudget("integer_bits", self.budget.integer_bits, bits)

    def width(self, width: int) -> None:
        """A text will be padded, or a number written, to this width."""
        if width > self.budget.width:
            raise OverBudget("width", self.budget.width, width)

    def size(self, elements: int) -> None:
        """An array of so many elements is about to be made."""
        self.allocate((elements,), 8)

    def room(self, entries: int) -> None:
        """A list, dictionary or set of so many elements is about to grow by one."""
        self.tick()
        if entries >= self.budget.sequence:
            raise OverBudget("sequence", self.budget.sequence, entries + 1)

    def integer(self, value: int) -> None:
        """A large integer was made."""
        self.tick(value.bit_length() // 64)

    def allocate(self, shape: tuple[int, ...], itemsize: int) -> None:
        """An engine is about to make a tensor of this shape."""
        elements = 1
        for n in shape:
            elements *= n
        if elements > self.budget.elements:
            raise OverBudget("elements", self.budget.elements, elements)
        if elements >= ELEMENTS_PER_WORK:
            self.tick(elements // ELEMENTS_PER_WORK)
        self._weigh(elements * itemsize)

    def _weigh(self, added: int) -> None:
        """Count bytes; look at what is really alive when they could be too many."""
        self._since += added
        memory = self.budget.memory
        if self._alive + self._since > memory and self._since > memory // 8 and self._census:
            self._alive = self._census()
            self._since = added
            if self._alive + self._since > memory:
                raise OverBudget("memory", memory, self._alive + self._since)

    def listed(self, items: Iterable[object]) -> list[object]:
        """All items, counted while they come (``list(range(10**12))`` is refused at once)."""
        if isinstance(items, range | str | list | tuple | dict | set | deque):
            self.length(length_of(items))
            return list(items)
        out: list[object] = []
        for item in items:
            self.tick()
            out.append(item)
            if len(out) > self.budget.sequence:
                raise OverBudget("sequence", self.budget.sequence)
        return out

    def nested(self, value: object) -> None:
        """Count every element that a walk through ``value`` meets.

        Lists that hold the same list twice grow exponentially for whoever compares, hashes or
        flattens them, without taking any room.
        """
        stack = [value]
        seen = 0
        while stack:
            top = stack.pop()
            if isinstance(top, dict):
                stack.extend(top.values())
                stack.extend(top)
            elif isinstance(top, list | tuple | set | deque):
                stack.extend(top)
            elif type(top) is range:
                self.length(length_of(top))
                continue
            else:
                continue
            seen += len(top)
            self.tick(1 + len(top) // 8)
            if seen > self.budget.sequence:
                raise OverBudget("sequence", self.budget.sequence)


def length_of(value: Sized) -> int:
    """``len(value)``, also where a range is longer than ``len`` can say."""
    if isinstance(value, range):
        return max(0, -(-(value.stop - value.start) // value.step))
    return len(value)
