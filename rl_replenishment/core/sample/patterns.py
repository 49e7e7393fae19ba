"""How demand runs: the patterns of the sample company, and the categories they are measured by.

Categories are those of Syntetos, Boylan and Croston (2005), On the categorization of demand patterns, Journal
of the Operational Research Society 56(5): by the average interval between demands (ADI, cut at 1.32 periods)
and the squared coefficient of variation of the demand sizes (CV^2, cut at 0.49). The period here is a working
day, Monday to Friday: quiet weekends come of opening hours and say nothing of an item.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.sample.catalogue import Pattern

Category: TypeAlias = Literal["smooth", "erratic", "intermittent", "lumpy"]
Values: TypeAlias = npt.NDArray[np.float64]

ADI_CUT = 1.32
CV2_CUT = 0.49

#: the category that each pattern measures as: a mild season or trend does not show in ADI and CV^2
CATEGORY: dict[Pattern, Category] = {
	"smooth": "smooth",
	"seasonal": "smooth",
	"trending": "smooth",
	"new": "smooth",
	"erratic": "erratic",
	"intermittent": "intermittent",
	"lumpy": "lumpy",
}

#: demand of a weekday over the week's mean, Monday first; at weekends there is the counter and the web shop
WEEKDAY = np.array([1.40, 1.28, 1.22, 1.24, 1.16, 0.45, 0.25])
#: 1970-01-05, a Monday, as days since the epoch
_A_MONDAY = 4

#: units per day at a unit cost of `_DEAR` and of `_CHEAP` money: dear goods sell less
_UNITS_PER_DAY: dict[Pattern, tuple[float, float]] = {
	"smooth": (5, 28),
	"seasonal": (7, 22),
	"trending": (5, 20),
	"new": (8, 15),
	"erratic": (12, 30),
}
_CHEAP, _DEAR = 1.0, 75.0


class Demand(NamedTuple):
	"""One item's demand, arrays of shape (T,), in units."""

	expected: Values
	actual: Values


def weekday_factor(dates: npt.NDArray[np.datetime64]) -> Values:
	"""`WEEKDAY` of each of T days."""
	days = dates.astype("datetime64[D]").astype(np.int64)
	return WEEKDAY[(days - _A_MONDAY) % 7]


def draw_demand(
	pattern: Pattern,
	dates: npt.NDArray[np.datetime64],
	rng: np.random.Generator,
	*,
	unit_cost: float,
	peak_day: int,
	first_day: int,
	uplift: Values,
) -> Demand:
	"""Demand of one item over T days.

	`peak_day` is the day of the year that a season peaks on, `first_day` the row a new item is first sold on,
	`uplift` a factor on each day's expected demand, shape (T,).
	"""
	if pattern in ("intermittent", "lumpy"):
		return _rare(pattern, dates, rng, uplift)
	course = weekday_factor(dates) * uplift * _level_drift(len(dates), rng)
	days = np.arange(len(dates))
	if pattern == "seasonal":
		course *= _season(dates, peak_day, strength=rng.uniform(0.4, 0.6))
	elif pattern == "trending":
		# per two years; one item in four is on its way out
		growth = rng.uniform(1.6, 2.4) if rng.random() < 0.75 else rng.uniform(0.45, 0.6)
		course *= growth ** ((days - days.mean()) / 730)
	elif pattern == "new":
		age = days - first_day
		course *= np.where(age >= 0, 1 - 0.5 * np.exp(-np.maximum(age, 0) / 20), 0)
	expected = _units_per_day(pattern, unit_cost, rng) * course
	# gamma-mixed Poisson, that is negative binomial: `variation` is the CV^2 on top of Poisson's own
	variation = rng.uniform(1.1, 1.6) if pattern == "erratic" else rng.uniform(0.03, 0.10)
	mixed = expected * rng.gamma(1 / variation, variation, len(dates))
	return Demand(expected, rng.poisson(mixed).astype(np.float64))


def _rare(
	pattern: Pattern, dates: npt.NDArray[np.datetime64], rng: np.random.Generator, uplift: Values
) -> Demand:
	"""Demand on few days: of much the same size (intermittent), or of any size (lumpy)."""
	if pattern == "intermittent":
		chance, mean_size = rng.uniform(0.08, 0.35), rng.uniform(1.0, 4.0)
	else:
		chance, mean_size = rng.uniform(0.08, 0.20), rng.uniform(6.0, 18.0)
	chances = np.minimum(chance * weekday_factor(dates), 1)
	occurs = rng.random(len(dates)) < chances
	if pattern == "intermittent":
		sizes = 1 + rng.poisson((mean_size - 1) * uplift)
	else:
		# a gamma of shape 1/3 has a CV^2 of 3; the 1 on top brings it down to above 2
		sizes = 1 + np.rint(rng.gamma(1 / 3, 3 * (mean_size - 1) * uplift))
	return Demand(chances * (1 + (mean_size - 1) * uplift), np.where(occurs, sizes, 0).astype(np.float64))


def _units_per_day(pattern: Pattern, unit_cost: float, rng: np.random.Generator) -> float:
	dear, cheap = _UNITS_PER_DAY[pattern]
	cheapness = 1 - np.log(unit_cost / _CHEAP) / np.log(_DEAR / _CHEAP)
	position = np.clip(cheapness + rng.normal(0, 0.15), 0, 1)
	return float(dear * (cheap / dear) ** position)


def _level_drift(days: int, rng: np.random.Generator) -> Values:
	"""A factor around 1 that wanders as customers come and go: 12 % up or down, for some 60 days."""
	keep = np.exp(-1 / 60)
	steps = rng.normal(0, 0.12 * np.sqrt(1 - keep**2), days)
	log_level = np.empty(days)
	level = rng.normal(0, 0.12)
	for day, step in enumerate(steps):
		level = keep * level + step
		log_level[day] = level
	return np.exp(log_level)


def _season(dates: npt.NDArray[np.datetime64], peak_day: int, strength: float) -> Values:
	"""A yearly factor exp(strength * cosine), highest on day `peak_day` of the year, 1 on average."""
	day_of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
	return np.exp(strength * np.cos(2 * np.pi * (day_of_year - peak_day) / 365.25)) / np.i0(strength)


def measure(history: DemandHistory) -> tuple[FloatArray, FloatArray]:
	"""ADI in working days and CV^2 of each item, shape (N,), from its first demand on.

	ADI is the number of working days over the number of them with demand. Both are nan without demand.
	"""
	dates = history.start + np.arange(history.days)
	demand = history.demand[np.is_busday(dates)].astype(np.float64)
	adi = np.full(demand.shape[1], np.nan)
	cv2 = np.full(demand.shape[1], np.nan)
	for column, series in enumerate(demand.T):
		active = np.flatnonzero(series)
		if len(active):
			sizes = series[active]
			adi[column] = (len(series) - active[0]) / len(active)
			cv2[column] = sizes.var() / sizes.mean() ** 2
	return adi.astype(np.float32), cv2.astype(np.float32)


def categorise(adi: float, cv2: float) -> Category:
	"""The category of an item by its ADI and CV^2."""
	if adi < ADI_CUT:
		return "smooth" if cv2 < CV2_CUT else "erratic"
	return "intermittent" if cv2 < CV2_CUT else "lumpy"
