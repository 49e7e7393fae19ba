"""Who asks a site: its address, API key and secret, from options, the environment or a file."""

from __future__ import annotations

import configparser
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rl_replenishment.core.errors import InputError

SITE, KEY, SECRET = "RL_REPLENISHMENT_SITE", "RL_REPLENISHMENT_API_KEY", "RL_REPLENISHMENT_API_SECRET"
#: names that a machine has for itself
_LOCAL = ("localhost", "127.0.0.1", "::1")
#: names, also such as are not ASCII, and addresses
_HOST = re.compile(r"[\w.:-]+")


@dataclass(frozen=True)
class Access:
	"""A site and who asks it."""

	#: without a slash at its end
	url: str
	api_key: str
	#: shown nowhere
	api_secret: str = field(repr=False)


def default_file() -> Path:
	"""Where API keys are looked for."""
	folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
	return Path(folder).expanduser() / "rl-replenishment" / "sites.ini"


def find_access(
	site: str | None = None,
	api_key: str | None = None,
	file: Path | None = None,
	environment: Mapping[str, str] = os.environ,
) -> Access:
	"""What was given, else what the environment says, else what the file says.

	The secret comes from the environment or the file alone: options are seen in lists of processes. The file
	has a section for each site, `[https://erp.example.com]`, with `api_key` and `api_secret`. Raises
	`InputError` on a file that others may read, and where something is missing.
	"""
	sections = _read(file or default_file(), must_be=file is not None)
	url = site or environment.get(SITE) or (next(iter(sections)) if len(sections) == 1 else "")
	if not url:
		raise InputError(f"No site is named; give --site https://… or set {SITE}.")
	url = _checked(url)
	known = sections.get(url, {})
	key = api_key or environment.get(KEY) or known.get("api_key", "")
	secret = environment.get(SECRET) or known.get("api_secret", "")
	for value, what, variable in ((key, "API key", KEY), (secret, "API secret", SECRET)):
		if not value:
			raise InputError(
				f"There is no {what} for {url}; set {variable}, or write it into {file or default_file()}."
			)
		if not value.isascii() or not value.isprintable() or ":" in value or " " in value:
			raise InputError(f"The {what} for {url} is not as Frappe makes them; copy it again.")
	return Access(url, key, secret)


def _checked(url: str) -> str:
	url = url.strip().rstrip("/")
	try:
		parts = urlsplit(url)
		host = parts.hostname
		is_whole = parts.scheme in ("http", "https") and host and (parts.port or 1)
	except ValueError:
		is_whole = None
	# what is not shown may be secret
	if is_whole and (parts.path or parts.query or parts.fragment or "@" in parts.netloc):
		raise InputError(
			f"The address of the site at {host} has more than a site's; write it as in https://erp.example.com,"
			" without a user, a path, ? or #."
		)
	if not is_whole or not _HOST.fullmatch(host or ""):
		raise InputError(f"{_shown(url)!r} is no site; write it as in https://erp.example.com.")
	if parts.scheme == "http" and host not in _LOCAL:
		raise InputError(f"{url} would carry the secret for everybody to read; use https.")
	return url


def _shown(url: str) -> str:
	"""An address that is none, without what may be a password in it."""
	return re.sub(r"[^/]*@", "…@", url)


def _read(path: Path, *, must_be: bool) -> dict[str, dict[str, str]]:
	"""The sections of a file that nobody else may read, by site."""
	try:
		about = path.stat()
		text = path.read_text(encoding="utf-8")
	except FileNotFoundError:
		if must_be:
			raise InputError(f"{path} does not exist; name the file with the API keys.") from None
		return {}
	except (OSError, ValueError) as error:
		reason = getattr(error, "strerror", None) or "it is no text"
		raise InputError(f"{path} cannot be read ({reason}); name the file with the API keys.") from None
	if os.name == "posix":
		if about.st_uid != os.getuid():
			raise InputError(f"{path} belongs to somebody else; use a file of your own.")
		if stat.S_IMODE(about.st_mode) & 0o077:
			raise InputError(f"{path} can be read by others; run: chmod 600 {path}")
	parser = configparser.ConfigParser(interpolation=None)
	try:
		parser.read_string(text)
	except configparser.Error:
		# what the parser says quotes the line, which may hold the secret
		raise InputError(f"{path} is not as expected; it has a section [https://…] for each site.") from None
	return {name.rstrip("/"): dict(parser[name]) for name in parser.sections()}
