"""The plots of the report: what each one shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib import dates, ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rl_replenishment.report.drawing import (
	FULL,
	HALF,
	STAND_IN,
	Days,
	compact_tick,
	date_axis,
	inline_svg,
	make_figure,
	make_rows,
	percent_tick,
	place_axes,
	shortened,
)
from rl_replenishment.report.wording import number

#: tick intervals that people count in
_STEPS = (1, 2, 5, 10)

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class CostBar:
	"""One policy's cost by component, in money."""

	name: str
	#: what is written for the total
	total: str
	holding: float
	stockout: float
	order: float
	waste: float


@dataclass(frozen=True)
class Dot:
	"""One policy's difference to the best rule, as a share, with its interval (nan where there is none)."""

	name: str
	text: str
	colour: str
	difference: float
	low: float
	high: float


@dataclass(frozen=True)
class Point:
	"""One policy between stock and service."""

	name: str
	colour: str
	#: average stock, in money or units
	stock: float
	fill_rate: float


@dataclass(frozen=True)
class ServiceLine:
	"""What service costs some items: fill rates with stock values, and where they are at present."""

	name: str
	colour: str
	points: Sequence[tuple[float, float]]
	present: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Course:
	"""Two policies through the same days, arrays of shape (D,)."""

	days: Days
	learned: Values
	rule: Values


@dataclass(frozen=True)
class Move:
	"""A proposal before and after learning, and the quantity the buyer ordered."""

	name: str
	#: the three quantities as written
	text: str
	before: float
	ordered: float
	after: float


def cost_bars(bars: Sequence[CostBar], label: str) -> Markup:
	"""Cost by policy, stacked by component."""
	longest = max((bar.holding + bar.stockout + bar.order + bar.waste for bar in bars), default=0.0) or 1.0

	def paint(width: float) -> Figure:
		figure, axes = make_rows(width, len(bars))
		axes.set_xlim(0, longest)
		for row, bar in enumerate(bars):
			_row_text(axes, row, bar.name, bar.total, width)
			left = 0.0
			for component in ("holding", "stockout", "order", "waste"):
				length = getattr(bar, component)
				if length <= 0:
					continue
				axes.barh(
					row + 0.22,
					length,
					height=0.36,
					left=left,
					color=STAND_IN[component],
					edgecolor=STAND_IN["card"],
					linewidth=1,
				)
				left += length
		return figure

	return inline_svg("cost", label, paint, HALF)


def stockout_bars(bars: Sequence[tuple[str, str, float]], label: str) -> Markup:
	"""Stock-out days by policy: name, colour, item-days."""
	longest = max((days for _, _, days in bars), default=0.0) or 1.0

	def paint(width: float) -> Figure:
		figure, axes = make_rows(width, len(bars))
		axes.set_xlim(0, longest)
		for row, (name, colour, days) in enumerate(bars):
			_row_text(axes, row, name, number(days), width)
			axes.barh(row + 0.22, days, height=0.36, color=STAND_IN[colour], linewidth=0)
		return figure

	return inline_svg("stock-outs", label, paint, HALF)


