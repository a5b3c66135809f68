# SPDX-License-Identifier: Apache-2.0
"""Challenge, presence, decision, token and receipt."""
