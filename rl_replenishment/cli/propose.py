"""Propose what to order from the stock on hand, with a reason for each quantity."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.console import proposal_table
from rl_replenishment.cli.events import add_events_argument, known_events
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
from rl_replenishment.cli.stock_state import (
	check_units,
	history_of,
	known_demand_of,
	state_of,
	values_of,
	with_dates,
	with_what_is_missing,
	without_what_expires,
)
from rl_replenishment.cli.terms import (
	add_terms_arguments,
	minute_of_ordering,
	orders_as_json,
	tell_orders,
	terms_of,
)
from rl_replenishment.core.budget import Spent
from rl_replenishment.core.demand.imputation import Imputed
from rl_replenishment.core.demand.known_events.lifts import coming_lifts
from rl_replenishment.core.demand.known_events.telling import with_events_told
from rl_replenishment.core.demand.rhythm import DAILY
from rl_replenishment.core.edits.announced import announces, set_aside
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import ENDS
from rl_replenishment.core.files.feedback import FeedbackRows, read_feedback
from rl_replenishment.core.files.matching import Index, find_items, some
from rl_replenishment.core.files.orders import Orders
from rl_replenishment.core.files.stock import read_stock
from rl_replenishment.core.files.table import unheard
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.lessons.lessons import LESSONS, lessons_from
from rl_replenishment.core.policies.adaptation import adapted, lenders
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.store import StoredPolicy, read_policy
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.reasons import with_targets_told
from rl_replenishment.core.service.targets import SERVICE, factors_of, serving, targets_from
from rl_replenishment.core.terms.buying import Purse, buy
from rl_replenishment.core.terms.calendar import timed, timing
from rl_replenishment.core.training.from_history import snapshot
from rl_replenishment.core.transfers import TransferTerms, after_transfers, before_buying
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
	add_events_argument(parser)
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
		help=f"days that it takes (default: {TransferTerms.lead_time_days})",
	)
	add_today_argument(parser)
	add_terms_arguments(parser, with_time=True)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Propose for every row of STOCK."""
	moving = _transfer_terms(options)
	stored, latest, lines = _with_latest_demand(options, read_policy(options.policy), screen)
	today = _today(options, stored, screen)
	stock = read_stock(options.stock, today=today, date_format=options.date_format, note=screen.note)
	stock, index = with_what_is_missing(stock, stored.snapshot.items.keys, options.stock.name, screen)
	applied = serving(adapted(stored, stock.keys, index))
	items = read_item_table(options, stock.keys, screen, known=applied.snapshot.items)
	lender = lenders(stored.snapshot, items, index)
	unknown = [key for key, at, like in zip(stock.keys, index, lender, strict=True) if max(at, like) < 0]
	if unknown:
		screen.note(f"No demand is known of {some(unknown)}.")
	borrowed = np.zeros(len(stored.snapshot.items), np.float32) if latest is None else latest.borrowed
	state = replace(
		state_of(applied, items, stock, today),
		demand=stored.snapshot.demand.reindexed(np.where(index < 0, lender, index)),
		borrowed=np.where(index < 0, np.float32(lender >= 0), borrowed[index]),
	)
	if lines is not None:
		check_units(stock, lines, index, options)
	if latest is not None:
		state = replace(
			state,
			left_out=values_of(latest.left_out, index),
			left_out_days_ago=values_of(latest.left_out_days_ago, index),
		)
	lessons = lessons_from(stored.about.get(LESSONS))
	if options.feedback is not None and latest is not None:
		answers = read_feedback(options.feedback, options.date_format, screen.note)
		demand = history_of(latest.as_booked, items, index)
		answers, place = _about(answers, items, today, options.feedback.name, screen)
		state = replace(state, set_aside=set_aside(items, demand, answers, place))
		reading = read_answers(items, demand, answers, place, applied.review_days, applied.unmet_demand)
		items = reading.items
		state = replace(state, items=items)
		demand = history_of(latest.history, items, index)
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
	future = None if lines is None or not lines.future else known_demand_of(lines.future, index, today)
	state = with_dates(
		options, stock, without_what_expires(stock, state, today), today, future, stored.about.get(ENDS, ())
	)
	rhythm = stored.about.get("data", {}).get("rhythm", DAILY) if latest is None else latest.history.rhythm
	days = None
	if terms is not None:
		lead, minute = items.whole_lead_time_days, minute_of_ordering(options)
		days = timing(terms, lead, today, applied.review_days, minute=minute)
		state = timed(state, days)
	known = known_events(options, stored, items, screen.note)
	horizon = protection_days(state.items, state.review_days)
	lifts = coming_lifts(known, state.items, today, rhythm)
	lift = None if lifts is None else lifts.ahead(today, horizon)
	state = replace(state, demand=replace(state.demand, lift=lift))
	proposals = propose(applied.policy, state, max_cover_days=options.max_cover_days, lessons=lessons)
	served = targets_from(stored.about.get(SERVICE))
	proposals = with_targets_told(proposals, served, items, state.demand)
	proposals = with_events_told(proposals, known, state.items, today, horizon)
	if rhythm != DAILY:
		told = f" Demand is known in {rhythm}."
		proposals = [replace(proposal, reason=proposal.reason + told) for proposal in proposals]
	if state.long_overdue is not None and state.long_overdue.any():
		given_up = [items.keys[i] for i in np.flatnonzero(state.long_overdue)]
		screen.note(
			f"Overdue for so long that nothing counts on it any more: orders of {some(given_up)}. Chase them,"
			" date them anew, or take them out."
		)
	transfers: list[Proposal] = []
	if moving is not None:
		proposals, moved = before_buying(proposals, state, moving)
		transfers = [transfer for _, transfer in moved]
		state = after_transfers(state, moved, moving)
	purse = None if options.budget is None else _purse(options.budget, state, stored)
	bought = buy(proposals, state, purse=purse, terms=terms, days=days, max_cover_days=options.max_cover_days)
	proposals, orders = bought.proposals, bought.orders
	tell_orders(orders, screen)
	if purse is not None and bought.spent is not None and bought.spent.missing:
		screen.note(
			f"Of the budget of {purse.money:,.2f}, {bought.spent.value:,.2f} are spent;"
			f" {bought.spent.missing:,.2f} more are wanted, and left out where they are least urgent."
		)
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
		**({} if purse is None or bought.spent is None else {"budget": _as_json(purse, bought.spent)}),
		"proposals": [
			{**asdict(proposal), "policy_qty": proposal.policy_qty} for proposal in (*proposals, *transfers)
		],
		"suppliers": orders_as_json(orders),
	}


