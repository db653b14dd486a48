"""Python packages that segmentation needs: asked for once, when it is first pressed.

What Slicer brings itself is never replaced: pip is held to the versions that are installed.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import slicer
from packaging.requirements import Requirement
from slicer.i18n import tr as _

from ASLMyoSegLib.errors import ASLMyoSegError

REQUESTER = "ASLMyoSeg"
BROUGHT_BY_SLICER = ("numpy", "scipy", "SimpleITK", "vtk", "pydicom", "requests", "pillow")
"""Distributions that Slicer's own code is built against."""


class PackageError(ASLMyoSegError):
    """Packages could not be installed."""


def missing(requirements: str | Path) -> list[Requirement]:
    """Those of a requirements file that are not installed, or not new enough."""
    lines = Path(requirements).read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    importlib.invalidate_caches()
    return [requirement for requirement in wanted if not _isThere(requirement)]


def ensure(requirements: str | Path, purpose: str) -> bool:
    """Install what is missing, after one question; returns whether all is there.

    Args:
        requirements: file of requirements.
        purpose: begins the question, e.g. "Segmenting".

    Raises:
        PackageError: where the installation failed, with the reason in words.
    """
    lacking = missing(requirements)
    if not lacking:
        return True
    torch = [requirement for requirement in lacking if requirement.name == "torch"]
    question = _("{purpose} needs Python packages that are not installed yet: {names}.").format(
        purpose=purpose, names=", ".join(requirement.name for requirement in lacking)
    )
    if torch:
        question += " " + _("PyTorch is large, up to 3 GB, and may take some minutes.")
    question += "\n\n" + _("Install them now?")
    if not slicer.util.confirmOkCancelDisplay(question, REQUESTER):
        return False
    reasons = []
    with _holdingVersions() as constraints:
        if torch and not _installByExtension(torch[0], reasons):
            _installByPip(torch, constraints, reasons)
        _installByPip([r for r in lacking if r.name != "torch"], constraints, reasons)
    still = missing(requirements)
    if still:
        names = ", ".join(str(requirement) for requirement in still)
        raise PackageError(
            _("These packages could not be installed: {names}. {reasons}").format(
                names=names, reasons=" ".join(reasons)
            )
        )
    return True


def _isThere(requirement: Requirement) -> bool:
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _installByExtension(torch: Requirement, reasons: list[str]) -> bool:
    """Take the PyTorch extension where it is there: it finds the build that fits the GPU."""
    try:
        import PyTorchUtils
    except ImportError:
        reasons.append(_("The PyTorch extension is not installed, so pip was used."))
        return False
    try:
        module = PyTorchUtils.PyTorchUtilsLogic().installTorch(
            askConfirmation=False, torchVersionRequirement=str(torch.specifier)
        )
    except Exception as error:
        logging.exception("ASLMyoSeg: the PyTorch extension failed")
        reasons.append(_("The PyTorch extension failed ({error}).").format(error=error))
        return False
    return module is not None


def _installByPip(lacking: list[Requirement], constraints: str, reasons: list[str]) -> None:
    if not lacking:
        return
    wanted = [str(requirement) for requirement in lacking]
    try:
        try:
            from slicer.packaging import pip_install
        except ImportError:  # before Slicer 5.12
            slicer.util.showStatusMessage(_("Installing {names}...").format(names=wanted))
            with slicer.util.WaitCursor():
                slicer.util.pip_install([*wanted, "--constraint", constraints])
        else:
            pip_install(wanted, constraints=constraints, requester=REQUESTER)
    except Exception as error:
        logging.exception("ASLMyoSeg: pip failed")
        reasons.append(_("pip failed ({error}); its output is in the log.").format(error=error))


@contextlib.contextmanager
def _holdingVersions() -> Iterator[str]:
    """A constraints file of what Slicer brings, for every pip that runs meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "constraints.txt"
        lines = []
        for name in BROUGHT_BY_SLICER:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                lines.append(f"{name}=={importlib.metadata.version(name)}\n")
        file.write_text("".join(lines), encoding="utf-8")
        before = os.environ.get("PIP_CONSTRAINT")
        os.environ["PIP_CONSTRAINT"] = file.as_uri()  # as an address: pip splits at spaces
        try:
            yield str(file)
        finally:
            if before is None:
                del os.environ["PIP_CONSTRAINT"]
            else:
                os.environ["PIP_CONSTRAINT"] = before
