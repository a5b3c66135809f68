# SPDX-License-Identifier: Apache-2.0
"""Holders of keys: the sealed file, several places as one, and how any of them is opened. Tokens are in hsm/pkcs11."""
