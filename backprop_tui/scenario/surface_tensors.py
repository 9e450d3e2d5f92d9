"""Further rows of ``torch`` and of tensors: places, ranks, products, linear algebra; see
surface.py."""

from __future__ import annotations

#: Rows that stand under ``torch.`` and, with their first argument in front, under a tensor too.
BOTH = """
scatter(input, dim, index, src) -- numbers written where index says
scatter_add(input, dim, index, src) -- numbers added up where index says
scatter_reduce(input, dim, index, src, reduce, include_self=True) -- … averaged or compared
index_add(input, dim, index, source, alpha=1) -- slices added where index says
index_copy(input, dim, index, source) -- slices written where index says
index_fill(input, dim, index, value) -- one number in the slices of index
index_put(input, indices, values) -- elements overwritten, as x[indices] = values does it
masked_scatter(input, mask, source) -- numbers written where mask is true
take(input, index) -- elements by their number in the order of memory
take_along_dim(input, indices, dim=None) -- one per position, as argsort names them
nonzero(input, as_tuple=False) -- where the elements are that are not 0
argwhere(input) -- where the elements are that are not 0
select_scatter(input, src, dim, index) -- a copy with one slice replaced
slice_scatter(input, src, dim=0, start=None, end=None, step=1) -- … with a stretch replaced
roll(input, shifts, dims=None) -- moved along; what leaves at one end comes in at the other
rot90(input, k=1, dims=(0, 1)) -- turned by quarters
fliplr(input) -- the columns in the opposite order
flipud(input) -- the rows in the opposite order
diag(input, diagonal=0) -- a vector as a diagonal, or the diagonal of a matrix
diag_embed(input, offset=0, dim1=-2, dim2=-1) -- matrices with these diagonals
diagflat(input, offset=0) -- all elements on one diagonal
trace(input) -- the sum of the diagonal
diff(input, n=1, dim=-1, prepend=None, append=None) -- each element minus the one before it
tensor_split(input, indices_or_sections, dim=0) -- cut into so many parts, or at these places
hsplit(input, indices_or_sections) -- cut along the columns
vsplit(input, indices_or_sections) -- cut along the rows
dsplit(input, indices_or_sections) -- cut along the third dimension
moveaxis(input, source, destination) -- the same as movedim
swapdims(input, dim0, dim1) -- the same as transpose
adjoint(input) -- its matrices transposed
median(input, dim=None, keepdim=False) -- the number in the middle; along a dim also where
nanmedian(input, dim=None, keepdim=False) -- … of those that are numbers
mode(input, dim=-1, keepdim=False) -- the most frequent, and where it is
kthvalue(input, k, dim=-1, keepdim=False) -- the k-th smallest, and where it is
quantile(input, q, dim=None, keepdim=False) -- the number below which a share q of all lies
cummax(input, dim) -- the largest so far, and where it was
cummin(input, dim) -- the smallest so far, and where it was
aminmax(input, dim=None, keepdim=False) -- the smallest and the largest
msort(input) -- in order along the first dimension
unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None) -- each once
unique_consecutive(input, return_inverse=False, return_counts=False, dim=None) -- no repetitions
bincount(input, weights=None, minlength=0) -- how often each whole number comes
histc(input, bins=100, min=0, max=0) -- how many fall into each bin
cumprod(input, dim) -- running products
logcumsumexp(input, dim) -- running log Σ eˣ
nansum(input, dim=None, keepdim=False) -- the sum of what is a number
nanmean(input, dim=None, keepdim=False) -- the mean of what is a number
atan2(input, other) -- the angle of a point seen from the origin
arctan2(input, other) -- the same as atan2
hypot(input, other) -- √(x² + y²)
logaddexp(input, other) -- log(eˣ + eʸ)
logaddexp2(input, other) -- log₂(2ˣ + 2ʸ)
fmod(input, other) -- what division leaves, with the sign of what is divided
fmax(input, other) -- the larger, numbers before NaN
fmin(input, other) -- the smaller, numbers before NaN
copysign(input, other) -- one number with the sign of another
xlogy(input, other) -- x · log y, and 0 where x is 0
lerp(input, end, weight) -- input + weight · (end − input)
addcmul(input, tensor1, tensor2, value=1) -- input + value · tensor1 · tensor2
addcdiv(input, tensor1, tensor2, value=1) -- input + value · tensor1 / tensor2
float_power(input, exponent) -- x to a power, in float64
gcd(input, other) -- the largest number that divides both
lcm(input, other) -- the smallest number that both divide
bitwise_and(input, other) -- both, bit by bit
bitwise_or(input, other) -- one of both, bit by bit
bitwise_xor(input, other) -- one of both but not two, bit by bit
bitwise_not(input) -- the opposite, bit by bit
bitwise_left_shift(input, other) -- the bits moved to the left
bitwise_right_shift(input, other) -- the bits moved to the right
logical_xor(input, other) -- one of both but not two, element by element
greater(input, other) -- the same as gt
greater_equal(input, other) -- the same as ge
less(input, other) -- the same as lt
less_equal(input, other) -- the same as le
not_equal(input, other) -- the same as ne
true_divide(input, other) -- the same as div
asinh(input) -- the inverse of the hyperbolic sine
acosh(input) -- the inverse of the hyperbolic cosine
atanh(input) -- the inverse of the hyperbolic tangent
arcsin(input) -- the same as asin
arccos(input) -- the same as acos
arctan(input) -- the same as atan
arcsinh(input) -- the same as asinh
arccosh(input) -- the same as acosh
arctanh(input) -- the same as atanh
absolute(input) -- the same as abs
negative(input) -- the same as neg
positive(input) -- itself
fix(input) -- the same as trunc
exp2(input) -- 2ˣ
logit(input, eps=None) -- log(x / (1 − x)), the inverse of the sigmoid
erfc(input) -- 1 − erf(x)
erfinv(input) -- the inverse of the error function
lgamma(input) -- the logarithm of the gamma function
digamma(input) -- its slope
sinc(input) -- sin(πx) / (πx)
deg2rad(input) -- degrees in radians
rad2deg(input) -- radians in degrees
frac(input) -- what is after the point
sgn(input) -- −1, 0 or 1
signbit(input) -- which elements are negative
isposinf(input) -- which elements are ∞
isneginf(input) -- which elements are −∞
nan_to_num(input, nan=None, posinf=None, neginf=None) -- NaN and ∞ as numbers
baddbmm(input, batch1, batch2, beta=1, alpha=1) -- input + batch1 @ batch2, pair by pair
addbmm(input, batch1, batch2, beta=1, alpha=1) -- input + Σ batch1 @ batch2
addmv(input, mat, vec, beta=1, alpha=1) -- input + mat @ vec
addr(input, vec1, vec2, beta=1, alpha=1) -- input + vec1 ⊗ vec2
vdot(input, other) -- the scalar product of two vectors
inner(input, other) -- products summed over the last dimensions
ger(input, vec2) -- the same as outer
kron(input, other) -- every element times the whole other tensor
cross(input, other, dim=None) -- the vector at right angles to two others
dist(input, other, p=2) -- how far two tensors lie apart
inverse(input) -- the inverse of matrices
det(input) -- the determinant
logdet(input) -- its logarithm
slogdet(input) -- its sign, and the logarithm of its size
pinverse(input) -- the pseudo-inverse
cov(input, correction=1) -- how the rows vary together
corrcoef(input) -- … divided by both deviations
svd(input, some=True) -- the directions that a matrix stretches, and by how much
matrix_power(input, n) -- a matrix multiplied with itself n times
"""

