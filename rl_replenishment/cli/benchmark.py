"""Measure one of the claims in the README on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rl_replenishment.cli.benchmarks import (
	buyers,
	buying,
	demand_shift,
	device,
	engines,
	fixed_cost,
	forecast,
	history,
	known_events,
	lost_sales,
	new_items,
	real,
	serving,
	sizes,
	stock_multi_product,
	terms,
	throughput,
)
from rl_replenishment.cli.engine import LOCAL, add_engine_arguments, check_engine
from rl_replenishment.cli.options import add_algorithm_argument, add_device_argument, not_negative, positive
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.algorithms import DEVICES, make_trainer

BENCHMARKS = {
	"buyers": buyers.measure,
	"buying": buying.measure,
	"demand-shift": demand_shift.measure,
	"device": device.measure,
	"engines": engines.measure,
	"fixed-cost": fixed_cost.measure,
	"forecast": forecast.measure,
	"history": history.measure,
	"known-events": known_events.measure,
	"lost-sales": lost_sales.measure,
	"new-items": new_items.measure,
	"real": real.measure,
	"serving": serving.measure,
	"sizes": sizes.measure,
	"stock-multi-product": stock_multi_product.measure,
	"terms": terms.measure,
	"throughput": throughput.measure,
}
#: what consists of trainings that do not touch each other
SIDE_BY_SIDE = ("engines", "fixed-cost", "history", "lost-sales", "real")
#: what trains where --device says
ON_DEVICE = ("demand-shift", "device", "engines", "fixed-cost", "history", "lost-sales", "new-items", "real")


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	parser.add_argument("name", choices=BENCHMARKS, help="what to measure")
	parser.add_argument(
		"--orders", metavar="ORDERS.csv", type=Path, help="order history (history, stock-multi-product)"
	)
	parser.add_argument("--items", metavar="ITEMS.csv", type=Path, help="items (history)")
	parser.add_argument("--date-format", help="of the dates in ORDERS, as in %%d/%%m/%%Y")
	add_algorithm_argument(parser)
	add_device_argument(parser)
	parser.add_argument(
		"--lead-times",
		metavar="DAYS",
		nargs="+",
		type=not_negative(int),
		help="only the instances with these lead times (lost-sales, fixed-cost)",
	)
	parser.add_argument("--seeds", type=positive(int), default=5, help="number of trainings (default: 5)")
	parser.add_argument("--seconds", type=positive(float), help="time for each training")
	parser.add_argument(
		"--timesteps",
		type=positive(int),
		help="steps for each training instead of seconds (real, lost-sales, fixed-cost)",
	)
	parser.add_argument(
		"--data",
		metavar="DIR",
		type=Path,
		help="folder of cases, each with orders.csv and items.csv (real, forecast, terms, buying)",
	)
	parser.add_argument(
		"--case", metavar="NAME", nargs="+", help="only these cases (real, forecast, terms, buying)"
	)
	parser.add_argument("--weekly", action="store_true", help="every history summed by week (real, forecast)")
	parser.add_argument(
		"--replays",
		metavar="N",
		nargs="+",
		type=positive(int),
		default=device.REPLAYS,
		help="replays to measure (device; default: 1,000 to 1,000,000)",
	)
	parser.add_argument("--no-train", action="store_true", help="without training (real, buyers)")
	parser.add_argument(
		"--count",
		metavar="N",
		type=positive(int),
		default=engines.COUNT,
		help=f"item-warehouses (engines; default: {engines.COUNT:,})",
	)
	add_engine_arguments(parser)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Measure."""
	check_engine(options)
	if options.engine != LOCAL and options.name not in SIDE_BY_SIDE:
		raise InputError(
			f"benchmark {options.name} measures this machine alone; leave --engine out, or take one of"
			f" {', '.join(SIDE_BY_SIDE)}."
		)
	if options.device != DEVICES[0]:
		if options.name not in ON_DEVICE:
			raise InputError(
				f"benchmark {options.name} takes no --device; leave it out, or measure one of"
				f" {', '.join(ON_DEVICE)}."
			)
		# before anything long begins; of other machines, each sees its own devices
		make_trainer(options.algorithm, device=options.device if options.engine == LOCAL else DEVICES[0])
	return BENCHMARKS[options.name](options, screen)
