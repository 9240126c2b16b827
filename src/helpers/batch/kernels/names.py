"""The names of this environment's two kernelspecs."""

ORDINARY = "crm-reports"
WARM = "crm-reports-warm"
OURS = (ORDINARY, WARM)
