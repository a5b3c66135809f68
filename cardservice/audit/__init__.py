# SPDX-License-Identifier: Apache-2.0
"""Append-only events, hashed so that they can be sealed in Merkle batches."""
