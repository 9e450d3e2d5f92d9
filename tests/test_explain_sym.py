"""Numbers that remember: what is spelled is what was computed."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui.explain.naming import latex_name, named, partial
from backprop_tui.explain.spelling import latex, text
from backprop_tui.explain.sym import Sym, TooLong, budget, leaf, sym, symbols

a, b, c = (leaf(value, named(name)) for value, name in [(0.5, "a"), (-0.25, "b"), (3.0, "c_hat")])


@pytest.mark.parametrize(
    ("made", "words", "by_name", "tex"),
    [
        (a, "0.5", "a", "0.5"),
        (b, "-0.25", "b", "-0.25"),
        (a + b, "0.5 + (-0.25)", "a + b", "0.5 + (-0.25)"),
        (b + a, "-0.25 + 0.5", "b + a", "-0.25 + 0.5"),
        (a - b - c, "0.5 − (-0.25) − 3", "a − b − c_hat", "0.5 - (-0.25) - 3"),
        (a - (b - c), "0.5 − (-0.25 − 3)", "a − (b − c_hat)", "0.5 - (-0.25 - 3)"),
        (a + (b + c), "0.5 + (-0.25) + 3", "a + b + c_hat", "0.5 + (-0.25) + 3"),
        (
            (a - b) + (c - a),
            "(0.5 − (-0.25)) + (3 − 0.5)",
            "(a − b) + (c_hat − a)",
            "(0.5 - (-0.25)) + (3 - 0.5)",
        ),
        (np.log1p(-a), "log(1 − 0.5)", "log(1 − a)", r"\log\left(1 - 0.5\right)"),
        (a / 1, "0.5", "a", "0.5"),
        (a * b, "0.5·(-0.25)", "a·b", r"0.5 \cdot (-0.25)"),
        (a * (b + c), "0.5·(-0.25 + 3)", "a·(b + c_hat)", r"0.5 \cdot (-0.25 + 3)"),
        (a * b + c, "0.5·(-0.25) + 3", "a·b + c_hat", r"0.5 \cdot (-0.25) + 3"),
        (-a, "-0.5", "-a", "-0.5"),
        (-b, "-(-0.25)", "-b", "-(-0.25)"),
        (-(a + b), "-(0.5 + (-0.25))", "-(a + b)", "-(0.5 + (-0.25))"),
        (a + -b, "0.5 − (-0.25)", "a − b", "0.5 - (-0.25)"),
        (1 / a, "1 / 0.5", "1 / a", r"\frac{1}{0.5}"),
        (a / b / c, "(0.5 / (-0.25)) / 3", "(a / b) / c_hat", r"\frac{\frac{0.5}{-0.25}}{3}"),
        (a * (b / c), "0.5·((-0.25) / 3)", "a·(b / c_hat)", r"0.5 \cdot \frac{-0.25}{3}"),
        (a**2, "0.5²", "a²", "0.5^{2}"),
        (b**2, "(-0.25)²", "b²", "(-0.25)^{2}"),
        (a**1, "0.5", "a", "0.5"),
        (a**c, "0.5^3", "a^c_hat", "0.5^{3}"),
        ((a / b) ** 2, "(0.5 / (-0.25))²", "(a / b)²", r"\left(\frac{0.5}{-0.25}\right)^{2}"),
        (np.exp(-a), "exp(-0.5)", "exp(-a)", r"\exp\left(-0.5\right)"),
        (np.sqrt(a), "√(0.5)", "√(a)", r"\sqrt{0.5}"),
        (abs(b), "|-0.25|", "|b|", r"\left|-0.25\right|"),
        (2 * c, "2·3", "2·c_hat", r"2 \cdot 3"),
        (sym(1.25e-7) * a, "1.25e-07·0.5", "1.25e-07·a", r"1.25 \cdot 10^{-7} \cdot 0.5"),
    ],
)
def test_spelling(made: Sym, words: str, by_name: str, tex: str) -> None:
    assert (text(made), text(made, names=True), latex(made)) == (words, by_name, tex)


def test_names_in_latex() -> None:
    assert latex(a * c, names=True) == r"a \cdot \hat{c}"


def test_a_dot_product_by_element() -> None:
    x, w = symbols(np.array([0.9, -0.2]), named("x")), symbols(np.array([0.5, -0.3]), named("w"))
    assert text(x @ w) == "0.9·0.5 + (-0.2)·(-0.3)"
    assert text(x @ w, names=True) == "x[0]·w[0] + x[1]·w[1]"


def test_a_long_sum_shows_its_ends_and_its_length() -> None:
    total = symbols(np.arange(64.0), named("x")).sum()
    assert text(total) == "0 + 1 + … + 63 (64 terms)"
    assert latex(total) == r"\underbrace{0 + 1 + \dots + 63}_{64\ \text{terms}}"


def test_a_sum_of_twenty_thousand_terms_is_spelled_without_recursion() -> None:
    total = symbols(np.ones(20_000), named("x")).sum()
    assert text(total) == "1 + 1 + … + 1 (20000 terms)"


def test_more_work_than_the_budget_is_refused() -> None:
    x = symbols(np.ones(100), named("x"))
    with budget(50), pytest.raises(TooLong):
        (x * x).sum()
    with budget(300):
        assert (x * x).sum() == 100


def test_the_branch_taken_is_the_one_spelled() -> None:
    x = symbols(np.array([0.5, -2.0]), named("x"))
    assert [text(sym(e), names=True) for e in np.maximum(x, 0)] == ["x[0]", "0"]
    assert [text(sym(e), names=True) for e in np.where(x > 0, x, 0.1 * x)] == ["x[0]", "0.1·x[1]"]


@pytest.mark.parametrize(
    "function",
    ["exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "tanh", "sin", "cos", "sinh",
     "cosh", "arctan", "arcsin", "arccos", "tan"],
)  # fmt: skip
@pytest.mark.parametrize("x", [-800.0, -1.0, 0.0, 0.3, 1.0, 800.0, math.inf])
def test_functions_give_numpys_numbers(function: str, x: float) -> None:
    apply = getattr(np, function)
    with np.errstate(all="ignore"):
        expected = apply(np.float64(x))
        made = apply(symbols(np.array([x]), named("x")))[0]
    assert made.value == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(("top", "bottom"), [(1, 0.0), (-1, 0.0), (1, -0.0), (0, 0.0), (1, 4)])
def test_division_is_numpys(top: float, bottom: float) -> None:
    with np.errstate(all="ignore"):
        expected = np.float64(top) / np.float64(bottom)
    assert (sym(float(top)) / sym(bottom)).value == pytest.approx(expected, nan_ok=True)


NUMBERS = st.integers(-12, 12).map(lambda n: sym(n / 4))
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).filter(lambda p: p[1].value != 0).map(lambda p: p[0] / p[1]),
        inner.map(lambda e: -e),
        inner.map(lambda e: e**2),
        inner.map(abs),
        inner.map(lambda e: np.exp(-(e * e))),
    ),
    max_leaves=12,
)


def as_python(words: str) -> str:
    words = words.replace("·", "*").replace("−", "-").replace("²", "**2")
    while "|" in words:
        words = re.sub(r"\|([^|]*)\|", r"abs(\1)", words, count=1)
    return words


@settings(deadline=None)
@given(EXPRESSIONS)
def test_the_words_evaluate_to_the_value(made: Sym) -> None:
    words = text(made, longest=1000)
    if words.count("|") > 2:  # nested bars do not tell which closes which
        return
    again = eval(as_python(words), {"exp": math.exp, "abs": abs})
    assert again == pytest.approx(made.value, rel=1e-9, abs=1e-9), words


@settings(deadline=None)
@given(EXPRESSIONS)
def test_the_latex_has_its_braces_closed(made: Sym) -> None:
    tex = latex(made)
    assert tex.count("{") == tex.count("}")
    assert tex.count(r"\left") == tex.count(r"\right")


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("u", "u"),
        ("w1", "w_{1}"),
        ("w_1", "w_{1}"),
        ("w_12", "w_{12}"),
        ("y_hat", r"\hat{y}"),
        ("y_hat_1", r"\hat{y}_{1}"),
        ("loss", r"\mathit{loss}"),
        ("loss_1", r"\mathit{loss}_{1}"),
        ("x_test", r"x_{\mathit{test}}"),
        ("hidden_layer", r"\mathit{hidden\_layer}"),
        ("theta", r"\theta"),
        ("mu_1", r"\mu_{1}"),
        ("eps", r"\varepsilon"),
        ("lambda_", r"\lambda"),
        ("wᵀ", r"w^{\top}"),
        ("mul₁₂", r"\mathit{mul}_{12}"),
        ("model.0.weight", r"\mathit{model.0.weight}"),
        ("(u * v)", r"(u \cdot v)"),
        ("(u**2)", "(u^{2})"),
        ("((a - b) ** 2)", "((a - b)^{2})"),
        ("(x @ w)", r"(x\, w)"),
        ("torch.exp(x)", r"\operatorname{exp}(x)"),
        ("x.sum()", r"\operatorname{sum}(x)"),
        ("(a + b).sum()", r"\operatorname{sum}(a + b)"),
        ("w1.grad", r"w_{1}\texttt{.grad}"),
        ("(0.1 * u.grad)", r"(0.1 \cdot u\texttt{.grad})"),
        ("(x @ w.T)", r"(x\, w^{\top})"),
        ("d[0]", "d[0]"),
        ("x[:, 1]", "x[:, 1]"),
        ("d['a']", r"\texttt{d['a']}"),
        ("a if b else {}", r"\texttt{a if b else \{\}}"),
    ],
)
def test_latex_of_names(name: str, tex: str) -> None:
    assert latex_name(name) == tex


def test_only_parentheses_around_all_are_taken_away() -> None:
    bare = [named(text).bare.text for text in ("(a + b)", "(a).f(b)", "((a) + (b))", "f(x)")]
    assert bare == ["a + b", "(a).f(b)", "(a) + (b)", "f(x)"]


def test_the_gradient_of_an_element_has_its_index_in_the_denominator() -> None:
    gradient = partial(named("f"), named("w_1")).at((0, 1))
    assert gradient.text == "∂f/∂w_1[0,1]"
    assert gradient.tex == r"\frac{\partial f}{\partial w_{1}[0,1]}"
