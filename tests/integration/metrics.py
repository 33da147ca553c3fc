"""Reads the text format of Prometheus."""

import re


def samples(text):
    """A metrics page as {name{labels}: value}."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = re.match(r"(\S+?(?:\{.*\})?) (\S+)", line).groups()
            found[name] = float(value)
    return found


def total(metrics, name, **labels):
    return sum(value for key, value in metrics.items()
               if re.match(rf"{name}(\{{|$)", key)
               and all(f'{label}="{text}"' in key
                       for label, text in labels.items()))
