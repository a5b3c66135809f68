# SPDX-License-Identifier: Apache-2.0
"""What a key is: its description, plan, names and check values, where it lies, and the contracts of whoever holds it."""
