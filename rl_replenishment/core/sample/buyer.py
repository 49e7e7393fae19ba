"""A simulated buyer who knows what no system knows, and edits proposals by a few habits.

The habits, in the order in which they apply to a line:

1. promotion: once, when the goods of this order arrive just before a promotion, its extra sales are added;
2. distrust: one supplier delivers too unreliably, so orders from it get a share on top;
3. supplier minimum: an order close to whole pallets becomes whole pallets;
4. supplier minimum: an order not far below the supplier's minimum value is filled up with what sells most.

All other lines stay as proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable, feasible_quantity
from rl_replenishment.core.sample.company import Promotion, SampleCompany

Reason: TypeAlias = Literal["promotion", "supplier minimum", "budget", "project", "distrust", "other", ""]
#: why a buyer may have changed a line, "" where nothing was changed or no reason given
REASONS: tuple[str, ...] = get_args(Reason)


@dataclass(frozen=True, eq=False)
class BuyerDecision:
	"""The answer to N proposals."""

	#: shape (N,), in stock UOM
	ordered_qty: FloatArray
	#: one per line, the first habit that applied; "" where ordered is as proposed
	reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Buyer:
	"""The habits of a buyer, who knows items and suppliers by name and so can decide on any table of them."""

	promotions: tuple[Promotion, ...] = ()
	#: units per pallet by item code
	pallet_qty: Mapping[str, float] = field(default_factory=dict)
	#: money that an order to a supplier should come to, by supplier
	minimum_order_value: Mapping[str, float] = field(default_factory=dict)
	distrusted_supplier: str = ""
	#: share added to what is ordered from the distrusted supplier
	safety_share: float = 0.25
	#: share of a pallet that an order may be off whole pallets to be rounded to them
	pallet_tolerance: float = 0.25
	#: share of a supplier's minimum value from which an order is filled up to it
	fill_up_from: float = 0.5
	#: chance that a line is looked at; the others are ordered as proposed
	attention: float = 1.0

	def decide(
		self,
		items: ItemTable,
		proposed_qty: FloatArray,
		*,
		review_days: int,
		today: np.datetime64,
		daily_demand: FloatArray,
		rng: np.random.Generator,
	) -> BuyerDecision:
		"""Answer proposals of shape (N,) with ordered quantities, in stock UOM.

		`daily_demand`, shape (N,), is the usual demand per day. Chance plays a part only where `attention` is
		below 1.
		"""
		proposed = np.asarray(proposed_qty, dtype=np.float32)
		if proposed.shape != (len(items),):
			raise ValueError(f"proposed_qty has shape {proposed.shape}, expected ({len(items)},)")
		looked_at = rng.random(len(items)) < self.attention
		lines = _Lines(items, proposed, looked_at)
		extra = self._promotional_demand(items, today, review_days) * daily_demand
		lines.change(proposed + extra, extra > 0, "promotion")
		distrusted = np.array([bool(name) and name == self.distrusted_supplier for name in items.suppliers])
		# on top of the proposal, not of a promotion's goods: those are ordered with time to spare
		lines.change(
			lines.ordered + self.safety_share * proposed, distrusted & (lines.ordered > 0), "distrust"
		)
		self._round_to_pallets(lines)
		self._fill_up_orders(lines, daily_demand)
		return lines.decision()

	def _promotional_demand(
		self, items: ItemTable, today: np.datetime64, review_days: int
	) -> npt.NDArray[np.float32]:
		"""Days' worth of usual demand to order on top, shape (N,).

		A promotion counts at one review only: the last whose goods arrive in time, delays allowed for.
		"""
		notice = np.ceil(items.lead_time_days + items.lead_time_std_days)
		extra = np.zeros(len(items), dtype=np.float32)
		codes = np.array([key.item_code for key in items.keys])
		for promotion in self.promotions:
			days_ahead = int((promotion.start - today.astype("datetime64[D]")).astype(int))
			due = (notice <= days_ahead) & (days_ahead < notice + review_days)
			extra[due & (codes == promotion.item_code)] += (promotion.uplift - 1) * promotion.days
		return extra

	def _round_to_pallets(self, lines: _Lines) -> None:
		pallet = np.array([self.pallet_qty.get(key.item_code, 0.0) for key in lines.items.keys], np.float32)
		known = np.maximum(pallet, 1)
		whole = np.rint(lines.ordered / known) * known
		close = np.abs(lines.ordered - whole) <= self.pallet_tolerance * known
		lines.change(whole, (pallet > 0) & (whole > 0) & close, "supplier minimum")

	def _fill_up_orders(self, lines: _Lines, daily_demand: FloatArray) -> None:
		items = lines.items
		suppliers = np.array(items.suppliers)
		for supplier, minimum in self.minimum_order_value.items():
			own = (suppliers == supplier) & (lines.ordered > 0)
			value = float((lines.ordered * items.unit_cost)[own].sum())
			if not self.fill_up_from * minimum <= value < minimum:
				continue
			# money's worth sold per day: what is bought too early of it is gone soonest
			turnover = np.where(own, daily_demand * items.unit_cost, -1)
			fastest = int(turnover.argmax())
			missing = np.float32((minimum - value) / max(float(items.unit_cost[fastest]), 1e-9))
			chosen = np.arange(len(items)) == fastest
			lines.change(lines.ordered + missing, chosen, "supplier minimum")


class _Lines:
	"""The order as it is being edited."""

	def __init__(self, items: ItemTable, proposed: FloatArray, looked_at: npt.NDArray[np.bool_]) -> None:
		self.items = items
		self.proposed = proposed
		self.ordered = proposed.copy()
		self._looked_at = looked_at
		self._reasons: list[Reason] = [""] * len(items)

	def change(self, wished: FloatArray, where: npt.NDArray[np.bool_], reason: Reason) -> None:
		"""Order what is wished, as the supplier accepts it, on the lines of `where` that are looked at."""
		accepted = feasible_quantity(self.items, wished)
		changed = where & self._looked_at & (accepted != self.ordered)
		self.ordered[changed] = accepted[changed]
		for line in np.flatnonzero(changed):
			self._reasons[line] = self._reasons[line] or reason

	def decision(self) -> BuyerDecision:
		# one habit may undo another
		kept = self.ordered == self.proposed
		reasons = tuple("" if same else reason for same, reason in zip(kept, self._reasons, strict=True))
		return BuyerDecision(self.ordered, reasons)


def sample_buyer(company: SampleCompany, *, attention: float = 1.0) -> Buyer:
	"""The sample company's buyer, who distrusts the supplier whose lead time varies most for its length."""
	suppliers = sorted(set(company.suppliers))
	distrusted = max(suppliers, key=lambda supplier: supplier.lead_time_std_days / supplier.lead_time_days)
	pallets = zip(company.items.keys, company.pallet_qty, strict=True)
	return Buyer(
		promotions=company.promotions,
		pallet_qty={key.item_code: float(pallet) for key, pallet in pallets if pallet > 0},
		minimum_order_value={supplier.name: supplier.minimum_order_value for supplier in suppliers},
		distrusted_supplier=distrusted.name,
		attention=attention,
	)
