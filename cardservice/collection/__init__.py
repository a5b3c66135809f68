# SPDX-License-Identifier: Apache-2.0
"""Contributions coming in: banks' virtual accounts (SNAP BI), PPOB, crediting, reversing, reconciliation."""
