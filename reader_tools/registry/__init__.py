# SPDX-License-Identifier: Apache-2.0
"""A population registry to try things with."""
