"""What a trace may hold, in either form: summaries, complex numbers, odd dtypes and arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_tui.engines.base import NodeValue, Operand, TensorValue
from backprop_tui.engines.summary import Summary, digest_of, summarised
from backprop_tui.errors import TraceError
from backprop_tui.session import Session
from backprop_tui.trace.codec import dumps, loads
from backprop_tui.trace.declared import check
from backprop_tui.trace.file import StoredTrace, WritingTrace, written_out
from backprop_tui.trace.file.layout import SHARED, Writers
from backprop_tui.trace.phases import phases_of
from backprop_tui.trace.plain import DTYPES
from backprop_tui.trace.steps import (
    Accumulate,
    Backward,
    Bind,
    Forward,
    Loop,
    LoopAt,
    Named,
    Output,
    Resumed,
    SeedGrad,
    Span,
    Step,
    Update,
    Where,
)
from backprop_tui.trace.trace import Program, Trace

LINE = Span(1, 0, 1, 4)
PLACE = Where(LINE, LINE)


def through_json(trace: Trace, folder: Path) -> Trace:
    return loads(dumps(trace))


def through_a_file(trace: Trace, folder: Path) -> Trace:
    with WritingTrace(folder / "a.trace", trace.program, trace.engine) as writing:
        for name, text in trace.sources.items():
            writing.add_source(name, text) if name else None
        for step in trace:
            writing.append(step)
    return StoredTrace(folder / "a.trace")


FORMS = pytest.mark.parametrize("form", [through_json, through_a_file])
Form = Callable[[Trace, Path], Trace]


def trace_of(*steps: Step) -> Trace:
    trace = Trace(Program("a.py", "x = 1\n"), "torch")
    for step in steps:
        trace.append(step)
    trace.finished = True
    return trace


def holding(array: Any) -> Trace:
    value = TensorValue(1, array, "torch.float32", False, True, device="cuda:0")
    return trace_of(Bind(0, PLACE, (Named("x", value),)))


def held(trace: Trace) -> Any:
    step = trace[0]
    assert isinstance(step, Bind)
    assert isinstance(step.binds[0].value, TensorValue)
    assert step.binds[0].value.device == "cuda:0"
    return step.binds[0].value.data


@FORMS
@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 1, 3), (40, 40)], ids=str)
def test_an_array_is_read_back_to_the_bit(
    dtype: str, shape: tuple[int, ...], form: Form, tmp_path: Path
) -> None:
    numbers = np.arange(np.prod(shape)).reshape(shape)
    array = np.asarray(numbers % 7 * (1 + 2j if dtype.startswith("complex") else 1)).astype(dtype)
    again = held(form(holding(array), tmp_path))
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert again.tobytes() == array.tobytes()
    assert not again.flags.writeable


@FORMS
def test_numbers_that_are_none_are_read_back(form: Form, tmp_path: Path) -> None:
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32)
    assert held(form(holding(array), tmp_path)).tobytes() == array.tobytes()


@FORMS
def test_complex_numbers_that_are_none_are_read_back(form: Form, tmp_path: Path) -> None:
    array = np.array([complex(np.nan, -np.inf)], np.complex64)
    assert held(form(holding(array), tmp_path)).tobytes() == array.tobytes()


@FORMS
@pytest.mark.parametrize("fill", [0.5, np.nan])
def test_a_summary_is_read_back_as_a_summary(fill: float, form: Form, tmp_path: Path) -> None:
    array = np.linspace(-1, 1, 600, dtype=np.float32).reshape(20, 30)
    array[3, 4] = fill
    summary = summarised(array, "cuda:0")
    again = held(form(holding(summary), tmp_path))
    assert isinstance(again, Summary)
    assert again.shape == (20, 30)
    assert again.dtype == np.float32
    before, after = digest_of(summary), digest_of(again)
    assert before is not None
    assert after is not None
    for name in ("minimum", "maximum", "mean", "norm", "nonfinite", "histogram", "device"):
        assert repr(getattr(before, name)) == repr(getattr(after, name)), name
    assert before.corner.tobytes() == after.corner.tobytes()


def test_final_tells_the_figures_of_a_summary_and_pairs_of_complex_numbers() -> None:
    final = json.loads(dumps(holding(summarised(np.full((3000, 1000), np.nan)))))["final"]["x"]
    assert final["data"]["minimum"] == "nan"
    assert final["data"]["nonfinite"] == 3_000_000
    assert np.array(final["data"]["corner"]).shape == (4, 8)
    assert len(json.dumps(final)) < 3000
    final = json.loads(dumps(holding(np.array([1 + 2j, 3.0]))))["final"]["x"]
    assert final["data"] == [[1.0, 2.0], [3.0, 0.0]]


class Generator:
    def __str__(self) -> str:
        return "<generator>"


@FORMS
def test_an_ops_arguments_are_read_back(form: Form, tmp_path: Path) -> None:
    attrs = {
        "a": 1 + 2j, "b": float("nan"), "c": [1, (2.5, None)], "d": {"$value": 3}, "e": "\udc80\n",
        "f": True, "g": 2**63, "h": np.float32(0.5), "i": Generator(), "j": {"k": "$"},
        "complex": complex("inf"),
    }  # fmt: skip
    step = Forward(0, PLACE, "op", (Operand("self", 2.0),), attrs, (), None)
    again = form(trace_of(step), tmp_path)[0]
    assert isinstance(again, Forward)
    assert repr(again.attrs) == repr(
        attrs | {"c": (1, (2.5, None)), "h": 0.5, "i": "<generator>", "d": {"$value": 3}}
    )


@FORMS
def test_other_sources_and_their_spans_are_read_back(form: Form, tmp_path: Path) -> None:
    elsewhere = Span(2, 0, 2, 5, "net.py")
    trace = trace_of(Output(0, Where(elsewhere, elsewhere), "said"))
    trace.add_source("net.py", "import torch\ny = 2\n")
    again = form(trace, tmp_path)
    assert again.text(again[0].where.statement) == "y = 2"
    assert dict(again.sources) == dict(trace.sources)
    assert phases_of(again).step_on_line(2, -1, "net.py") == 0
    assert phases_of(again).step_on_line(2, -1) is None


def test_one_place_is_one_span_for_all_steps_read() -> None:
    other = Where(Span(1, 0, 1, 4), LINE, call=1)
    trace = loads(dumps(trace_of(Output(0, PLACE, "a"), Output(1, other, "b"))))
    assert trace[0].where.statement is trace[1].where.statement


# ------------------------------------------------------------------------------ resumed recording


def resumed() -> Trace:
    """Iterations 1 and 2, then 4217 and 4218, as a loop that trains gives them."""
    steps: list[Step] = []
    leaf = TensorValue(1, np.ones(()), "torch.float32", True, True)

    def add(cls: Any, number: int, *rest: Any) -> None:
        where = Where(LINE, LINE, loops=(LoopAt("i", number, None),))
        steps.append(cls(len(steps), where, *rest))

    for number in (1, 2, 4217, 4218):
        if number == 4217:
            add(Resumed, 4216, 4217, (Named("w", leaf),))
        add(Loop, number, ())
        add(Output, number, "forward")
        add(SeedGrad, number, leaf, np.ones(()))
        add(Output, number, "backward")
    return trace_of(*steps)


@pytest.mark.parametrize("form", [lambda trace, folder: trace, through_json, through_a_file])
def test_after_a_gap_iterations_have_their_true_numbers(form: Form, tmp_path: Path) -> None:
    trace = form(resumed(), tmp_path)
    phases = phases_of(trace)
    numbers = [phases.iteration_at(index).number for index in range(len(trace))]
    assert numbers == [1] * 4 + [2] * 4 + [4217] * 5 + [4218] * 4
    assert phases.iterations == 4218
    assert list(phases.recorded) == [1, 2, 4217, 4218]
    assert (phases.iteration(4217).start, phases.iteration(4217).stop) == (8, 13)
    assert phases.iteration(3) == type(phases.iteration(3))(3, 8, 8, ())
    assert phases.iteration(9999).start == len(trace)
    assert phases.within(3) == ()
    assert phases.losses() == [1.0] * 4
    assert phases.next_iteration(5) == 8
    assert phases.kind_at(8) == "forward"


# ------------------------------------------------------------------------------ types


@pytest.mark.parametrize(
    "built",
    [
        Span("1", 0, 1, 0),  # type: ignore[arg-type]
        Where(LINE, LINE, ("f", 1)),  # type: ignore[arg-type]
        Where(LINE, LINE, loops=(LINE,)),  # type: ignore[arg-type]
        Named("x", 1),  # type: ignore[arg-type]
        Output(2**64, PLACE, ""),
        TensorValue(1, [1.0], "torch.float32", True, True),  # type: ignore[arg-type]
        Program("a", "b", narration=((1, 2),)),  # type: ignore[arg-type]
        Program("a", "b", narration=((1,),)),  # type: ignore[arg-type]
        Forward(0, PLACE, "op", (), {1: 2}, (), None),  # type: ignore[dict-item]
    ],
    ids=lambda built: type(built).__name__,
)
def test_a_field_of_another_type_than_declared_is_refused(built: object) -> None:
    with pytest.raises(TypeError, match=f"{type(built).__name__}\\.\\w+ is .*, not "):
        check(built)


def test_json_with_a_field_of_another_type_is_refused() -> None:
    document = json.loads(dumps(trace_of(Output(0, PLACE, "a"))))
    document["steps"][0]["text"] = 5
    with pytest.raises(TraceError, match=r"Output\.text is 5, not str"):
        loads(json.dumps(document))


# ------------------------------------------------------------------------------ words


def words_of(put: Callable[[list[int], Any], None]) -> list[int]:
    """The words that ``put`` appends, where objects are numbered at first sight."""
    words: list[int] = []
    counted: dict[Any, int] = {}

    def number(item: Any) -> int:
        return counted.setdefault(repr(item) if isinstance(item, dict) else id(item), len(counted))

    class Texts(dict[str, int]):
        def __missing__(self, key: str) -> int:
            return number(key)

    put(words, (dict.fromkeys(SHARED, number), Texts(), number))
    return words


@pytest.mark.parametrize(
    "name", ["two_points", "two_points_hidden", "broadcasting", "leaf_and_retain_grad"]
)
def test_what_is_written_out_is_what_the_declarations_say(name: str) -> None:
    """The quick way to write what is written most is held to the one that knows every class."""
    seen = set()
    for step in Session.open(name).complete():
        held = [getattr(step, field.name) for field in fields(step)]
        held += [value for items in held if isinstance(items, tuple) for value in items]
        held += [item.value for item in held if isinstance(item, Operand)]
        for one in (step, *held):
            cls = type(one)

            def derived(words: list[int], to: Any, one: Any = one, cls: Any = cls) -> None:
                Writers(*to).of(cls, words)(one)

            def by_hand(words: list[int], to: Any, one: Any = one, cls: Any = cls) -> None:
                number, texts, plain = to
                rest = Writers(*to).of(Forward, words, ("changed", "binds", "grads"))
                puts = written_out.steps(words, number, texts, plain, rest)
                puts[TensorValue] = written_out.value(words, number, texts)
                puts[NodeValue] = written_out.node(words, texts)
                puts[Where] = written_out.place(words, number, texts)
                puts[cls](one)

            if cls in (TensorValue, NodeValue, Where, Forward, Backward, Accumulate, Update):
                seen.add(cls)
                assert words_of(by_hand) == words_of(derived), one
    assert len(seen) > 4
