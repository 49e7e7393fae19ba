"""The README and the guide say what is: measured figures, files, commands, options, columns, examples."""

import contextlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from rl_replenishment.cli import main
from rl_replenishment.core.files import feedback, items, ordered, orders, stock
from rl_replenishment.core.items import DEFAULTS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMAND_LINE = ROOT / "docs" / "command-line.md"
PAGES = [
	README,
	ROOT / "CHANGELOG.md",
	ROOT / "CONTRIBUTING.md",
	ROOT / "benchmarks" / "README.md",
	*sorted((ROOT / "docs").glob("*.md")),
]
RESULTS = ROOT / "benchmarks" / "results"

Figures = list[str]


def share(value: float) -> str:
	return f"{100 * value:.1f}"


def difference(value: float) -> str:
	return f"{100 * value:+.1f}"


def against_best_rule(found: dict[str, Any]) -> Figures:
	by_seed = found["cost_vs_best_baseline_by_seed"]
	learned = found["policies"][0]
	return [
		f"{found['holdout_days']}",
		f"{len(by_seed)}",
		f"{found['seconds_per_training']:.0f}",
		difference(found["median_cost_vs_best_baseline"]),
		"95",
		*map(difference, learned["ci95"]),
		*map(difference, by_seed),
	]


def against_reorder_level(found: dict[str, Any]) -> Figures:
	learned = found["policies"][0]
	rule = next(row for row in found["policies"] if row["name"] == "reorder level")
	return [
		difference(learned["cost"] / rule["cost"] - 1),
		share(learned["fill_rate"]),
		share(rule["fill_rate"]),
	]


def against_best_rule_of_sample(found: dict[str, Any]) -> Figures:
	learned = found["policies"][0]
	rule = next(row for row in found["policies"] if row["cost_vs_best_baseline"] == 0)
	return [
		f"{found['holdout_days']}",
		difference(found["median_cost_vs_best_baseline"]),
		"95",
		*map(difference, learned["ci95"]),
		share(learned["fill_rate"]),
		share(rule["fill_rate"]),
		*map(difference, found["cost_vs_best_baseline_by_seed"]),
	]


def peers_against_rules(found: dict[str, Any]) -> Figures:
	def best(case: dict[str, Any], kind: str) -> float:
		return float(min(row["cost"] for row in case["policies"] if row["kind"] == kind))

	cases = found["cases"]
	return [f"{len(cases)}", *(difference(best(case, "peer") / best(case, "rule") - 1) for case in cases)]


def learned_against_the_best(found: dict[str, Any]) -> Figures:
	return [
		f"{len(found['cases'])}",
		f"{len(found['cases'][0]['learned']['ratio_by_seed'])}",
		f"{found['seconds_per_training']:.0f}",
		*(difference(case["learned"]["ratio_to_best_peer"] - 1) for case in found["cases"]),
		difference(found["mean_ratio_to_best_peer"] - 1),
		difference(found["largest_ratio_to_best_peer"] - 1),
	]


def forecast_against_boosted(found: dict[str, Any]) -> Figures:
	shown = [f"{len(found['cases'])}"]
	for at, row in enumerate(found["cases"][0]["quantiles"]):
		rows = [case["quantiles"][at] for case in found["cases"]]
		ratios = [row["pinball_loss"] / row["pinball_loss_of_boosted"] for row in rows]
		shown += [f"{100 * row['probability']:.0f}", difference(mean(ratios) - 1)]
	return shown


def above_optimum(found: dict[str, Any]) -> Figures:
	rows = found["instances"]
	capped = [row["capped_gap_percent"] for row in rows]
	return [
		f"{len(rows)}",
		f"{found['seeds']}",
		f"{found['timesteps'] // 10**6}",
		f"{found['mean_gap_percent']:.2f}",
		f"{found['largest_gap_percent']:.2f}",
		f"{mean(capped):.2f}",
		f"{max(capped):.2f}",
	]


def above_optimum_by_ppo(found: dict[str, Any]) -> Figures:
	return [
		f"{found['seeds']}",
		"60",
		f"{found['mean_gap_percent']:.2f}",
		f"{found['largest_gap_percent']:.2f}",
	]


def above_published(found: dict[str, Any]) -> Figures:
	capped = [row["capped_gap_percent"] for row in found["instances"]]
	return [
		f"{found['seeds']}",
		f"{found['timesteps'] // 10**6}",
		f"{found['mean_gap_to_published_percent']:.2f}",
		f"{found['largest_gap_to_published_percent']:.2f}",
		f"{mean(capped):.2f}",
		f"{max(capped):.2f}",
	]


