"""Numbers and verdicts in words, for the report and the console alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow, Kind
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.lessons.answers import ONCE
from rl_replenishment.core.policies.order_up_to import REORDER_LEVEL
from rl_replenishment.report.content import EditLine

NBSP = "\u00a0"
MINUS = "\u2212"
NONE = "\u2013"
#: differences below this share of the cost are called the same
SAME = 0.0005
#: quantities closer than this, in stock UOM, are the same
SAME_QUANTITY = 1e-6

#: what else a row of a backtest is called
KINDS: Mapping[Kind, str] = {"peer": "peer", "bound": "bound", "as ordered": "your orders"}

Outcome = Literal["better", "worse", "unclear", "same", "unknown"]


def number(value: float, decimals: int = 0) -> str:
	"""A number with thousands separators and a true minus; a dash where it is not finite."""
	if not math.isfinite(value):
		return NONE
	text = f"{abs(value):,.{decimals}f}"
	negative = value < 0 and any(digit in "123456789" for digit in text)
	return f"{MINUS}{text}" if negative else text


def quantity(value: float) -> str:
	"""A quantity in stock UOM: whole where it is whole, else with up to two decimals."""
	if not math.isfinite(value):
		return NONE
	text = number(value, 2)
	return text.rstrip("0").rstrip(".")


def percent(share: float, decimals: int = 1) -> str:
	"""A share as percent, such as "97.3 %"."""
	return f"{number(100 * share, decimals)}{NBSP}%" if math.isfinite(share) else NONE


def signed_percent(share: float, decimals: int = 1) -> str:
	"""A difference as percent with its sign."""
	text = percent(share, decimals)
	return f"+{text}" if share > 0 and text != percent(0.0, decimals) else text


def interval(bounds: tuple[float, float], decimals: int = 1) -> str:
	"""An interval of differences, such as "-15.0 to -8.1 %"; a dash where there is none."""
	low, high = bounds
	if not (math.isfinite(low) and math.isfinite(high)):
		return NONE
	return f"{signed_percent(low, decimals).removesuffix(f'{NBSP}%')} to {signed_percent(high, decimals)}"


@dataclass(frozen=True)
class Money:
	"""How amounts are written."""

	#: such as "EUR"; "" leaves it out
	currency: str
	decimals: int

	@classmethod
	def fitting(cls, currency: str, largest: float) -> Money:
		"""Cents where amounts are small, none where they would only be noise."""
		return cls(currency, 0 if largest >= 1000 else 2)

	def amount(self, value: float) -> str:
		"""The number alone, for a column whose head names the currency."""
		return number(value, self.decimals)

	def signed(self, value: float) -> str:
		"""The number alone with its sign."""
		text = self.amount(value)
		return f"+{text}" if value > 0 and text != self.amount(0.0) else text

	def __call__(self, value: float) -> str:
		return f"{self.amount(value)}{NBSP}{self.currency}" if self.currency else self.amount(value)


@dataclass(frozen=True)
class Verdict:
	"""How the learned policy did, in one sentence and what to make of it."""

	outcome: Outcome
	#: two or three words
	badge: str
	headline: str
	#: what the headline must not be read without; "" for nothing
	caution: str


def reliable_interval(backtest: Backtest, row: BacktestRow) -> tuple[float, float]:
	"""The interval of a row, or nan where there is a single item: resampling one item shows no variation."""
	return row.ci95 if len(backtest.scenario.items) > 1 else (math.nan, math.nan)


def verdict(backtest: Backtest, row: BacktestRow, money: Money) -> Verdict:
	"""Compare the learned policy with the best rule, as plainly where it is worse as where it is better."""
	reference = backtest.best_baseline
	difference, bounds = row.cost_vs_best_baseline, reliable_interval(backtest, row)
	service = fill_rates(row.ledger.fill_rate, reference.ledger.fill_rate)
	if not math.isfinite(difference):
		return Verdict(
			"unknown",
			"No comparison",
			f"The best rule cost nothing in these days; the learned policy would have cost "
			f"{money(float(row.ledger.cost.sum()))} {service}.",
			"Where the rule costs nothing, no percentage can be given.",
		)
	claim = cost_claim(difference, bounds, "the best rule")
	headline = f"The learned policy would have cost {claim} {service}."
	found = outcome(difference, bounds)
	cautions = [_few_items(len(backtest.scenario.items))]
	if found == "unclear":
		cautions.insert(0, _DOUBT if math.isfinite(bounds[0]) else _SINGLE_ITEM)
	return Verdict(found, _BADGES[found], headline, " ".join(filter(None, cautions)))


_BADGES: dict[Outcome, str] = {
	"better": "Cheaper than the best rule",
	"worse": "Costs more than the best rule",
	"same": "No difference",
	"unclear": "No clear difference",
}
_DOUBT = (
	"The interval includes zero: this difference can be chance, and these days do not show which of the two "
	"is better."
)
_SINGLE_ITEM = "There is no interval for a single item, so this difference can be chance."


def against_reorder_level(backtest: Backtest, row: BacktestRow) -> str:
	"""How a policy did against the rule ERPNext users have, "" where that was not run or cost nothing."""
	rules = [rule for rule in backtest.rows if rule.ledger.policy == REORDER_LEVEL]
	if not rules or not rules[0].ledger.cost.sum():
		return ""
	difference, bounds = _against(backtest, row, rules[0])
	claim = cost_claim(difference, bounds, "ERPNext's own automatic re-order with tuned reorder levels")
	return f"It would have cost {claim}, {fill_rates(row.ledger.fill_rate, rules[0].ledger.fill_rate)}."


def against_as_ordered(backtest: Backtest, row: BacktestRow, money: Money) -> Verdict | None:
	"""A policy against what was really ordered, None where that is not known."""
	books = backtest.as_ordered
	if books is None:
		return None
	real, planned = (float(each.ledger.cost.sum()) for each in (books, row))
	ordered = f"What was really ordered cost {money(real)} in these days; the learned policy would have cost"
	service = fill_rates(row.ledger.fill_rate, books.ledger.fill_rate)
	if not real:
		return Verdict("unknown", "No comparison", f"{ordered} {money(planned)} {service}.", "")
	difference, bounds = _against(backtest, row, books)
	found = outcome(difference, bounds)
	claim = "the same" if found == "same" else cost_claim(difference, bounds, "that")
	caution = (_DOUBT if math.isfinite(bounds[0]) else _SINGLE_ITEM) if found == "unclear" else ""
	return Verdict(found, _BADGES_ON_ORDERS[found], f"{ordered} {claim}, {service}.", caution)


_BADGES_ON_ORDERS: dict[Outcome, str] = {
	"better": "Cheaper than your orders",
	"worse": "Costs more than your orders",
	"same": "No difference",
	"unclear": "No clear difference",
}


def _against(backtest: Backtest, row: BacktestRow, other: BacktestRow) -> tuple[float, tuple[float, float]]:
	"""Cost over that of another row, less 1, and its interval: nan for a single item."""
	# a fixed seed: the same backtest must give the same words
	difference, bounds = relative_difference(row.ledger.cost, other.ledger.cost, np.random.default_rng(0))
	return difference, bounds if len(backtest.scenario.items) > 1 else (math.nan, math.nan)


def outcome(difference: float, bounds: tuple[float, float]) -> Outcome:
	"""What a finite difference in cost and its interval allow to say."""
	low, high = bounds
	if abs(difference) < SAME:
		return "same"
	if high < 0:
		return "better"
	return "worse" if low > 0 else "unclear"


def cost_claim(difference: float, bounds: tuple[float, float], other: str) -> str:
	"""What follows "would have cost", such as "12 % less than the best rule (interval 8 to 15 %)"."""
	if abs(difference) < SAME:
		return f"the same as {other}"
	return f"{_size(difference)} {_direction(difference)} than {other}{_known_interval(*bounds)}"


def fill_rates(mine: float, other: float) -> str:
	"""Two fill rates, such as "at a fill rate of 97.3 % instead of 96.8 %"; a lower one is called lower."""
	if percent(mine) == percent(other):
		return f"at the same fill rate of {percent(mine)}"
	return f"at a {'lower ' if mine < other else ''}fill rate of {percent(mine)} instead of {percent(other)}"


def _direction(difference: float) -> str:
	return "less" if difference < 0 else "more"


def _size(difference: float) -> str:
	"""A difference without its sign; a tenth of a percent counts below ten percent only."""
	text = number(100 * abs(difference), 0 if abs(difference) >= 0.0995 else 1)
	return f"{text.removesuffix('.0')}{NBSP}%"


def _known_interval(low: float, high: float) -> str:
	if not (math.isfinite(low) and math.isfinite(high)):
		return ""
	if low <= 0 <= high:
		return f" (interval from {_size(low)} {_direction(low)} to {_size(high)} {_direction(high)})"
	near, far = sorted((abs(low), abs(high)))
	return f" (interval {_size(near).removesuffix(f'{NBSP}%')} to {_size(far)})"


def _few_items(n: int) -> str:
	return f"Only {n} items were compared, so the interval is rough." if 1 < n < 10 else ""


def moved_towards_buyer(line: EditLine) -> float:
	"""How far a proposal moved: 1 to the buyer's quantity, 0 not at all, below 0 away; nan where kept."""
	before = abs(line.proposed_before - line.ordered)
	if before < SAME_QUANTITY:
		return math.nan
	return 1 - abs(line.proposed_after - line.ordered) / before


