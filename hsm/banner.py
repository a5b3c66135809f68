# SPDX-License-Identifier: Apache-2.0
"""The warning that development keys shout, in Indonesian and English."""

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
