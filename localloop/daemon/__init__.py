"""The daemon: watched folders and syncing in one process that nobody looks after."""
