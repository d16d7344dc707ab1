"""PBXs that were there before xucd: their configuration, as their integrators wrote it."""
