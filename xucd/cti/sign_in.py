"""What a link knows of the sign-in that it belongs to."""

import msgspec


class SignInKey(msgspec.Struct, frozen=True):
    """What a user's sign-in is known by: an id, and the generation that ends with all of them."""

    sid: str
    generation: str
