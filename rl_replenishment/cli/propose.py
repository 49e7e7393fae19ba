"""Propose what to order from the stock on hand, with a reason for each quantity."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.console import proposal_table
from rl_replenishment.cli.options import add_item_arguments, add_policy_argument, day, read_history, read_item_table
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.stock import StockRows, read_stock
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.store import Snapshot, StoredPolicy, read_policy
from rl_replenishment.core.proposal import Proposal, arrivals_by_day, match_keys, propose
from rl_replenishment.core.training.from_history import snapshot
from rl_replenishment.report.content import ProposalLine


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	parser.add_argument("stock", metavar="STOCK.csv", type=Path, help="item_code, on_hand, on_order, expected_date")
	add_policy_argument(parser)
	parser.add_argument("--orders", metavar="ORDERS.csv", type=Path, help="demand up to yesterday (default: as of training)")
	add_item_arguments(parser)
	parser.add_argument("--today", metavar="DATE", help="day of ordering (default: the day after the last demand)")


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Propose for every row of STOCK."""
	stored = read_policy(options.policy)
	known = _known(options, stored, screen)
	today = _today(options.today, known)
	stock = read_stock(options.stock, today=today, date_format=options.date_format)
	index = match_keys(stock.keys, known.items.keys, options.stock.name)
	unknown = [str(key) for key, at in zip(stock.keys, index, strict=True) if at < 0]
	if unknown:
		screen.note(f"No demand is known of {', '.join(unknown[:5])}{' and others' if len(unknown) > 5 else ''}.")
	proposals = propose(stored.policy, _state(options, stored, known, stock, index, today, screen))
	lines = sorted((p for p in proposals if p.proposed_qty), key=lambda p: (p.supplier, p.item_code))
	screen.say(proposal_table([as_line(proposal) for proposal in lines]))
	screen.say(f"{len(lines)} of {len(proposals)} item-warehouses to order on {day(today)}.")
	return {
		"today": day(today),
		"proposals": [asdict(proposal) for proposal in proposals],
	}


def as_line(proposal: Proposal, item_name: str = "") -> ProposalLine:
	"""A proposal as tables and reports show it."""
	return ProposalLine(
		item_code=f"{proposal.item_code} @ {proposal.warehouse}" if proposal.warehouse else proposal.item_code,
		item_name=item_name,
		supplier=proposal.supplier,
		on_hand=proposal.on_hand,
		on_order=proposal.on_order,
		proposed_qty=proposal.proposed_qty,
		baseline_qty=proposal.baseline_qty,
		reason=proposal.reason,
	)


def _known(options: argparse.Namespace, stored: StoredPolicy, screen: Screen) -> Snapshot:
	if options.orders is None:
		screen.note(f"Demand is as of {day(stored.snapshot.today)}, when the policy was trained; --orders brings newer.")
		return stored.snapshot
	history = read_history(options.orders, options.date_format, screen)
	index = match_keys(history.keys, stored.snapshot.items.keys, options.orders.name)
	# costs and lead times are the policy's; an item it does not know takes the defaults
	return snapshot(history, stored.snapshot.items.reindexed(history.keys, index), stored.review_days)


def _state(
	options: argparse.Namespace,
	stored: StoredPolicy,
	known: Snapshot,
	stock: StockRows,
	index: np.ndarray,
	today: np.datetime64,
	screen: Screen,
) -> State:
	items = read_item_table(options, stock.keys, screen, base=known.items.reindexed(stock.keys, index))
	lead_time = items.whole_lead_time_days[stock.arrival_item]
	unknown_date = np.isnat(stock.arrival_day)
	ahead = np.where(unknown_date, lead_time, (stock.arrival_day - today).astype(np.int64))
	return State(
		items=items,
		today=today,
		review_days=stored.review_days,
		on_hand=(stock.on_hand - stock.reserved).astype(np.float32),
		arrivals=arrivals_by_day(len(items), stock.arrival_item, ahead, stock.arrival_quantity),
		demand=known.demand.reindexed(index),
	)


def _today(given: str | None, known: Snapshot) -> np.datetime64:
	if given is None:
		return known.today
	try:
		return np.datetime64(given, "D")
	except ValueError:
		raise InputError(f"--today {given} is not a date; write it as in 2025-07-01.") from None
