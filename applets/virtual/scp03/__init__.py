# SPDX-License-Identifier: Apache-2.0
"""The card's side of SCP03 (GlobalPlatform Amendment D), written apart from the host's so that each judges the other."""
