"""LocalLoop: work on annotated datasets offline, and sync them with the Dataloop platform."""
