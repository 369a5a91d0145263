"""Watching folders: events are hints, scans are the truth, and a file is taken only when nobody writes to it."""
