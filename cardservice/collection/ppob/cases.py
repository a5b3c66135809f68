# SPDX-License-Identifier: Apache-2.0
"""The answers to aggregators: ``rc`` as ISO 8583's response codes are used among PPOB switches, with a word for the till."""

from enum import Enum


class PpobCase(Enum):
    """One response code and its message, in the language of the tills."""

    SUCCESS = ("00", "Sukses")
    AMOUNT = ("13", "Jumlah tidak sesuai")
    NUMBER_UNKNOWN = ("14", "Nomor tidak dikenal")
    REVERSED = ("22", "Transaksi sudah dibatalkan")
    NOT_FOUND = ("25", "Transaksi tidak ditemukan")
    FORMAT = ("30", "Format salah")
    EXPIRED = ("54", "Nomor kedaluwarsa")
    NOT_ALLOWED = ("58", "Mitra tidak dikenal")
    NO_INQUIRY = ("63", "Belum ada inquiry hari ini")
    UNKNOWN_OUTCOME = ("68", "Waktu habis, kirim advice")
    PAID = ("88", "Tagihan sudah lunas")
    BUSY = ("91", "Terlalu banyak permintaan")
    CONFLICT = ("94", "Referensi sudah dipakai")
    MALFUNCTION = ("96", "Gangguan sistem")

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
