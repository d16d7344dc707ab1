"""The tools of the command line beside the daemon: check, record and replay."""
