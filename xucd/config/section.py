"""What every section of the settings is."""

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the settings: a misspelt key in it is an error."""
