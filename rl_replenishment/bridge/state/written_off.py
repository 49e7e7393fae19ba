"""Goods that left the stock though nobody wanted them: scrapped, written off, lost, or corrected.

They are told from demand by what a Stock Entry says of itself: its type, where one is called a write-off or
is marked as no demand (*Demand for Replenishment* in the Stock Entry Type), and the account that a Material
Issue is booked to, where that is the company's account for writing off or disposing of things, one that is
called so, or the account for stock adjustments though the item has another one for its costs. That an issue
goes to the account for stock adjustments says nothing where the item has none: ERPNext fills it in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import frappe
from frappe.query_builder.functions import Coalesce
from pypika.terms import Criterion, ExistsCriterion

from rl_replenishment.bridge.queries import one_of

#: purposes for which a type of its own may say that goods are given up
_PURPOSES = ("Material Issue", "Material Transfer", "Repack")
#: in the languages of the app; a type that is called otherwise can be marked
_WORDS = re.compile(
	r"writ(?:e|ten|ing)[- ]?(?:off|down)|scrap|\bwast(?:e|age)|spoil|damag|\bloss|\blost\b|shrink|expir"
	r"|obsolet|dispos(?:al|e)|destr(?:oy|uct)|correct|adjust|difference|theft|stolen|breakage|broken"
	r"|abschreib|ausschuss|schrott|verlust|schwund|\bbruch|verderb|entsorg|korrektur|berichtig|differenz"
	r"|ausbuch|vernicht|abgelaufen|diebstahl|beschädig",
	re.IGNORECASE,
)


def is_called_so(name: str) -> bool:
	"""Whether a type or an account is called after what was given up."""
	return bool(_WORDS.search(name))


@dataclass(frozen=True)
class WrittenOff:
	"""What tells such Stock Entries of a company."""

	entry_types: tuple[str, ...]
	#: types that are demand whatever the account
	demand_types: tuple[str, ...]
	accounts: tuple[str, ...]
	company: str
	adjustment_account: str

	def left_out(self, entry: frappe.qb.DocType, line: frappe.qb.DocType) -> Criterion:
		"""The condition that a line of a Stock Entry gives goods up."""
		by_account = one_of(Coalesce(line.expense_account, ""), self.accounts) | (
			(Coalesce(line.expense_account, "") == self.adjustment_account) & self._has_an_account(line)
		)
		is_issue = (entry.purpose == "Material Issue") & ~one_of(entry.stock_entry_type, self.demand_types)
		return one_of(entry.stock_entry_type, self.entry_types) | (is_issue & by_account)

	def _has_an_account(self, line: frappe.qb.DocType) -> Criterion:
		"""The condition that ERPNext would have booked an item's issue to an account of its own."""
		default = frappe.qb.DocType("Item Default")
		item = frappe.qb.DocType("Item").as_("of_line")
		group = frappe.qb.from_(item).select(item.item_group).where(item.name == line.item_code)
		is_its_own = ((default.parenttype == "Item") & (default.parent == line.item_code)) | (
			(default.parenttype == "Item Group") & default.parent.isin(group)
		)
		return ExistsCriterion(
			frappe.qb.from_(default)
			.select(default.name)
			.where(is_its_own & (default.company == self.company))
			.where(~Coalesce(default.expense_account, "").isin(("", self.adjustment_account)))
		)


def read_written_off(company: str) -> WrittenOff:
	"""What tells them, in two queries."""
	types = frappe.get_all(
		"Stock Entry Type", {"purpose": ("in", _PURPOSES)}, ["name", "purpose", "rl_demand"], order_by="name"
	)
	own = frappe.get_cached_doc("Company", company)
	adjustment_account = own.stock_adjustment_account or ""
	return WrittenOff(
		entry_types=tuple(row.name for row in types if row.rl_demand == "No" or _is_given_up(row)),
		demand_types=tuple(row.name for row in types if row.rl_demand == "Yes"),
		accounts=tuple(_accounts(company, {own.write_off_account, own.disposal_account}, adjustment_account)),
		company=company,
		adjustment_account=adjustment_account,
	)


def _is_given_up(entry_type: frappe._dict) -> bool:
	return (
		not entry_type.rl_demand and entry_type.name != entry_type.purpose and is_called_so(entry_type.name)
	)


def _accounts(company: str, named: set[str | None], adjustment_account: str) -> Iterator[str]:
	rows = frappe.get_all(
		"Account", {"company": company, "is_group": 0, "root_type": "Expense"}, ["name", "account_name"]
	)
	for row in rows:
		if row.name != adjustment_account and (row.name in named or is_called_so(row.account_name)):
			yield row.name
