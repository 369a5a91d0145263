"""The pure core: documents, changes, operations, merging, reconciling, planning, safety.

Nothing here does I/O, reads a clock or knows SQL; ``make lint`` enforces it.
"""
