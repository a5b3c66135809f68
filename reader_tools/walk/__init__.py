# SPDX-License-Identifier: Apache-2.0
"""The walk that ``./run`` shows: from a blank card to a verified patient, on this machine, with nothing pretended but the people."""
