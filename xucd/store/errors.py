"""What can go wrong in the store, as two kinds of error."""


class StoreError(Exception):
    """The database turned something down, and nothing of it was kept."""


class StoreUnavailable(StoreError):
    """The database cannot be reached or cannot write: nothing can be kept at the moment."""