TORCH = (
    BOTH
    + """
meshgrid(*tensors, indexing=None) -- the coordinates of a grid
cartesian_prod(*tensors) -- every pair (or triple …) of elements
combinations(input, r=2, with_replacement=False) -- every choice of r elements
tril_indices(row, col, offset=0) -- the places of the lower triangle of a matrix
triu_indices(row, col, offset=0) -- the places of the upper triangle of a matrix
block_diag(*tensors) -- matrices along the diagonal of a larger one
atleast_1d(*tensors) -- with one dimension or more
atleast_2d(*tensors) -- with two dimensions or more
atleast_3d(*tensors) -- with three dimensions or more
dstack(tensors) -- one behind the other
column_stack(tensors) -- vectors as columns beside each other
row_stack(tensors) -- the same as vstack
concatenate(tensors, dim=0) -- the same as cat
broadcast_tensors(*tensors) -- all in the shape that they stretch to
broadcast_shapes(*shapes) -- the shape that several stretch to
isin(elements, test_elements, invert=False) -- whether each element is among others
searchsorted(sorted_sequence, input, right=False) -- where each would go in an ordered row
bucketize(input, boundaries, right=False) -- the number of the bucket that each falls into
var_mean(input, dim=None, unbiased=True, keepdim=False) -- the variance and the mean
std_mean(input, dim=None, unbiased=True, keepdim=False) -- the deviation and the mean
trapezoid(y, x=None, dx=None, dim=-1) -- the area below points that straight lines join
trapz(y, x=None, dx=None, dim=-1) -- the same as trapezoid
cumulative_trapezoid(y, dx=None, dim=-1) -- the area so far
polygamma(n, input) -- the n-th derivative of digamma
tensordot(a, b, dims=2) -- products summed over dimensions of both
chain_matmul(*matrices) -- a chain of products
cdist(x1, x2, p=2.0) -- how far every row lies from every row of another
pdist(input, p=2.0) -- how far every row lies from every later one
clamp_min(input, min) -- values below min raised to it
clamp_max(input, max) -- values above max lowered to it
logspace(start, end, steps, base=10.0) -- base ** start … base ** end
randint_like(input, low=0, high) -- whole numbers in the shape of another tensor
cosine_similarity(x1, x2, dim=1, eps=1e-08) -- the cosine of the angle between vectors
pairwise_distance(x1, x2, p=2.0) -- how far rows lie from their partners
unravel_index(indices, shape) -- numbers in the order of memory as places
get_default_dtype() -- the dtype of numbers with a point
promote_types(type1, type2) -- the dtype that two have in common
is_complex(input) -- False: there are no complex numbers here
is_signed(input) -- whether its numbers can be negative
is_nonzero(input) -- whether its one element is not 0
is_same_size(input, other) -- whether the shapes are the same
result_type(tensor1, tensor2) -- the dtype that two have in common
"""
)

