# SPDX-License-Identifier: Apache-2.0
"""SCP03, the host's side (GlobalPlatform Card Specification 2.3, Amendment D 1.2). Static keys never come here."""
