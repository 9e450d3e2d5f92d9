"""What this machine remembers of the bundled scenarios: where one stopped, and which were finished.

    {"version": 1, "scenarios": {"square": {"source": "9f…", "step": 17, "steps": 50,
                                            "finished": false}}}

One JSON file in the user's state directory, written when a film is left. A scenario whose text has
changed since begins anew. The file is a convenience: damaged, it counts as empty; where it cannot
be written, nothing is remembered; neither is ever an error.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from backprop_tui.errors import BackpropTuiError
from backprop_tui.scenario.library import folder

#: Names another directory for the file.
VARIABLE = "BACKPROP_TUI_STATE"
VERSION = 1
#: A file beyond this is not ours.
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where one stopped in a scenario.

    ``step`` is an index; ``steps`` counts them all, None while the recording had not ended.
    ``finished``: the last step was seen, now or at an earlier time.
    """

    step: int = 0
    steps: int | None = None
    finished: bool = False

    @property
    def halfway(self) -> bool:
        """Whether there is a step in the middle to go on from."""
        return self.step > 0 and (self.steps is None or self.step < self.steps - 1)


def file() -> Path:
    """Where it is kept."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named) / "progress.json"
    from platformdirs import user_state_path

    return user_state_path("backprop-tui", appauthor=False) / "progress.json"


def digest(source: str) -> str:
    """What a scenario's text is recognised by."""
    return sha256(source.encode("utf-8", "replace")).hexdigest()[:32]


def remembered() -> dict[str, Place]:
    """The places of the bundled scenarios, by name; edited ones are left out."""
    records = _read()
    places = {}
    for name, path in _bundled().items():
        record = records.get(name)
        if record is not None and record[0] == _digest_of(path):
            places[name] = record[1]
    return places


def remember(name: str, source: str, place: Place) -> None:
    """Keep the place in scenario ``name``, if its text is that of the bundled one.

    Whoever only looked at the first step changes nothing.
    """
    if place.step == 0 and not place.finished:
        return
    path = _bundled().get(name)
    text = digest(source)
    if path is None or _digest_of(path) != text:
        return
    records = _read()
    before = records.get(name)
    finished = place.finished or (before is not None and before[0] == text and before[1].finished)
    records[name] = (text, Place(place.step, place.steps, finished))
    _write(records)


def _bundled() -> dict[str, Path]:
    return {path.stem: path for path in folder().glob("*/*.py")}


def _digest_of(path: Path) -> str | None:
    try:
        return digest(path.read_text("utf-8-sig"))
    except (OSError, ValueError):
        return None


def _read() -> dict[str, tuple[str, Place]]:
    try:
        with file().open("rb") as stream:
            content = json.loads(stream.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError, RuntimeError):
        return {}
    if not isinstance(content, dict) or content.get("version") != VERSION:
        return {}
    scenarios = content.get("scenarios")
    if not isinstance(scenarios, dict):
        return {}
    found = {name: _record(fields) for name, fields in scenarios.items()}
    return {name: record for name, record in found.items() if record is not None}


def _record(fields: object) -> tuple[str, Place] | None:
    if not isinstance(fields, dict):
        return None
    source, finished = fields.get("source"), fields.get("finished")
    step, steps = fields.get("step"), fields.get("steps")
    if not isinstance(source, str) or not isinstance(finished, bool):
        return None
    if type(step) is not int or step < 0:
        return None
    if steps is not None and (type(steps) is not int or steps <= step):
        return None
    return source, Place(step, steps, finished)


def _write(records: dict[str, tuple[str, Place]]) -> None:
    from backprop_tui.export.files import replace_file

    scenarios = {name: {"source": text, **asdict(place)} for name, (text, place) in records.items()}
    text = json.dumps({"version": VERSION, "scenarios": scenarios}, indent=1, sort_keys=True)
    with contextlib.suppress(OSError, ValueError, RuntimeError, BackpropTuiError):
        path = file()
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text + "\n")
