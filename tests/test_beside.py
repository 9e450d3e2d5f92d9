"""Pictures are not drawn, bars are not shown, and the program goes on as it would."""

from __future__ import annotations

from pathlib import Path

import pytest
from both import in_ours, in_python
from plain_torch import without_pictures

from backprop_tui.check import advice
from backprop_tui.engines.numpy_engine.engine import NumpyEngine
from backprop_tui.scenario.loader import loads

PROGRAMS: dict[str, str] = {
    "pictures": """
import matplotlib.pyplot as plt
from matplotlib import pyplot
plt.rcParams['figure.figsize'] = (4, 3)
plt.style.use('ggplot')
fig, ax = plt.subplots(figsize=(4, 3))
line, = ax.plot([1, 2], [3, 4], 'r--', label='loss', lw=2)
line.set_ydata([1, 2])
ax.set_xlabel('x'); ax.set_title('t', fontsize=9)
fig, axes = plt.subplots(2, 3)
for row in axes:
    for each in row:
        each.imshow([[1]], cmap=plt.cm.gray if False else 'gray')
for i, each in enumerate(axes.flat):
    each.axis('off')
print(i, len(axes), len(axes.flatten()), len(axes.ravel()))
axes[0, 1].scatter([1], [2], c=[0.1])
axes[1][2].grid(True)
fig, (a, b) = plt.subplots(1, 2)
n, bins, patches = plt.hist([1, 2, 3], bins=5)
plt.legend(); plt.savefig('x.png'); plt.show(); plt.close('all')
plt.gca().spines['top'].set_visible(False)
pyplot.imshow([[1]]).set_clim(0, 1)
""",
    "progress": """
from tqdm import tqdm, trange
from tqdm.auto import tqdm as bar
print([x for x in tqdm([1, 2], desc='epoch')], sum(trange(4, leave=False)))
steps = tqdm(range(3))
for i in steps:
    steps.set_description(f'{i}')
    steps.set_postfix(loss=1.0)
print(len(steps), steps.n, steps.total)
with bar(total=5) as left:
    left.update(2)
    print(left.n)
for i, x in enumerate(bar('ab')):
    tqdm.write(x)
""",
    "clocks": """
import time
start = time.time()
time.sleep(0)
print(time.time() >= start, time.perf_counter() <= time.perf_counter())
print(type(time.monotonic()), time.process_time() > 0)
""",
    "itertools and functools": """
import itertools
from functools import partial, reduce
from itertools import product, islice
print(list(product([1, 2], 'ab')), list(product(range(2), repeat=2)))
print(list(itertools.combinations('abc', 2)), len(list(itertools.permutations(range(4), 2))))
print(list(itertools.chain([1], (2, 3))), list(islice(itertools.count(5, 2), 3)))
print(list(islice(itertools.cycle('ab'), 5)), list(itertools.repeat('x', 2)))
print(list(itertools.accumulate([1, 2, 3])), list(itertools.pairwise('abc')))
print(list(itertools.zip_longest([1], [2, 3], fillvalue=0)))
print(reduce(lambda a, b: a * b, range(1, 5)), reduce(max, [], 3), partial(pow, 2)(5))
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_as_in_python(name: str) -> None:
    without_pictures()
    expected = in_python(PROGRAMS[name])
    assert expected[1] == "", f"the test itself is wrong: {expected[2]}"
    assert in_ours(PROGRAMS[name], NumpyEngine()) == expected


@pytest.mark.parametrize(
    ("module", "said"),
    [("matplotlib.pyplot as plt", "draws nothing"), ("tqdm", "no bar"), ("time", "every run")],
)
def test_check_says_what_is_not_shown(module: str, said: str) -> None:
    assert sum(said in each for each in advice(loads(f"import {module}\n"))) == 1


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('x.png')\nplt.imread('y')\n"
    assert in_ours(text) == ("", "", "", 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "expression",
    ["tqdm([1]).run", "plt.figure().name", "np.c_.of", "partial(max, 1).func", "field().default",
     "(x for x in [1]).body", "time.time.name"],
)  # fmt: skip
def test_nothing_is_reached_through_them(expression: str) -> None:
    text = (
        "import time\nimport numpy as np\nimport matplotlib.pyplot as plt\nfrom tqdm import tqdm\n"
        "from functools import partial\nfrom dataclasses import field\n"
        "class A:\n    def __init__(self):\n"
        "        self.run = self.name = self.of = self.func = self.default = self.body = 1\n"
        f"{expression}\n"
    )
    assert in_ours(text)[1] == "AttributeError"
