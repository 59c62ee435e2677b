"""Builds the C11 kernels against the limited API; everything else stands in pyproject.toml."""

import os
import platform
from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("src/rempart/_native")
LIMITED = [("Py_LIMITED_API", "0x030B0000"), ("PY_SSIZE_T_CLEAN", None)]
FLAGS = ["-std=c11", "-O3", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unused-parameter", "-ffp-contract=off"]
if os.environ.get("REMPART_SANITIZE"):
    FLAGS += ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
LINK = ["-fsanitize=address,undefined"] if os.environ.get("REMPART_SANITIZE") else []


def kernel(name: str) -> Extension:
    """One extension module from every `<name>*.c` in the kernel folder."""
    return Extension(
        f"rempart._native.{name}",
        sources=sorted(str(path) for path in NATIVE.glob(f"{name}*.c")),
        depends=sorted(str(path) for path in NATIVE.glob("*.h")),
        define_macros=LIMITED,
        extra_compile_args=FLAGS,
        extra_link_args=LINK,
        py_limited_api=True,
        # A machine without a C compiler still gets a working, slower Rempart; `rempart doctor` says which it is.
        optional="REMPART_REQUIRE_NATIVE" not in os.environ,
    )


setup(
    ext_modules=[kernel("pdqkernel"), kernel("hammingkernel"), kernel("pixelkernel"), kernel("digestkernel")],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if platform.python_implementation() == "CPython" else {},
)
