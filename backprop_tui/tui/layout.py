"""Where each place of the screen lies, as a pure function of the screen's size.

    wide (≥ 110 columns)                 narrow
    ┌──────────────┬─────────────┐       ┌──────────────────────────┐
    │ Program      │ Graph       │       │ Program                  │
    ├──────────────┼─────────────┤       ├──────────────────────────┤
    │ Tensors      │ Maths       │       │ one of Graph, Tensors,   │
    ├──────────────┴─────────────┤       │ Maths (the one chosen)   │
    │ Timeline                   │       ├──────────────────────────┤
    │ caption                    │       │ Timeline, caption        │
    └────────────────────────────┘       └──────────────────────────┘

Every pane has a title row of its own, so its inside is one row less than its region.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.geometry import Region

PANES = ("program", "graph", "tensors", "maths", "timeline")
SWITCHED = ("graph", "tensors", "maths")
WIDE_COLUMNS = 110
TALL_ROWS = 36
_MIN_STAGE_ROWS = 6


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The regions of the visible panes, and the rows of the caption below them."""

    regions: dict[str, Region]
    caption: Region
    narrow: bool

    def inside(self, pane: str) -> tuple[int, int]:
        """(width, height) of what a pane can show; (0, 0) if it is not visible."""
        region = self.regions.get(pane)
        return (0, 0) if region is None else (max(0, region.width - 1), max(0, region.height - 1))


def caption_rows(width: int, height: int) -> int:
    """Rows of the caption: what a sentence or two need."""
    return 2 if height < 20 or (height < 30 and width >= WIDE_COLUMNS) else 3


def timeline_rows(height: int) -> int:
    """Rows of the timeline, title included."""
    return 3 if height < 30 else 4


def arrange(
    width: int,
    height: int,
    *,
    shown: str = "maths",
    zoomed: str | None = None,
    presenting: bool = False,
) -> Arrangement:
    """Places for a screen of ``width`` × ``height`` cells (the key bar already taken off).

    ``shown`` is the pane visible in the switched place of a narrow screen; ``zoomed`` has the whole
    stage to itself, over caption and timeline only. ``presenting`` gives the caption more room.
    """
    below = caption_rows(width, height) + (2 if presenting else 0)
    caption = Region(0, height - below, width, below)
    rows = max(_MIN_STAGE_ROWS, height - below)
    narrow = width < WIDE_COLUMNS
    time = min(2 if presenting else timeline_rows(height), max(0, rows - _MIN_STAGE_ROWS))
    if zoomed == "timeline":
        return Arrangement({"timeline": Region(0, 0, width, rows)}, caption, narrow)
    stage = rows - time
    regions = {"timeline": Region(0, stage, width, time)}
    if zoomed is not None:
        regions[zoomed] = Region(0, 0, width, stage)
    elif narrow:
        regions |= _narrow(width, stage, shown)
    else:
        regions |= _wide(width, stage)
    return Arrangement(regions, caption, narrow)


def _wide(width: int, stage: int) -> dict[str, Region]:
    # Code and the table of tensors are wide, graph and working are not.
    left, top = width * 11 // 20, stage // 2
    return {
        "program": Region(0, 0, left, top),
        "graph": Region(left, 0, width - left, top),
        "tensors": Region(0, top, left, stage - top),
        "maths": Region(left, top, width - left, stage - top),
    }


def _narrow(width: int, stage: int, shown: str) -> dict[str, Region]:
    if stage >= TALL_ROWS:
        third = stage // 3
        other = "tensors" if shown != "tensors" else "maths"
        return {
            "program": Region(0, 0, width, third),
            shown: Region(0, third, width, third),
            other: Region(0, 2 * third, width, stage - 2 * third),
        }
    top = max(3, (stage * 2) // 5)
    return {
        "program": Region(0, 0, width, top),
        shown: Region(0, top, width, stage - top),
    }
