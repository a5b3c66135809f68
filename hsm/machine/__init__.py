# SPDX-License-Identifier: Apache-2.0
"""What the operating system gives and keys depend on: protected files, trusted paths, counted memory, who is at a socket, memory that is wiped."""
