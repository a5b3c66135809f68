# SPDX-License-Identifier: Apache-2.0
"""What goes over the socket: frames, and typed requests with their fields."""
