"""Steps, traces, and the state of every tensor at every step."""
