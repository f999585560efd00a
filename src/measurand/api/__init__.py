"""What notebooks and scripts use: audits and findings that show and write themselves, and a function per measure."""

from measurand.api.audits import Audit, audit, load_audit
from measurand.api.display import show_in_notebooks
from measurand.api.findings import Findings
from measurand.api.functions import function_of

__all__ = ["Audit", "Findings", "audit", "function_of", "load_audit"]

show_in_notebooks()
