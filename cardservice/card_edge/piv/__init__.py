# SPDX-License-Identifier: Apache-2.0
"""The PIV card edge (NIST SP 800-73 part 2), one file each command and object."""
