from frappe.model.document import Document


class RLServiceTarget(Document):
	pass
