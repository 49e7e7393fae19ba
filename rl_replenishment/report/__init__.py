"""The HTML report of a backtest, readable by a purchasing manager: one file, no external requests."""

from __future__ import annotations

from rl_replenishment.report.content import EditLine, ProposalLine, ReportContent

__all__ = ["EditLine", "ProposalLine", "ReportContent", "render_report"]


def render_report(content: ReportContent) -> str:
	"""The report as one self-contained HTML document; the same content gives the same bytes."""
	# matplotlib and jinja2 load here: the types above also serve the console, which needs neither
	from rl_replenishment.report.pages import render

	return render(content)
