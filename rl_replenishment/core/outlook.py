"""What an order would do until the one after it could arrive: stock, sales missed, and what both cost.

A buyer who changes a quantity is told by this alone, in figures and in the picture. Demand is the policy's
own forecast of the protection interval; it is followed along many equally likely courses, from low to high.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, UnmetDemand
from rl_replenishment.core.policies.levels import LONGEST_LOT_DAYS, RANGE_DEVIATIONS

#: equally likely courses of demand: those at the middles of so many parts of its distribution
COURSES = 40
#: stock that is left counts until it is sold, at most so many days
LONGEST_TAIL_DAYS = np.float32(365)
#: what bands of a picture reach from and to
BAND = (0.1, 0.5, 0.9)

_DEVIATIONS = np.array(
	[NormalDist().inv_cdf((course + 0.5) / COURSES) for course in range(COURSES)], np.float32
)


@dataclass(frozen=True, eq=False)
class Outlook:
	"""N item-warehouses as of today, without the orders in question; quantities in stock UOM."""

	#: on the shelf less what is reserved or owed, shape (N,); below 0 where customers wait
	on_hand: FloatArray
	#: row d arrives in d days, shape (H, N)
	arrivals: FloatArray
	#: row d leaves in d days on top of the usual demand, shape (D, N)
	known_demand: FloatArray
	#: days until the order in question arrives, whole numbers of shape (N,)
	arrival_days: FloatArray
	#: days until the order after it could arrive, whole numbers of shape (N,)
	protection_days: FloatArray
	#: demand over these days that is met or passed with a probability of 90, 50 and 10 %, shape (N,)
	low: FloatArray
	middle: FloatArray
	high: FloatArray
	#: money per unit left at the end of a day, shape (N,)
	holding_cost: FloatArray
	#: money per unit missed (lost sales), or per unit and day waiting (backorders), shape (N,)
	stockout_cost: FloatArray
	#: money per order, shape (N,)
	order_cost: FloatArray
	#: days between two chances to order
	review_days: int
	unmet_demand: UnmetDemand = "lost"

	@property
	def rate(self) -> FloatArray:
		"""Expected demand per day, shape (N,): the mean of the courses."""
		mean = self.courses().mean(axis=0) / np.maximum(self.protection_days, 1)
		return np.asarray(mean, np.float32)

	def courses(self) -> FloatArray:
		"""Demand over the protection interval along each course, shape (COURSES, N).

		A two-piece normal distribution (Fechner; Wallis 2014) through low, middle and high, cut at 0.
		"""
		return courses_of(self.low, self.middle, self.high)

	def demand_until(self, day: int | npt.NDArray[np.integer]) -> FloatArray:
		"""Demand of today and the `day` days after it along each course, shape (COURSES, N).

		`day` is one for all, or of shape (N,).

		Its mean grows with the days, its spread with their root, as sums of independent days do.
		"""
		share = np.asarray(day + 1, np.float32) / np.maximum(self.protection_days, np.float32(1))
		whole = self.courses()
		mean = whole.mean(axis=0)
		return np.maximum(mean * share + (whole - mean) * np.sqrt(share), 0).astype(np.float32)


def runs_out_in(outlook: Outlook) -> FloatArray:
	"""Days until stock and what else arrives are gone at the expected demand, without the orders in question.

	Shape (N,), 0 for today; inf where they last as long as the longest protection interval.
	"""
	days = int(outlook.protection_days.max(initial=1))
	change = np.zeros((days, len(outlook.on_hand)), np.float32)
	for by_day, sign in ((outlook.arrivals, 1), (outlook.known_demand, -1)):
		known = by_day[:days]
		change[: len(known)] += sign * known
	gone = outlook.rate * np.arange(1, days + 1, dtype=np.float32)[:, None]
	short = outlook.on_hand + np.cumsum(change, axis=0) < gone
	return np.where(short.any(axis=0), short.argmax(axis=0), np.inf).astype(np.float32)


def courses_of(low: FloatArray, middle: FloatArray, high: FloatArray) -> FloatArray:
	"""Equally likely courses of a demand that is passed with 90, 50 and 10 %, shape (COURSES, N)."""
	side = np.where(_DEVIATIONS[:, None] < 0, middle - low, np.maximum(high - middle, 0))
	return np.maximum(middle + _DEVIATIONS[:, None] * side / RANGE_DEVIATIONS, 0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Projection:
	"""What becomes of N item-warehouses with an order of `quantity`."""

	#: at the end of each of T days from today on, along each course, shape (T, COURSES, N)
	stock: FloatArray
	#: units of demand that the shelf is not expected to meet at once, within the protection interval, (N,)
	missed: FloatArray
	#: money that these are expected to cost, shape (N,)
	missed_cost: FloatArray
	#: money that stock is expected to cost until what is there and ordered is sold, shape (N,)
	holding_cost: FloatArray
	#: money that what is left saves on the orders after it, which it puts off, shape (N,)
	saved_cost: FloatArray
	#: days that what is there and on order lasts at the expected demand, (N,); inf where nothing is sold
	cover_days: FloatArray

	def band(self) -> FloatArray:
		"""Stock that is passed with a probability of 90, 50 and 10 %, shape (3, T, N)."""
		return np.quantile(self.stock, BAND, axis=1).astype(np.float32)


def project(outlook: Outlook, quantity: FloatArray, days: int | None = None) -> Projection:
	"""Follow stock along every course of demand with orders of `quantity`, shape (N,).

	Costs count the protection interval, and then what is left until it is sold, `LONGEST_TAIL_DAYS` at most,
	at the expected demand. So long the next order can wait, which saves, a day, what holding and ordering
	cost with the usual lot: h Q / 2 + K m / Q (Harris 1913). `stock` covers the longest protection interval,
	or `days`.
	"""
	horizon = int(outlook.protection_days.max(initial=1)) if days is None else days
	last = max(horizon, int(outlook.protection_days.max(initial=1)))
	rate = outlook.rate
	shape = (COURSES, len(outlook.on_hand))
	stock = np.broadcast_to(outlook.on_hand, shape).astype(np.float32)
	before = np.zeros(shape, np.float32)
	missed, waiting, held, left = (np.zeros(shape, np.float32) for _ in range(4))
	kept = np.zeros((horizon, *shape), np.float32)
	for day in range(last):
		stock = stock + _row(outlook.arrivals, day) + np.where(outlook.arrival_days == day, quantity, 0)
		until = np.maximum(outlook.demand_until(day), before)
		asked = until - before + _row(outlook.known_demand, day)
		before = until
		short = np.maximum(asked - np.maximum(stock, 0), 0)
		stock = stock - asked + (short if outlook.unmet_demand == "lost" else 0)
		counts = day < outlook.protection_days
		missed += np.where(counts, short, 0)
		waiting += np.where(counts, np.maximum(-stock, 0), 0)
		held += np.where(counts, np.maximum(stock, 0), 0)
		left = np.where(counts, np.maximum(stock, 0), left)
		if day < horizon:
			kept[day] = stock
	costly = missed if outlook.unmet_demand == "lost" else waiting
	tail_days = np.minimum(left / np.maximum(rate, np.float32(1e-9)), LONGEST_TAIL_DAYS)
	tail = left * tail_days - rate * tail_days**2 / 2
	lot = np.maximum(
		np.minimum(
			np.sqrt(2 * outlook.order_cost * rate / np.maximum(outlook.holding_cost, np.float32(1e-12))),
			rate * LONGEST_LOT_DAYS,
		),
		rate * np.float32(outlook.review_days),
	)
	a_day = outlook.holding_cost * lot / 2 + outlook.order_cost * rate / np.maximum(lot, np.float32(1e-9))
	position = outlook.on_hand + outlook.arrivals.sum(axis=0) + quantity
	with np.errstate(divide="ignore", invalid="ignore"):
		cover = np.where(rate > 0, np.maximum(position, 0) / rate, np.where(position > 0, np.inf, 0))
	return Projection(
		stock=kept,
		missed=missed.mean(axis=0),
		missed_cost=costly.mean(axis=0) * outlook.stockout_cost,
		holding_cost=(held + tail).mean(axis=0) * outlook.holding_cost,
		saved_cost=tail_days.mean(axis=0) * a_day,
		cover_days=cover.astype(np.float32),
	)


def _row(by_day: FloatArray, day: int) -> FloatArray | np.float32:
	return by_day[day] if day < len(by_day) else np.float32(0)
