# SPDX-License-Identifier: Apache-2.0
"""Members and how they come in."""
