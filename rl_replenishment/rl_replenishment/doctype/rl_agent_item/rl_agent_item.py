from frappe.model.document import Document


class RLAgentItem(Document):
	pass
