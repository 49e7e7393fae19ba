"""A sample company on a site, to try everything on.

bench --site SITE execute rl_replenishment.demo.make
bench --site SITE execute rl_replenishment.demo.clear
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import click
import frappe
import numpy as np
from frappe.utils import getdate

from rl_replenishment.core.errors import InputError

COMPANY = "Sample Company"


def make(
	items: int = 80,
	days: int = 730,
	orders_file: str | None = None,
	items_file: str | None = None,
	company: str = COMPANY,
	seed: int = 0,
) -> dict[str, Any]:
	"""Enter a company of its own, with demand up to yesterday, purchases, open orders and an agent.

	Its demand is that of the engine's sample company, or of an ORDERS file (with an ITEMS file beside it),
	whose last day is taken for yesterday. `items` counts for the sample only, `days` cuts what is older.
	"""
	frappe.only_for("System Manager")
	from rl_replenishment.bridge.sample_company.entering import enter
	from rl_replenishment.bridge.sample_company.plan import plan_files, plan_sample

	with _told() as tell:
		rng, today = np.random.default_rng(seed), getdate()
		if orders_file:
			plan = plan_files(orders_file, items_file, days, today, rng)
		else:
			plan = plan_sample(items, days, today, rng)
		enter(plan, company, tell)
	return {
		"company": company,
		"agent": company,
		"items": len(plan.items),
		"days": plan.history.days,
		"purchase_orders": len(plan.purchases) + len(plan.open_orders),
	}


def clear() -> dict[str, Any]:
	"""Take the sample company away again, and nothing else; what others use of it is named, and stays."""
	frappe.only_for("System Manager")
	from rl_replenishment.bridge.sample_company.clearing import clear as clear_all

	with _told() as tell:
		kept = clear_all(tell)
	return {"cleared": True, "kept": kept}


@contextmanager
def _told() -> Iterator[Callable[[str], None]]:
	"""Says what is being done, and why it cannot be: `bench execute` would hide the error behind another."""
	started = monotonic()

	def tell(message: str) -> None:
		click.echo(f"{monotonic() - started:6.1f} s  {message}", err=True)

	try:
		yield tell
	except (InputError, frappe.ValidationError) as error:
		frappe.db.rollback()
		raise SystemExit(frappe.utils.strip_html(str(error))) from error
	tell("Done")
