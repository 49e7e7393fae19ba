"""Options and inputs that several subcommands share."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Imputed, impute
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, QUARTERLY, WEEKLY
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dates import FIRST_YEAR, LAST_YEAR
from rl_replenishment.core.files.items import item_table, read_items
from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.matching import some
from rl_replenishment.core.files.orders import Orders, read_orders
from rl_replenishment.core.items import ARRAY_FIELDS, DEFAULTS, ItemKey, ItemTable
from rl_replenishment.core.training.algorithms import ALGORITHMS, DEFAULT_ALGORITHM, DEVICES

#: a hold-out where none is asked for: a quarter of the history, at most this many days
LONGEST_DEFAULT_HOLDOUT = 180

#: unusual bookings that a note names
_NAMED = 5

#: options that stand in for ITEMS columns, with what they mean
ITEM_OPTIONS = {
	"lead_time_days": "days from an order to its arrival",
	"unit_cost": "price of a unit",
	"holding_cost_rate": "cost of holding stock, as a share of the unit cost per year",
	"stockout_cost_rate": "cost of a unit of unmet demand, as a share of the unit cost",
	"order_cost": "cost of an order line",
}


def positive(kind: type[int] | type[float]) -> Callable[[str], Any]:
	"""A parser of numbers above 0, for argparse."""
	return _number(kind, "above 0", lambda value: 0 < value < float("inf"))


def not_negative(kind: type[int] | type[float], *, most: float | None = None) -> Callable[[str], Any]:
	"""A parser of numbers from 0 on, for argparse."""
	if most is None:
		return _number(kind, "of 0 or more", lambda value: 0 <= value < float("inf"))
	return _number(kind, f"from 0 to {most}", lambda value: 0 <= value <= most)


def _number(
	kind: type[int] | type[float], wanted: str, fits: Callable[[float], bool]
) -> Callable[[str], int | float]:
	def parse(text: str) -> int | float:
		try:
			value = kind(text)
		except ValueError:
			value = None
		if value is None or not fits(value):
			whole = "whole " if kind is int else ""
			raise argparse.ArgumentTypeError(f"{text!r} is not a {whole}number {wanted}")
		return value

	return parse


def add_history_arguments(parser: argparse.ArgumentParser) -> None:
	"""ORDERS, --items, and what stands in for columns that ITEMS does not have."""
	parser.add_argument("orders", metavar="ORDERS.csv", type=Path, help="order history: item_code, date, qty")
	add_item_arguments(parser)
	add_today_argument(parser)


def add_today_argument(parser: argparse.ArgumentParser) -> None:
	"""--today."""
	parser.add_argument(
		"--today",
		metavar="DATE",
		help="day of ordering, on which the history ends (default: the day after the last demand)",
	)


def add_item_arguments(parser: argparse.ArgumentParser) -> None:
	"""--items and the defaults of its columns."""
	parser.add_argument("--items", metavar="ITEMS.csv", type=Path, help="lead times, costs, packs, suppliers")
	parser.add_argument(
		"--real-demand",
		metavar=("ITEM", "DATE"),
		nargs=2,
		action="append",
		default=[],
		help="a booking far outside the item's history that is to count as any other (may be repeated)",
	)
	parser.add_argument("--date-format", help="of all dates in the files, as in %%d/%%m/%%Y")
	for name, meaning in ITEM_OPTIONS.items():
		parser.add_argument(
			f"--{name.replace('_', '-')}",
			metavar="NUMBER",
			type=not_negative(float),
			help=f"{meaning}, where ITEMS does not say (default: {DEFAULTS[name]:g})",
		)


def add_algorithm_argument(parser: argparse.ArgumentParser) -> None:
	"""--algorithm."""
	parser.add_argument(
		"--algorithm",
		choices=ALGORITHMS,
		default=DEFAULT_ALGORITHM,
		help=f"how to train (default: {DEFAULT_ALGORITHM})",
	)


def add_device_argument(parser: argparse.ArgumentParser) -> None:
	"""--device."""
	parser.add_argument(
		"--device",
		choices=DEVICES,
		default=DEVICES[0],
		help="where to train: auto is the GPU where torch sees one (default: cpu)",
	)


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
	"""How, how long and where to."""
	add_algorithm_argument(parser)
	parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the policy")
	parser.add_argument("--seconds", metavar="S", type=positive(float), help="time to train (default: 60)")
	parser.add_argument(
		"--timesteps",
		metavar="N",
		type=positive(int),
		help="steps to train; without --seconds the same seed gives the same policy",
	)


def add_policy_argument(parser: argparse.ArgumentParser) -> None:
	"""--policy."""
	parser.add_argument(
		"--policy", metavar="DIR", type=Path, required=True, help="folder that train or learn wrote"
	)


def budget(options: argparse.Namespace) -> tuple[float | None, int | None]:
	"""Seconds and timesteps; a minute where neither is given."""
	if options.seconds is None and options.timesteps is None:
		return 60.0, None
	return options.seconds, options.timesteps


def item_defaults(options: argparse.Namespace) -> dict[str, float]:
	"""The item options that were given."""
	return {name: value for name in ITEM_OPTIONS if (value := getattr(options, name)) is not None}


def read_item_table(
	options: argparse.Namespace, keys: Sequence[ItemKey], screen: Screen, known: ItemTable | None = None
) -> ItemTable:
	"""The items of --items; without it the `known` ones, or the defaults where there are none."""
	given = item_defaults(options)
	if options.items is None:
		return item_table(keys, given) if known is None else _changed(known, given)
	items, without = read_items(options.items, keys, given, screen.note)
	if without:
		screen.note(f"{options.items.name} has no row for {some(without)}: the defaults stand in.")
	return items


def _changed(items: ItemTable, given: dict[str, float]) -> ItemTable:
	"""The items with some properties set for all of them."""
	if not given:
		return items
	# refuses what is out of range
	item_table((), given)
	values: dict[str, Any] = {name: getattr(items, name) for name in ARRAY_FIELDS}
	if "unit_cost" in given:
		# what was a share of the old price stays that share of the new one
		change = given["unit_cost"] / np.where(items.unit_cost > 0, items.unit_cost, 1)
		values["holding_cost"] = values["holding_cost"] * change
		values["stockout_cost"] = values["stockout_cost"] * change
	for name, value in given.items():
		values.pop(name.removesuffix("_rate"))
		values[name] = value
	return ItemTable.create(items.keys, items.suppliers, items.groups, **values)


def read_history(
	orders: Path, date_format: str | None, screen: Screen, today: str | None = None
) -> DemandHistory:
	"""The daily demand of an ORDERS file before `today`, which is written as people write dates."""
	return read_lines(orders, date_format, screen, today)[0]


def read_lines(
	orders: Path, date_format: str | None, screen: Screen, today: str | None = None
) -> tuple[DemandHistory, Orders]:
	"""As `read_history`, with the lines that it sums up."""
	given = None if today is None else given_date(today, date_format, "--today")
	lines = read_orders(orders, date_format, today=given, note=screen.note)
	history, unexplained = lines.history()
	if unexplained:
		screen.note(
			f"{orders.name}: {unexplained:g} units were returned of which no sale is known;"
			" they are taken off nothing."
		)
	if history.rhythm != DAILY:
		span = {WEEKLY: "week", MONTHLY: "month", QUARTERLY: "quarter"}[history.rhythm]
		screen.note(
			f"{orders.name} holds {history.rhythm}: what happens within a {span} is not known. Where orders"
			f" are considered or arrive in between, each is spread over the days of its {span}; else it"
			" counts on the day that it is dated."
		)
	return history, lines


def without_gaps(
	options: argparse.Namespace,
	history: DemandHistory,
	items: ItemTable,
	screen: Screen,
	review_days: int,
	held: int = 0,
) -> Imputed:
	"""The history as policies that order every `review_days` are to know it; the last `held` are for a test.

	The time before new items were sold is filled, and what is far outside an item's history is left out
	unless --real-demand says that it was real. Totals of weeks or months are then spread over their days,
	where orders are considered in between.
	"""
	found = impute(history, items, held=held, real=_real_demand(options, history))
	if found.unusual:
		named = [
			f"{booking.quantity:,.0f} of {booking.key} on {day(booking.day)}"
			for booking in found.unusual[:_NAMED]
		]
		more = f" and {len(found.unusual) - _NAMED} more" if len(found.unusual) > _NAMED else ""
		screen.note(
			f"Far outside the item's own history, and counted as one usual booking: {'; '.join(named)}{more}."
			" Where that was real and may come again: --real-demand ITEM DATE."
		)
	if found.is_new.any():
		keys = [history.keys[at] for at in np.flatnonzero(found.is_new)]
		screen.note(f"New, and not taken for slow before their first sale: {some(keys)}.")
	# where the lead time varies, arrivals are on any day of the week
	lead_time = np.where(items.lead_time_std_days > 0, 0.5, items.lead_time_days).astype(np.float32)
	return found.over_days(review_days, lead_time, is_cut=options.today is not None)


def _real_demand(options: argparse.Namespace, history: DemandHistory) -> list[tuple[ItemKey, np.datetime64]]:
	"""What --real-demand names: the item in each of its warehouses."""
	found = []
	for code, text in options.real_demand:
		date = given_date(text, options.date_format, "--real-demand")
		keys = [key for key in history.keys if fold(key.item_code) == fold(code)]
		if not keys:
			raise InputError(f"--real-demand {code}: the orders have no such item; correct the code.")
		found += [(key, date) for key in keys]
	return found


def given_date(text: str, date_format: str | None, option: str) -> np.datetime64:
	"""The date of an option, as --date-format says or as in 2025-07-01."""
	for form in filter(None, (date_format, "%Y-%m-%d")):
		try:
			date = datetime.datetime.strptime(text, form).date()
		except ValueError:
			continue
		if FIRST_YEAR <= date.year <= LAST_YEAR:
			return np.datetime64(date, "D")
	raise InputError(f"{option} {text!r} is not a date; write it as in 2025-07-01.")


def holdout_days(asked: int | None, history: DemandHistory) -> int:
	"""Days at the end of the history to keep for the test."""
	days = min(history.days // 4, LONGEST_DEFAULT_HOLDOUT) if asked is None else asked
	if days >= history.days:
		raise InputError(
			f"--holdout {days} leaves nothing to learn from: the history spans"
			f" {counted(history.days, 'day')}; give fewer."
		)
	return days


def check_installed(option: str, *packages: str, remedy: str) -> None:
	"""Refuse an option whose packages are missing before work begins."""
	missing = [package for package in packages if find_spec(package) is None]
	if missing:
		raise InputError(f"{option} needs {missing[0]}, which is not installed; run: pip install {remedy}.")


def day(date: np.datetime64) -> str:
	"""A date as people write it in files."""
	return str(date.astype("datetime64[D]"))


def counted(count: int, thing: str) -> str:
	"""A number of things in words."""
	return f"{count:,} {thing}{'' if count == 1 else 's'}"
