"""What is no trace, newer, damaged or hostile is refused, or shown as such; it is never obeyed."""

from __future__ import annotations

import json
import sqlite3
import struct
import subprocess
import sys
import zlib
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damage import PROGRAM, change, first_words, good_file, rewrite, watch

from backprop_tui.errors import TraceError
from backprop_tui.session import StoredSession
from backprop_tui.trace import arrays
from backprop_tui.trace.codec import dumps
from backprop_tui.trace.compare import first_difference
from backprop_tui.trace.file import StoredTrace, WritingTrace, is_trace_file
from backprop_tui.trace.marks import is_trace
from backprop_tui.trace.steps import STEPS, Forward
from backprop_tui.trace.trace import Program
from backprop_tui.tui.film import Film
from backprop_tui.view.types import Sizes, plain

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A trace file's bytes."""
    return good_file(tmp_path_factory.mktemp("good"))


@pytest.fixture
def path(good: bytes, tmp_path: Path) -> Path:
    """A good trace file, to be damaged."""
    path = tmp_path / "a.trace"
    path.write_bytes(good)
    return path


def test_a_good_file_is_walked_through_without_a_complaint(path: Path) -> None:
    assert watch(path) == []


# ------------------------------------------------------------------------------ refused when opened


def write_newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 99")


def write_other_database(path: Path) -> None:
    change(path, "PRAGMA application_id = 1")


def write_text(path: Path) -> None:
    path.write_text("import torch\n")


def write_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def write_head_alone(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def write_with(*statements: str) -> Callable[[Path], None]:
    return lambda path: change(path, *statements)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (write_newer, "version 99; this program reads version 2. A newer"),
        (write_with("PRAGMA user_version = 1"), "has version 1; .* Record it again"),
        (write_other_database, "is not a trace file"),
        (write_text, "is not a trace file"),
        (write_cut, "is damaged"),
        (write_head_alone, "is damaged"),
        (Path.unlink, "there is no file"),
        (
            write_with("ALTER TABLE body RENAME TO old", "CREATE VIEW body AS SELECT * FROM old"),
            "its tables are not a trace's",
        ),
        (
            write_with("CREATE TRIGGER t AFTER INSERT ON control BEGIN DELETE FROM page; END"),
            "its tables are not a trace's",
        ),
        (write_with("CREATE TABLE more (a)"), "its tables are not a trace's"),
        (write_with("DROP INDEX bound_name"), "its tables are not a trace's"),
        (write_with("ALTER TABLE body ADD COLUMN more AS (beside || 'x')"), "its tables"),
        (write_with("DELETE FROM meta"), "is damaged: KeyError"),
        (write_with("DELETE FROM pulse"), "does not say how the run is"),
        (write_with("DELETE FROM chunk"), "its steps are not all there"),
        (write_with("DELETE FROM page"), "its steps are not all there"),
        (write_with("UPDATE page SET stop = 20"), "its steps are not all there"),
        (write_with("UPDATE page SET stop = 1 << 61"), "its steps are not all there"),
        (write_with("UPDATE page SET stop = -1"), "does not follow the one before"),
        (write_with("UPDATE page SET step = 7"), "does not follow the one before"),
        (write_with("UPDATE page SET id = 5"), "a page is missing"),
        (write_with("UPDATE page SET value = -1"), "not counted upwards"),
        (write_with("UPDATE page SET node = NULL"), "is damaged: TypeError"),
        (write_with("UPDATE chunk SET kinds = zeroblob(7)"), "different lengths"),
        (write_with("UPDATE chunk SET kinds = 5"), "is damaged: TypeError"),
        (write_with("UPDATE chunk SET statements = x'ff'"), "is damaged: ValueError"),
        (write_with("UPDATE chunk SET numbers = zeroblob(64)"), "is damaged: ValueError"),
        (write_with("UPDATE chunk SET id = 3"), "a part of its columns is missing"),
        (write_with("DELETE FROM statement"), "a statement that is nowhere"),
        (write_with("UPDATE meta SET value = '[]' WHERE key = 'program'"), "is damaged"),
        (
            write_with("UPDATE meta SET value = '{\"name\": 5}' WHERE key = 'program'"),
            "Program with other fields than expected: source",
        ),
    ],
)  # fmt: skip
def test_is_refused(damage: Callable[[Path], None], message: str, path: Path) -> None:
    damage(path)
    with pytest.raises(TraceError, match=message.replace("(", r"\(")):
        StoredTrace(path)


