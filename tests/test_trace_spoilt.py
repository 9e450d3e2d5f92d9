"""Trace files changed at random: bytes, rows and words; nothing crashes on what is read."""

from __future__ import annotations

import json
import random
import sqlite3
from array import array
from pathlib import Path

import pytest
from damage import good_file, rewrite, watch

from backprop_tui.errors import TraceError


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A trace file's bytes."""
    return good_file(tmp_path_factory.mktemp("good"))


@pytest.mark.parametrize("seed", range(5))
def test_bytes_changed_at_random_never_crash(seed: int, good: bytes, tmp_path: Path) -> None:
    at_random = random.Random(seed)
    path = tmp_path / "a.trace"
    for _ in range(30):
        data = bytearray(good)
        how = at_random.choice(("bit", "bytes", "cut", "zeros"))
        at = at_random.randrange(len(data))
        if how == "bit":
            data[at] ^= 1 << at_random.randrange(8)
        elif how == "bytes":
            for _ in range(30):
                data[at_random.randrange(len(data))] = at_random.randrange(256)
        elif how == "cut":
            del data[at:]
        else:
            data[at : at + 300] = bytes(len(data[at : at + 300]))
        path.write_bytes(data)
        try:
            watch(path)
        except TraceError:
            continue


JUNK = [None, -1, 0, 1, 2, 10**9, 2**70, "x", "", [], {}, True, 1.5, [[1]]]
JUNK += [
    {"$": "Edge", "node": 1, "index": 0},
    {"$value": 1},
    {"$array": 2},
    {"$node": 1},
    {"$where": 1},
    {"$float": "nan"},
]


def spoilt(data: object, at_random: random.Random) -> object:
    """JSON with one part of it replaced or gone."""
    places: list[tuple[object, object]] = []

    def walk(inside: object) -> None:
        items = inside.items() if isinstance(inside, dict) else enumerate(inside)  # type: ignore[arg-type]
        for key, item in items:
            places.append((inside, key))
            if isinstance(item, dict | list):
                walk(item)

    walk(data)
    inside, key = at_random.choice(places)
    if at_random.random() < 0.2:
        del inside[key]  # type: ignore[attr-defined]
    else:
        inside[key] = at_random.choice(JUNK)  # type: ignore[index]
    return data


def spoil(words: array[int], at_random: random.Random) -> None:
    for _ in range(at_random.choice((1, 3, 30))):
        at = at_random.randrange(len(words))
        words[at] = at_random.choice((0, 1, 2, 7, words[at] + 1, 2**40, 2**63, 2**64 - 1))


@pytest.mark.parametrize("seed", range(5))
def test_rows_changed_at_random_never_crash(seed: int, good: bytes, tmp_path: Path) -> None:
    """What SQLite takes for sound, but means nothing."""
    at_random = random.Random(seed)
    path = tmp_path / "a.trace"
    for _ in range(12):
        path.write_bytes(good)
        connection = sqlite3.connect(path)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
        for table in at_random.choices([name for name in tables if "_" not in name], k=2):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            if not rows:
                continue
            row, columns = at_random.choice(rows), connection.execute(f"PRAGMA table_info({table})")
            names = [name for _, name, *_ in columns]
            column = at_random.randrange(len(names))
            value = row[column]
            if names[column] == "words" and at_random.random() < 0.8:
                connection.commit()
                rewrite(lambda words: spoil(words, at_random))(path)
                continue
            if isinstance(value, str) and value.startswith(("{", "[")) and len(value) > 2:
                value = json.dumps(spoilt(json.loads(value), at_random))
            else:
                value = at_random.choice([None, -1, 0, 3, 2**62, 1e300, "x", b"", b"\xff" * 9])
            set_row = f"UPDATE OR IGNORE {table} SET {names[column]} = ? WHERE {names[0]} = ?"
            try:
                connection.execute(set_row, (value, row[0]))
            except sqlite3.IntegrityError:
                continue
        connection.commit()
        connection.close()
        try:
            watch(path)
        except TraceError:
            continue