def above_optimal_levels(found: dict[str, Any]) -> Figures:
	rows = found["instances"]
	return [
		f"{len(rows)}",
		f"{found['seeds']}",
		f"{found['timesteps'] // 1_000_000}",
		f"{found['mean_gap_percent']:.2f}",
		f"{found['largest_gap_percent']:.2f}",
		f"{mean(row['start_gap_percent'] for row in rows):.1f}",
	]


def with_lessons(found: dict[str, Any]) -> Figures:
	rows = {row["buyer"]: row for row in found["buyers"] if row["arm"] == "lessons"}
	informed = [row for name, row in rows.items() if name.startswith("informed: ")]
	careless = [rows[name] for name in ("overbuying", "cries wolf", "random", "rubber stamp")]
	mean, worst = (f"cost_vs_no_learning_percent_{which}" for which in ("mean", "worst"))
	shown = [f"{found['seeds']}", "95"]
	for row in informed:
		shown += [f"{each:+.2f}" for each in (row[mean], *row["cost_vs_no_learning_percent_ci95"])]
	return [
		*shown,
		f"{max(row[mean] for row in careless):+.2f}",
		f"{max(row[worst] for row in careless):+.2f}",
	]


def told_of_new_items(found: dict[str, Any]) -> Figures:
	first = {row["told"]: row for row in found["rows"] if row["known_days"] == 0}
	booked, imputed = first["as booked"], first["imputed"]
	return [
		f"{found['new_items']}",
		f"{found['seeds']}",
		f"{imputed['cost_vs_all_known_percent']:.0f}",
		share(imputed["fill_rate"]),
		f"{booked['cost_vs_all_known_percent']:.0f}",
		share(booked["fill_rate"]),
	]


def told_of_events(found: dict[str, Any]) -> Figures:
	shown = [f"{found['companies']}", "95"]
	for row in found["rows"]:
		shown += [f"{each:+.1f}" for each in (row["cost_vs_no_events_percent"], *row["ci95_percent"])]
	return shown


def rounded_together(found: dict[str, Any]) -> Figures:
	shown = [f"{found['holdout_days']}"]
	for weeks in (1, 4):
		shown.append(f"{weeks}")
		for case in ("sample company", "iowa"):
			(row,) = (
				row
				for row in found["rows"]
				if (row["case"], row["weeks"], row["method"]) == (case, weeks, "in proportion")
			)
			shown += [f"{each:+.1f}" for each in (row["joint_vs_this_percent"], *row["ci95"])]
	return shown


def _of_buying(found: dict[str, Any], kind: str, setting: float, method: str) -> Figures:
	shown = []
	for case in ("sample company", "iowa"):
		(row,) = (
			row
			for row in found[kind]
			if (row["case"], row["setting"], row["method"]) == (case, setting, method)
		)
		shown += [f"{each:+.1f}" for each in (row["reference_vs_this_percent"], *row["ci95"])]
	return shown


def spent_by_urgency(found: dict[str, Any]) -> Figures:
	shown = [f"{found['holdout_days']}", "70"]
	return shown + _of_buying(found, "budgets", 0.7, "in proportion")


def moved_before_buying(found: dict[str, Any]) -> Figures:
	return ["26", "8", *_of_buying(found, "transfers", 8.0, "buying alone")]


def back_in_service(found: dict[str, Any]) -> Figures:
	rows = {row["policy"]: row for row in found["policies"]}
	learned = next(iter(found["policies"]))
	return [
		f"{found['seeds']}",
		f"{learned['days_until_service_is_back']:.0f}",
		*(f"{rows[rule]['days_until_service_is_back']:.0f}" for rule in ("base-stock", "(s, S)")),
		f"{rows['reorder level']['days_until_service_is_back']:.0f}",
	]


def with_buyers(found: dict[str, Any]) -> Figures:
	changes = {(row["buyer"], row["arm"]): row["cost_vs_no_learning_percent"] for row in found["buyers"]}
	return [
		f"{found['seeds']}",
		f"{changes['informed', 'learning']:+.1f}",
		*(f"{changes[buyer, 'learning']:+.1f}" for buyer in ("overbuying", "random", "rubber stamp")),
		f"{changes['informed', 'agreement only']:+.1f}",
		f"{changes['informed', 'original reward']:+.1f}",
	]


