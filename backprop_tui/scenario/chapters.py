"""The chapters of the library, in their order, each with what is new in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chapter:
    """A folder of bundled scenarios; ``news`` is one line on what it adds to those before."""

    name: str
    title: str
    news: str


CHAPTERS = (
    Chapter("autograd", "Autograd", "Leaves, the graph, the chain rule, and what .grad holds."),
    Chapter("neuron", "The neuron", "Activations and losses: a value and a slope for each."),
    Chapter("two_points", "Two points", "A neuron learns: predict, loss, backward, update."),
    Chapter("regression", "Regression", "A line through points: batches, modules, validation."),
    Chapter("classification", "Classification", "From scores to classes: hidden layers, accuracy."),
    Chapter("training", "Training better", "Optimizers, starting weights, gradients that vanish."),
    Chapter("convolution", "Convolution", "Kernels that slide over pictures, and pooling."),
    Chapter("architectures", "Architectures", "Autoencoders, recurrence, attention, noise."),
    Chapter("published", "Published examples", "Numbers from other authors, met digit by digit."),
)

_BY_NAME = {chapter.name: chapter for chapter in CHAPTERS}


def chapter_of(name: str) -> Chapter:
    """The chapter called ``name``; one that the library does not know has its name as title."""
    return _BY_NAME.get(name) or Chapter(name, name.replace("_", " ").capitalize(), "")


def level_dots(level: int) -> str:
    """A level from 1 to 3 as three dots: "●●○"; a higher one has as many as it is."""
    return "●" * level + "○" * (3 - level)


def place_of(name: str) -> tuple[int, str]:
    """Sorts chapters: the known ones in their order, then others by name."""
    known = _BY_NAME.get(name)
    return (len(CHAPTERS) if known is None else CHAPTERS.index(known)), name
