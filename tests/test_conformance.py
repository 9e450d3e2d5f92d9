"""PyTorch's own test inputs give the same here, and the page that says so is up to date."""

from __future__ import annotations

import pytest
from conformance import KNOWN, LEFT_OUT, PAGE, database, names, outcome_of, page


@pytest.mark.parametrize("name", names())
def test_as_pytorch_tests_itself(name: str) -> None:
    outcome = outcome_of(name)
    assert outcome.ran + outcome.failed_alike + outcome.skipped, f"{name} has no samples"
    assert not outcome.wrong, "\n".join(outcome.wrong[:5])


def test_the_page_says_what_the_samples_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python tests/conformance.py docs/conformance.md"
    )


def test_what_is_set_aside_is_there() -> None:
    assert set(KNOWN) <= set(database())
    assert set(LEFT_OUT) & set(database())
    assert all(outcome_of(name).skipped for name in KNOWN)
