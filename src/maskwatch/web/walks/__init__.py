"""Acceptance walks: what they are made of, the recording of those that go on, what they show."""