def met_halfway(lines: Sequence[EditLine]) -> tuple[int, int, float]:
	"""How proposals came to meet the buyer where his change was no matter of one order alone.

	The lines that he changed out of habit or better knowledge, those of them that moved towards his quantity,
	and how far the one in the middle moved, see `moved_towards_buyer`; NaN where there are none.
	"""
	shares = [moved_towards_buyer(line) for line in lines if line.reason.strip().casefold() not in ONCE]
	known = [share for share in shares if not math.isnan(share)]
	return len(known), sum(share > 1e-9 for share in known), median(known) if known else math.nan


def met_words(lines: Sequence[EditLine]) -> str:
	"""The same in a sentence, "" where no line was changed so."""
	count, nearer, middle = met_halfway(lines)
	if not count:
		return ""
	return (
		f"Of {count} lines that the buyer changed out of habit or better knowledge, {nearer}"
		f" ({percent(nearer / count, 0)}) moved towards what he ordered, the one in the middle by"
		f" {percent(middle, 0)} of the way."
	)


def movement(line: EditLine) -> str:
	"""What the policy made of an edit, in words."""
	share = moved_towards_buyer(line)
	if math.isnan(share):
		kept = abs(line.proposed_after - line.ordered) < SAME_QUANTITY
		return "kept by the buyer, unchanged" if kept else "kept by the buyer, changed since"
	if abs(line.proposed_after - line.proposed_before) < SAME_QUANTITY:
		return "unchanged"
	if share > 1 - 1e-9:
		return "now the buyer's quantity"
	if share > 0:
		past = (line.proposed_after - line.ordered) * (line.proposed_before - line.ordered) < 0
		return "closer, past the buyer's quantity" if past else f"{percent(share, 0)} of the way to the buyer"
	return "away from the buyer"
