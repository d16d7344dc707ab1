"""The REST routes, below ``/xuc/api/2.0``: every method and path with the function that serves it.

A route without a task belongs to the Agent API, callbacks in it included: reading lists, periods
and requests gives what `getCallbackLists` and `findCallbackRequest` give, and adding a request ends
in the API's `CallbackRequestUpdated`; a CRM adds them with the token of the user who uses it. The
others ask for a profile that is set: see `xucd.center.rights`.

`xucd.web.rest` serves this table, and `xucd.web.rest_openapi` describes it.
"""

from xucd.center.audit import Kind
from xucd.center.rights import Task
from xucd.web.rest_audit import get_audit
from xucd.web.rest_callbacks import (
    add_callback_requests,
    change_callback_request,
    find_callback_requests,
    get_callback_list,
    get_callback_lists,
    get_callback_periods,
    get_callback_request,
    get_callback_tickets,
    may_add_callback_requests,
    remove_callback_request,
)
from xucd.web.rest_gaps import get_gaps
from xucd.web.rest_members import adopt_member, get_other_members
from xucd.web.rest_persons import erase_person, export_person, find_person
from xucd.web.rest_route import Route
from xucd.web.rest_users import import_users, may_import_users

ROUTES: tuple[Route, ...] = (
    Route("GET", "/callback_lists", get_callback_lists, links={add_callback_requests: "0/uuid"}),
    Route("GET", "/callback_lists/{uuid}", get_callback_list, errors=(404,)),
    Route(
        "POST",
        "/callback_lists/{uuid}/callback_requests",
        add_callback_requests,
        errors=(404, 422),
        before_body=may_add_callback_requests,
        links={
            get_callback_request: "uuids/0",
            change_callback_request: "uuids/0",
            remove_callback_request: "uuids/0",
        },
    ),
    Route("GET", "/callback_periods", get_callback_periods),
    Route("GET", "/callback_requests", find_callback_requests, errors=(422,)),
    Route("GET", "/callback_requests/{uuid}", get_callback_request, errors=(404,)),
    Route(
        "PUT",
        "/callback_requests/{uuid}",
        change_callback_request,
        errors=(404, 409, 422),
        task=Task.CHANGE_CALLBACKS,
    ),
    Route(
        "DELETE",
        "/callback_requests/{uuid}",
        remove_callback_request,
        errors=(404,),
        task=Task.CHANGE_CALLBACKS,
        kind=Kind.DELETE_CALLBACK,
    ),
    Route(
        "GET",
        "/callback_tickets",
        get_callback_tickets,
        errors=(404, 422),
        task=Task.READ_TICKETS,
        kind=Kind.EXPORT_TICKETS,
    ),
    Route("GET", "/gaps", get_gaps, errors=(422,)),
    Route("GET", "/other_members", get_other_members, task=Task.SEE_OTHER_MEMBERS),
    Route(
        "POST",
        "/other_members/adopt",
        adopt_member,
        errors=(409, 422),
        task=Task.ADOPT_MEMBERS,
        kind=Kind.ADOPT_MEMBER,
    ),
    # Found by a body, since addresses end up in the logs of proxies.
    *(
        Route(
            "POST",
            path,
            function,
            task=Task.HANDLE_PERSONS,
            kind=kind,
            creates=False,
            finds=function is not erase_person,
        )
        for path, function, kind in (
            ("/persons/find", find_person, Kind.FIND_PERSON),
            ("/persons/export", export_person, Kind.EXPORT_PERSON),
            ("/persons/erase", erase_person, Kind.ERASE_PERSON),
        )
    ),
    Route(
        "POST",
        "/users/import",
        import_users,
        errors=(422,),
        before_body=may_import_users,
        task=Task.ADMINISTER,
        kind=Kind.CONFIGURE,
        creates=False,
    ),
    Route("GET", "/audit", get_audit, errors=(422,), task=Task.READ_AUDIT, kind=Kind.READ_AUDIT),
)
