# SPDX-License-Identifier: Apache-2.0
"""SNAP BI (Bank Indonesia's national open API payment standard), the side of the biller: what banks call."""
