# SPDX-License-Identifier: Apache-2.0
"""The computations of the standards, over bytes: AES, derivations, SCP03, the two forms of a signature."""
