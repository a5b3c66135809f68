# SPDX-License-Identifier: Apache-2.0
"""What stands between a well-formed request and the keys: rates, anomalies, officers' grants, revoked cards, the record."""