def test_a_version_that_is_newer_is_told_before_its_tables(path: Path) -> None:
    change(path, "PRAGMA user_version = 3", "CREATE TABLE more (a)")
    with pytest.raises(TraceError, match="A newer backprop-tui reads it"):
        StoredTrace(path)
    assert is_trace_file(path)


def test_a_viewers_wish_never_meets_a_trigger(path: Path) -> None:
    stored = StoredTrace(path)
    change(path, "CREATE TRIGGER t AFTER INSERT ON control BEGIN DELETE FROM page; END")
    with pytest.raises(TraceError, match="its tables are not a trace's"):
        stored.ask("pause")
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM page").fetchone()[0] == 1
    connection.close()


def test_reading_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    watch(path)
    assert path.read_bytes() == before
    with pytest.raises(sqlite3.OperationalError):
        StoredTrace(path)._connection.execute("DELETE FROM page")


# ------------------------------------------------------------------------------ met on the way

EDGE = {"$": "Edge", "node": 1, "index": 0}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE body SET beside = '{'",
        "UPDATE body SET beside = NULL",
        "UPDATE body SET beside = x'00ff'",
        "UPDATE body SET beside = CAST(x'ff' AS TEXT)",
        "UPDATE body SET beside = '5'",
        "UPDATE body SET beside = '[]'",
        f"UPDATE body SET beside = '{'[' * 100_000}'",
        "UPDATE body SET beside = json_remove(beside, '$.texts')",
        "UPDATE body SET beside = json_set(beside, '$.texts', json('[]'))",
        "UPDATE body SET beside = json_set(beside, '$.plain', json('[]'))",
        "UPDATE body SET beside = json_set(beside, '$.plain', 7)",
        "UPDATE body SET beside = json_set(beside, '$.kinds', json('[]'))",
        "UPDATE body SET beside = json_set(beside, '$.kinds[0][0]', 'object')",
        "UPDATE body SET beside = json_set(beside, '$.kinds[0][1]', json('[1000000000000]'))",
        "UPDATE body SET beside = json_set(beside, '$.kinds[0][1]', json('[-1]'))",
        "UPDATE body SET beside = json_set(beside, '$.kinds[0][1]', json('{}'))",
        f"UPDATE body SET beside = json_set(beside, '$.texts[0]', json('{json.dumps(EDGE)}'))",
        "UPDATE body SET coding = 0",
        "UPDATE body SET coding = 7",
        "UPDATE body SET words = NULL",
        "UPDATE body SET words = x'ff'",
        "UPDATE body SET coding = 0, words = zeroblob(8)",
        "UPDATE body SET coding = 0, words = x'ffffffffffffffff'",
        f"UPDATE body SET words = x'{zlib.compress(bytes(64 * 2**20), 9).hex()}'",
        "UPDATE body SET numbers = zeroblob(3)",
        "UPDATE body SET numbers = NULL",
        "DELETE FROM body",
        "DELETE FROM array",
        "UPDATE array SET dtype = 'object'",
        "UPDATE array SET shape = '[1000000000000]'",
        "UPDATE array SET shape = '[-1]'",
        "UPDATE array SET shape = '{}'",
        "UPDATE array SET data = zeroblob(3)",
        "UPDATE array SET data = NULL",
        "UPDATE array SET coding = 1 - coding",
        "UPDATE array SET coding = 2, data = '{}'",
        "UPDATE array SET coding = 7",
    ],
)
def test_a_damaged_step_is_shown_as_such(statement: str, path: Path) -> None:
    change(path, statement)
    said = watch(path)
    assert said
    assert all("is damaged: " in words for words in said)


def no_class(words: array[int]) -> None:
    for at in first_words(words):
        words[at] = 99


def another_class(words: array[int]) -> None:
    for at in first_words(words):
        words[at] = (words[at] + 1) % len(STEPS)


def no_place(words: array[int]) -> None:
    for at in first_words(words):
        words[at + 1] = 10**7


def no_words(words: array[int]) -> None:
    words[1 : 1 + words[0]] = array("Q", [0] * words[0])