LINALG = """
norm(A, ord=None, dim=None, keepdim=False) -- the length of vectors, the size of matrices
vector_norm(x, ord=2, dim=None, keepdim=False) -- the length of vectors
matrix_norm(A, ord='fro', dim=(-2, -1), keepdim=False) -- the size of matrices
cond(A, p=None) -- how much a matrix can magnify an error
inv(A) -- the inverse of matrices
pinv(A, hermitian=False) -- the pseudo-inverse
det(A) -- the determinant
slogdet(A) -- its sign, and the logarithm of its size
solve(A, B) -- the x of A x = b
solve_triangular(A, B, upper) -- … where A is a triangle
cholesky(A, upper=False) -- the triangle whose product with itself turned is the matrix
qr(A, mode='reduced') -- columns at right angles, and a triangle
eigh(A, UPLO='L') -- eigenvalues and eigenvectors of symmetric matrices
eigvalsh(A, UPLO='L') -- eigenvalues of symmetric matrices
svd(A, full_matrices=True) -- the directions that a matrix stretches, and by how much
svdvals(A) -- by how much
matrix_rank(A) -- how many of its directions are its own
matrix_power(A, n) -- a matrix multiplied with itself n times
multi_dot(tensors) -- a chain of products, in the cheapest order
matmul(input, other) -- x @ y
cross(input, other, dim=-1) -- the vector at right angles to two others
vecdot(x, y, dim=-1) -- scalar products along a dimension
diagonal(A, offset=0, dim1=-2, dim2=-1) -- the diagonal of matrices
"""

SPECIAL = """
expit(input) -- 1 / (1 + e⁻ˣ)
logit(input, eps=None) -- its inverse
erf(input) -- the error function
erfc(input) -- 1 − erf(x)
erfinv(input) -- the inverse of the error function
ndtr(input) -- the area under the bell curve up to x
entr(input) -- −x log x
xlogy(input, other) -- x · log y, and 0 where x is 0
xlog1py(input, other) -- x · log(1 + y), and 0 where x is 0
exp2(input) -- 2ˣ
expm1(input) -- eˣ − 1
log1p(input) -- log(1 + x)
sinc(input) -- sin(πx) / (πx)
round(input, decimals=0) -- rounded to the nearest, half to even
softmax(input, dim) -- eˣ, divided by its sum along dim
log_softmax(input, dim) -- the logarithm of softmax
logsumexp(input, dim, keepdim=False) -- log Σ eˣ
gammaln(input) -- the logarithm of the gamma function
digamma(input) -- its slope
psi(input) -- the same as digamma
polygamma(n, input) -- the n-th derivative of digamma
"""

