"""The app as a bench gets it: cloned, built by its own build backend, installed into another environment."""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import rl_replenishment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
	"""What a command says; skips where pip has no index to take the build backend from."""
	done = subprocess.run(
		[str(part) for part in command],
		cwd=cwd,
		env=os.environ | environment,
		stdin=subprocess.DEVNULL,
		stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT,
		text=True,
	)
	if done.returncode and "(from versions: none)" in done.stdout:
		pytest.skip("pip reaches no package index")
	assert done.returncode == 0, done.stdout
	return done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
	"""A repository, by another name than the app's, of what git tracks here or would, with a release."""
	if not shutil.which("git") or not (ROOT / ".git").exists():
		pytest.skip("not a git checkout")
	folder = tmp_path_factory.mktemp("repositories") / "replenishment"
	listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
	for name in filter(None, listed.split("\0")):
		if (ROOT / name).is_file():
			(folder / name).parent.mkdir(parents=True, exist_ok=True)
			shutil.copyfile(ROOT / name, folder / name)
	run("git", "init", "--quiet", cwd=folder)
	run("git", "add", "--all", cwd=folder)
	author = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
	run("git", *author, "commit", "--quiet", "--no-verify", "--message", "all of it", cwd=folder)
	run("git", *author, "tag", "--annotate", "v1", "--message", "a release", cwd=folder)
	return folder


def test_the_wheel_holds_every_file_of_the_app(repository: Path, tmp_path: Path) -> None:
	"""Forms, translations, templates and all: Frappe reads them where Python is installed."""
	wheel_only = ("wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path)
	run(sys.executable, "-m", "pip", *wheel_only, repository, cwd=tmp_path)
	(wheel,) = tmp_path.glob("*.whl")
	names = zipfile.ZipFile(wheel).namelist()
	packed = sorted(name for name in names if name.startswith("rl_replenishment/"))
	assert packed == sorted(run("git", "ls-files", "rl_replenishment", cwd=repository).splitlines())
	for needed in ("hooks.py", "modules.txt", "patches.txt", "public/js", "locale/de.po", "templates"):
		assert any(name.startswith(f"rl_replenishment/{needed}") for name in packed), needed


@pytest.mark.skipif(
	not (shutil.which("bench") and shutil.which("yarn")), reason="no bench command or no yarn"
)
def test_bench_gets_the_app(repository: Path, tmp_path: Path) -> None:
	"""Into a bench with stand-ins for what the app requires; yarn brings what the desk is bundled with."""
	for folder in ("sites", "config/pids", "logs"):
		(tmp_path / folder).mkdir(parents=True)
	for app in ("frappe", "erpnext"):
		inner = tmp_path / "apps" / app / app
		inner.mkdir(parents=True)
		(inner.parent / "pyproject.toml").write_text('[project]\nversion = "15.0.0"\n', encoding="utf-8")
		for name in ("hooks.py", "modules.txt", "patches.txt"):
			(inner / name).touch()
	configuration = json.dumps({"frappe_user": getpass.getuser()})
	(tmp_path / "sites" / "common_site_config.json").write_text(configuration, encoding="utf-8")
	venv.create(tmp_path / "env", with_pip=True)

	pip_only = {"BENCH_DISABLE_UV": "1", "PIP_NO_DEPS": "1"}
	get = ("bench", "get-app", "--skip-assets", "--branch", "v1", repository.as_uri())
	said = run(*get, cwd=tmp_path, CI="1", **pip_only)

	assert "frappe-dependency" not in said
	apps = (tmp_path / "sites" / "apps.txt").read_text(encoding="utf-8").split()
	assert sorted(apps) == ["erpnext", "frappe", "rl_replenishment"]
	python = tmp_path / "env" / "bin" / "python"
	ask = "import rl_replenishment as app; print(app.__version__, app.__file__)"
	version, place = run(python, "-c", ask, cwd=tmp_path, PYTHONPATH="").split()
	assert version == rl_replenishment.__version__
	assert Path(place).parent == tmp_path / "apps" / "rl_replenishment" / "rl_replenishment"
	assert (tmp_path / "env" / "bin" / "rl-replenishment").exists()


def test_what_the_desk_is_bundled_with_has_exact_versions() -> None:
	"""`bench get-app` and `bench update` have yarn install it: everybody is to get what was tested."""
	needed = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
	assert needed
	for name, version in needed.items():
		assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
