"""The report: one file that asks for nothing, harmless whatever items are called, complete and repeatable."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report_samples import CODES, HOLDOUT_DAYS, make_backtest

from rl_replenishment.core.evaluation.backtest import Backtest
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.report import EditLine, ProposalLine, ReportContent, comparison, render_report

ROOT = Path(__file__).parents[2]
VOID = {"meta", "link", "br", "path", "use", "img"}


class Page(HTMLParser):
	"""The page's tags and attributes, and whether they nest."""

	def __init__(self, html: str) -> None:
		super().__init__()
		self.tags: list[tuple[str, dict[str, str | None]]] = []
		self.words: list[str] = []
		self._open: list[str] = []
		self.feed(html)
		self.close()
		assert self._open == []

	def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		self.tags.append((tag, dict(attrs)))
		if tag not in VOID:
			self._open.append(tag)

	def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		self.tags.append((tag, dict(attrs)))

	def handle_endtag(self, tag: str) -> None:
		if tag not in VOID:
			assert self._open.pop() == tag

	def handle_data(self, data: str) -> None:
		if "style" not in self._open:
			self.words.append(data)

	@property
	def text(self) -> str:
		return " ".join(" ".join(self.words).split())

	def all(self, tag: str) -> list[dict[str, str | None]]:
		return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(content: ReportContent) -> str:
	return render_report(content)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
	return Page(html)


