"""Documents submitted and cancelled as their Workflow has it, where one is active: never past it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.docstatus import DocStatus
from frappe.model.document import Document
from frappe.model.workflow import get_transitions, get_workflow_name, has_approval_access
from frappe.utils import cint


def submit(document: Document) -> None:
	"""Submit a saved draft, by the step of its Workflow that leads there and is the user's to take."""
	_follow(document, DocStatus.submitted())
	document.submit()


def cancel(document: Document) -> None:
	"""Cancel a submitted document, by the step of its Workflow where one leads there."""
	_follow(document, DocStatus.cancelled())
	document.cancel()


def is_active(doctype: str) -> bool:
	"""Whether documents of a kind go by a Workflow."""
	return bool(get_workflow_name(doctype))


def begin_anew(document: Document) -> None:
	"""Have a copy begin where its Workflow begins."""
	if name := get_workflow_name(document.doctype):
		document.set(frappe.get_cached_doc("Workflow", name).workflow_state_field, None)


def _follow(document: Document, status: int) -> None:
	name = get_workflow_name(document.doctype)
	if not name:
		return
	workflow = frappe.get_cached_doc("Workflow", name)
	states = {state.state: state for state in workflow.states if cint(state.doc_status) == status}
	leading = [step for step in workflow.transitions if step.next_state in states]
	if status == DocStatus.cancelled() and not leading:
		# as on the form: it says nothing of cancelling
		return
	for step in get_transitions(document, workflow):
		if step.next_state in states and has_approval_access(frappe.session.user, document, step):
			state = states[step.next_state]
			document.set(workflow.workflow_state_field, state.state)
			if state.update_field:
				document.set(state.update_field, state.update_value)
			return
	now = document.get(workflow.workflow_state_field)
	frappe.throw(
		_("{0} is in the state {1} of its workflow {2}, and the next step is not yours to take here.").format(
			document.name, _(now), name
		),
		frappe.PermissionError,
	)
