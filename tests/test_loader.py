"""From a file to a Scenario: header, docstring, narration; what is found, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backprop_tui.errors import BudgetExceeded, ScenarioError, ScenarioNotFound, ScenarioRefused
from backprop_tui.scenario import library
from backprop_tui.scenario.limits import Budget
from backprop_tui.scenario.loader import check, load, loads

TEXT = '''# /// scenario
# title = "Größe: f(u) = u²"
# chapter = "autograd"
# level = 2
# order = 7
# watch = ["u", "net.0.weight"]
# ///
"""A description
in two lines."""
import torch

# not narration: an empty line follows

# First line
#   second line
u = torch.tensor(1.0)  # never narration
v = """
# inside a string
"""
#
for i in range(3):
    # of the loop's body
    u = u * 2
    # of the decorated
@torch.no_grad()
def f():
    #: a sharp comment
    return (u,
            # inside brackets
            v)
'''


def test_what_is_read() -> None:
    scenario = loads(TEXT, "sizes")
    program = scenario.program()
    assert (program.name, program.title, program.chapter) == (
        "sizes",
        "Größe: f(u) = u²",
        "autograd",
    )
    assert (program.level, scenario.header.order) == (2, 7)
    assert program.watch == ("u", "net.0.weight")
    assert program.description == "A description\nin two lines."
    assert program.source == TEXT
    assert program.narration == (
        (16, "First line\n  second line"),
        (23, "of the loop's body"),
        (26, "of the decorated"),
        (28, ": a sharp comment"),
    )


def test_all_of_it_is_optional() -> None:
    scenario = loads("x = 1", "plain")
    assert (scenario.title, scenario.description, scenario.narration) == ("plain", "", ())


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_are_one(ending: str) -> None:
    assert loads(ending.join(["x = 1", "y = 2", ""])).text == "x = 1\ny = 2\n"


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "marked.py"
    path.write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert load(path).text == "x = 1\n"


HEADERS = {  # header lines → line, part of the message, part of the hint
    "# titel = 'x'": (2, "unknown key 'titel'", "'title'"),
    "# zzz = 1": (2, "unknown key 'zzz'", "title, chapter"),
    "# title = 3": (2, "'title' in the header must be a string", ""),
    "# title = 'a'\n# level = '2'": (3, "'level' in the header must be an integer", ""),
    "# level = true": (2, "must be an integer", ""),
    "# level = 9": (2, "from 1 to 5", ""),
    "# watch = 'u'": (2, "must be a list of strings", ""),
    "# watch = [1]": (2, "must be a list of strings", ""),
    "# title = ": (2, "not TOML", ""),
    "# title = 'a'\n# title = 'b'": (3, "not TOML", ""),
    "# title = 'a\\n'\n# x": (3, "not TOML", ""),
    '# title = "a\\nb"': (2, "must be one line", ""),
    "title = 'x'": (2, "not closed", "begins with '# '"),
    "#title = 'x'": (2, "not closed", "begins with '# '"),
}


@pytest.mark.parametrize("lines", HEADERS)
def test_a_faulty_header_is_refused(lines: str) -> None:
    line, message, hint = HEADERS[lines]
    with pytest.raises(ScenarioRefused) as caught:
        loads(f"# /// scenario\n{lines}\n# ///\nx = 1\n")
    error = caught.value
    assert error.place.line == line, error.render()
    assert message in error.message
    assert hint in error.hint


def test_a_header_must_end() -> None:
    with pytest.raises(ScenarioRefused, match="is not closed"):
        loads("# /// scenario\n# title = 'x'\n")


FILES = {  # bytes → line, column, part of the message
    b"x = 1\ny = '\xff'\n": (2, 6, "not UTF-8: byte 0xff"),
    b"x = '\xc3'": (1, 6, "not UTF-8"),
    b"x = 1\n  y = 2\n": (2, 3, "unexpected indent"),
    b"x = (1,\n": (1, 5, "'(' was never closed"),
    b"print 'x'\n": (1, 1, "Missing parentheses"),
    b"x = '\xc3\xa9' 3\n": (1, 9, "invalid syntax"),
    b"x = 1\0\n": (1, 6, "U+0000"),
}


@pytest.mark.parametrize("raw", FILES)
def test_a_file_that_is_not_a_scenario(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_bytes(raw)
    line, column, message = FILES[raw]
    with pytest.raises(ScenarioRefused) as caught:
        load(path)
    at = caught.value.place
    assert (at.file, at.line, at.column) == (str(path), line, column), caught.value.render()
    assert message in caught.value.message
    assert check(path)[0].render() == caught.value.render()


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    path.write_text("#" * 1000)
    with pytest.raises(BudgetExceeded, match="limited to 100 characters"):
        load(path, Budget(source=100))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioRefused, match="cannot be read: No such file"):
        load(tmp_path / "none.py")
    with pytest.raises(ScenarioRefused, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_check_finds_every_refusal_in_order(tmp_path: Path) -> None:
    path = tmp_path / "many.py"
    path.write_text(
        "import os\nimport torch\nx = torch.tensr(1)\nf = lambda: (yield)\n\nx.bakward()"
    )
    found = check(path)
    assert [error.place.line for error in found] == [1, 3, 4, 6]
    assert all(isinstance(error, ScenarioError) for error in found)
    path.write_text("x = 1")
    assert check(path) == []


def test_bundled_scenarios_are_inside_the_language() -> None:
    entries = library.bundled()
    assert len(entries) >= 15
    for entry in entries:
        assert check(entry.path) == [], entry.name
        assert entry.title != entry.name, f"{entry.name} has no title"
        assert entry.description, f"{entry.name} has no description"


def test_bundled_scenarios_stand_in_order() -> None:
    entries = library.bundled()
    assert [e.name for e in entries[:3]] == ["square", "polynomial", "uv_plus_u2"]
    chapters = list(dict.fromkeys(entry.chapter for entry in entries))
    assert chapters[0] == "autograd"
    assert chapters[-1] == "published"


@pytest.mark.parametrize("name", ["two_points", "two_points/two_points", "two_points.py"])
def test_a_bundled_scenario_is_found_by_name(name: str) -> None:
    assert library.find(name) == library.folder() / "two_points" / "two_points.py"


def test_a_file_is_found_before_a_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two_points").write_text("x = 1")
    assert library.find("two_points") == Path("two_points")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("two_pionts", "did you mean 'two_points'"),
        ("zzz", "backprop-tui list"),
        ("no/such.py", "no file named"),
        ("x" * 5000, "named"),
        ("a\0b", "named"),
        ("", "named"),
    ],
)
def test_what_is_not_there_is_not_found(name: str, part: str) -> None:
    with pytest.raises(ScenarioNotFound) as caught:
        library.find(name)
    assert part in str(caught.value)


def test_listing_imports_neither_numpy_nor_an_engine() -> None:
    program = (
        "import sys; from backprop_tui.scenario import header, library, loader; "
        "[loader.load(e.path) for e in library.bundled()]; "
        "print([m for m in sys.modules if m in ('numpy', 'torch', 'textual', 'rich') "
        "or 'engine' in m])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