def _purse(money: float, state: State, stored: StoredPolicy) -> Purse:
	"""A budget; what is to be on the shelf more often is more urgent."""
	items, targets = state.items, targets_from(stored.about.get(SERVICE))
	factor = factors_of(targets, items, classes_of(items, state.demand))
	return Purse(money, items.unit_cost.astype(np.float64), items.stockout_cost * factor)


def _as_json(purse: Purse, spent: Spent) -> dict[str, float]:
	return {"budget": purse.money, "spent": spent.value, "missing": spent.missing}


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


def _transfer_terms(options: argparse.Namespace) -> TransferTerms | None:
	"""What moving takes; None where nothing is to be moved."""
	if options.transfer_cost is None:
		if options.transfer_days is not None:
			raise InputError(
				"--transfer-days has no effect without --transfer-cost; give both, or leave it out."
			)
		return None
	days = TransferTerms.lead_time_days if options.transfer_days is None else options.transfer_days
	return TransferTerms(options.transfer_cost, days)


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
	known = known_events(options, stored, stored.snapshot.items, unheard)
	history = replace(history, events=known.events)
	latest = without_gaps(options, history, stored.snapshot.items, screen, stored.review_days)
	usual = snapshot(latest.history, stored.snapshot.items, stored.review_days, known.effects)
	return replace(stored, snapshot=usual), latest, lines


def _about(
	rows: FeedbackRows, items: ItemTable, today: np.datetime64, source: str, screen: Screen
) -> tuple[FeedbackRows, Index]:
	"""The answers about N items, and each one's place among them."""

	def refusal(row: int, problem: str) -> InputError:
		return InputError(f"{source}, row {rows.lines[row]}: {problem}.")

	undated = int((announces(rows) & np.isnat(rows.date)).sum())
	if undated:
		screen.note(f"{source}: {counted(undated, 'announcement')} without a date cannot be waited for.")
	late = int((rows.date > today).sum())
	if late:
		screen.note(
			f"{source}: {counted(late, 'decision')} with a date after {day(today)} taken for the latest;"
			" correct what is wrong."
		)
	place = find_items(rows.keys, items.keys, refusal, screen.note)
	known = np.flatnonzero(place >= 0)
	if len(known) < len(place):
		unknown = dict.fromkeys(rows.keys[at] for at in np.flatnonzero(place < 0))
		screen.note(
			f"{source}: nothing is learned from what was decided about {some(list(unknown))},"
			" of which nothing is proposed; correct them where they are misspelled."
		)
	return rows.take(known), place[known]


def _costs_nothing(items: ItemTable) -> npt.NDArray[np.bool_]:
	"""Where nothing but a bound keeps orders small, shape (N,)."""
	return (items.holding_cost <= 0) & (items.order_cost > 0)


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
