"""Many nodes, one centre: the relay between nodes, and who owns a PBX."""
