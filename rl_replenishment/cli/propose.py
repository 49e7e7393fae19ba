"""Propose what to order from the stock on hand, with a reason for each quantity."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.console import proposal_table
from rl_replenishment.cli.matching import Index, adapted_to_orders, find_items, refuse_shared, some
from rl_replenishment.cli.options import (
	add_item_arguments,
	add_policy_argument,
	counted,
	day,
	given_date,
	positive,
	read_history,
	read_item_table,
	without_gaps,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Imputed
from rl_replenishment.core.edits.announced import announces, set_aside
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import read_ends, read_promises
from rl_replenishment.core.files.feedback import FeedbackRows, read_feedback
from rl_replenishment.core.files.stock import StockRows, read_stock
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.adaptation import adapted, lenders
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.store import StoredPolicy, read_policy
from rl_replenishment.core.proposal import Proposal, arrivals_by_day, propose
from rl_replenishment.core.training.from_history import snapshot
from rl_replenishment.report.content import ProposalLine


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	parser.add_argument(
		"stock", metavar="STOCK.csv", type=Path, help="item_code, on_hand, on_order, expected_date"
	)
	add_policy_argument(parser)
	parser.add_argument(
		"--orders", metavar="ORDERS.csv", type=Path, help="demand up to yesterday (default: as of training)"
	)
	add_item_arguments(parser)
	parser.add_argument(
		"--feedback",
		metavar="FEEDBACK.csv",
		type=Path,
		help="what the buyer ordered for a promotion or a project, which these proposals leave alone",
	)
	parser.add_argument(
		"--max-cover-days",
		metavar="DAYS",
		type=positive(float),
		help="order so that stock lasts so long at most (default: no limit beyond the rule's own)",
	)
	parser.add_argument(
		"--today", metavar="DATE", help="day of ordering (default: the day after the last demand)"
	)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Propose for every row of STOCK."""
	stored, latest = _with_latest_demand(options, read_policy(options.policy), screen)
	today = _today(options, stored, screen)
	stock = read_stock(options.stock, today=today, date_format=options.date_format)
	index = _find_stock(stock.keys, stored.snapshot.items.keys, options.stock.name)
	applied = adapted(stored, stock.keys, index)
	items = read_item_table(options, stock.keys, screen, known=applied.snapshot.items)
	lender = lenders(stored.snapshot, items, index)
	unknown = [key for key, at, like in zip(stock.keys, index, lender, strict=True) if max(at, like) < 0]
	if unknown:
		screen.note(f"No demand is known of {some(unknown)}.")
	borrowed = np.zeros(len(stored.snapshot.items), np.float32) if latest is None else latest.borrowed
	state = replace(
		_state(applied, items, stock, today),
		demand=stored.snapshot.demand.reindexed(np.where(index < 0, lender, index)),
		borrowed=np.where(index < 0, np.float32(lender >= 0), borrowed[index]),
	)
	if latest is not None:
		state = replace(
			state,
			left_out=_of(latest.left_out, index),
			left_out_days_ago=_of(latest.left_out_days_ago, index),
		)
	if options.feedback is not None and latest is not None:
		announced = read_feedback(options.feedback, options.date_format)
		kept = _set_aside(announced, latest.as_booked, items, index, options.feedback.name, screen)
		state = replace(state, set_aside=kept)
	free = [
		key for key, costs_nothing in zip(items.keys, _costs_nothing(items), strict=True) if costs_nothing
	]
	if free:
		screen.note(
			f"By unit cost and holding rate, stock of {some(free)} costs nothing: what is ordered may last"
			" a year. Correct them, or give --max-cover-days."
		)
	state = _with_dates(options, state, today)
	proposals = propose(applied.policy, state, max_cover_days=options.max_cover_days)
	held = [ItemKey(each.item_code, each.warehouse) for each in proposals if each.held_back]
	if held:
		screen.note(f"Wanted, and held back for the reason given with each: {some(held)}.")
	lines = sorted((p for p in proposals if p.proposed_qty), key=lambda p: (p.supplier, p.item_code))
	if lines:
		screen.say(proposal_table([as_line(proposal) for proposal in lines]))
	screen.say(f"{len(lines):,} of {counted(len(proposals), 'item-warehouse')} to order on {day(today)}.")
	return {
		"today": day(today),
		"proposals": [asdict(proposal) for proposal in proposals],
	}


def as_line(proposal: Proposal, item_name: str = "") -> ProposalLine:
	"""A proposal as tables and reports show it."""
	return ProposalLine(
		item_code=str(ItemKey(proposal.item_code, proposal.warehouse)),
		item_name=item_name,
		supplier=proposal.supplier,
		on_hand=proposal.on_hand,
		on_order=proposal.on_order,
		proposed_qty=proposal.proposed_qty,
		baseline_qty=proposal.baseline_qty,
		reason=proposal.reason,
	)


