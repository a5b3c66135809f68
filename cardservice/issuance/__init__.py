# SPDX-License-Identifier: Apache-2.0
"""Stock, orders, approvals, the personalization journal, life cycle."""
