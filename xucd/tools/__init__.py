"""The tools of the command line beside the daemon: check, discovery, setup, record and replay."""
