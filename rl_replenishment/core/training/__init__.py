"""Training. The only rooms that know torch and Stable-Baselines3; importing this package loads neither."""
