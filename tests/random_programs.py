"""Random PyTorch programs as source text: leaves, a few dozen operations, one backward.

    program(seed) ──▶ "a = torch.tensor([[0.4, …]], requires_grad=True)\n…\nroot = …"

Every operation is chosen among those that fit the shapes at hand, so the programs always run.
Values are reused often: paths meet, branches stay without use, leaves are shared.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Shape = tuple[int, ...]
Value = tuple[str, Shape]

UNARY = ["torch.tanh({})", "torch.sigmoid({})", "torch.relu({})", "-{}", "{} * 0.5", "1.5 - {}",
         "{} ** 2", "torch.exp({} * 0.1)", "torch.log({} ** 2 + 1)", "{}.abs()", "{} / 2", "2 * {}",
         "torch.sqrt({} ** 2 + 0.5)", "torch.sin({})", "{}.clone()", "1 / ({} ** 2 + 1)",
         "{}.clamp(-1, 1)", "{} - 0.25", "F.leaky_relu({}, 0.1)", "{}.detach() * {}"]  # fmt: skip
BINARY = ["{} + {}", "{} - {}", "{} * {}", "{} / ({} ** 2 + 1)", "torch.maximum({}, {})",
          "torch.where({} > 0, {}, 0.0)"]  # fmt: skip


class Writer:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.lines: list[str] = []
        self.values: list[Value] = []

    def name(self, expression: str, shape: Shape) -> None:
        name = f"v{len(self.values)}"
        self.lines.append(f"{name} = {expression}")
        self.values.append((name, shape))

    def leaf(self) -> None:
        shape = self.dice.choice([(), (3,), (2, 3), (3, 2), (2, 1), (1, 3), (2, 2, 3)])
        wanted = self.dice.random() < 0.8

        def nested(sizes: Shape) -> object:
            if not sizes:
                return round(self.dice.uniform(-1.5, 1.5), 2)
            return [nested(sizes[1:]) for _ in range(sizes[0])]

        self.name(f"torch.tensor({nested(shape)}, requires_grad={wanted})", shape)

    def pick(self, fits: Callable[[Shape], bool] = lambda shape: True) -> Value | None:
        found = [value for value in self.values if fits(value[1])]
        if not found:
            return None
        late = found[-4:] if self.dice.random() < 0.5 else found
        return self.dice.choice(late)

    def step(self) -> None:
        kind = self.dice.choice([self.unary, self.unary, self.binary, self.binary, self.binary,
                                 self.product, self.reduction, self.reshaped, self.joined,
                                 self.part, self.linear, self.changed])  # fmt: skip
        kind()

    def unary(self) -> None:
        name, shape = self.dice.choice(self.values)
        self.name(self.dice.choice(UNARY).replace("{}", name), shape)

    def binary(self) -> None:
        a, shape = self.dice.choice(self.values)
        other = self.pick(lambda s: broadcast(shape, s) is not None)
        assert other is not None
        both = broadcast(shape, other[1])
        assert both is not None
        self.name(self.dice.choice(BINARY).format(a, other[0]), both)

    def product(self) -> None:
        a = self.pick(lambda s: len(s) in (1, 2))
        if a is None:
            return
        b = self.pick(lambda s: len(s) in (1, 2) and s[0] == a[1][-1])
        if b is not None:
            self.name(f"{a[0]} @ {b[0]}", a[1][:-1] + b[1][1:])

    def linear(self) -> None:
        x = self.pick(lambda s: len(s) > 0)
        if x is None:
            return
        w = self.pick(lambda s: len(s) == 2 and s[1] == x[1][-1])
        if w is None:
            return
        bias = self.pick(lambda s: s == (w[1][0],))
        given = f", {bias[0]}" if bias else ""
        self.name(f"F.linear({x[0]}, {w[0]}{given})", (*x[1][:-1], w[1][0]))

    def reduction(self) -> None:
        name, shape = self.dice.choice(self.values)
        if not shape or self.dice.random() < 0.3:
            self.name(f"{name}.{self.dice.choice(['sum', 'mean', 'max'])}()", ())
            return
        dim = self.dice.randrange(len(shape))
        how = self.dice.choice(["sum({})", "mean({})", "max({}).values", "logsumexp({})"])
        self.name(f"{name}.{how.format(dim)}", shape[:dim] + shape[dim + 1 :])

    def reshaped(self) -> None:
        name, shape = self.dice.choice(self.values)
        count = 1
        for n in shape:
            count *= n
        options = [(f"{name}.reshape(-1)", (count,)), (f"{name}.unsqueeze(0)", (1, *shape))]
        if len(shape) == 2:
            options += [(f"{name}.t()", shape[::-1]), (f"{name}.T", shape[::-1])]
        if len(shape) == 3:
            options += [(f"{name}.transpose(0, 2)", shape[::-1])]
        if shape and len(shape) < 3:
            options += [(f"{name}.expand(2, {', '.join(map(str, shape))})", (2, *shape))]
        self.name(*self.dice.choice([o for o in options if len(o[1]) <= 3] or options[:1]))

    def joined(self) -> None:
        a = self.pick(lambda s: 0 < len(s) < 3)
        if a is None:
            return
        mates = [self.pick(lambda s: s == a[1]) for _ in range(self.dice.randint(1, 3))]
        names = ", ".join([a[0], *(m[0] for m in mates if m)])
        if self.dice.random() < 0.5:
            self.name(f"torch.cat([{names}])", (a[1][0] * (len(mates) + 1), *a[1][1:]))
        else:
            self.name(f"torch.stack([{names}])", (len(mates) + 1, *a[1]))

    def part(self) -> None:
        a = self.pick(lambda s: len(s) > 0)
        if a is None:
            return
        name, shape = a
        options = [(f"{name}[{self.dice.randrange(shape[0])}]", shape[1:])]
        if shape[0] > 1:
            options += [(f"{name}[1:]", (shape[0] - 1, *shape[1:])),
                        (f"{name}[[0, 1, 1]]", (3, *shape[1:])),
                        (f"{name}.unbind()[1]", shape[1:]),
                        (f"torch.softmax({name}, 0)", shape)]  # fmt: skip
        self.name(*self.dice.choice(options))

    def changed(self) -> None:
        """A fresh non-leaf, changed in place."""
        name, shape = self.dice.choice(self.values)
        self.name(f"{name} * 1", shape)
        fresh = self.values[-1][0]
        other = self.pick(lambda s: broadcast(shape, s) == shape)
        options = [f"{fresh} += 1", f"{fresh} *= 2", f"{fresh}.mul_({name})"]
        if other is not None:
            options += [f"{fresh} += {other[0]}", f"{fresh} -= {other[0]}"]
        if shape:
            options += [f"{fresh}[0] = 0.5", f"{fresh}[0] *= 3"]
        self.lines.append(self.dice.choice(options))


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """The common shape, or None."""
    n = max(len(a), len(b))
    pairs = zip((1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b, strict=True)
    result = []
    for x, y in pairs:
        if x != y and 1 not in (x, y):
            return None
        result.append(max(x, y))
    return tuple(result)


def program(seed: int) -> str:
    """The source text of one program; it ends with a number called ``root``."""
    writer = Writer(seed)
    for _ in range(writer.dice.randint(2, 5)):
        writer.leaf()
    for _ in range(writer.dice.randint(3, 25)):
        writer.step()
    ends = [name for name, _ in writer.values]
    chosen = {ends[-1], *writer.dice.sample(ends, min(3, len(ends)))}
    total = " + ".join(f"{name}.sum()" for name in sorted(chosen))
    needed = f"torch.tensor(0.5, requires_grad=True) * {ends[0]}.sum()"
    return "\n".join([*writer.lines, f"root = {total} + {needed}"])
