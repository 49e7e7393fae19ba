"""The `rl-replenishment` command: runs without a bench."""

from rl_replenishment.cli.main import main

__all__ = ["main"]
