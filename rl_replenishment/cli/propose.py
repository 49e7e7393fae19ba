"""Propose what to order from the stock on hand, with a reason for each quantity."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.console import proposal_table
from rl_replenishment.cli.lessons import (
	add_trust_argument,
	lessons_as_json,
	lessons_of,
	tell_constraints,
	tell_lessons,
)
from rl_replenishment.cli.matching import adapted_to_orders
from rl_replenishment.cli.options import (
	add_item_arguments,
	add_policy_argument,
	add_today_argument,
	counted,
	day,
	given_date,
	not_negative,
	positive,
	read_item_table,
	read_lines,
	without_gaps,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.cli.terms import (
	add_terms_arguments,
	minute_of_ordering,
	orders_as_json,
	tell_orders,
	terms_of,
)
from rl_replenishment.core.budget import within_budget
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Imputed
from rl_replenishment.core.demand.rhythm import DAILY
from rl_replenishment.core.edits.announced import announces, set_aside
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import read_ends, read_promises
from rl_replenishment.core.files.feedback import FeedbackRows, read_feedback
from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.matching import Index, find_items, refuse_shared, some
from rl_replenishment.core.files.orders import FutureOrders, Orders
from rl_replenishment.core.files.stock import StockRows, read_stock
from rl_replenishment.core.files.table import shown
from rl_replenishment.core.files.units import same_unit
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.lessons.lessons import LESSONS, lessons_from
from rl_replenishment.core.overdue import long_overdue, overdue_by_item, patience_days
from rl_replenishment.core.policies.adaptation import adapted, lenders
from rl_replenishment.core.policies.base import State, usual_rate
from rl_replenishment.core.policies.store import StoredPolicy, read_policy
from rl_replenishment.core.proposal import Proposal, arrivals_by_day, propose
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.targets import SERVICE, factors_of, serving, targets_from
from rl_replenishment.core.terms.calendar import timed, timing
from rl_replenishment.core.terms.proposals import SupplierOrder, on_terms
from rl_replenishment.core.training.from_history import snapshot
from rl_replenishment.core.transfers import TransferTerms, before_buying, once_moved
from rl_replenishment.core.usable_stock import usable_stock
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
		help="what the buyer made of earlier proposals: these follow his corrections, and leave alone what he"
		" ordered for a promotion or a project (default: the corrections that learn was given)",
	)
	add_trust_argument(parser)
	parser.add_argument(
		"--max-cover-days",
		metavar="DAYS",
		type=positive(float),
		help="order so that stock lasts so long at most (default: no limit beyond the rule's own)",
	)
	parser.add_argument(
		"--budget",
		metavar="MONEY",
		type=not_negative(float),
		help="order for so much at most, by unit costs: first what avoids most stock-out cost per money",
	)
	parser.add_argument(
		"--transfer-cost",
		metavar="MONEY",
		type=not_negative(float),
		help="what it costs to move an item between two warehouses: what one has too much of goes to another"
		" before that one buys it, where that is cheaper (default: nothing is moved)",
	)
	parser.add_argument(
		"--transfer-days",
		metavar="DAYS",
		type=not_negative(int),
		default=TransferTerms.lead_time_days,
		help=f"days that it takes (default: {TransferTerms.lead_time_days})",
	)
	add_today_argument(parser)
	add_terms_arguments(parser, with_time=True)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Propose for every row of STOCK."""
	stored, latest, lines = _with_latest_demand(options, read_policy(options.policy), screen)
	today = _today(options, stored, screen)
	stock = read_stock(options.stock, today=today, date_format=options.date_format, note=screen.note)
	stock, index = _with_what_is_missing(stock, stored.snapshot.items.keys, options.stock.name, screen)
	applied = serving(adapted(stored, stock.keys, index))
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
	if lines is not None:
		_check_units(stock, lines, index, options)
	if latest is not None:
		state = replace(
			state,
			left_out=_of(latest.left_out, index),
			left_out_days_ago=_of(latest.left_out_days_ago, index),
		)
	lessons = lessons_from(stored.about.get(LESSONS))
	if options.feedback is not None and latest is not None:
		answers = read_feedback(options.feedback, options.date_format, screen.note)
		demand = _of_items(latest.as_booked, items, index)
		answers, place = _about(answers, items, options.feedback.name, screen)
		state = replace(state, set_aside=set_aside(items, demand, answers, place))
		reading = read_answers(items, demand, answers, place, applied.review_days, applied.unmet_demand)
		items = reading.items
		state = replace(state, items=items)
		demand = _of_items(latest.history, items, index)
		lessons = lessons_of(reading, demand, answers, place, applied, today, options)
		tell_constraints(reading, screen)
		tell_lessons(lessons, screen)
	terms = terms_of(options, items, screen)
	free = [
		key for key, costs_nothing in zip(items.keys, _costs_nothing(items), strict=True) if costs_nothing
	]
	if free:
		screen.note(
			f"By unit cost and holding rate, stock of {some(free)} costs nothing: what is ordered may last"
			" a year. Correct them, or give --max-cover-days."
		)
	future = None if lines is None or not lines.future else _known_demand(lines.future, index, today)
	state = _with_dates(options, _without_what_expires(stock, state, today), today, future)
	rhythm = stored.about.get("data", {}).get("rhythm", DAILY) if latest is None else latest.history.rhythm
	days, orders = None, list[SupplierOrder]()
	if terms is not None:
		lead, minute = items.whole_lead_time_days, minute_of_ordering(options)
		days = timing(terms, lead, today, applied.review_days, minute=minute)
		state = timed(state, days)
	proposals = propose(applied.policy, state, max_cover_days=options.max_cover_days, lessons=lessons)
	if rhythm != DAILY:
		known = f" Demand is known in {rhythm}."
		proposals = [replace(proposal, reason=proposal.reason + known) for proposal in proposals]
	if state.long_overdue is not None and state.long_overdue.any():
		given_up = [items.keys[i] for i in np.flatnonzero(state.long_overdue)]
		screen.note(
			f"Overdue for so long that nothing counts on it any more: orders of {some(given_up)}. Chase them,"
			" date them anew, or take them out."
		)
	transfers: list[Proposal] = []
	if options.transfer_cost is not None:
		transfer_terms = TransferTerms(options.transfer_cost, options.transfer_days)
		proposals, moved = before_buying(proposals, state, transfer_terms)
		transfers = [transfer for _, transfer in moved]
		state = once_moved(state, moved, options.transfer_days)
	if terms is not None and days is not None:
		proposals, orders = on_terms(proposals, state, terms, days, max_cover_days=options.max_cover_days)
		tell_orders(orders, screen)
	budget = None
	if options.budget is not None:
		budget = _within_budget(options.budget, proposals, state, stored, screen)
		proposals = budget.proposals
	held = [ItemKey(each.item_code, each.warehouse) for each in proposals if each.held_back]
	if held:
		screen.note(f"Wanted, and held back for the reason given with each: {some(held)}.")
	if transfers:
		screen.say(proposal_table([as_line(transfer) for transfer in transfers]))
		screen.say(f"{counted(len(transfers), 'transfer')} between warehouses, before anything is bought.")
	ordered = sorted((p for p in proposals if p.proposed_qty), key=lambda p: (p.supplier, p.item_code))
	if ordered:
		screen.say(proposal_table([as_line(proposal) for proposal in ordered]))
	screen.say(f"{len(ordered):,} of {counted(len(proposals), 'item-warehouse')} to order on {day(today)}.")
	return {
		"today": day(today),
		"rhythm": rhythm,
		"lessons": lessons_as_json(lessons),
		**({} if budget is None else {"budget": budget.as_json()}),
		"proposals": [
			{**asdict(proposal), "policy_qty": proposal.policy_qty} for proposal in (*proposals, *transfers)
		],
		"suppliers": orders_as_json(orders),
	}


