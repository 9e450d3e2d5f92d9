"""Pages made from tables say what the tables say, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_tui.ops.reference import reference_markdown

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [ROOT / "benchmarks" / "README.md"]


def test_the_op_reference_is_what_the_records_say() -> None:
    kept = (ROOT / "docs" / "ops.md").read_text(encoding="utf-8")
    assert kept == reference_markdown(), "run: python -m backprop_tui.ops.reference docs/ops.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [x for x in links if "://" not in x and not (page.parent / x).exists()]
    assert not missing
