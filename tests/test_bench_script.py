""".ci/bench brings a checkout to a bench, and never touches somebody else's there."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "bench"
APP = "rl_replenishment"
# stands in for the bench's Python: says where services are, and writes down what it is asked to do
PYTHON = """#!/bin/sh
case "$*" in
	-m*) echo "$*" "${PYTHONPATH:-}" >>"$FRAPPE_BENCH/asked"; echo '["frappe", "rl_replenishment"]' ;;
	-*sites*) echo 127.0.0.1 "$PORT" ;;
	*) cat >/dev/null; echo numpy ;;
esac
"""

pytestmark = pytest.mark.skipif(
	not shutil.which("bash") or not shutil.which("git"), reason="needs bash and git"
)


def git(folder: Path, *arguments: str) -> None:
	identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
	subprocess.run(("git", *identity, *arguments), cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
	"""A checkout of the app, as somebody works on it."""
	folder = tmp_path / "checkout"
	for name in (f"{APP}/public/js/new.js", "pyproject.toml"):
		(folder / name).parent.mkdir(parents=True, exist_ok=True)
		(folder / name).touch()
	(folder / ".ci").mkdir()
	shutil.copy(SCRIPT, folder / ".ci")
	git(folder, "init", "--quiet")
	return folder


@pytest.fixture
def bench(tmp_path: Path) -> Path:
	folder = tmp_path / "bench"
	for name in ("sites/test_site/site_config.json", "sites/common_site_config.json", "sites/apps.txt"):
		(folder / name).parent.mkdir(parents=True, exist_ok=True)
		(folder / name).write_text("{}\n")
	(folder / "apps").mkdir()
	python = folder / "env/bin/python"
	python.parent.mkdir(parents=True)
	python.write_text(PYTHON)
	python.chmod(0o755)
	return folder


@pytest.fixture
def port() -> Iterator[int]:
	"""Where every service answers."""
	with socket.create_server(("127.0.0.1", 0)) as server:
		yield server.getsockname()[1]


def run(folder: Path, bench: Path, port: int) -> tuple[str, str]:
	"""What it says, and what the bench's Python was asked with which PYTHONPATH."""
	environment = {"FRAPPE_BENCH": str(bench), "PORT": str(port), "PATH": "/usr/local/bin:/usr/bin:/bin"}
	command = 'set -euo pipefail; source .ci/bench; readlink "$bench/sites/assets/$app"'
	(bench / "asked").unlink(missing_ok=True)
	done = subprocess.run(
		("bash", "-c", command), cwd=folder, env=environment, check=True, capture_output=True, text=True
	)
	return done.stdout, (bench / "asked").read_text()


def test_a_bench_without_the_app_gets_a_copy(checkout: Path, bench: Path, port: int) -> None:
	said, asked = run(checkout, bench, port)
	copy = bench / "apps" / APP
	assert said.splitlines()[-1] == str(copy / APP / "public")
	assert f"pip install --quiet --editable {copy}[train]" in asked
	# a second time it is brought up to date: what is gone from the checkout is gone there
	(checkout / APP / "public/js/new.js").rename(checkout / APP / "public/js/newer.js")
	run(checkout, bench, port)
	assert [path.name for path in (copy / APP / "public/js").iterdir()] == ["newer.js"]


def test_somebodys_own_checkout_stays_as_it_is(checkout: Path, bench: Path, port: int) -> None:
	"""Also after the tests were run in it; what is tested lies beside it, and Python finds that first."""
	own = bench / "apps" / APP
	shutil.copytree(checkout, own)
	git(own, "add", "--all")
	git(own, "commit", "--quiet", "--message", "work")
	(own / "unsaved").write_text("hours of work")
	beside = bench / "apps-under-test" / APP
	for _time in range(2):
		(checkout / "changed").touch()
		said, asked = run(checkout, bench, port)
		assert f"{own} is a checkout of its own and stays as it is" in said
		assert said.splitlines()[-1] == str(beside / APP / "public")
		assert all(line.endswith(f" {beside}") for line in asked.splitlines())
		assert "--editable" not in asked
		assert (beside / "changed").exists()
		assert not (own / "changed").exists()
		assert (own / "unsaved").read_text() == "hours of work"
		# what the desk shows is its own again
		assert (bench / "sites/assets" / APP).readlink() == own / APP / "public"
		said, asked = run(own, bench, port)
		assert said.splitlines()[-1] == str(own / APP / "public")
		assert str(beside) not in asked
		# the site was last brought to the other's state
		assert "migrate" in asked
