"""The autograd graph and its execution: names, edges, order and gradients as in PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from random_programs import program
from twins import OURS, TORCH, array, close, drawn, order_of, outcome, run

from backprop_tui.engines.numpy_engine.engine import NumpyEngine

LEAVES = """
u = torch.tensor(1.0, requires_grad=True)
v = torch.tensor(2.0, requires_grad=True)
w = torch.tensor([[0.5, -0.3], [0.2, 0.1]], requires_grad=True)
b = torch.tensor([0.1, 0.2], requires_grad=True)
x = torch.tensor([[0.9, -0.2], [0.75, 0.6]])
y = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
"""

#: Programs that end in ``root``: (name, lines).
WRITTEN = {
    "two paths": "root = u * v + u ** 2",
    "one leaf many times": "root = u * u * u + u",
    "ties of AccumulateGrad": "root = torch.cat([b, b * 1, w[0], x[0] * u]).sum()",
    "four leaves in cat": "a = torch.ones(1, requires_grad=True)"
    "\nc = torch.ones(1, requires_grad=True)"
    "\nroot = torch.cat([a, c, torch.ones(1, requires_grad=True), v.view(1)]).sum()",
    "a neuron": "root = F.binary_cross_entropy(torch.sigmoid(x @ w + b), y)",
    "two layers": "h = torch.tanh(F.linear(x, w, b))\nroot = F.mse_loss(F.linear(h, w), y)",
    "classes": "root = F.cross_entropy(F.linear(x, w, b), torch.tensor([0, 1]))",
    "branch without use": "unused = u * v\nroot = u + v",
    "detached": "root = (u * v).detach() * u",
    "no_grad inside": "with torch.no_grad():\n    c = u * v\nroot = c * u",
    "several outputs": "first, second = w.unbind()\nroot = (first * second).sum() + first.sum()",
    "one of several outputs": "root = w.unbind()[1].sum()",
    "max and where it is": "values, places = w.max(1)\nroot = values.sum()",
    "in place": "c = u * v\nc += u\nc *= 2\nroot = c * v",
    "in place on a part": "c = w * 2\nc[0] = b\nc[1, 0] *= u\nroot = (c * w).sum()",
    "a part looked at afterwards": "c = w * 2\npart = c[0]\nc.mul_(3)\nroot = part.sum() + c.sum()",
    "a part changed and used": "c = w * 1\npart = c[:, 0]\npart += b\nroot = part.sum() * u + c.sum()",  # noqa: E501
    "filled by parts": "c = torch.zeros(2, 2)\nc[0] = b\nc[1] = w[0]\nroot = (c ** 2).sum()",
    "index put": "c = w * 1\nc[torch.tensor([0, 1]), 0] = b\nroot = (c * c).sum()",
    "mask put": "c = w * 1\nc[c < 0] = 0.0\nroot = (c * c).sum()",
    "copied over": "c = w * 1\nc.copy_(b)\nroot = (c * w).sum()",
    "requires_grad later": "c = torch.ones(2)\nc.requires_grad_()\nroot = (c * b).sum()",
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_engine() -> None:
    NumpyEngine()


def both(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return run(OURS, text), run(TORCH, text)


def agree(text: str, tolerance: bool = False) -> None:
    """The graph, the order of execution and every gradient are the same."""
    mine, theirs = both(text)
    assert drawn(mine["root"]) == drawn(theirs["root"]), text
    orders = [order_of(names["root"], names["root"].backward) for names in (mine, theirs)]
    assert orders[0] == orders[1], text
    for name, value in theirs.items():
        if isinstance(value, torch.Tensor) and value.is_leaf:
            here, there = mine[name].grad, value.grad
            assert (here is None) == (there is None), f"{name}.grad\n{text}"
            if there is not None:
                assert close(array(here), array(there), wide=False), (
                    f"{name}.grad {array(here)}, in PyTorch {array(there)}\n{text}"
                )


@pytest.mark.parametrize("name", WRITTEN)
def test_written_programs(name: str) -> None:
    agree(LEAVES + WRITTEN[name])


@pytest.mark.parametrize("seed", range(400))
def test_random_programs(seed: int) -> None:
    agree(program(seed))


def test_random_programs_reach_every_kind_of_step() -> None:
    text = "\n".join(program(seed) for seed in range(400))
    for part in ("unbind", "F.linear", "+=", "[0] *=", "torch.cat", "where", ".T", "expand"):
        assert part in text


#: Lines whose ``result`` (or error) must read the same on both sides.
SAME = [
    "(u * v).backward()\nresult = u.grad, v.grad",
    "for i in range(2): (u * v).backward()\nresult = u.grad",
    "r = u * v\nr.backward(retain_graph=True)\nr.backward()\nresult = u.grad",
    "r = u * v\nr.backward()\nr.backward()",
    "r = u + v\nr.backward()\nr.backward()\nresult = u.grad",
    "r = (u * v).exp()\nr.backward()\nr.backward()",
    "w.sum(0).backward()",
    "w.sum(0).backward(torch.tensor([1.0, 2.0]))\nresult = w.grad",
    "(w * 2).backward(torch.ones(3))",
    "x.sum().backward()",
    "u.backward()\nresult = u.grad",
    "u.backward(torch.tensor(3.0))\nresult = u.grad",
    "torch.ones(1, requires_grad=True).backward()",
    "c = u * v\nc.retain_grad()\n(c * 3).backward()\nresult = c.grad, c.retains_grad",
    "c = u * v\nc.retain_grad()\n(c * 3).backward(retain_graph=True)\n(c * 3).backward()\nresult = c.grad",  # noqa: E501
    "x.retain_grad()",
    "u.retain_grad()\nresult = u.retains_grad",
    "g = torch.autograd.grad(u * v + u ** 2, [u, v])\nresult = g, u.grad",
    "result = torch.autograd.grad(u * 2, u)",
    "torch.autograd.grad(u * 2, v)",
    "result = torch.autograd.grad(u * 2, v, allow_unused=True)",
    "torch.autograd.grad(u * 2, x)",
    "c = u * v\nresult = torch.autograd.grad(c * c, c)",
    "(u * v + v).backward(inputs=[u])\nresult = u.grad, v.grad",
    "seen = []\nu.register_hook(lambda g: seen.append(g))\n(u * v).backward()\nresult = seen",
    "u.register_hook(lambda g: g * 10)\n(u * v).backward()\nresult = u.grad",
    "c = u * v\nc.register_hook(lambda g: g * 10).remove()\n(c * 2).backward()\nresult = u.grad",
    "x.register_hook(lambda g: g)",
    "(w * 2).sum().backward()\ng = w.grad\n(w * 2).sum().backward()\nresult = g is w.grad, g",
    "(w * 2).sum().backward()\nw.grad.zero_()\nresult = w.grad",
    "(w * 2).sum().backward()\nw.grad = None\nresult = w.grad",
    "w.grad = torch.ones(2)",
    "w.grad = torch.ones(2, 2, dtype=torch.float64)",
    "w.grad = 3",
    "w.grad = torch.ones(2, 2)\n(w * 2).sum().backward()\nresult = w.grad",
    "c = u.exp()\nc += 1\nc.backward()",
    "c = w.exp()\nc[0] = 1\nc.sum().backward()",
    "c = w * w\nwith torch.no_grad(): w.add_(1)\nc.sum().backward()",
    "c = w * 2\nd = c * c\nc.add_(1)\nd.sum().backward()",
    "c = (w * w).sum()\nw.data.add_(1)\nc.backward()\nresult = w.grad, w._version",
    "c = (w * w).sum()\nw.data = w.data + 1\nc.backward()\nresult = w.grad",
    "w.add_(1)",
    "w += 1",
    "w[0] = 1",
    "w[0].mul_(2)",
    "w.view(4).zero_()",
    "w.t().add_(1)",
    "w.detach().add_(1)\nresult = w",
    "w.data.add_(1)\nresult = w",
    "w.data = w.data * 2\nresult = w",
    "with torch.no_grad(): w -= 0.1\nresult = w, w.is_leaf",
    "with torch.no_grad(): w[0] = 7\nresult = w",
    "a, c = (w * 1).unbind()\na += 1",
    "with torch.no_grad(): result = (u * v).requires_grad",
    "with torch.no_grad():\n    with torch.enable_grad(): result = (u * v).requires_grad",
    "with torch.set_grad_enabled(False): result = (u * v).requires_grad, torch.is_grad_enabled()",
    "@torch.no_grad()\ndef f(): return u * v\nresult = f().requires_grad, torch.is_grad_enabled()",
    "with torch.inference_mode(): result = (u * v).requires_grad",
    "c = u * 2\nc.requires_grad = False",
    "c = u * 2\nc.requires_grad_(True)\nresult = c",
    "torch.tensor([1, 2]).requires_grad_()",
    "torch.tensor([1, 2], requires_grad=True)",
    "u.requires_grad = False\nresult = (u * v).grad_fn.next_functions[0]",
    "result = [n and n.name() for n, i in (u * 2).grad_fn.next_functions]",
    "result = (u * v).grad_fn.next_functions[1][0].variable",
    "a = u * v\nb = a + u\nresult = b.grad_fn._sequence_nr() - a.grad_fn._sequence_nr()",
    "result = (u * v).grad_fn._saved_other, (u ** 2).grad_fn._saved_exponent",
    "result = str((u * v).grad_fn)[:27]",
    "c = w * 2\nd = c[0]\nc += 1\nresult = d.grad_fn.name(), d._version, c._version",
    "c = w * 2\nd = c.detach()\nd += 1\nresult = c, c._version",
    "c = torch.zeros(2)\nd = c[0]\nc[1] = u\nresult = d.requires_grad, c.requires_grad, c",
    "(w.double() * b).sum().backward()\nresult = w.grad, b.grad",
    "c = w * 1\nc.retain_grad()\nc += 1\n(c * 3).sum().backward()\nresult = c.grad",
    "loss = (w * 2).sum()\nloss.backward()\nw.grad += 1\nresult = w.grad",
]


@pytest.mark.parametrize("lines", SAME)
def test_says_and_does_the_same(lines: str) -> None:
    assert outcome(OURS, LEAVES + lines) == outcome(TORCH, LEAVES + lines)


def test_gradients_of_gradients_are_refused_in_words() -> None:
    text = "(u * v).backward(create_graph=True)"
    assert "create_graph=True" in outcome(OURS, LEAVES + text)


# ---------------------------------------------------------------- what the Listener is told


class Told:
    """A Listener that writes down one word list per event."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *told: self.events.append((name, *told))

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.events if event[0] == name]


