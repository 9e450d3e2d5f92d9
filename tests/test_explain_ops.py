"""For which ops one element is worked out by the rule itself: all of them, but those named here."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import record

from backprop_tui.explain import explain
from backprop_tui.explain.chain import chain
from backprop_tui.explain.naming import named, names_of
from backprop_tui.explain.worked import backward_working, forward_working, input_of, op_of
from backprop_tui.trace.steps import Backward, Forward, SeedGrad
from backprop_tui.trace.trace import Trace

HEAD = """
a = torch.tensor([[0.5, -1.25, 2.0], [0.75, 1.5, -0.5]], requires_grad=True)
b = torch.tensor([[1.5, 0.25, -2.0]], requires_grad=True)
c = torch.tensor([[0.3, 0.6, 0.1], [0.2, 0.7, 0.9]], requires_grad=True)
m = torch.tensor([[0.5, -1.0], [2.0, 0.25], [1.5, 3.0]], requires_grad=True)
k = torch.tensor([0, 2])
"""
EXPRESSIONS = [
    "a + b", "a - b", "2 - a", "a * b", "a * 3", "a / b", "1 / a", "-a", "a ** 2", "c ** b",
    "2 ** a", "torch.exp(a)", "torch.log(c)", "torch.tanh(a)", "torch.sigmoid(a)", "torch.relu(a)",
    "torch.sqrt(c)", "torch.abs(a)", "torch.sin(a)", "torch.cos(a)", "torch.maximum(a, b)",
    "torch.where(a > 0, a, b)", "a.clamp(-1, 1)", "a @ m", "torch.mv(a, b[0])", "b[0].dot(b[0])",
    "a.sum(dim=0)", "a.sum(dim=1, keepdim=True)", "a.mean(dim=0)", "a.mean()", "a.max()",
    "a.max(dim=1).values", "a.var()", "a.std()", "a.norm()", "torch.softmax(a, dim=1)",
    "torch.log_softmax(a, dim=1)", "torch.cat([a, b])", "torch.stack([a, c])", "a.view(3, 2)",
    "a.t()", "a[0]", "a[:, 1:]", "a.unsqueeze(0)", "b.squeeze()", "b.expand(4, 3)", "a.T @ c",
    "F.mse_loss(a, c)", "F.binary_cross_entropy(c, c.detach())",
    "F.binary_cross_entropy_with_logits(a, c.detach())", "F.cross_entropy(a, k)",
    "F.l1_loss(a, c)", "F.smooth_l1_loss(a, c)", "F.linear(a, c, b[0, :2])",
    "F.leaky_relu(a, 0.1)", "F.elu(a)", "F.softplus(a)", "F.gelu(a)", "F.silu(a)",
    "F.logsigmoid(a)", "torch.add(a, c, alpha=2)", "a / 4", "a.clamp(min=0.5)", "a.ceil() + a",
    "a.round() * a", "a % 0.7", "a[k[:1]]", "b[0][k]", "c.log10()", "c.log2()", "c.log1p()",
    "c.rsqrt()", "torch.tan(a)", "torch.minimum(a, b)", "a.min(dim=0).values", "a.min()",
    "a.prod()", "a.prod(dim=1)", "a.cumsum(dim=0)", "a.sort().values", "a.topk(2).values",
    "a.gather(1, k.view(2, 1))", "a.index_select(0, k[:1])", "F.embedding(k, m)", "a.repeat(2, 1)",
    "a.chunk(3, dim=1)[1]", "a.unbind(0)[0]", "a.transpose(0, 1)", "a.permute(1, 0)", "a.clone()",
    "a.masked_fill(a > 0, 0.0)", "b[0] @ m", "torch.outer(a[0], b[0])", "a.double()",
    "torch.bmm(a.unsqueeze(0), m.unsqueeze(0))", "F.nll_loss(torch.log(c), k)", "F.kl_div(a, c)",
    "a.logsumexp(dim=1)", "a.clamp(b, c)", "F.hardsigmoid(a)", "F.hardswish(a)", "F.mish(a)",
    "F.celu(a)", "F.hardshrink(a)", "F.softshrink(a)", "F.threshold(a, 0.1, 3.0)",
    "F.prelu(a, b[0])", "torch.addmm(b[0, :2], a, m, beta=2, alpha=0.5)", "a.clamp(max=0.5)",
    "torch.einsum('ij,jk->ik', a, m)", "a.repeat_interleave(2)", "torch.diagonal(m)",
    "F.glu(m, 1)", "F.pad(a, (1, 1), mode='reflect')", "F.interpolate(a[None], scale_factor=2)",
    "a.roll(1)", "a.cumprod(1)", "torch.lerp(a, c, 0.3)", "torch.addcmul(a, c, b)", "c.atanh()",
    "torch.diag(b[0])", "m.trace()", "torch.cdist(a, c)", "torch.linalg.cross(a, c)", "a.exp2()",
    "a.scatter_add(1, k.view(2, 1), c[:, :1])", "a.kthvalue(2).values", "a.cummax(1).values",
    "a.unfold(1, 2, 1)", "torch.hypot(a, c)", "torch.logaddexp(a, c)", "a.median()", "a.frac()",
    "a.index_add(0, k[:1], c[:1])", "torch.addcdiv(a, b, c)", "c.logit()", "torch.dist(a, c)",
    "torch.baddbmm(a[None], (a @ m)[None], c[None])", "torch.kron(a, b)", "a.logcumsumexp(1)",
]  # fmt: skip
#: Where the rule leaves what numbers that remember can follow: formula and values are shown.
WITHOUT_WORKING = {
    "logsumexp": "np.isfinite knows no objects",
}


def first_elements(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(np.ndindex(shape))[:6]


def missing(trace: Trace) -> list[str]:
    """What of a trace has no working, and what differs from the recorded number."""
    names, found = names_of(trace), []
    for step in trace:
        if isinstance(step, Forward) and step.op not in WITHOUT_WORKING:
            for at in first_elements(step.outputs[0].data.shape):
                made = forward_working(step, op_of(step), names, at)
                if made is None:
                    found.append(f"{step.op}: forward{at}")
                elif float(made.value) != pytest.approx(float(step.outputs[0].data[at]), rel=1e-4):
                    found.append(f"{step.op}: forward{at} is {made.value}")
        if isinstance(step, Backward):
            found += missing_gradients(trace, step)
    return found


def missing_gradients(trace: Trace, step: Backward) -> list[str]:
    forward = trace.forward_of(step.node.node)
    if forward.op in WITHOUT_WORKING:
        return []
    op, names, found = op_of(forward), names_of(trace), []
    gradients = [named(f"g{i}") for i in range(len(forward.outputs))]
    for edge, out in enumerate(step.outgoing):
        if out is None:
            continue
        value = input_of(forward, op, edge)
        for at in first_elements(out.grad.shape):
            if out.unreduced is None:
                recorded = out.grad[at].item()
                made = backward_working(
                    forward, op, edge, step.incoming, gradients, at, recorded, names
                )
                if made is None:
                    found.append(f"{forward.op}: gradient {edge} at {at}")
            seed = next(s for s in trace if isinstance(s, SeedGrad))
            way = chain(trace, seed, step.node.node, edge, value, at)
            if way is None:
                found.append(f"{forward.op}: no chain for {edge} at {at}")
            elif way.paths == len(way.ways):
                total = sum(one.contribution for one in way.ways)
                if total != pytest.approx(out.grad[at].item(), rel=1e-4, abs=1e-7):
                    found.append(f"{forward.op}: chain {edge} at {at} gives {total}")
                alone = [one for one in way.ways if one.ways == 1]
                found += [
                    f"{forward.op}: factors {edge} at {at} give {one.product}"
                    for one in alone
                    if one.product != pytest.approx(one.contribution, rel=1e-4, abs=1e-7)
                ]
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_rule_itself_works_the_element_out(expression: str) -> None:
    trace = record(f"{HEAD}y = {expression}\n(y * y).sum().backward()\n")
    assert missing(trace) == []
    for step in trace:
        for part in explain(trace, step.index).parts:
            for line in part.lines:
                assert "$" not in line.text + line.latex, line
                assert line.latex.count("{") == line.latex.count("}"), line.latex
