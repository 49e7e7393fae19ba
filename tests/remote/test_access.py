"""Where a site's address, key and secret come from, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.remote.access import KEY, SECRET, SITE, Access, find_access

URL = "https://erp.example.com"
FILE = f"[{URL}]\napi_key = from-file\napi_secret = hidden%50\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
	path = tmp_path / "sites.ini"
	path.write_text(FILE)
	path.chmod(0o600)
	return path


def test_a_file_of_ones_own(file: Path) -> None:
	assert find_access(None, None, file, {}) == Access(URL, "from-file", "hidden%50")
	assert find_access(f"{URL}/", None, file, {}).api_key == "from-file"


def test_options_beat_the_environment_and_that_beats_the_file(file: Path) -> None:
	environment = {SITE: "https://other.example.com", KEY: "from-environment", SECRET: "s"}
	assert find_access(None, None, file, environment).url == "https://other.example.com"
	assert find_access(URL, None, file, environment).api_key == "from-environment"
	found = find_access(URL, "from-option", file, environment)
	assert (found.api_key, found.api_secret) == ("from-option", "s")


def test_a_secret_is_not_shown(file: Path) -> None:
	assert "hidden" not in repr(find_access(None, None, file, {}))


@pytest.mark.skipif(os.name != "posix", reason="other systems know no modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_read_is_refused(file: Path, mode: int) -> None:
	file.chmod(mode)
	with pytest.raises(InputError, match=r"can be read by others; run: chmod 600"):
		find_access(None, None, file, {})


@pytest.mark.parametrize(
	("url", "sentence"),
	[
		("erp.example.com", "is no site"),
		("ftp://erp.example.com", "is no site"),
		("https://", "is no site"),
		("https://user:hidden@erp.example.com", "at erp.example.com has more than a site's"),
		("https://erp.example.com/?token=hidden", "has more than a site's"),
		("https://erp.example.com/app/hidden", "has more than a site's; .* without a user, a path"),
		("user:hidden@erp.example.com", "is no site"),
		("https://erp example.com", "is no site"),
		("https://erp.example.com:99999", "is no site"),
		("https://[erp", "is no site"),
		("http://erp.example.com", "use https"),
	],
)
def test_what_is_no_site(url: str, sentence: str, tmp_path: Path) -> None:
	with pytest.raises(InputError, match=sentence) as told:
		find_access(url, "k", None, {SECRET: "s", "XDG_CONFIG_HOME": str(tmp_path)})
	assert "hidden" not in str(told.value)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
	with pytest.raises(InputError, match="No site is named"):
		find_access(None, None, None, {})
	with pytest.raises(InputError, match="no API key for"):
		find_access(URL, None, None, {})
	with pytest.raises(InputError, match=f"no API secret for .*{SECRET}"):
		find_access(URL, "k", None, {})
	with pytest.raises(InputError, match="not as Frappe makes them"):
		find_access(URL, "k", None, {SECRET: "a\nHost: evil"})
	with pytest.raises(InputError, match="does not exist"):
		find_access(URL, None, tmp_path / "nowhere.ini", {})


def test_a_file_that_is_none_tells_nothing_of_its_lines(file: Path) -> None:
	file.write_text("api_secret = hidden\n")
	file.chmod(0o600)
	with pytest.raises(InputError, match="not as expected") as told:
		find_access(URL, None, file, {})
	assert "hidden" not in str(told.value)