def told(lines: str, before: str = LEAVES) -> tuple[Told, dict[str, Any]]:
    engine, listener = NumpyEngine(), Told()
    names = run(OURS, before)
    engine.listener = listener
    exec(lines, names)
    engine.listener = None
    return listener, names


def test_events_of_one_backward_come_in_pytorchs_order() -> None:
    listener, _ = told("root = u * v + u ** 2\nroot.backward()")
    assert [event[0] for event in listener.events] == [
        "forward", "forward", "forward", "seed_grad", "backward", "backward", "backward",
        "accumulate", "accumulate",
    ]  # fmt: skip
    assert [node.name for node, *_ in listener.of("backward")] == [
        "AddBackward0", "PowBackward0", "MulBackward0",
    ]  # fmt: skip


def test_a_buffer_tells_what_met_in_it() -> None:
    listener, _ = told("root = u * v + u ** 2\nroot.backward()")
    (_, _, outgoing) = listener.of("backward")[2]
    first = outgoing[0]
    assert (float(first.before), float(first.grad), float(first.after)) == (2.0, 2.0, 4.0)
    assert outgoing[1].before is None


def test_a_broadcast_gradient_is_told_before_and_after_it_is_summed() -> None:
    listener, _ = told("(x + b).sum().backward()")
    outgoing = listener.of("backward")[1][2]
    assert outgoing[0] is None
    assert outgoing[1].unreduced.shape == (2, 2)
    assert outgoing[1].grad.tolist() == [2.0, 2.0]


