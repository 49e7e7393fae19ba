"""Numbers as documents hold them, and as people read them.

The engine counts in single precision: 704.8 kg are 704.7999877929688 there.
"""

from __future__ import annotations

from collections.abc import Callable

import frappe
from frappe.utils import cint, flt, fmt_money

from rl_replenishment.core.written import as_written

#: decimals of numbers that are shown and held nowhere
_SHOWN_DECIMALS = 3


def exact(value: float) -> float:
	"""The decimal number that one of single precision stands for."""
	return float(as_written(value))


def whole_packs(value: float, pack: float) -> float:
	"""The same in whole packs, to the last digit, where it is that but for the noise of single precision."""
	packs = round(value / pack) if pack > 0 else 0
	return packs * pack if abs(packs * pack - value) <= 1e-4 * pack + 1e-6 * abs(value) else exact(value)


def quantity(value: float, *, is_whole: bool = False, pack: float = 0.0) -> float:
	"""A quantity as documents hold it: whole where its unit is, else with the site's decimals for numbers."""
	return flt(whole_packs(value, pack), 0 if is_whole else decimals())


def money(value: float, field: str = "order_value", doctype: str = "RL Proposal Run") -> float:
	"""An amount as a field holds it."""
	return flt(value, frappe.get_precision(doctype, field))


def decimals() -> int:
	"""The site's decimals for numbers."""
	return cint(frappe.db.get_default("float_precision")) or 3


def words(value: float, most: int = _SHOWN_DECIMALS) -> str:
	"""A number in the site's format, with the decimals that it has, at most so many."""
	number_format, _, decimal_mark = _format()
	number = flt(exact(value), most if decimal_mark else 0)
	used = len(f"{number:.{most}f}".rstrip("0").partition(".")[2])
	return fmt_money(number, precision=used, format=number_format)


def percent(share: float) -> str:
	"""A share of 1 in percent, with one decimal."""
	return f"{fmt_money(flt(100 * share, 1), precision=1)} %"


def writer() -> Callable[[float], str]:
	"""What writes the quantities of reasons in the site's format: whole from 10 on, one decimal below."""
	number_format, separator, decimal_mark = _format()
	marks = str.maketrans({",": separator, ".": decimal_mark})

	def write(value: float) -> str:
		is_whole = abs(value) >= 10 or value == round(value) or not decimal_mark
		if number_format == "#,##,###.##":
			return fmt_money(flt(value, int(not is_whole)), precision=int(not is_whole), format=number_format)
		return f"{value:,.{int(not is_whole)}f}".translate(marks)

	return write


def money_writer(company: str) -> Callable[[float], str]:
	"""What writes a company's amounts in sentences: in its currency, whole from 10 on."""
	currency = frappe.get_cached_value("Company", company, "default_currency")

	def write(value: float) -> str:
		return fmt_money(value, precision=0 if abs(value) >= 10 else None, currency=currency)

	return write


def _format() -> tuple[str, str, str]:
	"""The site's format of numbers, what separates its thousands, and its decimal mark, where it has one.

	Read from the format: Frappe's own table of them is in another place with each version.
	"""
	number_format = frappe.db.get_default("number_format") or "#,###.##"
	marks = [mark for mark in number_format.split("#") if mark]
	return number_format, marks[0], marks[-1] if marks[-1] != marks[0] else ""
