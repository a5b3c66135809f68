# SPDX-License-Identifier: Apache-2.0
"""A request that is not well formed, or a service that can't serve it now.

ApiError
|- RequestUnreadable    no HTTP at all, or a method that HTTP does not know
|- RequestMalformed     a body that is no strict JSON object
|- RequestInvalid       a JSON object that is not the documented one
|- RequestTooLarge      a body past the limit
|- RequestTooSlow       a body that did not come in time
|- MediaTypeRefused     a body that is not application/json
|- HostRefused          a Host header that names somebody else
|- RouteUnknown         no such address
|- SubjectUnknown       a bill, member or intermediary that is not there, or not the caller's to know of
|- NotPublished         a file that this service has not
|- PublicationUnreadable  a published file that can't be read
|- MethodNotAllowed     an address, but not with this method
|- Overloaded           more at once than is served well
|- KeysUnavailable      the key process does not answer
|- RecordsUnavailable   the database does not answer
|- NotReady             what /readyz found failing
`- ServiceSettingWrong  a KARTU_ variable that can't be meant
"""

from cardservice.errors import KartuError


class ApiError(KartuError):
    """The root of what can go wrong with a request."""

    code = "api"


class RequestUnreadable(ApiError):
    """Bytes that no HTTP parser takes: a broken request line or header, a method that does not exist."""

    code = "request-unreadable"


class RequestMalformed(ApiError):
    """A body that is no strict JSON object; evidence: rule, limit (levels)."""

    code = "request-malformed"


class RequestInvalid(ApiError):
    """A JSON object that is not the documented one; evidence: errors, a list of (pointer, rule)."""

    code = "request-invalid"


class RequestTooLarge(ApiError):
    """A body past the limit; evidence: limit (bytes)."""

    code = "request-too-large"


class RequestTooSlow(ApiError):
    """A body that did not come in time; evidence: seconds."""

    code = "request-too-slow"


class MediaTypeRefused(ApiError):
    """A body that is not application/json."""

    code = "request-media-type"


class HostRefused(ApiError):
    """A Host header that is not one of ours."""

    code = "request-host"


class RouteUnknown(ApiError):
    """There is nothing at this address."""

    code = "route-unknown"


class SubjectUnknown(ApiError):
    """What a request is about is not there, or not for this caller; evidence: record."""

    code = "subject-unknown"


class NotPublished(ApiError):
    """This service publishes no such file, or not yet; evidence: file."""

    code = "not-published"


class PublicationUnreadable(ApiError):
    """A published file is there and can't be read, or is none; evidence: file."""

    code = "publication-unreadable"


class MethodNotAllowed(ApiError):
    """The address is known, the method is not; the Allow header tells which are."""

    code = "method-not-allowed"


class Overloaded(ApiError):
    """More requests at once than are served well."""

    code = "overloaded"


class KeysUnavailable(ApiError):
    """The key process does not answer, or not in time."""

    code = "keys-unavailable"


class RecordsUnavailable(ApiError):
    """The database does not answer, or is older than this program."""

    code = "records-unavailable"


class NotReady(ApiError):
    """Some part that every answer needs is failing; evidence: failing (a list of codes)."""

    code = "not-ready"


class ServiceSettingWrong(ApiError):
    """A KARTU_ variable that can't be meant; evidence: setting, rule."""

    code = "service-setting"
