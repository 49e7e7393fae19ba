"""What one job writes of a run that is divided among several; gone when the run has ended.

A row at the run, but in no table of its form, and nobody's to read or write.
"""

from __future__ import annotations

from frappe.model.document import Document


class RLProposalPart(Document):
	pass