def difference_dots(dots: Sequence[Dot], label: str) -> Markup:
	"""Difference to the best rule with its 95 % interval, one row per policy."""

	def reach(dot: Dot) -> float:
		return float(np.nanmax(np.abs([dot.difference, dot.low, dot.high])))

	# a policy that costs several times as much runs off the scale: it would squeeze the others into a point
	reaches = sorted(reach(dot) for dot in dots)
	limit = max(0.02, min(reaches[-1], 3 * reaches[len(reaches) // 2]))
	ends = [0.0, *(end for dot in dots for end in (dot.difference, dot.low, dot.high) if np.isfinite(end))]
	low_end, high_end = max(min(ends), -limit), min(max(ends), limit)
	room = 0.14 * (high_end - low_end) or limit

	def paint(width: float) -> Figure:
		figure, axes = make_rows(width, len(dots), axis=True)
		axes.set_xlim(low_end - room, high_end + room)
		axes.axvline(0, color=STAND_IN["rule"], linewidth=1.5)
		axes.xaxis.set_major_locator(ticker.MaxNLocator(5 if width < 400 else 7, steps=[1, 2, 5, 10]))
		axes.xaxis.set_major_formatter(ticker.FuncFormatter(percent_tick))
		for row, dot in enumerate(dots):
			colour = STAND_IN[dot.colour]
			_row_text(axes, row, dot.name, dot.text, width)
			y = row + 0.22
			known = np.array([end for end in (dot.low, dot.difference, dot.high) if np.isfinite(end)])
			shown = np.clip(known, -limit, limit)
			axes.plot(shown[[0, -1]], [y, y], color=colour, linewidth=3.5, alpha=0.55)
			if abs(dot.difference) <= limit:
				axes.plot([dot.difference], [y], "o", color=colour, markersize=9, clip_on=False)
			for goes_on, edge, arrow in ((known[0] < -limit, -limit, "<"), (known[-1] > limit, limit, ">")):
				if goes_on:
					axes.plot([edge], [y], arrow, color=colour, markersize=9, clip_on=False)
		return figure

	return inline_svg("difference", label, paint, HALF)


def trade_off(points: Sequence[Point], stock_label: str, label: str) -> Markup:
	"""Average stock against fill rate, each policy named at the right."""

	def paint(width: float) -> Figure:
		height = max(260.0, 26.0 * len(points) + 70)
		figure = make_figure(width, height)
		names = 150.0 if width >= HALF else 118.0
		axes = place_axes(figure, 52, 26, width - 52 - names - 18, height - 26 - 46)
		axes.grid(axis="x")
		axes.spines["left"].set_visible(True)
		axes.margins(x=0.12, y=0.14)
		for point in points:
			axes.plot(
				[point.stock],
				[100 * point.fill_rate],
				"o" if point.colour == "learned" else "D" if point.colour == "rule" else "s",
				color=STAND_IN[point.colour],
				markersize=7 if point.colour == "other" else 10,
				clip_on=False,
				zorder=3,
			)
		axes.xaxis.set_major_locator(ticker.MaxNLocator(3 if width < 400 else 5))
		axes.xaxis.set_major_formatter(ticker.FuncFormatter(compact_tick))
		axes.yaxis.set_major_locator(ticker.MaxNLocator(5, steps=_STEPS, min_n_ticks=3))
		axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g} %"))
		# a fill rate above 100 % does not exist
		axes.set_ylim(top=min(axes.get_ylim()[1], 100 + 0.06 * np.ptp(axes.get_ylim())))
		axes.set_title("Fill rate", x=-50 / (width - 52 - names - 18))
		axes.set_xlabel(stock_label)
		_name_points(axes, points, names)
		return figure

	return inline_svg("trade-off", label, paint, HALF)


#: a curve of service begins here: nobody plans for less
_LEAST_SERVICE = 0.8


def service_lines(lines: Sequence[ServiceLine], label: str) -> Markup:
	"""Average stock value against fill rate, a line for some items each, with the point at present."""

	def paint(width: float) -> Figure:
		figure = make_figure(width, 300)
		axes = place_axes(figure, 62, 26, width - 62 - 18, 300 - 26 - 46)
		axes.grid(axis="x")
		for line in lines:
			shown = [point for point in line.points if point[0] >= _LEAST_SERVICE]
			axes.plot(
				[100 * rate for rate, _ in shown],
				[stock for _, stock in shown],
				color=STAND_IN[line.colour],
				linewidth=2,
			)
			if line.present[0] >= _LEAST_SERVICE:
				axes.plot(
					[100 * line.present[0]],
					[line.present[1]],
					"o",
					color=STAND_IN[line.colour],
					markersize=9,
					clip_on=False,
					zorder=3,
				)
		axes.set_ylim(bottom=0)
		axes.yaxis.set_major_locator(ticker.MaxNLocator(5))
		axes.yaxis.set_major_formatter(ticker.FuncFormatter(compact_tick))
		axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g} %"))
		axes.set_title("Average stock value", x=-60 / (width - 62 - 18))
		axes.set_xlabel("Fill rate")
		return figure

	return inline_svg("service", label, paint, HALF)


def stock_course(stock: Course, stockouts: Course, stock_label: str, label: str) -> Markup:
	"""Total stock day by day, and below it the stock-out days so far."""

	def paint(width: float) -> Figure:
		figure = make_figure(width, 388)
		left = 62.0
		upper = place_axes(figure, left, 30, width - left - 12, 190)
		lower = place_axes(figure, left, 268, width - left - 12, 94)
		for axes, course, title in (
			(upper, stock, stock_label),
			(lower, stockouts, "Stock-out days so far, all items together"),
		):
			_two_lines(axes, course)
			axes.set_title(title, x=-(left - 2) / (width - left - 12))
			date_axis(axes, course.days, width)
		lower.yaxis.set_major_locator(ticker.MaxNLocator(3, integer=True))
		upper.tick_params(labelbottom=False)
		return figure

	return inline_svg("course", label, paint, FULL)


def item_panel(name: str, days: Days, demand: Values, on_hand: Course, orders: Course, label: str) -> Markup:
	"""One item: stock of both policies, when they ordered, and the demand. Quantities in stock UOM."""

	def paint(width: float) -> Figure:
		figure = make_figure(width, 308)
		left = 52.0
		inner = width - left - 12
		stock = place_axes(figure, left, 28, inner, 118)
		marks = place_axes(figure, left, 156, inner, 36)
		sold = place_axes(figure, left, 222, inner, 62)
		_two_lines(stock, on_hand)
		stock.set_title("On hand, units", x=-(left - 2) / inner)
		marks.grid(False)
		marks.spines["bottom"].set_visible(False)
		marks.set_ylim(-0.7, 1.7)
		marks.set_yticks([1, 0], ["learned", "rule"])
		for text, colour in zip(marks.get_yticklabels(), ("learned", "rule"), strict=True):
			text.set_color(STAND_IN[colour])
		for y, placed, colour, marker in ((1, orders.learned, "learned", "^"), (0, orders.rule, "rule", "D")):
			at = days[placed > 0]
			marks.plot(at, np.full(len(at), y), marker, color=STAND_IN[colour], markersize=6, clip_on=False)
		edges = np.append(days, days[-1] + np.timedelta64(1, "D"))
		sold.stairs(demand, dates.date2num(edges), fill=True, color=STAND_IN["demand"], linewidth=0)
		sold.set_title("Demand per day, units", x=-(left - 2) / inner)
		sold.set_ylim(0, float(demand.max(initial=0)) * 1.08 or 1)
		sold.yaxis.set_major_locator(ticker.MaxNLocator(2, steps=_STEPS))
		sold.yaxis.set_major_formatter(ticker.FuncFormatter(compact_tick))
		for axes in (stock, marks, sold):
			date_axis(axes, days, width)
		stock.tick_params(labelbottom=False)
		marks.tick_params(labelbottom=False, bottom=False)
		return figure

	return inline_svg(f"item {name}", label, paint, HALF)


def quantity_moves(moves: Sequence[Move], label: str) -> Markup:
	"""Proposal before and after learning and the buyer's quantity, each row on a scale of its own from 0."""

	def paint(width: float) -> Figure:
		figure, axes = make_rows(width, len(moves))
		axes.set_xlim(-0.02, 1.02)
		for row, move in enumerate(moves):
			_row_text(axes, row, move.name, move.text, width)
			longest = max(move.before, move.ordered, move.after) or 1.0
			before, ordered, after = (value / longest for value in (move.before, move.ordered, move.after))
			y = row + 0.22
			axes.plot([0, 1], [y, y], color=STAND_IN["line"], linewidth=1)
			if abs(after - before) > 0.03:
				axes.annotate(
					"",
					xy=(after, y),
					xytext=(before, y),
					arrowprops={
						"arrowstyle": "-",
						"color": STAND_IN["learned"],
						"linewidth": 3,
						"alpha": 0.45,
						"shrinkA": 0,
						"shrinkB": 0,
					},
				)
			axes.plot(
				[ordered], [y], "D", markersize=12, markerfacecolor="none",
				markeredgecolor=STAND_IN["rule"], markeredgewidth=2.2, clip_on=False,
			)  # fmt: skip
			axes.plot(
				[before], [y], "o", markersize=8, markerfacecolor=STAND_IN["card"],
				markeredgecolor=STAND_IN["soft"], markeredgewidth=1.8, clip_on=False,
			)  # fmt: skip
			axes.plot([after], [y], "o", markersize=7, color=STAND_IN["learned"], clip_on=False)
		return figure

	return inline_svg("edits", label, paint, HALF)


def learning_curve(points: Sequence[tuple[float, float]], label: str) -> Markup:
	"""Cost on validation demand as a share of the rule's, over the seconds of training."""
	seconds, ratio = (np.array(column, dtype=np.float64) for column in zip(*points, strict=True))

	def paint(width: float) -> Figure:
		figure = make_figure(width, 254)
		left = 56.0
		axes = place_axes(figure, left, 30, width - left - 20, 180)
		axes.axhline(100, color=STAND_IN["rule"], linewidth=1.5, linestyle=(0, (5, 3)))
		axes.plot(
			seconds,
			100 * ratio,
			color=STAND_IN["learned"],
			linewidth=2,
			marker="o" if len(seconds) <= 30 else "",
			markersize=5,
			clip_on=False,
		)
		# the start may cost many times the rule; what matters is where the curve ends up
		low, high = min(float(ratio.min()), 1.0), max(min(float(ratio.max()), 2.0), float(ratio[-1]), 1.0)
		room = 0.12 * (high - low) or 0.05
		axes.set_ylim(100 * (low - room), 100 * (high + room))
		axes.lines[-1].set_clip_on(float(ratio.max()) > high + room)
		axes.yaxis.set_major_locator(ticker.MaxNLocator(5, min_n_ticks=3))
		axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g} %"))
		axes.xaxis.set_major_locator(ticker.MaxNLocator(5))
		axes.set_title("Cost on validation demand, rule = 100 %", x=-(left - 2) / (width - left - 20))
		axes.set_xlabel("Seconds of training")
		return figure

	return inline_svg("learning", label, paint, HALF)


