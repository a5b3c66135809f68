# SPDX-License-Identifier: Apache-2.0
"""The ``kartu`` command: one file per command group."""
