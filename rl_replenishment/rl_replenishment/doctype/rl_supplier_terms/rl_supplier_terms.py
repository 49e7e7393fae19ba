"""What a supplier asks of an order: minimums, freight, days. Proposals are rounded and timed by it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt

from rl_replenishment.core.files.terms import minute_of

#: amounts and quantities of which none may be below 0
_AMOUNTS = ("minimum_value", "minimum_quantity", "minimum_weight", "freight_cost", "free_freight_value")


class RLSupplierTerms(Document):
	def validate(self) -> None:
		self.refuse_below_zero()
		self.refuse_weight_without_unit()
		self.refuse_free_freight_without_freight()
		self.refuse_what_is_no_time()

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

	def refuse_what_is_no_time(self) -> None:
		# no Time field: Frappe fills these in with the present one. 0:00 would close before the day begins
		if self.closing_time and not minute_of(self.closing_time):
			frappe.throw(
				_("Orders Until {0} is no time of day to order before; write it as in 11:30.").format(
					frappe.bold(self.closing_time)
				)
			)
