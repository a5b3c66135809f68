# SPDX-License-Identifier: Apache-2.0
"""SNAP's answers: responseCode = HTTP status (3 digits) + service (2) + case (2), each with its responseMessage."""

from enum import Enum, StrEnum

MAX_MESSAGE = 150


class Service(StrEnum):
    """The services of a biller that banks call, by their SNAP numbers."""

    INQUIRY = "24"
    PAYMENT = "25"
    STATUS = "26"
    ACCESS_TOKEN = "73"  # noqa: S105 - the number of a service


class Case(Enum):
    """One row of SNAP's list of cases: HTTP status, case, message. ``{}`` is the field or the reason."""

    SUCCESS = (200, "00", "Success")
    IN_PROGRESS = (202, "00", "Request In Progress")
    BAD_REQUEST = (400, "00", "Bad Request")
    FIELD_FORMAT = (400, "01", "Invalid Field Format {}")
    MANDATORY_FIELD = (400, "02", "Invalid Mandatory Field {}")
    UNAUTHORIZED = (401, "00", "Unauthorized. [{}]")
    TOKEN_INVALID = (401, "01", "Invalid Token (B2B)")
    FEATURE_NOT_ALLOWED = (403, "01", "Feature Not Allowed")
    TRANSACTION_NOT_FOUND = (404, "01", "Transaction Not Found")
    BILL_UNKNOWN = (404, "12", "Invalid Bill/Virtual Account [{}]")
    AMOUNT_INVALID = (404, "13", "Invalid Amount")
    BILL_PAID = (404, "14", "Paid Bill")
    INCONSISTENT = (404, "18", "Inconsistent Request")
    BILL_EXPIRED = (404, "19", "Invalid Bill/Virtual Account")
    FUNCTION_NOT_SUPPORTED = (405, "00", "Requested Function Is Not Supported")
    CONFLICT = (409, "00", "Conflict")
    TOO_MANY = (429, "00", "Too Many Requests")
    GENERAL_ERROR = (500, "00", "General Error")
    TIMEOUT = (504, "00", "Timeout")

    def __init__(self, status: int, number: str, words: str) -> None:
        self.status = status  # the HTTP status, which is the head of the response code
        self.number = number
        self.words = words

    def code(self, service: str) -> str:
        """The responseCode, 7 digits."""
        return f"{self.status}{service}{self.number}"

    def message(self, reason: str = "") -> str:
        """The responseMessage."""
        return self.words.format(reason)[:MAX_MESSAGE]


UNKNOWN_CLIENT = "Unknown client"
WRONG_SIGNATURE = "Signature"
WRONG_TIME = "X-TIMESTAMP"
WRONG_HOST = "Host"
NOT_FOUND = "Not Found"