FUNCTIONAL = """
pdist(input, p=2.0) -- how far every row lies from every later one
"""


RNN = """
pad_sequence(sequences, batch_first=False, padding_value=0.0) -- several lengths in one tensor
unpad_sequence(padded_sequences, lengths, batch_first=False) -- … and apart again
"""

RANDOM = """
manual_seed(seed) -- make the random numbers that follow the same in every run
initial_seed() -- the seed that they began with
"""


def _of_tensors(table: str) -> str:
    """The same rows without their first argument, which stands before the dot."""
    rows = []
    for line in table.strip().splitlines():
        rows.append(line.replace("(input, ", "(").replace("(input)", "()"))
    return "\n".join(rows) + "\n"


TENSOR = (
    _of_tensors(BOTH)
    + """
H -- the transposed matrix
unfold(dimension, size, step) -- windows that slide along a dimension
broadcast_to(*size) -- repeated without taking memory
split_with_sizes(split_sizes, dim=0) -- cut into parts of these sizes
char() -- as int8
byte() -- as uint8
is_complex() -- False: there are no complex numbers here
is_signed() -- whether its numbers can be negative
is_nonzero() -- whether its one element is not 0
is_same_size(other) -- whether the shapes are the same
scatter_(dim, index, src) -- write numbers where index says
scatter_add_(dim, index, src) -- add numbers up where index says
scatter_reduce_(dim, index, src, reduce, include_self=True) -- … average or compare them
index_add_(dim, index, source, alpha=1) -- add slices where index says
index_copy_(dim, index, source) -- write slices where index says
index_fill_(dim, index, value) -- write one number into the slices of index
index_put_(indices, values) -- overwrite elements
masked_scatter_(mask, source) -- write numbers where mask is true
bernoulli_(p=0.5) -- fill with 1, with probability p, and 0
random_(low=0, high=None) -- fill with whole numbers in [low, high)
exponential_(lambd=1) -- fill with waiting times of mean 1 / lambd
lerp_(end, weight) -- go a part of the way to another tensor, in place
addcmul_(tensor1, tensor2, value=1) -- add value · tensor1 · tensor2, in place
addcdiv_(tensor1, tensor2, value=1) -- add value · tensor1 / tensor2, in place
addmm_(mat1, mat2, beta=1, alpha=1) -- add mat1 @ mat2, in place
baddbmm_(batch1, batch2, beta=1, alpha=1) -- add batch1 @ batch2, in place
addmv_(mat, vec, beta=1, alpha=1) -- add mat @ vec, in place
addr_(vec1, vec2, beta=1, alpha=1) -- add vec1 ⊗ vec2, in place
"""
    + "\n".join(
        f"{name}_({arguments}) -- {name}, in place"
        for name, arguments in (
            *((name, "") for name in (
                "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh",
                "atanh", "exp2", "expm1", "log2", "log10", "log1p", "rsqrt", "reciprocal", "square",
                "erf", "erfc", "erfinv", "lgamma", "digamma", "sinc", "sign", "sgn", "trunc", "fix",
                "frac", "deg2rad", "rad2deg", "logical_not", "bitwise_not", "negative", "absolute",
            )),
            *((name, "other") for name in (
                "atan2", "arctan2", "hypot", "fmod", "remainder", "floor_divide", "multiply",
                "divide", "true_divide", "logical_and", "logical_or", "logical_xor", "bitwise_and",
                "bitwise_or", "bitwise_xor", "eq", "ne", "lt", "le", "gt", "ge",
            )),
            ("subtract", "other, alpha=1"), ("clamp_min", "min"), ("clamp_max", "max"),
            ("clip", "min=None, max=None"), ("cumsum", "dim"), ("cumprod", "dim"),
            ("tril", "diagonal=0"), ("triu", "diagonal=0"), ("logit", "eps=None"),
            ("nan_to_num", "nan=None, posinf=None, neginf=None"),
        )
    )
    + "\n"
)  # fmt: skip
RETURNED = """
min -- the smallest, of aminmax
max -- the largest, of aminmax
sign -- a determinant's sign
logabsdet -- the logarithm of its size
eigenvalues -- the eigenvalues
eigenvectors -- the eigenvectors, as columns
U -- a decomposition's left vectors
S -- its values
Vh -- its right vectors, as rows
V -- the same as columns, of torch.svd
Q -- columns at right angles
R -- a triangle
"""
