# SPDX-License-Identifier: Apache-2.0
"""Every table, every query, the migrations. The only SQL."""
