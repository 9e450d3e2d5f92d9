"""Pages made from tables say what the tables say, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop_tui.ops.reference import reference_markdown
from backprop_tui.scenario.course import COURSE, Session, course_markdown, plan
from backprop_tui.scenario.library import bundled

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [ROOT / "benchmarks" / "README.md"]


def test_the_op_reference_is_what_the_records_say() -> None:
    kept = (ROOT / "docs" / "ops.md").read_text(encoding="utf-8")
    assert kept == reference_markdown(), "run: python -m backprop_tui.ops.reference docs/ops.md"


def test_the_course_is_what_the_library_holds() -> None:
    kept = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
    assert kept == course_markdown(), "run: python -m backprop_tui.scenario.course docs/course.md"


def test_every_bundled_scenario_has_one_place_in_the_course() -> None:
    placed = [entry.name for _, entries in plan() for entry in entries]
    assert sorted(placed) == sorted(entry.name for entry in bundled())


@pytest.mark.parametrize("session", COURSE, ids=lambda session: session.title)
def test_every_session_has_a_goal_and_a_question(session: Session) -> None:
    assert session.goal.endswith(".")
    assert "?" in session.question


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [x for x in links if "://" not in x and not (page.parent / x).exists()]
    assert not missing
