# SPDX-License-Identifier: Apache-2.0
"""The clinic desk: asks the service about the card that is here, or with the line down asks the card's own cover proof."""
