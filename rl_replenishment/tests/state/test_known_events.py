"""Holidays of the company and promotions of its Pricing Rules, as a site knows them."""

from __future__ import annotations

from datetime import date
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import add_days, formatdate, getdate, nowdate

from rl_replenishment.bridge.proposing.round import preview
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.known_events import read_known_events
from rl_replenishment.core.demand.known_events.event import Event
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestKnownEvents(IntegrationTestCase):
	def setUp(self) -> None:
		# runs commit: what a test makes is taken away at its end
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.db.rollback)
		self.company = make.make_company()

	def holidays(self, name: str, year: int, *rows: tuple[str, str], weekly_off: str = "") -> str:
		listed = [{"holiday_date": day, "description": description} for day, description in rows]
		if weekly_off:
			listed.append({"holiday_date": weekly_off, "description": "Sunday", "weekly_off": 1})
		return (
			frappe.get_doc(
				{
					"doctype": "Holiday List",
					"holiday_list_name": name,
					"from_date": f"{year}-01-01",
					"to_date": f"{year}-12-31",
					"holidays": listed,
				}
			)
			.insert()
			.name
		)

	def rule(self, *names: str, apply_on: str = "Item Code", **values: Any) -> Any:
		field, of = ("items", "item_code") if apply_on == "Item Code" else ("item_groups", "item_group")
		return frappe.get_doc(
			{
				"doctype": "Pricing Rule",
				"title": make.unique("Rule"),
				"selling": 1,
				"price_or_product_discount": "Price",
				"apply_on": apply_on,
				"currency": frappe.db.get_default("currency") or "INR",
				"rate_or_discount": "Discount Percentage",
				"discount_percentage": 20,
				"valid_from": "2026-03-02",
				"valid_upto": "2026-03-08",
				"company": self.company,
				field: [{of: name} for name in names],
				**values,
			}
		).insert()

	def events(self, company: str | None = None) -> list[Event]:
		return list(read_known_events(company or self.company, date(2025, 1, 1), date(2026, 2, 1)))

	def of_items(self, *items: str) -> list[Event]:
		"""Promotions of some items; a site may have others."""
		return [event for event in self.events() if set(event.items) & set(items)]

	def test_without_a_holiday_list_there_are_none(self) -> None:
		self.assertEqual([event for event in self.events() if event.kind != "Promotion"], [])

	def test_holidays_of_each_year_are_one_kind(self) -> None:
		base = make.unique("Closed Days")
		self.holidays(
			f"{base} 2025", 2025, ("2025-12-25", "Christmas 2025"), ("2025-12-26", "Christmas 2025")
		)
		now = self.holidays(
			f"{base} 2026",
			2026,
			("2026-12-25", "<div>Christmas (2026)</div>"),
			("2026-05-01", "Labour Day"),
			weekly_off="2026-05-03",
		)
		self.holidays(make.unique("Of Others"), 2026, ("2026-06-01", "Somebody's Day"))
		frappe.db.set_value("Company", self.company, "default_holiday_list", now)
		frappe.clear_document_cache("Company", self.company)
		found = [
			(event.kind, str(event.first), str(event.last), event.items, event.groups, event.discount)
			for event in self.events()
			if event.kind != "Promotion"
		]
		self.assertEqual(
			found,
			[
				("Christmas", "2025-12-25", "2025-12-26", (), (), None),
				("Labour Day", "2026-05-01", "2026-05-01", (), (), None),
				("Christmas", "2026-12-25", "2026-12-25", (), (), None),
			],
		)

	def test_a_promotion_of_items(self) -> None:
		first, second = make.make_item(), make.make_item()
		self.rule(first, second)
		(found,) = self.of_items(first)
		self.assertEqual(
			(found.kind, str(found.first), str(found.last)), ("Promotion", "2026-03-02", "2026-03-08")
		)
		self.assertEqual((set(found.items), found.groups, found.discount), ({first, second}, (), 20.0))

	def test_a_promotion_of_a_group_is_one_of_those_below_it(self) -> None:
		top = make.make_item_group(is_group=1)
		below = make.make_item_group(top)
		self.rule(top, apply_on="Item Group", discount_percentage=15)
		(found,) = (event for event in self.events() if top in event.groups)
		self.assertEqual((set(found.groups), found.items, found.discount), ({top, below}, (), 15.0))

	def test_what_is_no_promotion_for_everybody(self) -> None:
		item = make.make_item()
		customer = make.make_customer()
		self.rule(item, disable=1)
		self.rule(item, valid_upto=None)
		self.rule(item, applicable_for="Customer", customer=customer)
		self.rule(item, selling=0, buying=1)
		self.rule(item, company=make.company(), title=make.unique("Of another company"))
		self.rule(item, valid_from="2019-03-02", valid_upto="2019-03-08")
		self.rule(item, valid_from="2025-03-02", valid_upto="2027-03-08")
		self.assertEqual(self.of_items(item), [])

	def test_another_price_has_no_percentage(self) -> None:
		item = make.make_item()
		self.rule(item, rate_or_discount="Rate", rate=5, discount_percentage=0)
		(found,) = self.of_items(item)
		self.assertIsNone(found.discount)

	def test_a_promotional_scheme_counts_once(self) -> None:
		"""Of its slabs, the one for the smallest quantity is what most buy at."""
		item = make.make_item()
		slab = {"rate_or_discount": "Discount Percentage", "rule_description": "Slab"}
		frappe.get_doc(
			{
				"doctype": "Promotional Scheme",
				"name": make.unique("Scheme"),
				"__newname": make.unique("Scheme"),
				"apply_on": "Item Code",
				"selling": 1,
				"company": self.company,
				"currency": frappe.get_cached_value("Company", self.company, "default_currency"),
				"valid_from": "2026-03-02",
				"valid_upto": "2026-03-08",
				"items": [{"item_code": item}],
				"price_discount_slabs": [
					{**slab, "min_qty": 10, "max_qty": 100, "discount_percentage": 30},
					{**slab, "min_qty": 1, "max_qty": 9, "discount_percentage": 10},
				],
			}
		).insert()
		(found,) = self.of_items(item)
		self.assertEqual(found.discount, 10.0)

	def test_runs_learn_count_in_and_tell_without_any_setting(self) -> None:
		"""Six weeks of promotion have tripled what an item sells; the next one begins tomorrow."""
		warehouse = make.make_warehouse()
		items = [make.make_item(make.make_supplier(), valuation_rate=2) for _ in range(2)]
		weeks = [add_days(nowdate(), -7 * ago) for ago in (3, 8, 12, 16, 20, 25)]
		for item in items:
			make.make_stock(item, warehouse, 20_000, rate=2, date=add_days(nowdate(), -201))
			make.sell_every_day(item, warehouse, 10, days=200)
		for first in weeks:
			days = [str(getdate(add_days(first, day))) for day in range(7)]
			entry = frappe.qb.DocType("Stock Ledger Entry")
			sold = (entry.item_code == items[0]) & (entry.actual_qty < 0) & (entry.actual_qty > -1000)
			frappe.qb.update(entry).set(entry.actual_qty, -30).where(
				sold & entry.posting_date.isin(days)
			).run()
			self.rule(items[0], company=make.company(), valid_from=first, valid_upto=days[-1])
		agent = make.make_agent([warehouse], items, holdout_days=0, history_days=200)
		history = read_demand(agent, [ItemKey(item, warehouse) for item in items], days=200, today=getdate())
		self.assertEqual(history.demand[:, 0].max(), 30)
		mine = [event for event in history.events if items[0] in event.items]
		self.assertEqual(len(mine), 6)
		lines = self.why(agent.name, items)
		usual = lines[items[1]]
		# the last one, three weeks ago, raises nothing
		self.assertAlmostEqual(lines[items[0]][0], usual[0], delta=0.05 * usual[0])
		self.assertNotIn("Promotion", lines[items[0]][1])
		begins = add_days(nowdate(), 1)
		self.rule(items[0], company=make.company(), valid_from=begins, valid_upto=add_days(begins, 6))
		lines = self.why(agent.name, items)
		self.assertGreater(lines[items[0]][0], 1.5 * usual[0])
		self.assertIn(
			f"Promotion from {formatdate(begins)} to {formatdate(add_days(begins, 6))}: demand ",
			lines[items[0]][1],
		)
		self.assertIn(" % above the usual, going by the 6 before.", lines[items[0]][1])
		self.assertEqual(lines[items[1]], usual)

	def why(self, agent: str, items: list[str]) -> dict[str, tuple[float, str]]:
		"""The demand that is expected of items, and the reasons of what is proposed."""
		from rl_replenishment.bridge.proposing import round as rounds

		found: dict[str, tuple[float, str]] = {}
		decide = rounds._decide

		def watched(*given: Any) -> Any:
			decided = decide(*given)
			found.update({each.item_code: (each.why.demand_middle, each.reason) for each in decided[1]})
			return decided

		with patch.object(rounds, "_decide", watched):
			preview(agent)
		return {item: found[item] for item in items}
