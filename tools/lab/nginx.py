"""Where nginx is."""

import shutil


def nginx_program():
    """Its path, or None; administrators' folders are not in every PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
