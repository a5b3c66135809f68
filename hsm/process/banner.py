# SPDX-License-Identifier: Apache-2.0
"""The warnings that keys shout, in Indonesian and English: development keys, and tokens that nobody validated."""

DEVELOPMENT_KEYS = """\
**********************************************************************
*  PERINGATAN: KUNCI PENGEMBANGAN.                                   *
*  Kunci ini berada dalam berkas perangkat lunak dan kunci transpor  *
*  kartu diketahui semua orang. JANGAN dipakai untuk kartu sungguhan.*
*                                                                    *
*  WARNING: DEVELOPMENT KEYS.                                        *
*  These keys live in a software file, and the cards' transport key  *
*  is known to everybody. NEVER issue a real card with them.         *
**********************************************************************"""

UNVALIDATED = """\
PERINGATAN: {product} adalah token perangkat lunak yang tidak divalidasi. Kuncinya hanya seaman folder tempatnya.
WARNING: {product} is a token in software and is not validated. Its keys are as safe as the folder they lie in."""
