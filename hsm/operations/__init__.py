# SPDX-License-Identifier: Apache-2.0
"""What is done with an admitted request: the operations, over keys chosen by purpose and time."""
