"""What buyers' changes taught an agent; people read it, switch it off, or have it forgotten."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.utils import getdate

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.guarding import Guarded
from rl_replenishment.bridge.language import in_the_sites_language


class RLLesson(Guarded):
	def validate(self) -> None:
		frappe.has_permission("RL Agent Settings", "read", self.agent, throw=True)
		if self.forget_until and getdate(self.forget_until) > getdate():
			frappe.throw(
				_("Forget Changes Until is {0}; choose today or a day before.").format(
					self.get_formatted("forget_until")
				)
			)
		# until the next fit writes it anew
		if self.has_value_changed("forget_until"):
			with in_the_sites_language():
				self.explanation = _("To be learned anew, at the next run or tonight.")
		elif self.has_value_changed("enabled"):
			self.explanation = feedback.words_of(self.agent, self.lesson_key, bool(self.enabled))

	def on_update(self) -> None:
		if self.kind == "Item Group" and self.has_value_changed("enabled"):
			feedback.tell_seasons(self.agent, self.item_group)


def on_doctype_update() -> None:
	frappe.db.add_index("RL Lesson", ["agent", "enabled"])
