"""How a plot becomes inline SVG that takes its colours and font from the page.

Every plot is drawn twice, for a wide and for a narrow screen, so that its text keeps its size; the style
sheet shows one of them. Lengths are in CSS pixels at full width.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape
from matplotlib import dates, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rl_replenishment.report.wording import MINUS, NBSP, number

HALF, FULL, NARROW = 500.0, 1000.0, 340.0

#: the plots' colours, as CSS custom properties; drawn in stand-ins that the page's own colours then replace
COLOURS = (
	"ink",
	"soft",
	"line",
	"card",
	"learned",
	"rule",
	"other",
	"demand",
	"holding",
	"stockout",
	"order",
	"waste",
)
STAND_IN = {name: f"#01fe{i:02x}" for i, name in enumerate(COLOURS)}
_PROPERTY = {colour: name for name, colour in STAND_IN.items()}

#: one point is one SVG unit, so a "point" here is a CSS pixel
_PER_INCH = 72.0
_HOUSE_STYLE = {
	"svg.fonttype": "none",
	"text.parse_math": False,  # a name with two dollar signs is a name
	"font.family": "DejaVu Sans",  # wider than what browsers take: what fits here fits there
	"font.size": 12.5,
	"axes.titlesize": 12,
	"axes.labelsize": 12,
	"xtick.labelsize": 11.5,
	"ytick.labelsize": 11.5,
	"text.color": STAND_IN["ink"],
	"axes.labelcolor": STAND_IN["soft"],
	"axes.titlecolor": STAND_IN["soft"],
	"axes.titlelocation": "left",
	"axes.titlepad": 7,
	"axes.edgecolor": STAND_IN["line"],
	"axes.facecolor": "none",
	"figure.facecolor": "none",
	"axes.spines.top": False,
	"axes.spines.right": False,
	"axes.spines.left": False,
	"axes.grid": True,
	"axes.grid.axis": "y",
	"axes.axisbelow": True,
	"axes.xmargin": 0.0,
	"grid.color": STAND_IN["line"],
	"grid.linewidth": 1.0,
	"xtick.color": STAND_IN["line"],
	"ytick.color": STAND_IN["line"],
	"xtick.labelcolor": STAND_IN["soft"],
	"ytick.labelcolor": STAND_IN["soft"],
	"ytick.major.size": 0,
	"xtick.major.size": 4,
	"lines.solid_capstyle": "butt",
}

Paint = Callable[[float], Figure]
Days = npt.NDArray[np.datetime64]


def make_figure(width: float, height: float) -> Figure:
	"""An empty figure of so many pixels."""
	return Figure(figsize=(width / _PER_INCH, height / _PER_INCH), dpi=_PER_INCH)


def place_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
	"""Axes placed by pixels from the upper left corner."""
	full_width, full_height = (_PER_INCH * length for length in figure.get_size_inches())
	return figure.add_axes(
		(left / full_width, 1 - (top + height) / full_height, width / full_width, height / full_height)
	)


def make_rows(width: float, rows: int, *, axis: bool = False) -> tuple[Figure, Axes]:
	"""A figure of rows, 50 pixels each, text above what is drawn; `axis` leaves room for a scale below."""
	scale = 24 if axis else 2
	figure = make_figure(width, 50.0 * max(rows, 1) + scale)
	axes = place_axes(figure, 7, 0, width - 14, 50.0 * max(rows, 1))
	axes.set_ylim(max(rows, 1) - 0.5, -0.5)
	axes.set_yticks([])
	axes.grid(False)
	axes.spines["bottom"].set_visible(False)
	if axis:
		axes.grid(axis="x")
	else:
		axes.set_xticks([])
	return figure, axes


def date_axis(axes: Axes, days: Days, width: float) -> None:
	"""Dates along the bottom, as many as fit."""
	locator = dates.AutoDateLocator(minticks=3, maxticks=5 if width <= HALF else 9)
	axes.xaxis.set_major_locator(locator)
	axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
	axes.set_xlim(dates.date2num(days[0]), dates.date2num(days[-1] + np.timedelta64(1, "D")))


def compact_tick(value: float, _: object = None) -> str:
	"""A tick such as 950, 12 k or 1.5 M."""
	if abs(value) >= 1e6:
		return f"{value / 1e6:.4g}{NBSP}M"
	if abs(value) >= 1e4:
		return f"{value / 1e3:.4g}{NBSP}k"
	return number(value) if abs(value) >= 1000 else f"{value:.4g}"


def percent_tick(share: float, _: object = None) -> str:
	"""A tick such as +5 %, with the best rule at zero."""
	if abs(share) < 1e-9:
		return "best rule"
	sign = "+" if share > 0 else MINUS
	return f"{sign}{abs(100 * share):.3g}{NBSP}%"


def shortened(text: str, longest: int) -> str:
	"""Cut to so many characters, the last an ellipsis."""
	return text if len(text) <= longest else text[: max(longest - 1, 1)].rstrip() + "\u2026"


def inline_svg(name: str, label: str, paint: Paint, wide: float) -> Markup:
	"""Both drawings of a plot; `name` makes the ids inside unique to it."""
	drawings = (
		_drawing(paint, width, f"{name} {variant}", variant, label)
		for variant, width in (("wide", wide), ("narrow", NARROW))
	)
	return Markup("").join(drawings)


def _drawing(paint: Paint, width: float, salt: str, variant: str, label: str) -> Markup:
	buffer = io.StringIO()
	nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
	# from matplotlib's defaults, so that a matplotlibrc lying about changes nothing
	with style.context(["default", _HOUSE_STYLE | {"svg.hashsalt": salt}]), warnings.catch_warnings():
		# the browser draws the text, with fonts that know more scripts than the one it is measured with here
		warnings.filterwarnings("ignore", message="Glyph .* missing from")
		paint(width).savefig(buffer, format="svg", metadata=nothing)
	_, _, body = buffer.getvalue().partition("<svg")
	attributes, _, body = body.partition(">")
	view = re.search(r'viewBox="[^"]*"', attributes)
	head = f'<svg class="{variant}" role="img" aria-label="{escape(label)}" {view.group() if view else ""}>'
	# within tags only: matplotlib escapes < and > in text, so a name cannot pose as one
	return Markup(head + re.sub(r"<[^<>]*>", _themed, body).strip())


def _themed(tag: re.Match[str]) -> str:
	"""A tag with the page's colours for the stand-ins, and without ids that nothing refers to."""
	text = re.sub(r"#01fe[0-9a-f]{2}", lambda colour: f"var(--{_PROPERTY[colour.group()]})", tag.group())
	return re.sub(r' id="[^"]*"', "", text) if text.startswith("<g ") else text
