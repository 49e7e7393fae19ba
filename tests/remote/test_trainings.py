"""Pulling, training and pushing: cut off anywhere, gone on with, never done twice."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from fake_site import Answer, FakeSite, refusal, served

from rl_replenishment.cli import main
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.records_file import FORMAT_VERSION
from rl_replenishment.remote import training
from rl_replenishment.remote.client import Refused
from rl_replenishment.remote.place import TRAINED, Place
from rl_replenishment.remote.training import Over, Patience

RECORDS, PAGE = bytes(range(256)) * 40, 4096
PATIENCE = Patience(5.0, sleep=lambda seconds: None)


def shown(share: float, what: str) -> None:
	assert 0 <= share <= 1


class App:
	"""The app's side of it, as far as a trainer sees."""

	def __init__(self) -> None:
		self.run: dict[str, Any] | None = None
		self.begun: set[str] = set()
		self.received = b""
		self.finished: list[str] = []
		self.page = PAGE
		#: names of methods whose next answer is something else
		self.instead: dict[str, Answer] = {}

	def __call__(self, name: str, values: dict[str, Any]) -> Answer:
		if name in self.instead:
			return self.instead.pop(name)
		return Answer(getattr(self, name)(**values))

	def about(self) -> dict[str, Any]:
		return {"version": "1", "records_format": FORMAT_VERSION, "page_bytes": PAGE}

	def begin_training(self, agent: str, training_id: str, **asked: Any) -> dict[str, Any]:
		if training_id not in self.begun:
			self.begun.add(training_id)
			self.run = {
				"name": f"RUN-{len(self.begun)}",
				"agent": agent,
				"status": "In Progress",
				"message": "",
				"progress": 0,
				"cancel_requested": False,
				"snapshot_bytes": len(RECORDS),
				"snapshot_sha256": hashlib.sha256(RECORDS).hexdigest(),
				"upload_sha256": None,
				"policy": None,
				"promoted": False,
				"feedback_rows": 0,
			}
		assert self.run
		return self.run

	def training(self, training_run: str) -> dict[str, Any]:
		assert self.run
		return self.run

	def records(self, training_run: str, start: str) -> dict[str, Any]:
		data = RECORDS[int(start) :][: self.page]
		return {"start": int(start), "total": len(RECORDS), "data": base64.b64encode(data).decode()}

	def upload_policy(self, training_run: str, start: int, data: str) -> dict[str, Any]:
		self.received = self.received[:start] + base64.b64decode(data)
		return {"received": len(self.received)}

	def finish_training(self, training_run: str, sha256: str, metrics: str) -> dict[str, Any]:
		assert self.run
		assert hashlib.sha256(self.received).hexdigest() == sha256
		self.finished.append(sha256)
		self.run |= {"status": "Completed", "upload_sha256": sha256, "policy": "P-1", "message": "Promoted."}
		return self.run


@pytest.fixture
def app() -> App:
	return App()


def place(site: FakeSite, folder: Path) -> Place:
	return Place(folder / "work", site.url, "A")


