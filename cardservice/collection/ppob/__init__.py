# SPDX-License-Identifier: Apache-2.0
"""JSON PPOB: aggregators that collect at shops and in apps, each request with their own reference."""
