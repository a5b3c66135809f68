# SPDX-License-Identifier: Apache-2.0
"""The issuer security domain and its supplementary ones (GlobalPlatform 2.3.1, 7 and 11)."""
