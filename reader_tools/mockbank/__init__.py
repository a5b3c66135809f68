# SPDX-License-Identifier: Apache-2.0
"""A bank for trying a running service: it signs as banks sign, and drives the acceptance table."""
