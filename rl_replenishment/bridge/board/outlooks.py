"""Stock and demand of open lines as `core.outlook` follows them: read anew, without the lines themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import frappe
import numpy as np
from frappe.utils import flt

from rl_replenishment.bridge.board.open_lines import OpenLine
from rl_replenishment.bridge.state.stock import Stock, read_stock, take_off
from rl_replenishment.core.items import DAYS_PER_YEAR, FloatArray, ItemKey
from rl_replenishment.core.outlook import Outlook


@dataclass(frozen=True, eq=False)
class Outlooks:
	"""What is known of L lines of one agent."""

	lines: list[OpenLine]
	outlook: Outlook
	#: in stock UOM, shape (L,); without what the lines themselves ask for
	on_order: FloatArray
	#: the day of the next arrival of each, None where nothing arrives
	next_arrivals: list[date | None]


def read_outlooks(lines: Sequence[OpenLine], today: date) -> list[Outlooks]:
	"""By agent, in a bounded number of queries for each of them."""
	by_agent: dict[str, list[OpenLine]] = defaultdict(list)
	for line in lines:
		by_agent[line.agent].append(line)
	return [_of_agent(agent, group, today) for agent, group in by_agent.items()]


def _of_agent(agent: str, lines: list[OpenLine], today: date) -> Outlooks:
	settings = frappe.get_cached_doc("RL Agent Settings", agent)
	keys = list(dict.fromkeys(ItemKey(line.item_code, line.warehouse) for line in lines))
	first = {ItemKey(line.item_code, line.warehouse): line for line in reversed(lines)}
	rate = _column([flt(first[key].state.get("mean_daily_demand")) for key in keys])
	lead = np.rint(_column([flt(first[key].state.get("lead_time_days")) for key in keys])).astype(np.int32)
	stock = read_stock(settings, keys, today, lead, rate)
	position = {key: i for i, key in enumerate(keys)}
	at = [position[line.item_code, line.warehouse] for line in lines]
	due = [
		max((line.required_by - today).days if line.required_by else 0, int(lead[i]), 0)
		for line, i in zip(lines, at, strict=True)
	]
	arrivals = _without_own(stock, lines, at, due)
	protection = _column(
		[
			flt(line.state.get("protection_days")) or int(lead[i]) + settings.review_days
			for line, i in zip(lines, at, strict=True)
		]
	)
	low, middle, high = (
		_column(column)
		for column in zip(
			*(_demand(line, days) for line, days in zip(lines, protection.tolist(), strict=True)), strict=True
		)
	)
	unit_cost = _column([line.rate for line in lines])
	set_aside = _column([flt(line.state.get("set_aside")) for line in lines])
	outlook = Outlook(
		on_hand=stock.on_hand[at] - set_aside,
		arrivals=arrivals,
		known_demand=stock.promised[:, at],
		arrival_days=_column(due),
		protection_days=np.maximum(protection, _column(due) + 1),
		low=low,
		middle=middle,
		high=high,
		holding_cost=unit_cost * np.float32(settings.holding_rate / DAYS_PER_YEAR),
		stockout_cost=unit_cost * np.float32(settings.stockout_rate),
		order_cost=np.full(len(lines), flt(settings.order_cost), np.float32),
		review_days=settings.review_days,
		unmet_demand=settings.unmet_demand.lower(),
	)
	return Outlooks(lines, outlook, arrivals.sum(axis=0), _next_arrivals(arrivals, today))


def _demand(line: OpenLine, days: float) -> tuple[float, float, float]:
	"""Demand over the protection interval: low, middle and high, as the policy had it when it proposed."""
	state = line.state
	usual = flt(state.get("mean_daily_demand")) * days
	low, high = flt(state.get("demand_low", usual)), flt(state.get("demand_high", usual))
	# proposals of before it was kept have no middle
	middle = flt(state.get("demand_middle") or usual)
	return min(low, middle), min(max(middle, low), max(high, low)), max(high, middle)


def _without_own(stock: Stock, lines: list[OpenLine], at: list[int], due: list[int]) -> FloatArray:
	"""Arrivals by day and line, shape (H, L), less what each line asks for itself, on its day or nearby."""
	arrivals = stock.arrivals[:, at].copy()
	for column, line in enumerate(lines):
		take_off(arrivals, column, due[column], line.wanted)
	# the noise of sums in single precision
	return np.where(arrivals > 1e-3, arrivals, 0).astype(np.float32)


def _next_arrivals(arrivals: FloatArray, today: date) -> list[date | None]:
	days = np.where((arrivals > 0).any(axis=0), (arrivals > 0).argmax(axis=0), -1)
	return [today + timedelta(days=int(day)) if day >= 0 else None for day in days]


def _column(values: Sequence[float]) -> FloatArray:
	return np.array(values, np.float32)