def test_records_arrive_whole_in_pages(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		standing = training.pull(site.client(), place(site, tmp_path), "A", {}, PATIENCE, shown)
		assert (standing.run, standing.stage) == ("RUN-1", "pulled")
		assert place(site, tmp_path).records() == RECORDS
		assert site.names().count("records") == 3
		# again: it is all there
		training.pull(site.client(), place(site, tmp_path), "A", {}, PATIENCE, shown)
		assert site.names().count("records") == 3
	assert len(app.begun) == 1


@pytest.mark.parametrize("method", ["about", "begin_training", "training", "records"])
def test_cut_off_anywhere_it_goes_on(method: str, app: App, tmp_path: Path) -> None:
	app.instead[method] = refusal(417, "ValidationError", "not now")
	with served(app) as site:
		with pytest.raises(Refused, match="not now"):
			training.pull(site.client(), place(site, tmp_path), "A", {}, PATIENCE, shown)
		training.pull(site.client(), place(site, tmp_path), "A", {}, PATIENCE, shown)
		assert place(site, tmp_path).records() == RECORDS
	assert len(app.begun) == 1


def test_a_second_page_goes_on_where_the_first_ended(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		app.page = 1000
		there = place(site, tmp_path)
		there.add_part(0, RECORDS[:5000])
		standing = there.keep(there.begin(), run="")
		there.add_part(0, RECORDS[:5000])
		assert standing.stage == "begun"
		training.pull(site.client(), there, "A", {}, PATIENCE, shown)
		starts = [int(values["start"]) for name, values in site.asked if name == "records"]
		assert starts[0] == 5000
		assert there.records() == RECORDS


@pytest.mark.parametrize(
	"page",
	[
		{"start": 0, "total": len(RECORDS), "data": "%%%"},
		{"start": 0, "total": len(RECORDS), "data": ""},
		{"start": 0, "total": 5, "data": base64.b64encode(b"12345").decode()},
		{"total": len(RECORDS)},
	],
)
def test_a_page_that_is_none_is_not_kept(page: dict[str, Any], app: App, tmp_path: Path) -> None:
	app.instead["records"] = Answer(page)
	with served(app) as site:
		with pytest.raises(InputError, match="cut off; pull again"):
			training.pull(site.client(), place(site, tmp_path), "A", {}, PATIENCE, shown)
		assert place(site, tmp_path).part_size() == 0


def test_records_that_are_not_what_they_were_are_thrown_away(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		there = place(site, tmp_path)
		there.begin()
		there.add_part(0, b"x" * len(RECORDS))
		with pytest.raises(InputError, match="did not arrive whole; pull again"):
			training.pull(site.client(), there, "A", {}, PATIENCE, shown)
		training.pull(site.client(), there, "A", {}, PATIENCE, shown)
		assert there.records() == RECORDS


def test_another_version_is_told_before_anything_is_begun(app: App, tmp_path: Path) -> None:
	app.instead["about"] = Answer({"version": "99", "records_format": 99, "page_bytes": 1})
	with served(app) as site, pytest.raises(InputError, match="version 99"):
		training.pull(site.client(), place(site, tmp_path), "A", {}, PATIENCE, shown)
	assert not app.begun


def test_a_training_that_ended_on_the_site_is_begun_anew(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		there = place(site, tmp_path)
		training.pull(site.client(), there, "A", {}, PATIENCE, shown)
		assert app.run
		app.run["status"] = "Failed"
		assert training.pull(site.client(), there, "A", {}, PATIENCE, shown).run == "RUN-2"


def trained(site: FakeSite, folder: Path) -> Place:
	there = place(site, folder)
	standing = training.pull(site.client(), there, "A", {}, PATIENCE, shown)
	there.keep_result(b"policy" * 2000, {"training": {}})
	there.keep(standing, stage=TRAINED)
	return there


@pytest.mark.parametrize("agent", ["Nobody", "50 % \"off\" 'A'", "\u5099" * 140, "../..", "con/\\:"])
def test_nothing_is_left_of_a_training_that_is_refused(
	agent: str, app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
	"""Whatever the name of the agent is."""
	monkeypatch.setenv("RL_REPLENISHMENT_API_KEY", "key")
	monkeypatch.setenv("RL_REPLENISHMENT_API_SECRET", "secret-of-7")
	monkeypatch.chdir(tmp_path)
	with served(app) as site:
		app.instead["begin_training"] = refusal(404, "DoesNotExistError", "There is no such agent")
		command = ["remote", "pull", "--site", site.url, "--agent", agent]
		assert main(command) == 2
		assert "no such agent" in capsys.readouterr().err
		assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".lock"]
		assert main(command) == 0
		assert site.asked[-1][1]["start"] == "8192"


@pytest.mark.parametrize("method", ["about", "training", "upload_policy", "finish_training"])
def test_a_push_that_is_cut_off_is_done_once(method: str, app: App, tmp_path: Path) -> None:
	with served(app) as site:
		there = trained(site, tmp_path)
		app.instead[method] = refusal(417, "ValidationError", "not now")
		with pytest.raises(Refused):
			training.push(site.client(), there, PATIENCE, shown)
		assert training.push(site.client(), there, PATIENCE, shown)["policy"] == "P-1"
		assert len(app.finished) == 1
		assert app.received == b"policy" * 2000
		with pytest.raises(InputError, match="pushed already"):
			training.push(site.client(), there, PATIENCE, shown)
	assert len(app.finished) == 1


def test_the_answer_to_the_last_step_was_lost(app: App, tmp_path: Path) -> None:
	"""The site has done it: it is found done, and not sent again."""
	with served(app) as site:
		there = trained(site, tmp_path)
		policy, told = there.result()
		app.received = policy
		app.finish_training("RUN-1", hashlib.sha256(policy).hexdigest(), told)
		assert training.push(site.client(), there, PATIENCE, shown)["policy"] == "P-1"
		assert "upload_policy" not in site.names()
	assert len(app.finished) == 1


def test_a_training_that_was_cancelled_meanwhile(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		there = trained(site, tmp_path)
		assert app.run
		app.run |= {"status": "Cancelled", "message": "By hand."}
		with pytest.raises(Over, match="is Cancelled: By hand"):
			training.push(site.client(), there, PATIENCE, shown)
	assert not app.finished


def test_a_site_that_keeps_nothing(app: App, tmp_path: Path) -> None:
	app.upload_policy = lambda **_: {"received": 0}  # type: ignore[method-assign]
	with served(app) as site, pytest.raises(InputError, match="does not keep what it is sent"):
		training.push(site.client(), trained(site, tmp_path), PATIENCE, shown)


def test_a_folder_of_another_agent_is_left_alone(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		trained(site, tmp_path)
		with pytest.raises(InputError, match="holds a training of agent A"):
			Place(tmp_path / "work", site.url, "B")


def test_two_programs_in_one_folder(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		told = pytest.raises(InputError, match="Another program is at work")
		with place(site, tmp_path).alone(), told, place(site, tmp_path).alone():
			pass
		with place(site, tmp_path).alone():
			pass


def test_records_that_nothing_can_be_learned_from_are_given_up_on_the_site(app: App, tmp_path: Path) -> None:
	given_up: list[dict[str, Any]] = []
	app.give_up_training = lambda **values: given_up.append(values) or {}  # type: ignore[attr-defined]
	with served(app) as site:
		there = place(site, tmp_path)
		training.pull(site.client(), there, "A", {}, PATIENCE, shown)
		with pytest.raises(InputError, match="is damaged"):
			training.learn(there, site.client(), shown)
	assert [each["training_run"] for each in given_up] == ["RUN-1"]


def test_the_command_ends_with_one_sentence(
	app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
	monkeypatch.setenv("RL_REPLENISHMENT_API_KEY", "key")
	monkeypatch.setenv("RL_REPLENISHMENT_API_SECRET", "secret-of-7")
	with served(app) as site:
		arguments = ["remote", "pull", "--site", site.url, "--agent", "A", "--work", str(tmp_path / "work")]
		app.instead["about"] = refusal(401, "AuthenticationError", "no")
		assert main(arguments) == 2
		told = capsys.readouterr()
		assert (told.out, len(told.err.strip().splitlines())) == ("", 1)
		assert "secret-of-7" not in told.err
		assert not (tmp_path / "work" / "training.json").exists()
		assert main([*arguments, "--json"]) == 0
		assert json.loads(capsys.readouterr().out)["stage"] == "pulled"


def test_an_address_where_nobody_is_is_told_at_once(
	tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
	"""Not after a quarter of an hour, which a site that restarts is waited for."""
	monkeypatch.setenv("RL_REPLENISHMENT_API_KEY", "key")
	monkeypatch.setenv("RL_REPLENISHMENT_API_SECRET", "secret-of-7")
	monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it is waited for"))
	folder = tmp_path / "work"
	for action in (["pull"], ["push"], ["run", "--once"]):
		command = ["remote", *action, "--site", "http://127.0.0.1:9", "--agent", "A", "--work", str(folder)]
		assert main(command) == 2
		(told,) = capsys.readouterr().err.strip().splitlines()
		assert "http://127.0.0.1:9 cannot be reached" in told
		assert not folder.exists()


def test_ctrl_c_says_where_it_goes_on(
	app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
	monkeypatch.setenv("RL_REPLENISHMENT_API_KEY", "key")
	monkeypatch.setenv("RL_REPLENISHMENT_API_SECRET", "secret-of-7")
	folder = tmp_path / "work"
	with served(app) as site:
		command = ["remote", "pull", "--site", site.url, "--agent", "A", "--work", str(folder)]
		with monkeypatch.context() as interrupting:
			interrupting.setattr(Place, "complete", _interrupt)
			assert main(command) == 130
		assert f"goes on from what is in {folder}" in capsys.readouterr().err
		assert main(command) == 0
		assert site.names().count("records") == 3


def _interrupt(*_: object) -> None:
	raise KeyboardInterrupt


def test_who_is_waited_for_is_told_once(app: App, tmp_path: Path) -> None:
	told: list[str] = []
	patience = Patience(60.0, told.append, sleep=lambda seconds: None)
	answers = [Answer(status=503, body=b"")] * 3
	with served(lambda name, values: answers.pop() if answers else app(name, values)) as site:
		client = site.client(tries=0)
		training.pull(client, place(site, tmp_path), "A", {}, patience, shown)
	assert len(told) == 1
	assert "is in maintenance" in told[0]
	assert "waited for, 60 s at most" in told[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_is_told(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		there = place(site, tmp_path)
		(tmp_path / "work" / "records.part").symlink_to("/dev/full")
		with pytest.raises(InputError, match=r"cannot be written .*; free some space, and pull again"):
			there.add_part(0, RECORDS)


def test_a_folder_that_takes_no_files_is_told(app: App, tmp_path: Path) -> None:
	with served(app) as site:
		there = place(site, tmp_path)
		(tmp_path / "work" / ".lock").mkdir()
		told = pytest.raises(InputError, match=r"\.lock cannot be written .*, or name another folder")
		with told, there.alone():
			pass
