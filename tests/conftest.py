from hypothesis import settings

# The same examples on every run, and no deadline: a busy machine is no failure.
settings.register_profile("repository", derandomize=True, deadline=None)
settings.load_profile("repository")