def three_products(found: dict[str, Any]) -> Figures:
	best = max(found["rules"], key=lambda rule: rule["mean_return"])
	return [
		f"{found['episodes']}",
		f"{len(found['agents'])}",
		f"{found['agents'][0]['seconds']:.0f}",
		f"{found['median_return']:.1f}",
		f"{found['least_return']:.1f}",
		share(found["least_survived"]),
		f"{best['level']}",
		f"{best['mean_return']:.1f}",
	]


def simulation(found: dict[str, Any]) -> Figures:
	return [
		f"{found['batched_item_steps_per_second'] / 1e6:.1f}",
		f"{found['pandas_item_steps_per_second']:,.0f}",
		f"{found['ratio']:,.0f}",
	]


def proposing(found: dict[str, Any]) -> Figures:
	return [f"{found['items']:,}", f"{found['seconds']:.2f}", f"{found['peak_mib']:.0f}"]


def trained_by_size(found: dict[str, Any]) -> Figures:
	shown = [f"{found['seconds_of_training']:.0f}"]
	for row in found["sizes"]:
		shown += [f"{row['items']:,}", f"{row['days']:,}"]
		shown += [f"{row['seconds']:.0f}", f"{row['peak_mib'] / 1024:.1f}"]
	return shown


#: what each row of the README's table must say, in order
ROWS: list[tuple[str, Callable[[dict[str, Any]], Figures]]] = [
	("history", against_best_rule),
	("history", against_reorder_level),
	("history-sample", against_best_rule_of_sample),
	("real", learned_against_the_best),
	("real", peers_against_rules),
	("real-weekly", learned_against_the_best),
	("real-weekly", peers_against_rules),
	("forecast", forecast_against_boosted),
	("lost-sales", above_optimum),
	("lost-sales-ppo", above_optimum_by_ppo),
	("lost-sales-long", above_published),
	("fixed-cost", above_optimal_levels),
	("buyers", with_buyers),
	("buyers-lessons", with_lessons),
	("new-items", told_of_new_items),
	("known-events", told_of_events),
	("demand-shift", back_in_service),
	("stock-multi-product", three_products),
	("terms", rounded_together),
	("buying", spent_by_urgency),
	("buying", moved_before_buying),
	("throughput", simulation),
	("serving", proposing),
	("sizes", trained_by_size),
]


def result_file(benchmark: str) -> Path:
	return RESULTS / f"{benchmark.replace('-', '_')}.json"


def readme_rows() -> list[list[str]]:
	section = README.read_text(encoding="utf-8").split("\n## Results\n")[1].split("\n## ")[0]
	lines = [line for line in section.splitlines() if line.startswith("|")]
	return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_result_has_its_rows() -> None:
	"""No row without a result, no result without a row, each beside its command."""
	named = [re.findall(r"rl-replenishment benchmark ([a-z-]+)", row[-1]) for row in readme_rows()]
	assert named == [[re.sub("-(lessons|long|ppo|sample|weekly)$", "", benchmark)] for benchmark, _ in ROWS]
	assert {path.name for path in RESULTS.glob("*.json")} == {result_file(name).name for name, _ in ROWS}


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: ROWS[number][1].__name__)
def test_figures_are_the_measured_ones(number: int) -> None:
	"""Every number of a row, in order: one changed in the table or in the JSON alone fails."""
	benchmark, expected = ROWS[number]
	found = json.loads(result_file(benchmark).read_text(encoding="utf-8"))
	*cells, _ = readme_rows()[number]
	shown = re.findall(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?", " ".join(cells))
	assert shown == expected(found)


def test_the_verdict_follows_from_the_interval() -> None:
	low, high = json.loads(result_file("history").read_text(encoding="utf-8"))["policies"][0]["ci95"]
	assert ("no clear difference" in readme_rows()[0][1]) == (low <= 0 <= high)


def pages(*, without_code: bool = False) -> list[tuple[Path, str]]:
	texts = [(page, page.read_text(encoding="utf-8")) for page in PAGES]
	return [(page, re.sub(r"(?ms)^```.*?^```$", "", text)) for page, text in texts] if without_code else texts


def anchors(page: Path) -> set[str]:
	headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
	return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
	broken = []
	for page, text in pages(without_code=True):
		for target in re.findall(r"\]\(([^)\s]+)\)", text):
			if target.startswith("https://"):
				continue
			path, _, anchor = target.partition("#")
			place = (page.parent / path).resolve() if path else page
			if not place.exists() or (anchor and anchor not in anchors(place)):
				broken.append(f"{page.name}: {target}")
	assert broken == []


def test_files_named_exist() -> None:
	"""Paths in code type, from the project's root or from the page's folder."""
	named = re.compile(r"`((?:docs|benchmarks|tests|rl_replenishment)(?:/[\w.*-]+)+/?)`")
	missing = [
		f"{page.name}: {path}"
		for page, text in pages()
		for path in named.findall(text)
		if not re.search(r"-v\d+$", path) and not any(ROOT.glob(path.rstrip("/")))
	]
	assert missing == []


def is_in_core(dotted: str) -> bool:
	"""Whether `core.package.module`, or a name in one, exists; read, not imported, since some need torch."""
	parts = dotted.split(".")
	for length in range(len(parts), 0, -1):
		path = (ROOT / "rl_replenishment").joinpath(*parts[:length])
		if path.is_dir():
			return length == len(parts)
		if path.with_suffix(".py").is_file():
			names = parts[length:]
			text = path.with_suffix(".py").read_text(encoding="utf-8")
			return all(
				re.search(rf"(?m)^(?:(?:class|def) {name}\b|{name}\b.* = )", text) for name in names[:1]
			)
	return False


def test_modules_named_exist() -> None:
	missing = [
		f"{page.name}: {dotted}"
		for page, text in pages()
		for dotted in re.findall(r"`(core(?:\.\w+)+)`", text)
		if not is_in_core(dotted)
	]
	assert missing == []


@cache
def help_of(*command: str) -> str:
	output = io.StringIO()
	with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
		main([*command, "--help"])
	return output.getvalue()


@cache
def options_of(command: str) -> frozenset[str]:
	return frozenset(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of(command)))


