# SPDX-License-Identifier: Apache-2.0
"""Agents' cash: receipts, commission, remittance, ageing, and the alarm that stops an agent."""
