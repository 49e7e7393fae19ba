"""From what buyers make of proposals to RL Feedback, and from there to training.

* `observing`: called by the hooks of Purchase Order and Material Request; never stands in a buyer's way
* `outbox`: what they note, and how it is worked off once it is committed
* `decisions`: what was proposed and what has been ordered so far, line by line, read from the documents
* `unlinked`: orders without a link to the request that they answer
* `merging`: proposals of several requests that were ordered as one, and all that has to be read together
* `rewards`: the rows that follow from it
* `refreshing`: rows brought up to date with the documents
* `learning`: settling rows, and handing them to a training
* `announced`: what was ordered for demand to come, which the next proposals leave alone
* `lessons`: what buyers' changes teach about the next proposals
* `hindsight`: what changes were worth, once the demand is known
"""

from rl_replenishment.bridge.feedback.announced import read_set_aside
from rl_replenishment.bridge.feedback.hindsight import book_edit_values
from rl_replenishment.bridge.feedback.learning import Answers, mark_consumed, settle, settled_answers
from rl_replenishment.bridge.feedback.lessons import (
	Taught,
	fit,
	is_due,
	latest_of,
	read_lessons,
	summary_of,
	tell_seasons,
	words_of,
	write,
)
from rl_replenishment.bridge.feedback.observing import (
	answer_now,
	follow_items,
	note_requests,
	observe_entry,
	observe_order,
	observe_request,
)
from rl_replenishment.bridge.feedback.outbox import work_off

__all__ = [
	"Answers",
	"Taught",
	"answer_now",
	"book_edit_values",
	"fit",
	"follow_items",
	"is_due",
	"latest_of",
	"mark_consumed",
	"note_requests",
	"observe_entry",
	"observe_order",
	"observe_request",
	"read_lessons",
	"read_set_aside",
	"settle",
	"settled_answers",
	"summary_of",
	"tell_seasons",
	"words_of",
	"work_off",
	"write",
]
