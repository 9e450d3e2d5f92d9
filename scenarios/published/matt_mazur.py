# /// scenario
# title = "Matt Mazur: A Step by Step Backpropagation Example"
# chapter = "published"
# level = 3
# order = 2
# watch = ["E", "out_o1", "out_o2", "w1", "w5"]
# ///
"""The example that half the web learned back-propagation from: two inputs, two hidden and two
output neurons, all sigmoid, E = Σ ½ (target − out)². The names are those of the article, so that
it can be read alongside: mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example."""
import torch

# Inputs, targets, biases and the learning rate are plain numbers: the article trains no biases.
i1, i2 = 0.05, 0.10
t1, t2 = 0.01, 0.99
b1, b2 = 0.35, 0.60
lr = 0.5


# Double precision, because the article gives more digits than float32 has.
def weight(value):
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


w1, w2, w3, w4 = weight(0.15), weight(0.20), weight(0.25), weight(0.30)
w5, w6, w7, w8 = weight(0.40), weight(0.45), weight(0.50), weight(0.55)

# The hidden layer: each neuron sees both inputs.
out_h1 = torch.sigmoid(w1 * i1 + w2 * i2 + b1)
out_h2 = torch.sigmoid(w3 * i1 + w4 * i2 + b1)

# The output layer: each neuron sees both hidden neurons.
out_o1 = torch.sigmoid(w5 * out_h1 + w6 * out_h2 + b2)
out_o2 = torch.sigmoid(w7 * out_h1 + w8 * out_h2 + b2)
print("hidden", out_h1.item(), out_h2.item())
print("output", out_o1.item(), out_o2.item())

# The ½ is there to cancel the 2 of the square: ∂E/∂out = out − target.
E = 0.5 * (t1 - out_o1) ** 2 + 0.5 * (t2 - out_o2) ** 2
print("E", E.item())

# Each hidden neuron is reached by two paths, one from each output: watch them add up.
E.backward()

# All weights change at once, from gradients taken at the old weights. Who updates w5 … w8
# first and then uses the new ones for w1 … w4 gets other numbers.
with torch.no_grad():
    for w in [w1, w2, w3, w4, w5, w6, w7, w8]:
        w -= lr * w.grad
        print("gradient", w.grad.item(), "new weight", w.item())

    # Forward once more, with the new weights: the error went from 0.29837 to 0.29103.
    h1 = torch.sigmoid(w1 * i1 + w2 * i2 + b1)
    h2 = torch.sigmoid(w3 * i1 + w4 * i2 + b1)
    o1 = torch.sigmoid(w5 * h1 + w6 * h2 + b2)
    o2 = torch.sigmoid(w7 * h1 + w8 * h2 + b2)
    print("E after one round", (0.5 * (t1 - o1) ** 2 + 0.5 * (t2 - o2) ** 2).item())
