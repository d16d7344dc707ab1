"""The errors of the store."""


class StoreError(Exception):
    """The database rejected a transaction, which was rolled back."""


class StoreUnavailable(StoreError):
    """The database cannot be reached, or cannot be written to."""
