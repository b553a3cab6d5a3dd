#!/bin/sh
# Makes .venv, installs the requirements and the package, and does nothing when that is done already.
# PYTHON names the Python to use; TORCH a PyTorch package index, such as cpu.
set -e
cd "$(dirname "$0")/.."
stamp=.venv/.complete # holds what was installed

wanted() {
    cat requirements.txt pyproject.toml
}

works() {
    .venv/bin/python -c '' 2>/dev/null
}

fitting() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if fitting "$name"; then
            echo "$name"
            return
        fi
        if [ "$name" = "$PYTHON" ]; then
            echo "PYTHON=$PYTHON is not a Python of version 3.11 or newer with the venv module." >&2
            exit 1
        fi
    done
    echo "This course needs Python 3.11 or newer with the venv module: install it from" \
        "https://www.python.org/downloads/ (Debian, Ubuntu: sudo apt install python3-venv)," \
        "or name one that you have with PYTHON=/path/to/python." >&2
    exit 1
}

if works && wanted | cmp -s - "$stamp"; then
    exit
fi

# What an interrupted set-up leaves behind is not to be trusted; a finished one only needs what is new.
if ! works || [ ! -e "$stamp" ]; then
    python=$(find_python)
    echo "Setting up .venv with $("$python" --version), once; this takes a few minutes."
    "$python" -m venv --clear .venv
fi

# PyTorch first and from its own index only: beside another index, pip would take whichever version is higher.
if [ -n "$TORCH" ]; then
    .venv/bin/python -m pip install $(grep '^torch' requirements.txt) \
        --index-url "https://download.pytorch.org/whl/$TORCH"
fi
.venv/bin/python -m pip install -r requirements.txt -e .
wanted >"$stamp" # last, so that an interrupted set-up is repeated
