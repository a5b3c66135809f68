# SPDX-License-Identifier: Apache-2.0
"""Whole procedures with a card, each a generator of scripts. One yield is one network round trip."""
