# /// scenario
# title = "Gradients add up: zero_grad, and = versus -="
# chapter = "autograd"
# level = 1
# order = 6
# watch = ["w", "w_new"]
# ///
"""backward() does .grad += ..., never .grad = .... That is what makes two paths to one leaf
work, and what breaks every training loop that forgets to clear the gradients.
The second half shows the other classic: updating a weight with = instead of -=."""
import torch

w = torch.tensor(2.0, requires_grad=True)

# The gradient of w² at 2 is 4.
(w**2).backward()
print("first backward: ", w.grad)

# The same again: 4 is added to the 4 that is there. The 8 is the derivative of nothing we want.
(w**2).backward()
print("second backward:", w.grad)

# Cleared by hand to zero, in place. Now the third time is right again.
w.grad.zero_()
(w**2).backward()
print("after zero_():  ", w.grad)

# A step with this gradient: 2 − 0.1 · 4 = 1.6, written in two ways.
with torch.no_grad():
    # "=" makes a new tensor under a new name. It knows no gradient: learning would end here.
    w_new = w - 0.1 * w.grad
    # "-=" changes the numbers inside w. It is the same leaf as before, and can learn on.
    w -= 0.1 * w.grad
print("w - ...: ", w_new, "requires_grad", w_new.requires_grad)
print("w -= ...:", w, "requires_grad", w.requires_grad)

# An optimizer clears all its parameters at once, and to None: "no gradient yet", not 0.
torch.optim.SGD([w], lr=0.1).zero_grad()
print("after zero_grad:", w.grad)
