"""A stand-in for `google.colab`, which no registry has: it can be imported, so that libraries see Colab; no more."""

import sys
import types

output = types.ModuleType("google.colab.output")
output.enable_custom_widget_manager = output.disable_custom_widget_manager = lambda: None
sys.modules[output.__name__] = output


def __getattr__(name: str):
    raise AttributeError(f"expected nothing of google.colab but `output`, which the stand-in has, got {name!r}.")
