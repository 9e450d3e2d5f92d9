"""Two texts are the same if they differ in nothing but the rounding of their numbers."""

from __future__ import annotations

import re

NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
RELATIVE = 1e-5


def difference(text: str, expected: str) -> str | None:
    """What differs first, in words; None if the texts are the same.

    Whole numbers must be equal. Others may differ by 1e-5 of their size and by one unit of the
    last digit that is printed.
    """
    words, expected_words = NUMBER.sub("#", text), NUMBER.sub("#", expected)
    for number, (line, expected_line) in enumerate(
        zip(text.splitlines(), expected.splitlines(), strict=False), start=1
    ):
        if NUMBER.sub("#", line) != NUMBER.sub("#", expected_line):
            return f"line {number}: {line!r}, expected {expected_line!r}"
        for one, other in zip(NUMBER.findall(line), NUMBER.findall(expected_line), strict=True):
            if not same_number(one, other):
                return f"line {number}: {one}, expected {other} in {expected_line!r}"
    if words != expected_words:
        return f"{len(text.splitlines())} lines, expected {len(expected.splitlines())}"
    return None


def same_number(text: str, expected: str) -> bool:
    """Whether two printed numbers are the same but for rounding."""
    if "." not in expected or "." not in text:
        return text == expected
    decimals = len(expected.partition(".")[2].partition("e")[0])
    exponent = int(expected.partition("e")[2] or 0)
    last_digit = 10.0 ** (exponent - decimals) if decimals else 0.0
    allowed = RELATIVE * abs(float(expected)) + 1.01 * last_digit
    return abs(float(text) - float(expected)) <= allowed
