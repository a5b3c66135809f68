# SPDX-License-Identifier: Apache-2.0
"""Group payers: one sum for a list of members, credited to all of them or to none; and a leaver's months that move to a joiner."""
