# SPDX-License-Identifier: Apache-2.0
"""What is no HTTP never reaches the application: the parser refuses it, with a problem document (RFC 9457) like everything else that is refused."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.errors import RequestUnreadable
from api.gate.security_headers import HEADERS
from api.problems import problem_response
from cardservice.texts.catalogue import Language


class Protocol(HttpToolsProtocol):
    """uvicorn's own, but for the words of its one refusal: a request line, method or header that does not parse."""

    def send_400_response(self, msg: str) -> None:
        """Answer and hang up. No header was understood, so no language was asked for."""
        del msg
        response = problem_response(RequestUnreadable(), Language.INDONESIAN, {**HEADERS, "Connection": "close"})
        status = HTTPStatus(response.status_code)
        head = [
            b"HTTP/1.1 %d %s" % (status, status.phrase.encode()),
            *(b": ".join(pair) for pair in response.raw_headers),
        ]
        self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
        self.transport.close()
