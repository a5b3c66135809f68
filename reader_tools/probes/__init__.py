# SPDX-License-Identifier: Apache-2.0
"""What ``kartu doctor`` looks at: one small function per part of the machine, each returning a Finding."""