COMMANDS = re.findall(r"(?m)^    ([a-z][a-z-]*)", help_of())


def test_subcommands_are_found() -> None:
	"""What the tests below rest on."""
	assert {"demo", "train", "backtest", "propose", "learn", "benchmark"} <= set(COMMANDS)
	assert {"--json", "--seed"} <= options_of("demo")


def test_commands_shown_parse() -> None:
	"""Each `rl-replenishment ...` in a code block or in code type has a known subcommand and its options."""
	wrong = []
	for page, text in pages():
		for line in re.findall(r"(?m)(?:^|`)rl-replenishment ([^`\n]+)", text):
			command, *words = line.split()
			unknown = [word for word in words if word.startswith("--") and word not in options_of(command)]
			if command == "benchmark" and words and words[0] != "NAME":
				unknown += {words[0]} - set(re.findall(r"[a-z-]+", help_of(command).split("\n\n")[0]))
			if command not in COMMANDS or unknown:
				wrong.append(f"{page.name}: {line}")
	assert wrong == []


def test_options_named_exist() -> None:
	every = frozenset[str]().union(*map(options_of, COMMANDS))
	wrong = [
		f"{page.name}: {option}"
		for page, text in pages(without_code=True)
		for option in re.findall(r"`(--[a-z-]+)", text)
		if option not in every
	]
	assert wrong == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented(command: str) -> None:
	"""And every subcommand."""
	text = COMMAND_LINE.read_text(encoding="utf-8")
	assert f"`rl-replenishment {command}" in text
	assert [option for option in sorted(options_of(command)) if f"{option}" not in text] == []


def test_every_column_is_documented() -> None:
	text = COMMAND_LINE.read_text(encoding="utf-8")
	files = (orders, items, stock, feedback, ordered)
	columns = {column.name for module in files for column in module.COLUMNS}
	assert [name for name in sorted(columns) if f"`{name}`" not in text] == []


def test_defaults_of_items_are_the_documented_ones() -> None:
	rows = re.findall(
		r"(?m)^\| `(\w+)` \| [^|]* \| ([\d.]+) \| .*\|$", COMMAND_LINE.read_text(encoding="utf-8")
	)
	assert {name: float(value) for name, value in rows} == {
		name: value for name, value in DEFAULTS.items() if value != float("inf")
	}


def examples() -> list[Any]:
	found = []
	for name in ("environments.md", "reward.md"):
		text = (ROOT / "docs" / name).read_text(encoding="utf-8")
		for number, example in enumerate(re.findall(r"(?ms)^```python\n(.*?)^```$", text)):
			marks = [pytest.mark.torch] if "stable_baselines3" in example else []
			found.append(pytest.param(example, marks=marks, id=f"{name}-{number}"))
	return found


@pytest.mark.parametrize("example", examples())
def test_examples_run(example: str) -> None:
	"""The Python examples of the guide, each in a fresh interpreter."""
	if "stable_baselines3" in example:
		pytest.importorskip("stable_baselines3")
	run = subprocess.run(
		[sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False
	)
	assert run.returncode == 0, run.stderr
