"""The streams of clients that can resume: one bounded, durable log for all of them."""
