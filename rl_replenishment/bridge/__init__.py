"""Between Frappe's rows and the engine's dataclasses."""
