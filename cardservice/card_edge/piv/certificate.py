# SPDX-License-Identifier: Apache-2.0
"""Certificate objects (SP 800-73 part 1, appendix A): ``70 DER | 71 CertInfo | FE``."""

import zlib

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.tlv import Tlv, parse_dict

CERTIFICATE = 0x70
CERTIFICATE_INFORMATION = 0x71
ERROR_DETECTION_CODE = 0xFE
PLAIN = b"\x00"
GZIP = b"\x01"
MAX_CERTIFICATE_LENGTH = 0x4000  # 16 KiB; a small compressed object must not unfold without end
GZIP_WINDOW = 16 + zlib.MAX_WBITS  # RFC 1952 header demanded


def certificate_object(der: bytes) -> bytes:
    """Content of the object for one certificate, not compressed."""
    return Tlv(CERTIFICATE, der) + Tlv(CERTIFICATE_INFORMATION, PLAIN) + Tlv(ERROR_DETECTION_CODE)


def parse_certificate_object(content: bytes) -> bytes:
    """The DER of the certificate, decompressed where 71 says so. Raises MalformedTlv, UnexpectedResponse."""
    fields = parse_dict(content)
    der = fields.get(CERTIFICATE)
    if not der:
        raise _wrong("70 with a certificate")
    information = fields.get(CERTIFICATE_INFORMATION, PLAIN)
    if information == PLAIN:
        return der
    if information == GZIP:
        return _decompressed(der)
    raise _wrong("71 as 00 or 01")


def _decompressed(data: bytes) -> bytes:
    decompressor = zlib.decompressobj(GZIP_WINDOW)
    try:
        der = decompressor.decompress(data, MAX_CERTIFICATE_LENGTH + 1)
    except zlib.error:
        raise _wrong("70 in gzip form as 71 says") from None
    if len(der) > MAX_CERTIFICATE_LENGTH:
        raise _wrong(f"at most {MAX_CERTIFICATE_LENGTH} bytes decompressed")
    if not decompressor.eof or decompressor.unused_data:
        raise _wrong("one whole gzip member")
    return der


def _wrong(rule: str) -> UnexpectedResponse:
    return UnexpectedResponse(step="certificate object", rule=rule)
