"""The learning problems: batched for training, and as Gymnasium environments for everybody.

Importing this package makes the environments known to `gymnasium.make`.
"""

from rl_replenishment.core.environments import registration

__all__ = ["registration"]
