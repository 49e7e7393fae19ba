"""A company to try everything on: its past is worked out on paper (`plan`), then entered into a site."""
