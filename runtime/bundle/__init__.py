"""Bundles: IRs with everything a machine needs to check, offline, that they answer as expected."""

from i3d_edge.runtime.bundle.packing import pack_bundle as pack_bundle
from i3d_edge.runtime.bundle.reading import open_bundle as open_bundle
from i3d_edge.runtime.bundle.reading import unpack_bundle as unpack_bundle
from i3d_edge.runtime.bundle.verification import Verification as Verification
from i3d_edge.runtime.bundle.verification import VerifyCheck as VerifyCheck
from i3d_edge.runtime.bundle.verification import verify_bundle as verify_bundle
