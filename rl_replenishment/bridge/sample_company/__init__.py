"""A company to try everything on: its past is worked out (`plan`), then entered into a site."""
