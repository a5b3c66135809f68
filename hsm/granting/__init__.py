# SPDX-License-Identifier: Apache-2.0
"""Grants from the officers' side: their keys, the file that goes from one to the other, and using it (``python -m hsm.granting``)."""
