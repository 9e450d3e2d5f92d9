"""The rows of the surface for what stands beside the computation; see surface.py and beside.py."""

from __future__ import annotations

TIME = """
time() -- seconds since 1970
perf_counter() -- seconds of a clock, for differences
monotonic() -- seconds of a clock, for differences
process_time() -- seconds of the processor
sleep(secs) -- no wait: the film has its own time
"""

TQDM = """
tqdm(iterable=None, total=None, **options) -- the same elements; no bar is drawn
trange(n, **options) -- tqdm(range(n))
"""

PROGRESS = """
n -- how many elements have passed
total -- how many there will be
set_description(desc) -- taken in, not shown
set_description_str(desc) -- taken in, not shown
set_postfix(**values) -- taken in, not shown
set_postfix_str(s) -- taken in, not shown
update(n=1) -- so many more have passed
refresh() -- taken in, not shown
reset(total=None) -- from the beginning
close() -- the end
write(s, end='\\n') -- like print
"""

ITERTOOLS = """
product(*iterables, repeat=1) -- every choice of one element of each
combinations(iterable, r) -- every choice of r elements
permutations(iterable, r=None) -- the same in every order
chain(*iterables) -- one after the other
islice(iterable, stop) -- the first of them, or a stretch
cycle(iterable) -- over and over
count(start=0, step=1) -- numbers without end
repeat(object, times) -- the same thing again
accumulate(iterable, func=None) -- running sums
pairwise(iterable) -- neighbours
zip_longest(*iterables, fillvalue=None) -- zip as far as the longest
"""

FUNCTOOLS = """
partial(func, *args, **keywords) -- a function with some arguments given
reduce(function, iterable, initial=None) -- all elements made one, from the left
"""

DATACLASSES = """
dataclass(cls) -- above a class: __init__, __repr__ and __eq__ of its annotated names
field(default=…, default_factory=…) -- a default made anew for every object
"""

#: Names that matplotlib's modules and objects share: each takes any arguments.
DRAWS = """
acorr add_axes add_patch add_subplot annotate arrow autumn axhline axhspan axis axline axvline
axvspan bar barh Blues bone boxplot bwr cividis cla clabel clear clf close cm colorbar colormaps
colors contour contourf cool coolwarm copper draw errorbar figlegend figtext figure fill
fill_between fill_betweenx flat flatten gca gcf get_cmap get_figure get_legend get_lines get_xlim
get_ylim gray Greens Greys grid hexbin hist hist2d hlines hot hsv imread imsave imshow invert_xaxis
invert_yaxis ioff ion jet legend locator_params loglog magma margins matshow Paired pause pcolor
pcolormesh pie plasma plot plot_surface plot_wireframe quiver rainbow ravel rc rcParams RdBu RdYlBu
Reds savefig sca scatter secondary_yaxis seismic semilogx semilogy set Set1 Set2 set_alpha
set_aspect set_axis_off set_clim set_color set_data set_facecolor set_label set_linewidth
set_offsets set_size_inches set_title set_visible set_xdata set_xlabel set_xlim set_xscale
set_xticklabels set_xticks set_ydata set_ylabel set_ylim set_yscale set_yticklabels set_yticks
set_zlabel show Spectral spines spring stackplot stem step streamplot style subplot subplot_mosaic
subplots subplots_adjust summer suptitle tab10 tab20 table terrain text tick_params ticklabel_format
tight_layout title transAxes tricontourf turbo twinx twiny update use violinplot viridis vlines
winter xaxis xlabel xlim xscale xticks yaxis ylabel ylim yscale yticks
"""


def drawn(names: str) -> str:
    """Rows of names that draw nothing."""
    return "\n".join(f"{name} -- taken in, not drawn" for name in names.split())


TABLES: dict[str, str] = {
    "time": TIME,
    "itertools": ITERTOOLS,
    "functools": FUNCTOOLS,
    "dataclasses": DATACLASSES,
    "tqdm": TQDM,
    "tqdm.auto": TQDM,
    "tqdm.notebook": TQDM,
    "matplotlib": drawn("use rc rcParams style colors cm colormaps"),
    "matplotlib.pyplot": drawn(DRAWS),
}

MEMBERS: dict[str, str] = {"Drawing": drawn(DRAWS), "Progress": PROGRESS}
