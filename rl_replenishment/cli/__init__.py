"""The `rl-replenishment` command: runs without a bench."""