@dataclass(frozen=True)
class _Budget:
	"""What a budget left of the proposals."""

	proposals: list[Proposal]
	money: float
	spent: float
	missing: float

	def as_json(self) -> dict[str, float]:
		return {"budget": self.money, "spent": self.spent, "missing": self.missing}


def _within_budget(
	money: float, proposals: list[Proposal], state: State, stored: StoredPolicy, screen: Screen
) -> _Budget:
	items = state.items
	targets = targets_from(stored.about.get(SERVICE))
	factor = factors_of(targets, items, classes_of(items, state.demand))
	within, spent = within_budget(
		proposals, state, items.unit_cost, money, stockout_cost=items.stockout_cost * factor
	)
	if spent.missing:
		screen.note(
			f"Of the budget of {money:,.2f}, {spent.value:,.2f} are spent; {spent.missing:,.2f} more are"
			" wanted, and left out where they are least urgent."
		)
	return _Budget(within, money, spent.value, spent.missing)


def as_line(proposal: Proposal, item_name: str = "") -> ProposalLine:
	"""A proposal as tables and reports show it."""
	return ProposalLine(
		item_code=str(ItemKey(proposal.item_code, proposal.warehouse)),
		item_name=item_name,
		supplier=f"from {proposal.from_warehouse}" if proposal.from_warehouse else proposal.supplier,
		on_hand=proposal.on_hand,
		on_order=proposal.on_order,
		proposed_qty=proposal.proposed_qty,
		baseline_qty=proposal.baseline_qty,
		reason=proposal.reason,
	)


