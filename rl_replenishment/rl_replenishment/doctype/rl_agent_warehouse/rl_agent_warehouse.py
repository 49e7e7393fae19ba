from frappe.model.document import Document


class RLAgentWarehouse(Document):
	pass
