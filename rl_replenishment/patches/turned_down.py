"""What a buyer turns down has one name; its status had another."""

from __future__ import annotations

import frappe


def execute() -> None:
	"""Give proposals of before it."""
	proposal = frappe.qb.DocType("RL Proposal")
	frappe.qb.update(proposal).set(proposal.status, "Turned Down").where(proposal.status == "Rejected").run()
