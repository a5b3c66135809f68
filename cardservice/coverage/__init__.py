# SPDX-License-Identifier: Apache-2.0
"""Who is covered: months, grace, decisions. Pure."""
