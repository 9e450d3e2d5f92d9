"""The course page as Markdown, its tables made from the library.

python -m backprop_tui.scenario.course docs/course.md

A session names its scenarios in the order of the lecture. A bundled scenario that no session names
comes at the end of the one that takes the ``rest`` of its chapter.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from backprop_tui.scenario.chapters import chapter_of, level_dots
from backprop_tui.scenario.library import Entry, bundled


@dataclass(frozen=True, slots=True)
class Session:
    """One lecture: its goal, its scenarios by name, and a question to the room."""

    title: str
    goal: str
    scenarios: str
    question: str
    rest: str = ""


INTRODUCTION = """\
# A course in twelve sessions, and one to choose from

Which scenarios for which lecture, in order. Choose two or three of a session to step through with
the room; the others are for the exercise class and for self-study. Each says itself what to look
at: no other text is needed.

How a session goes: open the first scenario, ask the question *before* stepping, let the room
decide, then step to the answer. <kbd>F5</kbd> presents, a clicker steps, <kbd>.</kbd> darkens the
screen while you talk ([all keys](keys.md)). Afterwards hand out the film as a document:
`backprop-tui export two_points -o two_points.md`. [This is what it gives, in
full](sample-trace.md).

`backprop-tui` opens the library, where finished scenarios have a ✓ and a ◐ marks where one
stopped. To change a scenario, copy its file; to begin one of your own, `backprop-tui new my.py`
([Writing scenarios](writing-scenarios.md)).

Levels go from ●○○ (to begin with) to ●●● (take your time).
"""

COURSE = (
    Session(
        "A derivative that computes itself",
        "Tensors; leaf and result; what backward() does and where it leaves its answer.",
        "tensors_and_numpy square polynomial",
        "y = x² at x = 2. After y.backward(), what is x.grad, and what is y.grad?",
    ),
    Session(
        "The graph and the chain rule",
        "Factors multiply along a path, and paths that meet are summed.",
        "uv_plus_u2 chain_of_factors leaf_and_retain_grad accumulation broadcasting",
        "u enters f = u·v + u² twice. How many numbers arrive at u, and what becomes of them?",
        rest="autograd",
    ),
    Session(
        "The neuron",
        "A weighted sum and a non-linearity; why the slope of an activation matters.",
        "perceptron activations softmax maxout",
        "A step function decides perfectly well. Why can a neuron that has one not learn?",
    ),
    Session(
        "Losses",
        "A loss turns “wrong” into a number with a slope; likelihood and cross-entropy are one.",
        "losses_regression bernoulli_likelihood cross_entropy_formula losses_classification "
        "mse_versus_cross_entropy",
        "The label is 0, and the loss is −y·log ŷ. What does the neuron learn from this sample?",
        rest="neuron",
    ),
    Session(
        "A neuron learns",
        "The five lines of all training: zero_grad, predict, loss, backward, step.",
        "one_neuron two_points two_points_batch two_points_hidden two_points_module",
        "The first point has y = 0. Does its update move the bias up or down, and why?",
        rest="two_points",
    ),
    Session(
        "A line through points",
        "Gradient descent on a surface that can be drawn; batches; the same as a module.",
        "line_slope line_slope_bias line_sgd line_minibatch line_module_optim",
        "Twice as many samples in a batch: how many updates has an epoch now, and is that better?",
    ),
    Session(
        "Does it hold for new data?",
        "Several inputs, data on one scale, a validation set, and when to stop.",
        "multiple_linear house_price line_validation line_early_stopping weight_decay_overfit "
        "checkpoint",
        "The training loss still falls, the validation loss rises. Which weights do you keep?",
        rest="regression",
    ),
    Session(
        "From scores to classes",
        "Sigmoid and softmax as probabilities; what accuracy hides.",
        "logistic_regression softmax_lines accuracy_and_confusion imbalanced",
        "Nine of ten samples are of class 0. How accurate is a classifier that never looks?",
    ),
    Session(
        "Hidden layers",
        "Back-propagation through two layers, by hand and by machine; boundaries that bend.",
        "matt_mazur matt_mazur_rounds xor xor_learns one_hidden_1d deep_net",
        "Can one line separate the two classes of XOR? And what does a hidden layer add?",
        rest="classification published",
    ),
    Session(
        "How fast to walk",
        "Learning rates, the scale of the data, optimizers with a memory, schedules.",
        "learning_rates normalised_data optimizers lr_schedules",
        "The loss grows from epoch to epoch. Which number do you change first, and which way?",
    ),
    Session(
        "Deep networks that train",
        "Starting weights; gradients that vanish or explode; normalisation; dropout; a new head.",
        "same_weights vanishing_gradient exploding_gradient initialisation batch_norm dropout "
        "fine_tuning",
        "Ten sigmoid layers, and the slope of a sigmoid is at most ¼. What reaches the first one?",
        rest="training",
    ),
    Session(
        "Convolution",
        "One small kernel for the whole picture; channels; pooling; a network that reads digits.",
        "convolution_by_hand channels max_pool digits_mlp digits_cnn",
        "A pooling window holds 12, 20, 8 and 12. Which of the four receives a gradient?",
        rest="convolution",
    ),
    Session(
        "To choose from: other architectures",
        "The same chain rule in autoencoders, recurrence, attention and generative models.",
        "autoencoder_linear autoencoder_denoising embedding rnn_unrolled lstm_cell lstm_memory "
        "gru_cell attention multihead_attention vae rbm diffusion_step",
        "A sample is drawn at random in the middle of the network. How can a gradient pass it?",
        rest="architectures",
    ),
)


def plan() -> list[tuple[Session, list[Entry]]]:
    """Every session with its scenarios; KeyError if it names one that is not bundled."""
    entries = {entry.name: entry for entry in bundled()}
    named = {name for session in COURSE for name in session.scenarios.split()}
    left = [entry for name, entry in entries.items() if name not in named]
    return [
        (
            session,
            [entries[name] for name in session.scenarios.split()]
            + [entry for entry in left if entry.chapter in session.rest.split()],
        )
        for session in COURSE
    ]


def course_markdown() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for number, (session, entries) in enumerate(plan(), 1):
        rows = ["| scenario | what it shows | level | chapter |", "|---|---|---|---|"]
        rows += [_row(entry) for entry in entries]
        parts.append(
            f"## {number} · {session.title}\n\n"
            f"**Goal.** {session.goal}\n\n"
            f"**Ask the room.** {session.question}\n\n" + "\n".join(rows) + "\n"
        )
    return "\n".join(parts)


def _row(entry: Entry) -> str:
    link = f"[`{entry.name}`](../scenarios/{entry.path.parent.name}/{entry.path.name})"
    title = entry.title.replace("|", "\\|")
    level = level_dots(entry.level)
    return f"| {link} | {title} | {level} | {chapter_of(entry.chapter).title} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(course_markdown(), encoding="utf-8")
