# SPDX-License-Identifier: Apache-2.0
"""Words for people: every code with its cause and remedy, in Indonesian and English, kept as data."""
