"""Events that the app's notifications wait for; whoever wants others makes them in Notification."""

from __future__ import annotations

import frappe
from frappe.model.document import Document
from redis.exceptions import RedisError

from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.setup.roles import MANAGER, USER

PROPOSALS_WAITING, PROPOSALS_FAILED = "proposals_waiting", "proposals_failed"
TRAINING_FAILED, POLICY_DRIFTING = "training_failed", "policy_drifting"


def announce(doctype: str, name: str, what: str) -> None:
	"""Have the notifications of a document's event go out, in the background: nobody waits for them."""
	try:
		frappe.enqueue(
			"rl_replenishment.bridge.notifying.send", queue="short", doctype=doctype, docname=name, what=what
		)
	except RedisError:
		# what happened is on record in the document
		frappe.logger().warning("RL Replenishment: %s of %s could not be announced", what, name)


@in_the_sites_language()
def send(doctype: str, docname: str, what: str) -> None:
	"""Let the notifications of a document's event go out."""
	if frappe.db.exists(doctype, docname):
		document = frappe.get_doc(doctype, docname)
		# what the app's notifications take as a field with addresses
		document.rl_managers = ",".join(readers(document, MANAGER))
		document.rl_users = ",".join(readers(document, USER))
		document.run_method(what)


def readers(document: Document, role: str) -> list[str]:
	"""The addresses of those holders of a role who may read a document: others are not told of it."""
	# it loads what the desk boots from, which no job that proposes needs
	from frappe.utils.user import get_users_with_role

	users = [user for user in get_users_with_role(role) if document.has_permission("read", user=user)]
	found = frappe.get_all("User", {"name": ("in", users or [""])}, pluck="email", order_by="name")
	return [email for email in found if email]
