"""The demonstration: the main job from end to end, on real images (``make demo``)."""
