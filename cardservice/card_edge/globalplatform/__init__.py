# SPDX-License-Identifier: Apache-2.0
"""The commands of the GlobalPlatform Card Specification 2.3.1 (section 11), one file each, before secure messaging."""
