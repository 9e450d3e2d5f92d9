"""Objects as words, and back: their fields in order, each as its class declares it.

    Edge(12, 0, None)          12  0  NONE
    Operand("self", value)     text 3  2 * 7            value 7, counted through the file
    Operand("other", 0.5)      text 4  2 * 0 + 1        what is first in the list beside
    (edge, None)               2  12  0  NONE  NONE     how many, then each

A word is a whole number from 0, of 64 bits. What it stands for follows from the declarations: a
file need not say it, and can say nothing else. Texts, and what only JSON can hold, stand beside.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from operator import attrgetter
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

import numpy as np

from backprop_tui.engines.base import NodeValue, TensorValue
from backprop_tui.trace.columns import TYPES
from backprop_tui.trace.declared import check
from backprop_tui.trace.steps import STEPS, Span, Where

#: What many steps share, and the table it is in.
SHARED: dict[type[Any], str] = {
    Span: "span", Where: "place", NodeValue: "node", TensorValue: "value", np.ndarray: "array",
}  # fmt: skip
#: The word for None: no number is this one, not even the largest (an AccumulateGrad's sequence_nr).
NONE = 2**63

_Put = Callable[[Any], None]


class Beside(Protocol):
    """What words refer to in their page."""

    texts: list[str]
    plain: list[Any]


_Get = Callable[[int, Iterator[int], Beside], Any]


@dataclass(frozen=True, slots=True)
class _Form:
    """What a field holds, None or not.

    number: a whole number, or a truth; text; shared: an object of ``cls``, by its number; either:
    such a one, or plain data; object: the fields of a ``cls``; tuple: many ``of``; plain: what JSON
    can hold.
    """

    kind: str
    optional: bool = False
    cls: type[Any] = object
    of: _Form | None = None


def _form(hint: Any) -> _Form:
    hints = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    optional = type(None) in hints
    hints = tuple(one for one in hints if one is not type(None))
    kinds = tuple(get_origin(one) or one for one in hints)
    shared = [kind for kind in kinds if kind in SHARED]
    if shared:
        return _Form("shared" if len(kinds) == 1 else "either", optional, shared[0])
    if kinds in ((int,), (bool,)):
        return _Form("number", optional, kinds[0])
    if kinds == (str,):
        return _Form("text", optional)
    if kinds == (tuple,):
        return _Form("tuple", optional, of=_form(get_args(hints[0])[0]))
    if len(kinds) == 1 and is_dataclass(kinds[0]) and isinstance(kinds[0], type):
        return _Form("object", optional, kinds[0])
    return _Form("plain", optional)


def _forms(cls: type[Any]) -> list[tuple[str, _Form]]:
    """The fields of a class; a step's without its index, which its place tells."""
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls) if field.name != "index" or cls not in TYPES]
    return [(name, _form(hints[name])) for name in names]


class Writers:
    """Makes what appends an object's words to a list.

    ``number`` tells the number of a shared object, ``texts`` that of a text, ``plain`` that of data
    that only JSON can hold.
    """

    def __init__(
        self,
        number: Mapping[type[Any], Callable[[Any], int]],
        texts: Mapping[str, int],
        plain: Callable[[Any], int],
    ) -> None:
        self._number = number
        self._texts = texts
        self._plain = plain

    def of(self, cls: type[Any], words: list[int], only: Sequence[str] = ()) -> _Put:
        """What appends the fields of an object of this class, or ``only`` some."""
        forms = [(name, form) for name, form in _forms(cls) if not only or name in only]
        get = attrgetter(*(name for name, _ in forms))
        puts = [self._put(form, words) for _, form in forms]

        def put(value: Any) -> None:
            for put, item in zip(puts, get(value), strict=True):
                put(item)

        return put

    def _put(self, form: _Form, words: list[int]) -> _Put:
        put, append = self._put_one(form, words), words.append
        if not form.optional:
            return put
        return lambda item: append(NONE) if item is None else put(item)

    def _put_one(self, form: _Form, words: list[int]) -> _Put:
        append, texts, plain, cls = words.append, self._texts, self._plain, form.cls
        match form.kind:
            case "number":
                return append
            case "text":
                return lambda item: append(texts[item])
            case "shared":
                number = self._number[cls]
                return lambda item: append(number(item))
            case "either":
                number = self._number[cls]
                return lambda item: append(
                    2 * number(item) if type(item) is cls else 2 * plain(item) + 1
                )
            case "object":
                return self.of(cls, words)
            case "tuple":
                assert form.of is not None
                put_item = self._put(form.of, words)

                def put(items: Any) -> None:
                    append(len(items))
                    for item in items:
                        put_item(item)

                return put
            case _:
                return lambda item: append(plain(item))


class Readers:
    """Makes objects of words; ``lookup`` finds a shared object, ``plain`` reads plain data.

    Raises one of ``plain.DAMAGE`` where words are no object of the class.
    """

    def __init__(self, lookup: Callable[[str, int], Any], plain: Callable[[Any], Any]) -> None:
        self._lookup = lookup
        self._plain = plain
        self._known: dict[type[Any], list[_Get]] = {}

    def step(self, words: Sequence[int], beside: Beside, index: int) -> Any:
        """The step that stands at ``index``."""
        if words[0] >= len(STEPS):
            raise ValueError(f"{words[0]} is no kind of step")
        return self.build(STEPS[words[0]], words[1:], beside, index)

    def build(self, cls: type[Any], words: Sequence[int], beside: Beside, *first: Any) -> Any:
        """An object of a class: ``first``, and what all these words say."""
        rest = iter(words)
        try:
            built = self._fields(cls, next(rest), rest, beside, first)
        except StopIteration:
            raise ValueError(f"a {cls.__name__} that ends too soon") from None
        if next(rest, None) is not None:
            raise ValueError(f"a {cls.__name__} that does not end")
        return built

    def _fields(
        self, cls: type[Any], word: int, rest: Iterator[int], beside: Beside, first: tuple[Any, ...]
    ) -> Any:
        gets = self._known.get(cls)
        if gets is None:
            gets = self._known[cls] = [self._get(form) for _, form in _forms(cls)]
        items = [gets[0](word, rest, beside)]
        items += [get(next(rest), rest, beside) for get in gets[1:]]
        built = cls(*first, *items)
        check(built)
        return built

    def _get(self, form: _Form) -> _Get:
        get = self._get_one(form)
        if not form.optional:
            return get
        return lambda word, rest, beside: None if word == NONE else get(word, rest, beside)

    def _get_one(self, form: _Form) -> _Get:
        cls, lookup, plain = form.cls, self._lookup, self._plain
        match form.kind:
            case "number":
                return lambda word, rest, beside: cls(word)
            case "text":
                return lambda word, rest, beside: beside.texts[word]
            case "shared":
                table = SHARED[cls]
                return lambda word, rest, beside: lookup(table, word)
            case "either":
                table = SHARED[cls]
                return lambda word, rest, beside: (
                    plain(beside.plain[word // 2]) if word % 2 else lookup(table, word // 2)
                )
            case "object":
                return lambda word, rest, beside: self._fields(cls, word, rest, beside, ())
            case "tuple":
                assert form.of is not None
                get = self._get(form.of)
                return lambda word, rest, beside: tuple(
                    [get(next(rest), rest, beside) for _ in range(word)]
                )
            case _:
                return lambda word, rest, beside: plain(beside.plain[word])
