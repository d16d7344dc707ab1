"""Who is to be called: the columns that every callback has, stated once.

What a column is called in Python, in JSON, in the contact centre's file and in a CSV file, whether
it can be searched for, and how it is stored, all follow from the struct here. A new column is a
field of `Callee`, a migration, and what the pages show of it.
"""

from typing import Any, Final, Generic, TypeVar

import msgspec

NumberT = TypeVar("NumberT", bound=str)
NameT = TypeVar("NameT", bound=str)
TextT = TypeVar("TextT", bound=str)


class Callee(
    msgspec.Struct,
    Generic[NumberT, NameT, TextT],
    frozen=True,
    kw_only=True,
    rename="camel",
):
    """The columns. None stands for an empty one; one of the two numbers has to be there.

    The type variables are the forms that values are held to: a number to dial, a name, free text.
    They are plain `str` where values have been validated before.
    """

    phone_number: NumberT | None = None
    mobile_phone_number: NumberT | None = None
    first_name: NameT | None = None
    last_name: NameT | None = None
    company: TextT | None = None
    description: TextT | None = None

    @property
    def number(self) -> NumberT | None:
        """The number to call: the first of the two, None when there is neither."""
        return self.phone_number or self.mobile_phone_number

    @property
    def identity(self) -> tuple[str | None, ...]:
        """What makes two callbacks of one list the same in the contact centre's file."""
        return (self.number, self.first_name, self.last_name)


KEYS: Final = {
    field.name: field.encode_name for field in msgspec.structs.fields(Callee[str, str, str])
}
"""Each column's name in JSON and in files, by its name in Python and in the database."""

NUMBER_KEYS: Final = ("phoneNumber", "mobilePhoneNumber")
"""The columns of which one has to be filled."""


NAMES: Final = ("first_name", "last_name")
"""The columns that are names; the others are numbers and text."""


def columns(callee: Callee[Any, Any, Any]) -> dict[str, Any]:
    """The value of every column by its Python name, None where it is empty."""
    return {name: getattr(callee, name) for name in KEYS}


def require_columns(schema: dict[str, Any]) -> None:
    """Change the JSON Schema of what xucd sends: there every column is present, empty or not."""
    for key in KEYS.values():
        schema["properties"][key].pop("default", None)
    required = {*schema["required"], *KEYS.values()}
    schema["required"] = [key for key in schema["properties"] if key in required]
