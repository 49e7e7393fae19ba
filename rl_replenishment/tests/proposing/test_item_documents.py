"""Items' documents, read together for the validation of a request."""

import frappe
from frappe.tests.utils import FrappeTestCase

from rl_replenishment.bridge.proposing.item_documents import keep_at_hand
from rl_replenishment.tests import factories as make


class TestItemDocuments(FrappeTestCase):
	def test_they_are_what_frappe_would_load(self) -> None:
		"""With all tables, and without a query more."""
		supplier = make.make_supplier()
		codes = [make.make_item(supplier), make.make_item(), make.unique("No such item")]
		for code in codes:
			frappe.clear_document_cache("Item", code)
		loaded = {code: frappe.get_doc("Item", code).as_dict() for code in codes[:2]}
		keep_at_hand(codes)
		with self.assertQueryCount(0):
			kept = {code: frappe.get_cached_doc("Item", code).as_dict() for code in codes[:2]}
		self.assertEqual(kept, loaded)
		self.assertEqual(kept[codes[0]]["item_defaults"][0]["default_supplier"], supplier)
		with self.assertRaises(frappe.DoesNotExistError):
			frappe.get_cached_doc("Item", codes[2])

	def test_there_is_one_query_for_each_table(self) -> None:
		"""However many items."""
		before, *codes = (make.make_item() for _ in range(6))
		tables = len(frappe.get_meta("Item").get_table_fields())
		for code in (before, *codes):
			frappe.clear_document_cache("Item", code)
		# what frappe knows of the tables themselves is read once
		keep_at_hand([before])
		with self.assertQueryCount(1 + tables):
			keep_at_hand(codes)
		with self.assertQueryCount(0):
			keep_at_hand(codes)
