"""What stands behind the ports: the journal over SQLite, retry and pacing, clocks and ids."""
