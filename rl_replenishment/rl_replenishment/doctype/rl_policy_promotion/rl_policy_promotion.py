from frappe.model.document import Document


class RLPolicyPromotion(Document):
	pass
