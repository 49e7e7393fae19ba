"""What a supplier asks of an order: minimums, freight, days. Proposals are rounded and timed by it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, get_timedelta

#: amounts and quantities of which none may be below 0
_AMOUNTS = ("minimum_value", "minimum_quantity", "minimum_weight", "freight_cost", "free_freight_value")


class RLSupplierTerms(Document):
	def validate(self) -> None:
		self.refuse_below_zero()
		self.refuse_weight_without_unit()
		self.refuse_free_freight_without_freight()
		self.refuse_closing_at_midnight()

	def refuse_below_zero(self) -> None:
		for fieldname in _AMOUNTS:
			if flt(self.get(fieldname)) < 0:
				frappe.throw(
					_("{0} is {1}, and must be 0 or more; 0 is for none.").format(
						_(self.meta.get_label(fieldname)), self.get(fieldname)
					)
				)

	def refuse_weight_without_unit(self) -> None:
		if flt(self.minimum_weight) and not self.weight_uom:
			frappe.throw(_("Give the Weight UOM of the Minimum Order Weight."))

	def refuse_free_freight_without_freight(self) -> None:
		if flt(self.free_freight_value) and not flt(self.freight_cost):
			frappe.throw(
				_("Freight can only be free where it costs something: give the Freight per Order too.")
			)

	def refuse_closing_at_midnight(self) -> None:
		# 0:00 would close before every day begins
		if self.closing_time and not get_timedelta(self.closing_time):
			frappe.throw(_("Orders Until 0:00 leaves no time to order; leave it empty for the whole day."))
