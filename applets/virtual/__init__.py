# SPDX-License-Identifier: Apache-2.0
"""The software card: reference model of the chip, in Python."""
