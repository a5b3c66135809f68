# SPDX-License-Identifier: Apache-2.0
"""HTTP: routes, one audience each, and problem documents. Wires everything."""
