"""Runs a checked scenario on an engine, and tells an observer where it is.

    Interpreter(scenario, engine, observer, budget).run()

The syntax tree becomes closures once (``expressions``, ``statements``); running them is plain
recursion. Whatever goes wrong inside leaves as ScenarioFailed or BudgetExceeded with its place,
and nothing of Python's own traceback is left to see.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from backprop_tui.engines.base import Engine
from backprop_tui.errors import BudgetExceeded, ScenarioError, ScenarioFailed
from backprop_tui.scenario import (
    contexts,
    definitions,
    displays,
    expressions,
    raising,
    statements,
)
from backprop_tui.scenario.compiler import Compiler
from backprop_tui.scenario.exceptions import HOSTS
from backprop_tui.scenario.hints import hint_for
from backprop_tui.scenario.limits import Budget, OverBudget
from backprop_tui.scenario.loader import Scenario
from backprop_tui.scenario.observer import NoObserver, Observer
from backprop_tui.scenario.runtime import Runtime
from backprop_tui.scenario.scopes import Scope
from backprop_tui.scenario.values import Env, Problem
from backprop_tui.trace.steps import Span

RULES = {
    **expressions.RULES,
    **displays.RULES,
    **statements.RULES,
    **definitions.RULES,
    **raising.RULES,
    **contexts.RULES,
}

#: Python frames that one call of a scenario, through an engine and back, may need.
FRAMES_PER_CALL = 60


class Interpreter:
    """One run of one scenario.

    ``pulse`` is called every so often; what it raises, if no ``Exception``, passes through
    untouched and so ends the run. ``write`` receives what the program prints.
    """

    def __init__(
        self,
        scenario: Scenario,
        engine: Engine,
        observer: Observer | None = None,
        budget: Budget | None = None,
        write: Callable[[str], None] | None = None,
        pulse: Callable[[], None] | None = None,
    ) -> None:
        self.scenario = scenario
        self.engine = engine
        self.observer = observer if observer is not None else NoObserver()
        self.budget = budget or Budget()
        self.runtime = Runtime(engine, self.observer, self.budget, write, pulse)

    def run(self) -> None:
        """Run the whole program; raises ScenarioFailed or BudgetExceeded."""
        frames = 1000 + FRAMES_PER_CALL * self.budget.depth
        if sys.getrecursionlimit() < frames:
            sys.setrecursionlimit(frames)
        self.engine.allocate = self.runtime.meter.allocate
        try:
            compiler = Compiler(self.runtime, self.scenario.source, RULES)
            program = compiler.block(self.scenario.tree.body, Scope("module"))
            # 1 / 0 is inf here; a warning on standard error would tear the screen
            with self.engine.active(), np.errstate(all="ignore"):
                program(Env(self.runtime.globals, None, None))
        except Exception as error:
            raise self._placed(error) from None

    def _placed(self, error: Exception) -> ScenarioError:
        """The error as the user meets it, told to the observer as well."""
        self.runtime.locate(error)
        assert self.runtime.failure is not None
        _, statement, expression = self.runtime.failure
        self.observer.statement, self.observer.expression = statement, expression
        place = self.scenario.source.place(_bounds(expression))
        if isinstance(error, RecursionError | MemoryError):
            limit = "depth" if isinstance(error, RecursionError) else "memory"
            error = OverBudget(limit, self.budget.depth if limit == "depth" else self.budget.memory)
        if isinstance(error, OverBudget):
            self.observer.failed("BudgetExceeded", str(error), error.hint)
            return BudgetExceeded(str(error), place, error.hint)
        if isinstance(error, Problem):
            kind, message, hint = error.kind, error.message, error.hint
        else:
            kind, message = type(error).__name__, HOSTS.sub("", str(error))
            hint = hint_for(message)
        self.observer.failed(kind, message, hint)
        return ScenarioFailed(message, place, hint, kind)


def _bounds(span: Span) -> tuple[int, int, int, int]:
    return span.line, span.column, span.end_line, span.end_column
