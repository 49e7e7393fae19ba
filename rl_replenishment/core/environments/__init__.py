"""The learning problems: batched for training, and as Gymnasium environments for everybody."""
