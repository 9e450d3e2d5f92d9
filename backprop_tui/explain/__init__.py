"""Why a number is what it is: rule, numbers put in, contributions, finite differences."""

from backprop_tui.explain.record import HEADINGS, Element, Equation, Explanation, Part
from backprop_tui.explain.steps import explain

__all__ = ["HEADINGS", "Element", "Equation", "Explanation", "Part", "explain"]
