# SPDX-License-Identifier: Apache-2.0
"""The virtual reader: a slot for an image of a card, for machines without a reader service."""
