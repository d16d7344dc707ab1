"""What outlives Asterisk and xucd: tables, migrations, repositories, the journal."""

from xucd.store.errors import StoreError, StoreUnavailable
from xucd.store.repository import Store
from xucd.store.worker import AsyncStore

__all__ = ["AsyncStore", "Store", "StoreError", "StoreUnavailable"]
