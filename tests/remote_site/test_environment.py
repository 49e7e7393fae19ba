"""The original's walk on a live site: three products, one request, one order, one reward."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import Site

import rl_replenishment.remote  # noqa: F401  makes the environment known
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.remote import client
from rl_replenishment.remote.access import Access
from rl_replenishment.remote.environment import ErpNextEnv, Undecided

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
STOCK, ASKED = [93, 120, 17], [12, 0, 20]


def environment(site: Site, world: dict[str, Any], **options: Any) -> ErpNextEnv:
	connected = client.Site(Access(site.url, *world["trainer"]))
	made = gym.make(
		"rl_replenishment/ErpNext-v0", site=connected, agent=world["agent"], largest=20, **options
	)
	return made.unwrapped  # type: ignore[return-value]


def test_the_originals_walk(site: Site) -> None:
	world = site.arrange("prepare_walk")
	try:
		env = environment(site, world, patience=1)
		observation, info = env.reset(seed=0)
		assert observation.shape == (3, OBSERVATION_SIZE)
		assert env.observation_space.contains(observation)
		assert info["stock"].tolist() == STOCK
		with pytest.raises(Undecided) as waiting:
			env.step(np.array(ASKED, np.float32))
		request = waiting.value.material_request
		first, _, third = world["items"]
		posted = site.arrange("request", request)
		assert posted["lines"] == [[first, 12], [third, 20]]
		# a draft, in the user's own name, and no agent's
		assert (posted["docstatus"], posted["rl_agent"]) == (0, None)
		# the buyer keeps one and orders 5 less of the other
		site.arrange("order", request, world["supplier"], {first: 12, third: 15})
		# another process goes on with it, by its name
		again = environment(site, world, patience=30)
		again.reset()
		_, reward, terminated, truncated, info = again.resume(request)
		scale = float(again.state.scale[2])
		assert reward == pytest.approx((1 - 5 / scale) / 2)
		assert not terminated
		assert not truncated
		assert info["stock"].tolist() == STOCK
		# of the third, 15 are ordered, and the request still asks for the rest
		assert again.state.on_order.tolist() == ASKED
		# all as asked for
		with pytest.raises(Undecided) as waiting:
			environment(site, world, patience=0).step(np.array(ASKED, np.float32))
		request = waiting.value.material_request
		site.arrange("order", request, world["supplier"], {first: 12, third: 20})
		assert again.resume(request)[1] == 1
		# what an algorithm asks for is no whole number
		with pytest.raises(Undecided) as waiting:
			environment(site, world, patience=0).step(np.array([1.6, 0.3, 0], np.float32))
		assert site.arrange("request", waiting.value.material_request)["lines"] == [[first, 2]]
		# nothing asked for: nothing posted
		assert again.step(np.zeros(3, np.float32))[4]["material_request"] is None
	finally:
		site.arrange("remove", world["agent"])


def test_a_request_is_posted_once(site: Site) -> None:
	world = site.arrange("prepare_walk")
	try:
		connected = client.Site(Access(site.url, *world["trainer"]))
		lines = f'[{{"item_code": "{world["items"][0]}", "warehouse": "{world["warehouse"]}", "qty": 3}}]'
		sent = {"agent": world["agent"], "lines": lines, "key": "a" * 32}
		names = {connected.tell("request_material", **sent)["material_request"] for _ in range(3)}
		assert len(names) == 1
		wrong = {"key": "b" * 32, "lines": lines.replace(world["items"][0], "x")}
		with pytest.raises(client.Refused, match="orders for"):
			connected.tell("request_material", **{**sent, **wrong})
	finally:
		site.arrange("remove", world["agent"])