def test_an_unchanged_tensor_is_told_as_the_same_value() -> None:
    listener, _ = told("a = u * v\nc = u + a")
    first, second = (inputs for _, inputs, *_ in listener.of("forward"))
    assert first[0].value is second[0].value
    assert second[1].value.node == 1
    assert [first[0].value.tensor, first[1].value.tensor, second[1].value.tensor] == [1, 2, 3]


def test_told_values_are_copies_that_nobody_can_write() -> None:
    listener, names = told("a = x * 2\na.add_(1)")
    before = listener.of("forward")[0][3][0]
    assert before.data.tolist() == (names["x"].array * 2).tolist()
    with pytest.raises(ValueError, match="read-only"):
        before.data[0] = 1


def test_a_change_in_place_tells_of_every_alias_that_was_seen() -> None:
    listener, names = told("part = x[0]\nother = x * 1\nx.add_(1)")
    changed = listener.of("forward")[-1][5]
    assert {value.tensor for value in changed} == {names["x"]._id, names["part"]._id}
    assert changed[1].data.tolist() == names["part"].tolist()


def test_a_change_through_data_tells_of_the_tensor_too() -> None:
    listener, names = told("w * 1\nw.data -= 0.5")
    changed = listener.of("forward")[-1][5]
    assert names["w"]._id in {value.tensor for value in changed}
    assert listener.of("assign")[0][0] == "data"