def _row_text(axes: Axes, row: int, name: str, value: str, width: float) -> None:
	"""The name at the left and the value at the right, above what the row shows."""
	room = int((width - 7.6 * len(value)) / 7.8)
	edge = axes.get_yaxis_transform()
	# what lies behind the text, the zero line for one, must not be read as part of it
	behind = {"facecolor": STAND_IN["card"], "edgecolor": "none", "pad": 1.5}
	for x, text, side in ((0.0, shortened(name, room), "left"), (1.0, value, "right")):
		if text:
			axes.text(x, row - 0.14, text, transform=edge, ha=side, va="center", bbox=behind)


def _name_points(axes: Axes, points: Sequence[Point], room: float) -> None:
	"""Names in a column at the right, led to their points, far enough apart to read."""
	height = axes.bbox.height
	low, high = axes.get_ylim()
	left, right = axes.get_xlim()
	order = sorted(points, key=lambda point: (point.fill_rate, -point.stock))
	wanted = [(100 * point.fill_rate - low) / (high - low) * height for point in order]
	for point, y in zip(order, _spread(wanted, 21.0, height), strict=True):
		x = (point.stock - left) / (right - left)
		axes.annotate(
			"",
			xy=(x, (100 * point.fill_rate - low) / (high - low)),
			xytext=(1 + 14 / axes.bbox.width, y / height),
			xycoords="axes fraction",
			textcoords="axes fraction",
			arrowprops={
				"arrowstyle": "-",
				"color": STAND_IN["soft"],
				"linewidth": 0.8,
				"alpha": 0.7,
				"shrinkA": 0,
				"shrinkB": 4,
			},
			annotation_clip=False,
		)
		axes.annotate(
			shortened(point.name, int((room - 6) / 7.4)),
			xy=(1, y / height),
			xycoords="axes fraction",
			xytext=(18, 0),
			textcoords="offset points",
			va="center",
			color=STAND_IN["ink" if point.colour == "other" else point.colour],
			annotation_clip=False,
		)