def _with_latest_demand(
	options: argparse.Namespace, stored: StoredPolicy, screen: Screen
) -> tuple[StoredPolicy, Imputed | None, Orders | None]:
	if options.orders is None:
		if options.feedback is not None:
			raise InputError(
				"--feedback needs --orders: they show what became of what the buyer changed or announced."
			)
		screen.note(
			f"Demand is as of {day(stored.snapshot.today)}, when the policy was trained;"
			" --orders brings newer."
		)
		return stored, None, None
	history, lines = read_lines(options.orders, options.date_format, screen, options.today)
	stored = adapted_to_orders(
		stored, history.keys, options.orders.name, screen, with_costs=options.items is None
	)
	latest = without_gaps(options, history, stored.snapshot.items, screen, stored.review_days)
	known = snapshot(latest.history, stored.snapshot.items, stored.review_days)
	return replace(stored, snapshot=known), latest, lines


def _about(rows: FeedbackRows, items: ItemTable, source: str, screen: Screen) -> tuple[FeedbackRows, Index]:
	"""The answers about N items, and each one's place among them."""

	def refusal(row: int, problem: str) -> InputError:
		return InputError(f"{source}, row {rows.lines[row]}: {problem}.")

	undated = int((announces(rows) & np.isnat(rows.date)).sum())
	if undated:
		screen.note(f"{source}: {counted(undated, 'announcement')} without a date cannot be waited for.")
	place = find_items(rows.keys, items.keys, refusal)
	known = np.flatnonzero(place >= 0)
	return rows.take(known), place[known]


def _of_items(history: DemandHistory, items: ItemTable, index: Index) -> DemandHistory:
	"""The demand of N items; `index`, shape (N,), is each one's place in `history`, -1 for none."""
	# no demand is known of what the history does not know
	demand = np.pad(history.demand, ((0, 0), (0, 1)))[:, index]
	return DemandHistory(items.keys, history.start, demand)


def _costs_nothing(items: ItemTable) -> npt.NDArray[np.bool_]:
	"""Where nothing but a bound keeps orders small, shape (N,)."""
	return (items.holding_cost <= 0) & (items.order_cost > 0)


def _without_what_expires(stock: StockRows, state: State, today: np.datetime64) -> State:
	"""The state with the stock that can be sold before it expires."""
	if not len(stock.batch_item):
		return state
	count = len(stock.keys)
	in_batches = np.bincount(stock.batch_item, weights=stock.batch_quantity, minlength=count)
	# a batch is still sold on its last day
	days = (stock.batch_expiry - today).astype(np.float64) + 1
	usable = usable_stock(
		np.concatenate([stock.batch_item, np.arange(count)]),
		np.concatenate([stock.batch_quantity, stock.on_hand - in_batches]),
		np.concatenate([days, np.full(count, np.inf)]),
		usual_rate(state),
		promised=stock.reserved.astype(np.float32),
	)
	return replace(
		state,
		on_hand=(usable - stock.reserved).astype(np.float32),
		expiring=np.maximum(stock.on_hand - usable, 0).astype(np.float32),
	)


