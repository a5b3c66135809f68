# SPDX-License-Identifier: Apache-2.0
"""What is said to a card: TLV, APDU, SCP03, GlobalPlatform, PIV, sector applet, dialogues. Pure: bytes in, bytes out."""