def test_nothing_is_fetched_and_no_script_runs(html: str, page: Page) -> None:
	tags = {tag for tag, _ in page.tags}
	assert not tags & {"script", "img", "iframe", "object", "embed", "image", "foreignobject"}
	for tag, attributes in page.tags:
		for name, value in attributes.items():
			assert not name.startswith("on"), (tag, name)
			if name in ("href", "src", "xlink:href"):
				assert (value or "").startswith(("#", "data:,")), (tag, value)
	assert not re.search(r"@import|url\((?!#)", html)
	[policy] = [each for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
	assert (policy["content"] or "").startswith("default-src 'none'")


def test_same_content_same_bytes(content: ReportContent, html: str) -> None:
	assert render_report(content) == html


def test_every_plot_is_described_and_drawn_for_both_widths(page: Page) -> None:
	plots = page.all("svg")
	assert len(plots) == 2 * (4 + 1 + 4 + 1 + 1)
	assert [plot["class"] for plot in plots] == ["wide", "narrow"] * (len(plots) // 2)
	for plot in plots:
		assert plot["role"] == "img"
		assert len(plot["aria-label"] or "") > 40
		assert "viewbox" in plot
		assert "width" not in plot


def test_plots_take_the_pages_colours(html: str) -> None:
	assert "var(--learned)" in html
	assert "#01fe" not in html
	drawn = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
	used = set(re.findall(r"var\(--([a-z]+)\)", drawn))
	defined = set(re.findall(r"--([a-z-]+):", html.split("@media")[0]))
	assert used <= defined


def test_ids_are_unique(page: Page) -> None:
	"""A clip path of one plot must not stand in for that of another, least of all of a hidden one."""
	ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
	assert len(ids) == len(set(ids))
	used = {
		(value or "").split("#")[1].rstrip(")")
		for _, attributes in page.tags
		for name, value in attributes.items()
		if name in ("href", "xlink:href", "clip-path", "aria-labelledby") and "#" in (value or "")
	}
	assert used <= set(ids)


def test_table_heads_have_a_scope(page: Page) -> None:
	assert page.all("th")
	assert {head.get("scope") for head in page.all("th")} == {"col", "row", "rowgroup"}
	assert len(page.all("caption")) == len(page.all("table"))


def test_the_whole_story_is_told(page: Page) -> None:
	text = page.text
	for words in (
		"Replenishment report",
		"Sample company, Stores",
		"would have cost",
		"lowest cost",
		"best rule",
		"from 29 Jun 2024 to 26 Oct 2024",
		"on 0 of 6 items, more on 6, and the same on 0",
		"GLUE-5L",
		"Cover for 14 days is 18, 14 are there.",
		"The buyer changed 2 of the quantities below and kept 1.",
		"towards the buyer on 1 of those, away on 1, and stayed on 0",
		"“Promotion next week”",
		"the policy that learned from these edits would have cost",
		"Learning curve",
		"What they do not show",
		"Training time",
	):
		assert words in text, words


def test_what_is_not_given_is_left_out(minimal: ReportContent) -> None:
	page = Page(render_report(minimal))
	assert {each["id"] for each in page.all("section")} == {"policies", "course", "items", "reading"}
	assert {each["href"] for each in page.all("a")} == {"#policies", "#course", "#items", "#reading"}
	assert "None" not in page.text.replace("None.", "")


def test_only_changed_lines_make_no_claim_about_kept_ones(content: ReportContent) -> None:
	edits = [EditLine("A", "", "", 10, 20, 15)]
	text = Page(render_report(replace(content, edits=edits, backtest_after=None))).text
	assert "The buyer changed 1 of the quantities below." in text
	assert "kept" not in text.split("What the buyer changed")[1].split("Learning curve")[0]


HOSTILE = "<script>alert('x')</script>\" onload=\"alert(1) {{ 7 * 7 }} $a$ $b$ #01fe00 ]]> &amp; \u4e2d\u6587"


def test_hostile_names_come_out_harmless(content: ReportContent) -> None:
	"""An item, supplier, reason or policy may be called anything; the page shows just that."""
	backtest = make_backtest(learned_name=HOSTILE, codes=(HOSTILE, *CODES[1:]))
	hostile = replace(
		content,
		title=HOSTILE,
		subtitle=HOSTILE,
		backtest=backtest,
		learned=HOSTILE,
		currency=HOSTILE,
		proposals=[ProposalLine(HOSTILE, HOSTILE, HOSTILE, 1, 2, 3, 4, HOSTILE)],
		edits=[EditLine(HOSTILE, HOSTILE, HOSTILE, 1, 2, 3)],
		backtest_after=None,
		facts={HOSTILE: HOSTILE},
	)
	html = render_report(hostile)
	test_nothing_is_fetched_and_no_script_runs(html, Page(html))
	page = Page(html)
	assert "<script" not in html
	assert " ".join(HOSTILE.split()) in page.text
	assert "49" not in page.text.split("Stock over time")[0]
	assert not [attributes for _, attributes in page.tags if "onload" in attributes]


def test_warehouses_are_named_where_there_are_several(content: ReportContent, minimal: ReportContent) -> None:
	assert "@ Stores" not in Page(render_report(minimal)).text
	backtest = make_backtest(warehouses=("North", "South"))
	assert "@ North" in Page(render_report(replace(minimal, backtest=backtest))).text


def test_a_single_item_report(minimal: ReportContent) -> None:
	page = Page(render_report(replace(minimal, backtest=make_backtest(items=1))))
	assert "There is no interval for a single item" in page.text
	assert "1 item, 120 held-out days" in page.text


def test_paths_and_names_must_be_there(content: ReportContent, small_backtest: Backtest) -> None:
	with pytest.raises(ValueError, match="no policy 'other' in the backtest, only 'learned', 'base-stock'"):
		render_report(replace(content, learned="other"))
	rows = tuple(replace(row, ledger=replace(row.ledger, paths=None)) for row in small_backtest.rows)
	with pytest.raises(ValueError, match="keep_paths=True"):
		render_report(replace(content, backtest=Backtest(small_backtest.scenario, 1, rows)))


def test_stock_without_prices_is_counted_in_units(minimal: ReportContent) -> None:
	text = Page(render_report(replace(minimal, backtest=make_backtest(priced=False)))).text
	assert "Average stock, units" in text
	assert "stock value" not in text


def test_a_year_and_more_of_days(minimal: ReportContent) -> None:
	"""Item panels show the last year, the course all days."""
	text = Page(render_report(replace(minimal, backtest=make_backtest(days=400)))).text
	assert "400 held-out days" in text
	assert "the last 364 days" in text


def test_long_lists_are_folded_not_cut(content: ReportContent) -> None:
	lines = [ProposalLine(f"ITEM-{i:03}", "", "", 0, 0, i, i, "why") for i in range(60)]
	page = Page(render_report(replace(content, proposals=lines)))
	assert all(line.item_code in page.text for line in lines)
	assert "35 more proposals" in page.text


def test_nothing_demanded_and_nothing_stocked(minimal: ReportContent) -> None:
	"""No division by what is not there."""
	backtest = make_backtest(demanded=False)
	text = Page(render_report(replace(minimal, backtest=backtest, learning_curve=[(0.0, float("nan"))]))).text
	assert "nan" not in text.lower()


def test_items_are_compared_by_cost(small_backtest: Backtest) -> None:
	learned, rule = small_backtest.rows[0].ledger, small_backtest.best_baseline.ledger
	items = comparison.compare_items(small_backtest.scenario.items, learned, rule)
	every = [*items.saved, *items.lost, *items.same]
	assert sorted(item.index for item in every) == list(range(len(CODES)))
	assert sum(item.difference for item in every) == pytest.approx(learned.cost.sum() - rule.cost.sum())
	assert [item.difference for item in items.lost] == sorted(
		(i.difference for i in items.lost), reverse=True
	)


def test_telling_items_take_turns() -> None:
	table = ItemTable.create([ItemKey(code) for code in "ABCDE"])
	learned, rule = (make_backtest().rows[i].ledger for i in (0, 1))
	cut = {name: np.zeros(5) for name in ("stockout_cost", "order_cost", "waste_cost", "demand", "sales")}
	cut |= {
		name: np.zeros(5) for name in ("stockout_days", "orders", "stock_days", "freight_cost", "discount")
	}
	mine = replace(learned, holding_cost=np.array([1.0, 2.0, 3.0, 40.0, 5.0]), **cut)
	other = replace(rule, holding_cost=np.array([2.0, 22.0, 8.0, 10.0, 5.0]), **cut)
	items = comparison.compare_items(table, mine, other)
	assert [item.key.item_code for item in items.telling(4)] == ["B", "D", "C", "A"]
	assert [item.key.item_code for item in items.telling(9)] == ["B", "D", "C", "A", "E"]
	assert np.isnan(items.saved[0].learned.fill_rate)


def test_before_and_after_are_compared_on_the_same_days_only(small_backtest: Backtest) -> None:
	after = make_backtest(learned=1.6)
	ledgers = small_backtest.rows[0].ledger, after.rows[0].ledger
	change = comparison.change_in_cost(small_backtest, ledgers[0], after, ledgers[1])
	assert change is not None
	assert change[0] == pytest.approx(ledgers[1].cost.sum() / ledgers[0].cost.sum() - 1)
	assert change[1][0] < change[0] < change[1][1]
	other = make_backtest(seed=8)
	assert comparison.change_in_cost(small_backtest, ledgers[0], other, other.rows[0].ledger) is None


def test_other_days_after_learning_are_not_compared(content: ReportContent) -> None:
	text = Page(render_report(replace(content, backtest_after=make_backtest(seed=8)))).text
	assert "met different days, so their costs cannot be compared" in text


def test_the_types_load_without_matplotlib() -> None:
	"""In a clean interpreter: the console shares them, and must start fast."""
	program = (
		"import sys; before = set(sys.modules)\n"
		"import rl_replenishment.report, rl_replenishment.report.wording\n"
		"print(*(set(sys.modules) - before))"
	)
	run = subprocess.run(
		[sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
	)
	assert run.returncode == 0, run.stderr
	assert not {"matplotlib", "jinja2", "torch"} & set(run.stdout.split())


def test_plots_leave_pyplot_and_settings_alone() -> None:
	"""In a clean interpreter. Reading the setting `backend` would itself load pyplot."""
	program = (
		"import sys, warnings, matplotlib\n"
		"from rl_replenishment.report import plots\n"
		"warnings.simplefilter('ignore')\n"
		"known = [key for key in matplotlib.rcParams if key != 'backend']\n"
		"settings = lambda: [matplotlib.rcParams[key] for key in known]\n"
		"before = settings()\n"
		"plots.learning_curve([(1.0, 1.2), (2.0, 0.9)], 'label')\n"
		"assert settings() == before\n"
		"assert 'matplotlib.pyplot' not in sys.modules\n"
	)
	run = subprocess.run(
		[sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
	)
	assert run.returncode == 0, run.stderr


def test_the_sample_is_what_the_tests_say(small_backtest: Backtest) -> None:
	assert small_backtest.scenario.days == HOLDOUT_DAYS
	assert small_backtest.best_baseline.ledger.policy == "(s, S)"
