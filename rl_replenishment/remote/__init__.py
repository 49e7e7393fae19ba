"""A live site from another machine: its records for training, its state as an environment. Knows no Frappe.

Importing this package makes `rl_replenishment/ErpNext-v0` known to `gymnasium.make`.
"""

from rl_replenishment.remote import registration

__all__ = ["registration"]
