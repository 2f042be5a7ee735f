"""The folder-to-package map; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

ROOT = "millrace"
COMPONENTS = ("schemas", "clickhouse", "streams", "grafana", "sdk")

patterns = [pattern for component in COMPONENTS for pattern in (component, f"{component}.*")]
setup(
    packages=[f"{ROOT}.{name}" for name in find_packages(include=patterns)],
    package_dir={f"{ROOT}.{component}": component for component in COMPONENTS},
)
