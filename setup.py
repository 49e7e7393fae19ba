"""For tools that read setup.py. pip builds from pyproject.toml; a test keeps the two equal."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
	r'^__version__ = "(.+)"$', (HERE / "rl_replenishment" / "__init__.py").read_text(encoding="utf-8"), re.M
).group(1)

setup(
	name="rl_replenishment",
	version=VERSION,
	description="Proposes what to buy in ERPNext, and learns from stock history and from the buyer's edits",
	license="GPL-3.0-or-later",
	python_requires=">=3.10",
	packages=find_packages(include=["rl_replenishment", "rl_replenishment.*"]),
	package_data={"rl_replenishment": ["**/*"]},
	install_requires=[
		"numpy>=1.26,<3",
		"gymnasium>=1.0,<2",
		"safetensors>=0.4,<1",
	],
	extras_require={
		"train": [
			"torch>=2.8,<2.14",
			"stable-baselines3>=2.7,<3",
		],
		"cli": [
			"rich>=13.3,<16",
			"jinja2>=3.1,<4",
			"matplotlib>=3.8,<4",
		],
		"remote": [
			"requests>=2.32,<3",
			"urllib3>=2.2,<3",
		],
		"ray": [
			"ray>=2.50,<3",
		],
		"dev": [
			"pytest>=8.2,<10",
			"pytest-timeout>=2.3,<3",
			"pytest-xdist>=3.6,<4",
			"hypothesis>=6.100,<7",
			"stockpyl>=1.0,<2",
			"pandas>=2.1,<4",
			"lightgbm>=4.3,<5",
			"ruff>=0.17,<0.18",
			"mypy>=1.18,<3",
			"tomli>=2.0,<3; python_version < '3.11'",
		],
		"browser": [
			"playwright>=1.44,<2",
			"axe-playwright-python>=0.1.4,<1",
		],
	},
	entry_points={"console_scripts": ["rl-replenishment = rl_replenishment.cli:main"]},
)