def too_few_words(words: array[int]) -> None:
    words[1] -= 1


def too_many_words(words: array[int]) -> None:
    words[1] += 1


def as_many_as_there_are_numbers(words: array[int]) -> None:
    for at in first_words(words):
        words[at + 2] = 2**64 - 1


@pytest.mark.parametrize(
    "damage",
    [
        no_class, another_class, no_place, no_words, too_few_words, too_many_words,
        as_many_as_there_are_numbers,
    ],
)  # fmt: skip
def test_words_that_are_no_step_are_shown_as_such(
    damage: Callable[[array[int]], None], path: Path
) -> None:
    rewrite(damage)(path)
    said = watch(path)
    assert said
    assert all("is damaged: " in words for words in said)


def test_what_is_not_damaged_is_still_shown(path: Path) -> None:
    def damage(words: array[int]) -> None:
        words[first_words(words)[30]] = 99

    rewrite(damage)(path)
    film = Film(StoredSession(path))
    film.go(30)
    assert "step 31 of" in plain(film.frame(Sizes()).caption)
    film.go(10)
    assert not plain(film.frame(Sizes()).caption).startswith("this step cannot be shown")


def bomb(size: int) -> arrays.Row:
    return "float32", json.dumps([size // 4]), arrays.ZLIB, zlib.compress(bytes(size), 9)


@pytest.mark.parametrize(
    "row",
    [
        bomb(arrays.MOST_ZLIB * 4),
        ("float32", "[4]", arrays.ZLIB, zlib.compress(bytes(64 * 2**20), 9)),
        ("float32", "[4]", arrays.ZLIB, b"no zlib"),
        ("float32", f"[{2**50}]", arrays.RAW, b""),
        ("float32", "[0, -1]", arrays.RAW, b""),
        ("float32", "[true]", arrays.RAW, b"1234"),
        ("O", "[1]", arrays.RAW, b"12345678"),
        ("float32", f"[{2**41}]", arrays.SUMMARY, b"{}"),
        ("float32", "[2]", arrays.SUMMARY, b'{"minimum": 1}'),
    ],
)
def test_an_array_that_lies_about_its_size_is_refused(row: arrays.Row) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        arrays.unpack(row, lambda number: np.zeros(1))


# ------------------------------------------------------------------------------ the command line


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``backprop-tui ARGUMENTS`` where torch cannot be imported."""
    program = (
        "import sys\nsys.modules['torch'] = None\n"
        f"sys.argv = ['backprop-tui', *{arguments!r}]\n"
        "from backprop_tui.cli import main\nmain()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_a_trace_is_exported_without_torch(form: str, path: Path) -> None:
    done = run("export", str(path), "--format", form, "--steps", "1:40")
    assert done.returncode == 0, done.stderr
    assert "AddmmBackward0" in done.stdout


@pytest.mark.parametrize("command", ["export", "open"])
def test_a_damaged_trace_is_refused_in_one_line(command: str, path: Path) -> None:
    change(path, "DELETE FROM chunk")
    done = run(command, str(path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_export_of_a_trace_that_makes_no_sense_is_refused(path: Path, tmp_path: Path) -> None:
    with WritingTrace(tmp_path / "b.trace", Program("b", PROGRAM)) as writing:
        for step in StoredTrace(path):
            writing.append(replace(step, inputs=()) if isinstance(step, Forward) else step)
    done = run("export", str(tmp_path / "b.trace"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "damaged" in done.stderr


def test_a_trace_exported_as_json_is_opened_too(path: Path, tmp_path: Path) -> None:
    stored = StoredTrace(path)
    (tmp_path / "a.json").write_text(dumps(stored), encoding="utf-8")
    assert is_trace(tmp_path / "a.json")
    session = StoredSession(tmp_path / "a.json")
    assert first_difference(stored, session.trace) is None
    assert session.finished
    (tmp_path / "b.json").write_text('{"format": "backprop-tui-trace", "version": 99}')
    with pytest.raises(TraceError, match="version 99"):
        StoredSession(tmp_path / "b.json")


def test_the_version_stands_in_the_header_of_the_file(good: bytes) -> None:
    assert struct.unpack(">I", good[60:64]) == (2,)
    assert good[68:72] == b"BPTT"