def _with_latest_demand(
	options: argparse.Namespace, stored: StoredPolicy, screen: Screen
) -> tuple[StoredPolicy, Imputed | None]:
	if options.orders is None:
		if options.feedback is not None:
			raise InputError(
				"--feedback needs --orders: what waits for a promotion is kept until they show that it came."
			)
		screen.note(
			f"Demand is as of {day(stored.snapshot.today)}, when the policy was trained;"
			" --orders brings newer."
		)
		return stored, None
	history = read_history(options.orders, options.date_format, screen)
	stored = adapted_to_orders(
		stored, history.keys, options.orders.name, screen, with_costs=options.items is None
	)
	latest = without_gaps(options, history, stored.snapshot.items, screen)
	known = snapshot(latest.history, stored.snapshot.items, stored.review_days)
	return replace(stored, snapshot=known), latest


def _set_aside(
	rows: FeedbackRows, history: DemandHistory, items: ItemTable, index: Index, source: str, screen: Screen
) -> FloatArray:
	"""What waits for announced demand, shape (N,); `index`, shape (N,), is each item's place in `history`."""

	def refusal(row: int, problem: str) -> InputError:
		return InputError(f"{source}, row {rows.lines[row]}: {problem}.")

	undated = int((announces(rows) & np.isnat(rows.date)).sum())
	if undated:
		screen.note(f"{source}: {counted(undated, 'announcement')} without a date cannot be waited for.")
	place = find_items(rows.keys, items.keys, refusal)
	known = np.flatnonzero(place >= 0)
	# no demand is known of what the history does not know
	demand = np.pad(history.demand, ((0, 0), (0, 1)))[:, index]
	return set_aside(items, DemandHistory(items.keys, history.start, demand), rows.take(known), place[known])


def _costs_nothing(items: ItemTable) -> npt.NDArray[np.bool_]:
	"""Where nothing but a bound keeps orders small, shape (N,)."""
	return (items.holding_cost <= 0) & (items.order_cost > 0)


def _with_dates(options: argparse.Namespace, state: State, today: np.datetime64) -> State:
	"""The state with the end of its items and what is promised by date."""
	keys = state.items.keys
	promised = read_promises(options.stock, keys, today, options.date_format)
	told = [each for each in (state.known_demand, promised) if each is not None]
	days = max((len(each) for each in told), default=0)
	known = [np.pad(each, ((0, days - len(each)), (0, 0))) for each in told]
	state = replace(state, known_demand=np.sum(known, axis=0, dtype=np.float32) if known else None)
	if options.items is None:
		return state
	ends = read_ends(options.items, keys, options.date_format)
	# the last day is one on which it is still sold
	left = np.where(np.isnat(ends), np.inf, np.maximum((ends - today).astype(np.float64) + 1, 0))
	return replace(state, days_to_end=left.astype(np.float32))


def _of(known: FloatArray, index: Index) -> FloatArray:
	"""What is known of the history's items, for those at `index`; 0 where that is -1."""
	return np.append(known, np.float32(0))[index]


def _find_stock(keys: Sequence[ItemKey], known: Sequence[ItemKey], source: str) -> Index:
	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{source}: {problem}.")

	index = find_items(keys, known, refusal)
	refuse_shared(keys, index, refusal)
	return index


def _state(applied: StoredPolicy, items: ItemTable, stock: StockRows, today: np.datetime64) -> State:
	lead_time = items.whole_lead_time_days[stock.arrival_item]
	unknown_date = np.isnat(stock.arrival_day)
	ahead = np.where(unknown_date, lead_time, (stock.arrival_day - today).astype(np.int64))
	return State(
		items=items,
		today=today,
		review_days=applied.review_days,
		on_hand=(stock.on_hand - stock.reserved).astype(np.float32),
		arrivals=arrivals_by_day(len(items), stock.arrival_item, ahead, stock.arrival_quantity),
		demand=applied.snapshot.demand,
		unmet_demand=applied.unmet_demand,
	)


def _today(options: argparse.Namespace, stored: StoredPolicy, screen: Screen) -> np.datetime64:
	known_until = stored.snapshot.today
	if options.today is None:
		return known_until
	today = given_date(options.today, options.date_format, "--today")
	missing = int((today - known_until).astype(int))
	if missing > 0:
		screen.note(
			f"Nothing is known of the demand on the last {counted(missing, 'day')} before {day(today)}."
		)
	elif missing < 0:
		screen.note(
			f"Demand is known up to {day(known_until - 1)}, later than --today {day(today)},"
			" and all of it counts."
		)
	return today
