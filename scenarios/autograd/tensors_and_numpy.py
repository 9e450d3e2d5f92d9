# /// scenario
# title = "Tensors, for those who know NumPy"
# chapter = "autograd"
# level = 1
# order = 7
# watch = ["A", "B", "P", "M", "v"]
# ///
"""A tensor is an array that can remember how it was computed. No gradients in this one: look at
shapes and dtypes. Most errors of a first network are a wrong shape, and the next most a wrong
dtype; both are seen at once in the table of tensors."""
import numpy as np
import torch

# The same table of numbers in both: two rows, three columns. Whole numbers stay whole, int64.
array = np.array([[2, 3, 5], [1, 2, 9]])
A = torch.tensor([[2, 3, 5], [1, 2, 9]])
print(A, A.shape, A.dtype)

# from_numpy makes a tensor on the same memory: what changes in one changes in the other.
shared = torch.from_numpy(array)
shared[0, 0] = 7
print(array)

# Only float tensors can require a gradient. NumPy's floats are float64, PyTorch's float32, and
# a layer refuses the mixture: float() brings both to float32.
B = torch.from_numpy(np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 1.0]]))
print(A.dtype, B.dtype)
A, B = A.float(), B.float()

# zeros, ones, arange: the same names as in NumPy.
print(torch.zeros(2, 3), torch.ones(2), torch.arange(4))

# "*" multiplies element by element: both shapes are (2, 3), and so is the result.
P = A * B
print(P, P.shape)

# "@" is the matrix product, row times column: (2, 3) @ (3, 2) gives (2, 2).
# A @ B would be refused, because 3 columns do not meet 2 rows.
M = A @ B.T
print(M, M.shape)

# view is a reshape that never copies: changing v changes A, a trap as often as a tool.
v = A.view(3, 2)
v[0, 0] = 100
print(A, v.shape)

# -1 means "as many as it takes"; dim is NumPy's axis: 0 goes down the rows, 1 along the columns.
print(A.view(-1), A.sum(dim=0), A.mean(dim=1))