def _with_dates(
	options: argparse.Namespace, state: State, today: np.datetime64, future: FloatArray | None
) -> State:
	"""The state with the end of its items and what is promised or ordered by date; `future`, shape (D, N)."""
	keys = state.items.keys
	promised = read_promises(options.stock, keys, today, options.date_format)
	told = [each for each in (future, promised) if each is not None]
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


def _check_units(stock: StockRows, lines: Orders, index: Index, options: argparse.Namespace) -> None:
	"""Refuse an item whose stock is in another unit than what was sold of it."""
	for key, at, unit in zip(stock.keys, index.tolist(), stock.units, strict=True):
		if at >= 0 and not same_unit(unit, lines.units[at]):
			raise InputError(
				f"{options.stock.name}: {key} is in {shown(unit)}, but in {options.orders.name} in"
				f" {shown(lines.units[at])}; give both in the stock unit, or add a column stock_qty or"
				" conversion_factor to the orders."
			)


def _known_demand(future: FutureOrders, index: Index, today: np.datetime64) -> FloatArray:
	"""Future orders by the days until they leave, shape (D, N); `index`, shape (N,), is each item's place."""
	# one more, of which nothing is known
	places = 1 + int(max(index.max(initial=-1), future.item.max(initial=-1)))
	ahead = (future.day - today).astype(np.int64)
	return arrivals_by_day(places + 1, future.item, ahead, future.quantity)[:, index]


def _with_what_is_missing(
	stock: StockRows, known: Sequence[ItemKey], source: str, screen: Screen
) -> tuple[StockRows, Index]:
	"""The stock with the known items that its file leaves out, which are at 0, and the place of each item.

	Reports leave out what is at 0. They leave out whole warehouses for other reasons: of a warehouse that the
	file does not name, nothing is known.
	"""

	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{source}: {problem}.")

	index = find_items(stock.keys, known, refusal, lambda text: screen.note(f"{source}: {text}"))
	refuse_shared(stock.keys, index, refusal)
	absent = np.setdiff1d(np.arange(len(known)), index)
	named = {fold(key.warehouse) for key in stock.keys}
	told = [at for at in absent if not known[at].warehouse or named & {fold(known[at].warehouse), ""}]
	elsewhere = sorted({known[at].warehouse for at in absent}.difference(known[at].warehouse for at in told))
	if elsewhere:
		screen.note(f"{source} has no rows of {', '.join(elsewhere[:3])}: nothing is proposed there.")
	if told:
		missing = tuple(known[at] for at in told)
		screen.note(
			f"{source} leaves out {counted(len(told), 'item')} of the history, which are taken to be at 0 and"
			f" proposed for: {some(missing)}."
		)
		stock, index = stock.with_none_of(missing), np.append(index, told).astype(np.intp)
	return stock, index


def _state(applied: StoredPolicy, items: ItemTable, stock: StockRows, today: np.datetime64) -> State:
	lead_time = items.whole_lead_time_days[stock.arrival_item]
	unknown_date = np.isnat(stock.arrival_day)
	ahead = np.where(unknown_date, lead_time, (stock.arrival_day - today).astype(np.int64))
	patience = patience_days(items.lead_time_days, items.lead_time_std_days)
	lost = long_overdue(stock.arrival_item, ahead, patience)
	overdue, overdue_days = overdue_by_item(
		len(items), stock.arrival_item[lost], ahead[lost], stock.arrival_quantity[lost]
	)
	kept = ~lost
	return State(
		items=items,
		today=today,
		review_days=applied.review_days,
		on_hand=(stock.on_hand - stock.reserved).astype(np.float32),
		arrivals=arrivals_by_day(
			len(items), stock.arrival_item[kept], ahead[kept], stock.arrival_quantity[kept]
		),
		long_overdue=overdue,
		long_overdue_days=overdue_days,
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
