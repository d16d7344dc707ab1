"""REST at an edge: it has the HTTP and the sign-in, the owner of the PBX does what is asked for."""

import msgspec

from xucd.app.front import Front
from xucd.cluster.packets import RequestSender
from xucd.cluster.pbxs import Pbxs
from xucd.cti.sign_in import SignInKey
from xucd.web.errors import HttpError
from xucd.web.failures import http_error
from xucd.web.rest_work import RestAnswer, RestRequest, RestUser, RestWork


class _Answered(RestAnswer, tag=True, frozen=True):
    """A request that was served."""


class _Failed(msgspec.Struct, tag=True):
    """An error, as `HttpError` has it."""

    status: int
    code: str
    message: str
    headers: dict[str, str]
    more: dict[str, object]


_request = msgspec.msgpack.Decoder(RestRequest)
_answer: msgspec.msgpack.Decoder[_Answered | _Failed] = msgspec.msgpack.Decoder(_Answered | _Failed)


class OwnersRest:
    """Has an owner serve the requests of an edge."""

    def __init__(self, pbxs: Pbxs) -> None:
        self._pbxs = pbxs

    async def serve(self, request: RestRequest, user: RestUser) -> RestAnswer:
        """Serve a request. Raises `HttpError`, or `Refused` with `PbxUnavailable`."""
        sender = RequestSender(user.user.id, user.key.sid, user.key.generation, user.address)
        answer = _answer.decode(await self._pbxs.serve(sender, msgspec.msgpack.encode(request)))
        if isinstance(answer, _Failed):
            error = HttpError(answer.status, answer.code, answer.message, **answer.headers)
            error.more = answer.more
            raise error
        return answer


class EdgesRequests:
    """Serves the requests of edges at the owner, with the rights that users have here and now."""

    def __init__(self, front: Front, work: RestWork) -> None:
        self._front = front
        self._work = work

    async def serve(self, sender: RequestSender, encoded: bytes) -> bytes:
        """Serve a request; returns the answer or the error, encoded."""
        request = _request.decode(encoded)
        answer: _Answered | _Failed
        key = SignInKey(sender.sid, sender.generation)
        try:
            present = await self._front.signed_in(sender.user_id, key)
            user = RestUser(present(), key, sender.address, present)
            served = await self._work.serve(request, user)
            answer = _Answered(served.status, served.headers, served.body)
        except Exception as failed:  # whatever it is has an answer
            error = http_error(request.route.encode(), failed)
            answer = _Failed(
                error.status, error.code, error.message, error.headers, dict(error.more)
            )
        return msgspec.msgpack.encode(answer)
