"""xucd as a process: all rooms put together, the event loop, signals and systemd."""
