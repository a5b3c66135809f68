# SPDX-License-Identifier: Apache-2.0
"""Keys in PKCS#11 tokens. The only room that imports ``pkcs11``, and one thread of a process is all that may use it (decision 0102)."""
