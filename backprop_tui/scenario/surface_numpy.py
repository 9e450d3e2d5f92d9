"""More rows of the surface behind ``np.``; see surface.py."""

from __future__ import annotations

MORE = """
square(a, **options) -- as in NumPy, of numbers and arrays
sign(a, **options) -- as in NumPy, of numbers and arrays
floor(a, **options) -- as in NumPy, of numbers and arrays
ceil(a, **options) -- as in NumPy, of numbers and arrays
log2(a, **options) -- as in NumPy, of numbers and arrays
log10(a, **options) -- as in NumPy, of numbers and arrays
log1p(a, **options) -- as in NumPy, of numbers and arrays
expm1(a, **options) -- as in NumPy, of numbers and arrays
tan(a, **options) -- as in NumPy, of numbers and arrays
arcsin(a, **options) -- as in NumPy, of numbers and arrays
arccos(a, **options) -- as in NumPy, of numbers and arrays
arctan(a, **options) -- as in NumPy, of numbers and arrays
sinh(a, **options) -- as in NumPy, of numbers and arrays
cosh(a, **options) -- as in NumPy, of numbers and arrays
absolute(a, **options) -- as in NumPy, of numbers and arrays
negative(a, **options) -- as in NumPy, of numbers and arrays
isnan(a, **options) -- as in NumPy, of numbers and arrays
isinf(a, **options) -- as in NumPy, of numbers and arrays
isfinite(a, **options) -- as in NumPy, of numbers and arrays
logical_not(a, **options) -- as in NumPy, of numbers and arrays
reciprocal(a, **options) -- as in NumPy, of numbers and arrays
round(a, **options) -- as in NumPy, of numbers and arrays
around(a, **options) -- as in NumPy, of numbers and arrays
var(a, **options) -- as in NumPy, of numbers and arrays
prod(a, **options) -- as in NumPy, of numbers and arrays
any(a, **options) -- as in NumPy, of numbers and arrays
all(a, **options) -- as in NumPy, of numbers and arrays
argmin(a, **options) -- as in NumPy, of numbers and arrays
median(a, **options) -- as in NumPy, of numbers and arrays
cumsum(a, **options) -- as in NumPy, of numbers and arrays
cumprod(a, **options) -- as in NumPy, of numbers and arrays
argsort(a, **options) -- as in NumPy, of numbers and arrays
sort(a, **options) -- as in NumPy, of numbers and arrays
unique(a, **options) -- as in NumPy, of numbers and arrays
count_nonzero(a, **options) -- as in NumPy, of numbers and arrays
diff(a, **options) -- as in NumPy, of numbers and arrays
ravel(a, **options) -- as in NumPy, of numbers and arrays
reshape(a, **options) -- as in NumPy, of numbers and arrays
transpose(a, **options) -- as in NumPy, of numbers and arrays
squeeze(a, **options) -- as in NumPy, of numbers and arrays
expand_dims(a, **options) -- as in NumPy, of numbers and arrays
flip(a, **options) -- as in NumPy, of numbers and arrays
roll(a, **options) -- as in NumPy, of numbers and arrays
zeros_like(a, **options) -- as in NumPy, of numbers and arrays
ones_like(a, **options) -- as in NumPy, of numbers and arrays
full_like(a, **options) -- as in NumPy, of numbers and arrays
argwhere(a, **options) -- as in NumPy, of numbers and arrays
nonzero(a, **options) -- as in NumPy, of numbers and arrays
percentile(a, **options) -- as in NumPy, of numbers and arrays
quantile(a, **options) -- as in NumPy, of numbers and arrays
average(a, **options) -- as in NumPy, of numbers and arrays
swapaxes(a, **options) -- as in NumPy, of numbers and arrays
ndim(a, **options) -- as in NumPy, of numbers and arrays
size(a, **options) -- as in NumPy, of numbers and arrays
shape(a, **options) -- as in NumPy, of numbers and arrays
copy(a, **options) -- as in NumPy, of numbers and arrays
triu(a, **options) -- as in NumPy, of numbers and arrays
tril(a, **options) -- as in NumPy, of numbers and arrays
trace(a, **options) -- as in NumPy, of numbers and arrays
diagonal(a, **options) -- as in NumPy, of numbers and arrays
polyfit(a, **options) -- as in NumPy, of numbers and arrays
polyval(a, **options) -- as in NumPy, of numbers and arrays
exp2(a, **options) -- as in NumPy, of numbers and arrays
rad2deg(a, **options) -- as in NumPy, of numbers and arrays
deg2rad(a, **options) -- as in NumPy, of numbers and arrays
nan_to_num(a, **options) -- as in NumPy, of numbers and arrays
add(*arrays, **options) -- element by element
subtract(*arrays, **options) -- element by element
multiply(*arrays, **options) -- element by element
divide(*arrays, **options) -- element by element
power(*arrays, **options) -- element by element
mod(*arrays, **options) -- element by element
equal(*arrays, **options) -- element by element
not_equal(*arrays, **options) -- element by element
greater(*arrays, **options) -- element by element
greater_equal(*arrays, **options) -- element by element
less(*arrays, **options) -- element by element
less_equal(*arrays, **options) -- element by element
logical_and(*arrays, **options) -- element by element
logical_or(*arrays, **options) -- element by element
isclose(*arrays, **options) -- element by element
array_equal(*arrays, **options) -- element by element
arctan2(*arrays, **options) -- element by element
hypot(*arrays, **options) -- element by element
where(*arrays, **options) -- element by element
clip(*arrays, **options) -- element by element
floor_divide(*arrays, **options) -- element by element
concatenate(arrays, **options) -- arrays put together
stack(arrays, **options) -- arrays put together
vstack(arrays, **options) -- arrays put together
hstack(arrays, **options) -- arrays put together
column_stack(arrays, **options) -- arrays put together
row_stack(arrays, **options) -- arrays put together
append(arrays, **options) -- arrays put together
tile(A, reps) -- copies side by side
repeat(a, repeats, axis=None) -- every element several times
meshgrid(*xi, indexing='xy') -- coordinates of all points of a grid
outer(a, b) -- every product of two vectors' elements
eye(N, M=None) -- the identity matrix
identity(n) -- the identity matrix
diag(v) -- a diagonal matrix, or the diagonal of one
logspace(start, stop, num=50) -- powers of ten, evenly spaced
bincount(x) -- how often each whole number is there
full(shape, fill_value, dtype=None) -- all the same value
c_ -- vectors as the columns of a matrix, between brackets
newaxis -- a new dimension of size 1, between brackets
"""

RANDOM = """
default_rng(seed=None) -- a generator of random numbers of its own
RandomState(seed=None) -- the same in NumPy's old way
"""

_DRAWS = """
random(size=None) -- uniform in [0, 1)
standard_normal(size=None) -- standard normal
normal(loc=0.0, scale=1.0, size=None) -- normal with this mean and deviation
uniform(low=0.0, high=1.0, size=None) -- uniform between two bounds
exponential(scale=1.0, size=None) -- waiting times
poisson(lam=1.0, size=None) -- how often something rare happens
binomial(n, p, size=None) -- how many of n succeed
choice(a, size=None, replace=True, p=None) -- elements drawn
permutation(x) -- 0 … x − 1, or the rows of an array, in random order
shuffle(x) -- a list or an array brought into random order
"""

MEMBERS: dict[str, str] = {
    "RandomGenerator": _DRAWS
    + """
integers(low, high=None, size=None) -- whole numbers in [low, high)
""",
    "RandomState": _DRAWS
    + """
seed(seed) -- make the numbers that follow the same in every run
random_sample(size=None) -- uniform in [0, 1)
rand(*shape) -- uniform in [0, 1)
randn(*shape) -- standard normal
randint(low, high=None, size=None) -- whole numbers in [low, high)
""",
}
