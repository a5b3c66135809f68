# SPDX-License-Identifier: Apache-2.0
"""The card service: what is said to a card, who is covered, what we sign, and the records of it all."""