def test_views_that_are_gone_are_forgotten() -> None:
    _, names = told("for i in range(200): F.linear(x, w, b)")
    assert len(names["w"]._storage.seen) < 20


def test_accumulate_tells_before_and_after() -> None:
    listener, _ = told("(u * v).backward()\n(u * v).backward()")
    tensor, node, incoming, before, after = listener.of("accumulate")[2]
    assert (float(incoming), float(before), float(after)) == (2.0, 2.0, 4.0)
    assert (node.name, tensor.is_leaf) == ("AccumulateGrad", True)


def test_retain_grad_is_told_without_a_node() -> None:
    listener, _ = told("c = u * v\nc.retain_grad()\n(c * 3).backward()")
    tensor, node, incoming, _, _ = listener.of("accumulate")[0]
    assert (tensor.grad_fn, node, float(incoming)) == ("MulBackward0", None, 3.0)


def test_edges_to_leaves_name_the_leaf() -> None:
    listener, names = told("u * 2")
    node = listener.of("forward")[0][4]
    assert node.next_functions[0].variable == names["u"]._id
    assert node.next_functions[1] is None


def test_nothing_is_told_of_what_is_only_looked_at() -> None:
    listener, _ = told("u.item(), str(w), w.tolist(), w.shape, u.grad, w.detach")
    assert listener.events == []


def test_attributes_set_from_outside_are_told() -> None:
    listener, _ = told("u.grad = torch.tensor(5.0)\nu.requires_grad = False\nu.grad = None")
    assert [(name, None if grad is None else float(grad))
            for name, _, grad in listener.of("assign")] == [
        ("grad", 5.0), ("requires_grad", 5.0), ("grad", None),
    ]  # fmt: skip


def test_two_engines_do_not_mix() -> None:
    first, second = NumpyEngine(), NumpyEngine()
    first.listener, second.listener = Told(), Told()
    for engine in (first, second, first):
        with engine.active():
            run(OURS, "torch.ones(2) * 2")
    assert len(first.listener.of("forward")) == 2
    assert len(second.listener.of("forward")) == 1
    assert first.listener.of("forward")[0][1][0].value.tensor == 1
    assert second.listener.of("forward")[0][1][0].value.tensor == 1


def test_allocate_is_asked_before_anything_is_made() -> None:
    engine = NumpyEngine()
    asked: list[tuple[tuple[int, ...], int]] = []

    def refuse(shape: tuple[int, ...], itemsize: int) -> None:
        asked.append((shape, itemsize))
        if len(shape) == 2 and itemsize:  # a view is asked for without memory of its own
            raise MemoryError("too large")

    engine.allocate = refuse
    with pytest.raises(MemoryError):
        run(OURS, "torch.ones(10**6, 1) + torch.ones(1, 10**6)")
    with pytest.raises(MemoryError):
        run(OURS, "torch.ones(10**5).expand(10**5, -1).clone()")
    assert ((10**5, 10**5), 4) in asked
    engine.allocate = None
