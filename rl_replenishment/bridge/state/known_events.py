"""Events that ERPNext knows by date: holidays of the company, and promotions that its Pricing Rules make."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import frappe
import numpy as np
from frappe.query_builder.functions import Coalesce
from frappe.utils import flt, strip_html

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.pricing_rules import below
from rl_replenishment.core.demand.known_events.event import Event, merged

#: a holiday that the list does not name, and every promotion: what events of a kind are learned together by
HOLIDAY, PROMOTION = "Holiday", "Promotion"
#: events are known so many days ahead, and none lasts longer than so many
_DAYS_AHEAD, _LONGEST_DAYS = 730, 366
#: what tells one year's list, or holiday, from that of another: "Holidays 2025", "Christmas Day (2025-26)"
_YEAR = re.compile(r"\(?\b(?:19|20)\d\d\b(?:\s*[-/]\s*(?:(?:19|20)?\d\d)\b)?\)?")
_TABLES = {
	"Item Code": ("Pricing Rule Item Code", "item_code"),
	"Item Group": ("Pricing Rule Item Group", "item_group"),
}


def read_known_events(company: str, start: date, today: date) -> tuple[Event, ...]:
	"""The events of a company from `start` on, as far ahead as they are known; in at most seven queries.

	Events of past and future are told alike: by the names that they are learned by.
	"""
	end = today + timedelta(days=_DAYS_AHEAD)
	return merged([*_holidays(company, start, end), *_promotions(company, start, end)])


def _holidays(company: str, start: date, end: date) -> list[Event]:
	"""Days that are no weekly day off, of the company's Holiday List and of the same list of other years."""
	default = frappe.get_cached_value("Company", company, "default_holiday_list")
	if not default:
		return []
	names = frappe.get_all("Holiday List", pluck="name")
	lists = [name for name in names if _without_year(name) == _without_year(default)]
	holiday = frappe.qb.DocType("Holiday")
	rows = (
		frappe.qb.from_(holiday)
		.select(holiday.holiday_date, holiday.description)
		.where((holiday.parenttype == "Holiday List") & one_of(holiday.parent, lists))
		.where(holiday.weekly_off == 0)
		.where((holiday.holiday_date >= start) & (holiday.holiday_date <= end))
		.run()
	)
	by_kind: dict[str, set[date]] = defaultdict(set)
	for day, description in rows:
		by_kind[_without_year(strip_html(description or "")) or HOLIDAY].add(day)
	return [
		_event(kind, first, last) for kind, days in by_kind.items() for first, last in _runs(sorted(days))
	]


def _without_year(name: str) -> str:
	return " ".join(_YEAR.sub(" ", name).split()).strip(" -,/")


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
	"""First and last day of each run of days in a row: two days of Christmas are one event."""
	found: list[tuple[date, date]] = []
	for day in days:
		if found and day - found[-1][1] == timedelta(days=1):
			found[-1] = (found[-1][0], day)
		else:
			found.append((day, day))
	return found


def _promotions(company: str, start: date, end: date) -> list[Event]:
	"""What enabled Pricing Rules for selling, and so Promotional Schemes, change for a time for everybody.

	Of a scheme's rules for growing quantities, the one for the smallest counts: most buy at it.
	"""
	rules = _rules(company, start, end)
	named = _named(rules)
	smallest: dict[tuple[Any, ...], Any] = {}
	for rule in sorted(rules, key=lambda rule: flt(rule.min_qty)):
		scheme = rule.promotional_scheme or rule.name
		smallest.setdefault((scheme, rule.apply_on, rule.valid_from, rule.valid_upto), rule)
	found = []
	for rule in smallest.values():
		names = tuple(sorted(named.get(rule.name, ())))
		if not names:
			continue
		is_percentage = rule.rate_or_discount == "Discount Percentage" and flt(rule.discount_percentage)
		found.append(
			_event(
				PROMOTION,
				rule.valid_from,
				rule.valid_upto,
				items=names if rule.apply_on == "Item Code" else (),
				groups=names if rule.apply_on == "Item Group" else (),
				discount=flt(rule.discount_percentage) if is_percentage else None,
			)
		)
	return found


def _rules(company: str, start: date, end: date) -> list[Any]:
	rule = frappe.qb.DocType("Pricing Rule")
	rows = (
		frappe.qb.from_(rule)
		.select(
			*(rule.name, rule.apply_on, rule.valid_from, rule.valid_upto, rule.min_qty),
			*(rule.rate_or_discount, rule.discount_percentage, rule.promotional_scheme),
		)
		.where((rule.selling == 1) & (rule.disable == 0))
		.where(rule.apply_on.isin([*_TABLES]))
		.where((rule.coupon_code_based == 0) & (Coalesce(rule.condition, "") == ""))
		# what is for some customers alone is their usual price
		.where(Coalesce(rule.applicable_for, "") == "")
		.where(Coalesce(rule.company, "").isin(["", company]))
		# what has no end is no promotion, but the price
		.where(rule.valid_from.isnotnull() & rule.valid_upto.isnotnull())
		.where((rule.valid_upto >= start) & (rule.valid_from <= end))
		.run(as_dict=True)
	)
	return [row for row in rows if (row.valid_upto - row.valid_from).days < _LONGEST_DAYS]


def _named(rules: Iterable[Any]) -> dict[str, set[str]]:
	"""By rule, the items with their variants, or the item groups with those below them."""
	found: dict[str, set[str]] = defaultdict(set)
	for apply_on, (table, field) in _TABLES.items():
		own = [rule.name for rule in rules if rule.apply_on == apply_on]
		if not own:
			continue
		child = frappe.qb.DocType(table)
		rows = (
			frappe.qb.from_(child).select(child.parent, child[field]).where(one_of(child.parent, own)).run()
		)
		names = {name for _rule, name in rows if name}
		more = below("Item Group", names) if apply_on == "Item Group" else _variants(names)
		for rule, name in rows:
			found[rule] |= {name, *more.get(name, ())} - {None}
	return found


def _variants(templates: Iterable[str]) -> dict[str, set[str]]:
	item = frappe.qb.DocType("Item")
	found: dict[str, set[str]] = defaultdict(set)
	query = frappe.qb.from_(item).select(item.variant_of, item.name)
	for template, name in query.where(one_of(item.variant_of, templates)).run():
		found[template].add(name)
	return found


def _event(
	kind: str,
	first: date,
	last: date,
	items: tuple[str, ...] = (),
	groups: tuple[str, ...] = (),
	discount: float | None = None,
) -> Event:
	return Event(kind, np.datetime64(first, "D"), np.datetime64(last, "D"), items, groups, discount)
