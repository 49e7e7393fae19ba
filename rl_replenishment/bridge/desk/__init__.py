"""What people look at: the agent's form, cards, the panel of a request, the weekly e-mail."""
