"""What all Python tests share: the built program with a home of its own, its block files, sample trees."""

import os

from .blocks import EMPTY_FOLDER, block_name, cid_bytes, cid_text
from .program import ROOT, Ended, Product, binary, build_folder, clean_environment, kill, wait_for
from .terminal import converse
from .trees import MIB, assert_same_tree, tree_digest

# Everything, instead of samples.
LONG = bool(os.environ.get("MODEL_STORAGE_LONG"))

__all__ = (
    "EMPTY_FOLDER LONG MIB ROOT Ended Product assert_same_tree binary block_name build_folder cid_bytes cid_text"
    " clean_environment converse kill tree_digest wait_for"
).split()
