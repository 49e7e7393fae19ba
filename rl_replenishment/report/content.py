"""What a report tells, as plain data. Importing this loads neither matplotlib nor jinja2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow
from rl_replenishment.core.service.curve import Curve


@dataclass(frozen=True)
class ProposalLine:
	"""One proposed order line; quantities are in stock UOM."""

	item_code: str
	item_name: str
	#: "" where unknown
	supplier: str
	on_hand: float
	on_order: float
	proposed_qty: float
	#: what the classical rule would order
	baseline_qty: float
	#: why this quantity, in words
	reason: str


@dataclass(frozen=True)
class EditLine:
	"""One proposal that a buyer decided on, and what is proposed in the same state since; in stock UOM."""

	item_code: str
	item_name: str
	#: the buyer's, "" where none was given
	reason: str
	proposed_before: float
	#: what the buyer ordered
	ordered: float
	#: what the policy proposes in the same state after learning
	proposed_after: float


@dataclass(frozen=True, eq=False)
class ReportContent:
	"""Everything `render_report` needs."""

	title: str
	subtitle: str
	#: run with `keep_paths=True`
	backtest: Backtest
	#: name of the learned policy among the rows of `backtest`
	learned: str
	#: currency of all money, such as "EUR"; "" leaves it out
	currency: str = ""
	proposals: Sequence[ProposalLine] | None = None
	edits: Sequence[EditLine] | None = None
	#: what was learned from them, a sentence each
	lessons: Sequence[str] = ()
	#: the policy that has learned from the edits; with the scenario of `backtest`, the two are compared
	backtest_after: Backtest | None = None
	#: name of the learned policy among the rows of `backtest_after`; "" for the same as before
	learned_after: str = ""
	#: seconds of training, and cost on validation demand as a ratio to the rule's
	learning_curve: Sequence[tuple[float, float]] | None = None
	#: stock against service of the learned policy, all items first
	service: Sequence[Curve] = ()
	#: what else belongs to the record, such as data window, seed, training time
	facts: Mapping[str, str] = field(default_factory=dict)

	@property
	def learned_row(self) -> BacktestRow:
		"""The learned policy's row of `backtest`."""
		return row_named(self.backtest, self.learned)


def row_named(backtest: Backtest, name: str) -> BacktestRow:
	"""The row of a policy; raises `ValueError` where there is none."""
	for row in backtest.rows:
		if row.ledger.policy == name:
			return row
	known = ", ".join(repr(row.ledger.policy) for row in backtest.rows)
	raise ValueError(f"no policy {name!r} in the backtest, only {known}")
