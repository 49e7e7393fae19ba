"""Enters a plan into a site: master data, the past in bulk, the last days document by document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeAlias

import frappe

from rl_replenishment.bridge.sample_company.documents import Clerk
from rl_replenishment.bridge.sample_company.masters import make_masters, refuse_collisions
from rl_replenishment.bridge.sample_company.past import Past
from rl_replenishment.bridge.sample_company.plan import Plan, Purchase

#: told what is being done
Tell: TypeAlias = Callable[[str], object]
#: so many days up to yesterday are entered document by document
RECENT_DAYS = 7


def enter(plan: Plan, company: str, tell: Tell) -> None:
	"""Enter all of it, in order of time as far as the ledger is concerned."""
	refuse_collisions(plan, company)
	tell(f"Master data of {company}: {len(plan.items)} items")
	clerk = Clerk(plan, make_masters(plan, company))
	arriving: dict[date, list[Purchase]] = {}
	for purchase in plan.purchases:
		arriving.setdefault(purchase.arrives_on, []).append(purchase)
	days = [plan.start + timedelta(days=number) for number in range(plan.history.days)]
	recent = max(len(days) - RECENT_DAYS, 0)
	_enter_past(clerk, days[:recent], arriving, tell)
	for number, day in enumerate(days[recent:], recent):
		tell(f"Documents of {day}")
		for purchase in arriving.get(day, ()):
			clerk.receive(clerk.order(purchase), day)
		if lines := plan.sales(number):
			clerk.sell(lines, day)
		frappe.db.commit()  # a day is complete in itself; nosemgrep
	tell("Open purchase orders and an agent")
	for purchase in plan.open_orders:
		clerk.order(purchase)
	_make_agent(clerk)
	frappe.db.commit()  # the end of a long job that commits as it goes; nosemgrep


def _make_agent(clerk: Clerk) -> None:
	company = clerk.masters.company
	frappe.get_doc(
		{
			"doctype": "RL Agent Settings",
			"agent_name": company,
			"company": company,
			"mode": "Draft",
			"review_frequency": "Weekly",
			"warehouses": [{"warehouse": name} for name in sorted(clerk.masters.warehouses.values())],
			"history_days": max(clerk.plan.history.days, 120),
			"order_cost": 8,
		}
	).insert(ignore_permissions=True)


def _enter_past(clerk: Clerk, days: list[date], arriving: dict[date, list[Purchase]], tell: Tell) -> None:
	tell("One document of each kind, to copy")
	past = Past(clerk)
	if clerk.plan.opening.any():
		clerk.open_stock()
	tell(f"The past: {len(days)} days")
	for number, day in enumerate(days):
		for purchase in arriving.get(day, ()):
			past.buy(purchase)
		if lines := clerk.plan.sales(number):
			past.sell(lines, day)
	past.write()
	frappe.db.commit()  # the past is complete in itself; nosemgrep