def _spread(wanted: Sequence[float], gap: float, height: float) -> list[float]:
	"""Rising positions near the wanted ones, `gap` or more apart, within 0 to `height` if there is room."""
	placed: list[float] = []
	for y in wanted:
		placed.append(max(y, placed[-1] + gap) if placed else max(y, 0.0))
	ceiling = max(height, gap * (len(wanted) - 1))
	for i in reversed(range(len(placed))):
		placed[i] = min(placed[i], ceiling)
		ceiling = placed[i] - gap
	return placed


def _two_lines(axes: Axes, course: Course) -> None:
	"""The rule dashed below, the learned policy solid above: told apart without colour too."""
	lines = ((course.rule, "rule", (0, (4, 1.6))), (course.learned, "learned", "solid"))
	for values, colour, dashes in lines:
		axes.plot(
			course.days,
			values,
			color=STAND_IN[colour],
			linewidth=1.8,
			linestyle=dashes,
			drawstyle="steps-post",
		)
	top = max(float(course.learned.max(initial=0)), float(course.rule.max(initial=0)))
	axes.set_ylim(0, 1.06 * top or 1)
	axes.yaxis.set_major_locator(ticker.MaxNLocator(4 if axes.bbox.height > 100 else 3, steps=_STEPS))
	axes.yaxis.set_major_formatter(ticker.FuncFormatter(compact_tick))
