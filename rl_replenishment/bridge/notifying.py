"""Events that the app's notifications wait for; whoever wants others makes them in Notification."""

from __future__ import annotations

import frappe
from redis.exceptions import RedisError

from rl_replenishment.bridge.language import in_the_sites_language

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
		frappe.get_doc(doctype, docname).run_method(what)
