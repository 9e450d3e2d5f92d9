"""Expressions have in our interpreter the values that they have in Python."""

from __future__ import annotations

import pytest
from both import PRELUDE, in_ours, in_python
from same_text import difference

from backprop_tui.engines.numpy_engine.engine import NumpyEngine

#: One or a few facts a line: expressions whose printed values must agree.
EXPRESSIONS = """
1 + 2 * 3 - 4 / 5 // 1 % 7, 2**10, -3, +4, ~5, 7 & 3, 7 | 8, 7 ^ 2, 1 << 4, 256 >> 2
1 < 2 < 3, 1 < 3 < 2, 1 == 1.0 != 2, 3 >= 3, not 0, not [], 1 is None, None is None
0 or 'x', 1 and 2, 0 and nowhere, 1 or nowhere, '' or [] or 3
3 in [1, 2, 3], 'a' in 'abc', 4 not in (1, 2), 'k' in {'k': 1}, 2.0 in range(5), 2.5 in range(5)
'yes' if 1 else 'no', 'yes' if [] else 'no'
[1, 2] + [3], (1,) * 3, 2 * [0], 'ab' * 2, 2 * 'ab', 'a' + 'b', [0] * -1
[1, 2, 3, 4][1:3], 'hello'[::-1], (1, 2, 3)[-1], [1, 2, 3][:2], list(range(10))[::3]
{1: 'a', **{2: 'b'}}, {1, 2} | {3}, [*range(3), *'ab'], (*[1, 2], 3), {'a': 1} | {'b': 2}
[i * i for i in range(5) if i % 2], {i: str(i) for i in range(3)}, {i % 2 for i in range(5)}
[(i, j) for i in range(3) for j in range(i)], sum(i for i in range(10))
[[j for j in range(i)] for i in range(3)]
len('abc'), sum([1, 2, 3]), sum([[1], [2]], []), min(3, 1, 2), max([3, 1])
max('abc', key=lambda c: -ord_[c])
min([], default=7), max([1, 5, 2], key=lambda x: -x), abs(-2.5), round(2.567, 2), round(2.5)
divmod(7, 3), pow(2, 5), pow(2, 5, 7)
sorted([3, 1, 2]), sorted('bca', reverse=True), sorted([(1, 'b'), (0, 'a')], key=lambda p: p[1])
list(reversed([1, 2]))
list(map(lambda x, y: x + y, [1, 2], [3, 4])), list(filter(None, [0, 1, '', 2])), any([0, 1])
all([]), all(x > 0 for x in [1, 2])
list(zip([1, 2], 'ab')), list(enumerate('ab', 1)), list(enumerate('ab', start=2))
dict(a=1, b=2), dict([('k', 1)]), dict(zip('ab', [1, 2]))
int('12'), int(3.9), int('ff', 16), float('1e3'), bool([]), bool('x'), str(1.5), list('ab')
tuple([1]), set([1, 1]), int(), float(), str()
isinstance(1, int), isinstance(True, int), isinstance('a', (int, str)), isinstance([], tuple)
isinstance(1, float)
type(1).__name__, type('').__name__, type([]) == list, type(1) is int, type(None).__name__
callable(len), callable(3)
repr('a\\n'), repr([1, 'x']), str(['x', None, True]), [1.0, (2,), {'a': {1}}], {}, (), [], set()
{'a': [1, (2, 3)]}, [[]], ((),)
'a-b'.split('-'), ' x '.strip(), 'ab'.upper(), '-'.join(['a', 'b']), 'abc'.replace('b', 'X')
'abc'.startswith('ab'), 'x'.ljust(4) + '|', '7'.zfill(3), 'abc'.find('c'), 'a b'.split()
'abca'.count('a')
'{} and {}'.format(1, 'b'), '{1} {0}'.format('a', 'b'), '{x:.2f}'.format(x=3.14159)
'{{}}'.format(), '{:>6}|'.format('ab'), '{!r}'.format('q')
'%d of %s: %.3f' % (3, 'abc', 2.0), '%5d|%-5s|%05.1f' % (42, 'ab', 3.14), '%r' % 'x'
'100%%' % (), '%s' % [1, 'a'], '%e' % 12345.678, '%x' % 255
f'{1 + 1} {"a"!r} {3.14159:.2f} {42:>6d}| {"x":^5}| {1000000:,} {0.25:.1%} {7:03d}'
f'{{}} {[1, 2]}', f'{3.14159:{6}.{2}f}', f'{None} {True}'
math.sqrt(2), math.pi, math.exp(1), math.log(10), math.floor(2.7), math.factorial(5)
math.prod([2, 3]), math.isclose(1, 1 + 1e-12), math.hypot(3, 4), math.comb(5, 2)
[1, 2, 3].index(2), [1, 1].count(1), (1, 2).index(2), {'a': 1}.get('b', 5)
list({'a': 1}.items()), list({'a': 1}.keys()), list({'a': 1}.values())
{'a': 1}.items(), {'a': 1}.keys(), {'a': [1]}.values(), range(3), range(0, 10, 2)
1e100, 1e-7, 0.1 + 0.2, float('inf'), -0.0, 10**20, 1_000, 0xff, 1e16, 123456789.123
(lambda x, *a, k=2, **kw: (x, a, k, kw))(1, 2, 3, z=4), (lambda: 5)(), (lambda x=3: x)()
(lambda *, k: k)(k=1)
torch.tensor(3.0), torch.tensor([1, 2]), torch.zeros(2, 3), torch.tensor([[1.5, 2.5]]).T
torch.arange(3) + 1
[torch.tensor(1.0)], (torch.tensor(1.0), 2), {'w': torch.tensor([1.0])}, str(torch.tensor(2))
repr(torch.ones(2))
f'{torch.tensor(1.5)} {torch.tensor(1.5):.3f} {torch.tensor([1.5])}'
f'{torch.tensor(2.0).item():>8.2f}|', '%.2f' % torch.tensor(1.234)
'{:.1f}'.format(torch.tensor(1.26))
torch.tensor([1.0, 2.0])[0], torch.tensor([[1, 2], [3, 4]])[:, 1]
torch.tensor([[1, 2], [3, 4]])[0, 1], torch.arange(6).view(2, 3)[..., -1], torch.arange(3)[None]
2 * torch.ones(2) - 1, torch.ones(2) @ torch.ones(2), 1 / torch.tensor(4.0)
2 ** torch.tensor(3.0), -torch.tensor(1.0), torch.tensor(5) // 2, torch.tensor(5) % 3
torch.tensor([1, 2]) == torch.tensor([1, 3]), torch.tensor(1.0) > 0
(torch.tensor([1, 2]) > 1).sum(), ~torch.tensor([True])
torch.tensor(True) & torch.tensor(False)
sum([torch.tensor(1.0), torch.tensor(2.0)]), max(torch.tensor(1.0), torch.tensor(2.0))
len(torch.zeros(4, 2)), bool(torch.tensor(0.0)), float(torch.tensor(2.5)), int(torch.tensor(3))
abs(torch.tensor(-1.0)), round(float(torch.tensor(1.256)), 2)
torch.zeros(2, 3).shape, torch.zeros(2, 3).size(), torch.zeros(2, 3).size(0)
torch.zeros(2, 3).shape[1], list(torch.zeros(2, 3).shape), torch.float32, torch.zeros(1).dtype
torch.tensor(1).dtype == torch.int64
torch.tensor([3.0, 1.0]).max(0), torch.tensor([3.0, 1.0]).max(0).indices
torch.max(torch.tensor([[1.0, 5.0]]), 1)[1], torch.max(torch.tensor([[1.0, 5.0]]), 1).values
torch.tensor([1.0]).tolist()
isinstance(torch.tensor(1), torch.Tensor), isinstance(nn.Linear(1, 1), nn.Linear)
isinstance(nn.Linear(1, 1), nn.Module), isinstance(3, torch.Tensor)
type(torch.tensor(1)).__name__, type(torch.tensor(1)), type(nn.ReLU()).__name__
np.array([1, 2, 3]), np.array([[1.0, 2], [3, 4]]).T, np.sqrt(2.0), np.array([1, 2]) * 2
np.array([1, 2]) + np.array([3, 4]), np.zeros((2, 2)), np.linspace(0, 1, 3), np.arange(4)
np.arange(1, 2, 0.25)
np.array([1, 2]).sum(), np.mean([1, 2, 3]), np.array([1.5]).dtype, np.array([[1, 2]]).shape
np.dot(np.array([1, 2]), np.array([3, 4])), np.array([1, 2, 3])[1:], np.array([1, 2]).tolist()
np.pi, np.maximum(1, 2), np.array([1.5]).astype(int)
torch.from_numpy(np.array([1.0, 2.0])), torch.ones(2).numpy(), torch.tensor(np.array([1, 2]))
np.array([1, 2], dtype=np.float32), torch.tensor([1.0]).numpy().sum()
nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Sequential(nn.Linear(2, 3), nn.Tanh())[1]
len(nn.Sequential(nn.ReLU(), nn.Tanh())), nn.MSELoss()(torch.ones(2), torch.zeros(2))
F.relu(torch.tensor([-1.0, 1.0])), nn.Linear(1, 1)
__name__, torch.nn.functional.relu(torch.tensor(-1.0))
torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).param_groups[0]['lr']
next(iter([1, 2])), next(iter([]), 'none'), [*iter('ab')], list(zip(*[(1, 2), (3, 4)]))
sum((x for x in range(3)), 10)
True + True, True * 3, 3 - True, 7 // 2 * 2.0, 2 ** -1, -2 ** 2, (-8) ** 2, 5 % -3, -7 // 2
1 if True else 2
"""


@pytest.mark.parametrize("expression", EXPRESSIONS.strip().splitlines())
def test_an_expression_prints_as_in_python(expression: str) -> None:
    text = PRELUDE + f"for value in ({expression},):\n    print(value)\n"
    expected = in_python(text)
    assert expected[1] == "", f"the test itself is wrong: {expected[2]}"
    assert in_ours(text) == expected
    printed, *error = in_ours(text, NumpyEngine())
    assert error == ["", "", 0]
    assert difference(printed, expected[0]) is None
