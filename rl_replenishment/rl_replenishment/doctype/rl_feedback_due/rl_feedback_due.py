"""A note that the feedback on a Purchase Order or Material Request is due, gone when that is computed.

A row at the document, but in no table of its form, and nobody's to read or write.
"""

from __future__ import annotations

from frappe.model.document import Document


class RLFeedbackDue(Document):
	pass
